"""Find an Asterisk, or fetch one.

A system Asterisk of version 20 or later is preferred. Without one, Debian testing's package is unpacked with mmdebstrap
into a private tree and run through the tree's own dynamic loader, so neither root rights nor a container engine is
needed to run it. A tree appears under its final name only when it is complete (temporary sibling, then rename); an
interrupted fetch leaves nothing that `locate` would take. Signatures are always checked; only an expired Release file
is forgiven, on a second try, because mirrors that are frozen on purpose have one.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from hotline.asterisk.settings import AsteriskSettings

MINIMUM_VERSION: Final = 20
TREE_NAME: Final = "asterisk-tree"
SUITE: Final = "forky"
PACKAGES: Final = "asterisk,asterisk-core-sounds-en-wav"
_SBIN: Final = ("/usr/local/sbin", "/usr/sbin", "/sbin")
_VERSION = re.compile(r"Asterisk (?:certified/)?(\d+)\.(\d+)(?:\.(\d+))?")
_EXPIRED = re.compile(r"Release file.*(?:is expired|is not valid)|E: Release file", re.IGNORECASE)


class AsteriskMissing(Exception):
    """No usable Asterisk; the message says what was looked for and what to do."""


@dataclass(frozen=True, slots=True)
class AsteriskProgram:
    """How to start one Asterisk (`argv`, then `-C asterisk.conf …`) and where its own files lie."""

    argv: tuple[str, ...]
    modules: Path
    data: Path
    version: str
    origin: Literal["system", "tree"]


def locate(
    settings: AsteriskSettings, home: Path, environ: Mapping[str, str] | None = None, *, system: bool = True
) -> AsteriskProgram:
    """Return the Asterisk to run: the configured binary, a system one >= 20, or the tree fetched into `home`.

    Raises `AsteriskMissing` when there is none, or when the configured one is unusable.
    """
    env = os.environ if environ is None else environ
    if settings.binary is not None:
        found = _system_program(settings.binary)
        if found is None:
            raise AsteriskMissing(
                f"expected an Asterisk >= {MINIMUM_VERSION} with its modules at {settings.binary}, found none; "
                "correct asterisk.binary or remove it"
            )
        return found
    if system:
        path = os.pathsep.join((env.get("PATH", ""), *_SBIN))
        binary = shutil.which("asterisk", path=path)
        if binary is not None and (found := _system_program(Path(binary))) is not None:
            return found
    tree = home / TREE_NAME
    if (tree / "usr/sbin/asterisk").exists():
        return tree_program(tree)
    raise AsteriskMissing(
        f"no Asterisk >= {MINIMUM_VERSION} on the PATH and none in {tree}; install one, or let `hotline run` fetch it"
    )


def tree_program(tree: Path) -> AsteriskProgram:
    """Describe an unpacked Debian tree (any architecture Debian builds Asterisk for)."""
    loaders = sorted(
        loader
        for directory in (tree / "usr/lib64", tree / "usr/lib")
        for loader in directory.glob("ld-linux-*.so.*")
        if loader.is_file()
    )
    modules = sorted(tree.glob("usr/lib/*/asterisk/modules"))
    if not loaders or not modules:
        raise AsteriskMissing(
            f"{tree} is no complete Asterisk tree (no loader or no modules); remove it and fetch again"
        )
    libraries = modules[0].parent.parent
    argv = (
        str(loaders[0]),
        "--library-path",
        f"{libraries}:{tree / 'usr/lib'}",
        str(tree / "usr/sbin/asterisk"),
    )
    version = _version(argv)
    if version is None:
        raise AsteriskMissing(
            f"the Asterisk in {tree} does not start on this machine; remove the folder and fetch again"
        )
    return AsteriskProgram(argv, modules[0], tree / "usr/share/asterisk", version, "tree")


def fetch(home: Path, progress: Callable[[str], None]) -> AsteriskProgram:
    """Unpack Debian testing's Asterisk into `home` (about 360 MB, half a minute) and return it.

    Raises `AsteriskMissing` with the tool's last lines when it cannot be had.
    """
    tool = shutil.which("mmdebstrap")
    if tool is None:
        raise AsteriskMissing(
            "fetching Asterisk needs the program mmdebstrap, which is not installed; "
            "run `apt install mmdebstrap`, or install an Asterisk >= 20 yourself"
        )
    home.mkdir(parents=True, exist_ok=True)
    for leftover in home.glob(f".{TREE_NAME}-*"):
        shutil.rmtree(leftover, ignore_errors=True) if leftover.is_dir() else leftover.unlink()
    final, partial = home / TREE_NAME, home / f".{TREE_NAME}-{os.getpid()}"
    archive = partial.with_suffix(".tar")
    progress(f"fetching Asterisk from Debian {SUITE} (about 90 MB) into {final}")
    try:
        _make_archive(tool, archive, progress)
        _unpack(archive, partial)
    finally:
        archive.unlink(missing_ok=True)
    partial.chmod(0o755)
    if final.exists():
        shutil.rmtree(final)
    partial.rename(final)
    program = tree_program(final)
    progress(f"Asterisk {program.version} is ready")
    return program


def _make_archive(tool: str, archive: Path, progress: Callable[[str], None]) -> None:
    """Have mmdebstrap write the tree as a tar file: so it belongs to us whoever's rights it was made with."""
    said = ""
    for rights in _rights():
        for extra in ((), ('--aptopt=Acquire::Check-Valid-Until "false"',)):
            done = _mmdebstrap(tool, rights, archive, extra)
            if done is None:
                return
            said = done
            if not _EXPIRED.search(said):
                break
            progress("the mirror's Release file has expired: trying again without its date (signatures still count)")
        progress(f"mmdebstrap did not succeed ({' '.join(rights)})")
    tail = "\n".join(said.strip().splitlines()[-5:])
    raise AsteriskMissing(f"Asterisk could not be fetched with mmdebstrap; its last words were:\n{tail}")


