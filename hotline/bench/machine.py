"""Which machine, which revision, how busy: without that a figure says nothing."""

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

_GIT_WAIT: Final = 5.0
_SOURCE: Final = Path(__file__).resolve().parents[2]


def machine(folder: Path | None = None) -> dict[str, Any]:
    """The machine as it is now; with `folder`, also the file system that it lies on."""
    found: dict[str, Any] = {
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_mib": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20,
        "kernel": platform.release(),
        "architecture": platform.machine(),
        "python": platform.python_version(),
        "load_average": [round(each, 2) for each in os.getloadavg()],
        "revision": revision(),
    }
    if folder is not None:
        found["file_system"] = _file_system(folder.resolve())
    return found


def revision() -> str:
    """The commit when this is a checkout (`+` for one with changes), else the installed version."""
    try:
        commit = _git("rev-parse", "--short=12", "HEAD")
        changed = "+" if _git("status", "--porcelain", "--untracked-files=no") else ""
    except (OSError, subprocess.SubprocessError):
        pass
    else:
        return commit + changed
    try:
        return version("hotline-12345")
    except PackageNotFoundError:
        return "unknown"


def _git(*arguments: str) -> str:
    done = subprocess.run(  # noqa: S603 - fixed words, no shell
        ["git", "-C", str(_SOURCE), *arguments],  # noqa: S607 - whichever git the user has
        capture_output=True,
        text=True,
        check=True,
        timeout=_GIT_WAIT,
    )
    return done.stdout.strip()


def _cpu() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text("utf-8")
    except OSError:
        return platform.processor() or "unknown"
    names = [line.split(":", 1)[1].strip() for line in text.splitlines() if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"


def _file_system(folder: Path) -> str:
    """The type of the mount that holds `folder`: a figure of durable writes on tmpfs would be none."""
    best, kind = "", "unknown"
    try:
        mounts = Path("/proc/mounts").read_text("utf-8").splitlines()
    except OSError:
        return kind
    for line in mounts:
        _, point, type_, *_ = line.split()
        if folder.is_relative_to(point) and len(point) >= len(best):
            best, kind = point, type_
    return kind