def _rights() -> tuple[tuple[str, ...], ...]:
    """Ways to get the rights that unpacking packages needs, the least first: each a command's start and a mode."""
    if os.geteuid() == 0:
        return (("--mode=root",),)
    sudo = shutil.which("sudo")
    return (("--mode=unshare",), *(((sudo, "-n", "--mode=root"),) if sudo else ()))


def _mmdebstrap(tool: str, rights: tuple[str, ...], archive: Path, extra: tuple[str, ...]) -> str | None:
    """Run mmdebstrap once; None when it worked, else everything it said."""
    *prefix, mode = rights
    command = [
        *prefix,
        tool,
        mode,
        "--variant=apt",
        f"--include={PACKAGES}",
        '--aptopt=APT::Install-Recommends "false"',
        *extra,
        SUITE,
        str(archive),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - own argument list, no shell
    return None if done.returncode == 0 else done.stdout + done.stderr


def _unpack(archive: Path, target: Path) -> None:
    """Unpack as the user we are; device files are neither needed nor ours to make."""
    target.mkdir()
    command = ["tar", "-x", "--no-same-owner", "--exclude=./dev/*", "-f", str(archive), "-C", str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - own argument list, no shell
    if done.returncode != 0:
        shutil.rmtree(target, ignore_errors=True)
        raise AsteriskMissing(f"the fetched Asterisk could not be unpacked: {done.stderr.strip()[-300:]}")


def _system_program(binary: Path) -> AsteriskProgram | None:
    version = _version((str(binary),))
    if version is None or int(version.split(".")[0]) < MINIMUM_VERSION:
        return None
    prefix = binary.resolve().parent.parent
    modules = [
        *sorted(prefix.glob("lib/*/asterisk/modules")),
        *(path for path in (prefix / "lib64/asterisk/modules", prefix / "lib/asterisk/modules") if path.is_dir()),
    ]
    data = [
        path
        for path in (prefix / "share/asterisk", Path("/var/lib/asterisk"), prefix / "var/lib/asterisk")
        if (path / "documentation").is_dir()
    ]
    if not modules or not data:
        return None
    return AsteriskProgram((str(binary),), modules[0], data[0], version, "system")


def _version(argv: tuple[str, ...]) -> str | None:
    try:
        done = subprocess.run([*argv, "-V"], capture_output=True, text=True, check=False, timeout=20)  # noqa: S603 - as above
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = _VERSION.search(done.stdout)
    return None if match is None else ".".join(part for part in match.groups() if part)
