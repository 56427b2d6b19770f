"""Make a complete Asterisk configuration and its folders below one state directory.

`asterisk/conf` is copied as it stands, the generated files are laid over it, prompts and the AGI script are copied,
and hold classes are filled from the prompts. Asterisk then reads and writes below `<state>/asterisk`, plus the
recordings and spool folders, and nowhere else. Rendering again is safe at any time, also while that Asterisk runs:
files are replaced by rename.
"""

import importlib.util
import json
import math
import os
import secrets as token_source
import shutil
import struct
import sys
import wave
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from hotline.asterisk import generate
from hotline.asterisk.generate import CALLER_ACCOUNT, HOLD_CLASSES, Endpoints
from hotline.asterisk.process import run_as
from hotline.asterisk.settings import AsteriskSettings
from hotline.asterisk.tree import AsteriskProgram

__all__ = ["Assets", "Endpoints", "Secrets", "render"]

SOCKET_LIMIT: Final = 100
"""Bytes of a Unix socket's path; Linux allows 108 with its end, and Asterisk adds none to `asterisk.ctl`."""
_RATE: Final = 8000
_AGI_LIBRARIES: Final = ("asterisk", "six")


@dataclass(frozen=True, slots=True)
class Assets:
    """The shipped `asterisk/` folder: `conf`, `sounds` and `agi-bin` below `root`."""

    root: Path

    @classmethod
    def find(cls) -> Self:
        """The folder in a checkout beside the packages, or in `share/hotline/asterisk` of an installation.

        Raises `FileNotFoundError` naming the places looked at.
        """
        here = Path(__file__).resolve().parents[2] / "asterisk"
        import_prefix = Path(sys.prefix) / "share/hotline/asterisk"
        for root in (here, import_prefix, Path("/usr/share/hotline/asterisk")):
            if (root / "conf/extensions.conf").is_file():
                return cls(root)
        raise FileNotFoundError(
            f"the hotline's Asterisk configuration was not found in {here} nor in {import_prefix}; install it there"
        )


@dataclass(frozen=True, slots=True)
class Secrets:
    """Passwords made once for one installation: the AMI account's, and one a SIP account."""

    ami: str
    accounts: Mapping[str, str]

    @classmethod
    def load_or_create(cls, path: Path, settings: AsteriskSettings) -> Self:
        """Read `path` (JSON, mode 0600), making what is missing; accounts no longer in the settings keep theirs."""
        known: dict[str, str] = {}
        if path.exists():
            known = json.loads(path.read_text("utf-8"))
        names = ["ami", CALLER_ACCOUNT, *settings.testers, *settings.operators]
        if missing := [name for name in names if name not in known]:
            known.update((name, token_source.token_urlsafe(18)) for name in missing)
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(path, json.dumps(known, indent=1) + "\n", 0o600)
        return cls(known["ami"], {name: known[name] for name in names[1:]})


def render(
    settings: AsteriskSettings,
    program: AsteriskProgram,
    state_dir: Path,
    secrets: Secrets,
    endpoints: Endpoints,
    assets: Assets | None = None,
) -> Path:
    """Write everything below `state_dir/asterisk` and return its `etc` folder.

    Raises `ValueError` when a path is too long for Asterisk's control socket, `OSError` when a file cannot be written.
    """
    assets = Assets.find() if assets is None else assets
    base = state_dir.resolve() / "asterisk"
    if len(os.fsencode(base / "run/asterisk.ctl")) > SOCKET_LIMIT:
        raise ValueError(
            f"the state directory {state_dir} is too long for Asterisk's control socket; choose a shorter one"
        )
    owned = [base, endpoints.recordings, endpoints.spool / "inbox"]
    for directory in (
        *(base / name for name in ("etc", "run", "log", "spool", "var", "data", "agi-bin", "moh")),
        *owned,
    ):
        directory.mkdir(parents=True, exist_ok=True)
    for name in ("cdr-custom", "cel-custom"):
        (base / "log" / name).mkdir(exist_ok=True)
    shutil.copytree(assets.root / "conf", base / "etc", dirs_exist_ok=True, copy_function=_copy_config)
    _copy_changed(assets.root / "sounds", base / "data/sounds")
    _link_documentation(program.data / "documentation", base / "data/documentation")
    _copy_changed(assets.root / "agi-bin", base / "agi-bin")
    _copy_agi_libraries(base / "agi-bin/lib")
    _fill_hold_classes(base / "data/sounds/zh/hotline", base / "moh")
    _write_generated(settings, program, base, secrets, endpoints)
    _give(owned, run_as(settings))
    return base / "etc"


def _write_generated(
    settings: AsteriskSettings, program: AsteriskProgram, base: Path, secrets: Secrets, endpoints: Endpoints
) -> None:
    etc = base / "etc"
    directories = {
        "astetcdir": etc,
        "astmoddir": program.modules,
        "astvarlibdir": base / "var",
        "astdbdir": base / "var",
        "astkeydir": base / "var",
        "astdatadir": base / "data",
        "astagidir": base / "agi-bin",
        "astspooldir": base / "spool",
        "astrundir": base / "run",
        "astlogdir": base / "log",
        "astsbindir": Path(program.argv[-1]).parent,
    }
    shipped = (etc / "asterisk.conf").read_text("utf-8")
    _write(etc / "asterisk.conf", generate.asterisk_conf(shipped, directories, settings, os.cpu_count() or 1))
    files = {
        "hotline.d/globals.conf": generate.globals_conf(settings, endpoints),
        "hotline.d/numbers.conf": generate.numbers_conf(settings),
        "hotline.d/operators.conf": generate.operators_conf(settings),
        "hotline.d/manager-port.conf": f"{generate.HEADER}port = {settings.ami_port}\n",
        "hotline.d/rtp-ports.conf": f"{generate.HEADER}rtpstart = {settings.rtp_start}\nrtpend = {settings.rtp_end}\n",
        "hotline.d/hold-classes.conf": generate.hold_classes_conf(base / "moh"),
        "pjsip.d/transport.conf": generate.transport_conf(settings),
        "pjsip.d/accounts.conf": generate.accounts_conf(settings),
        "pjsip.d/trunks.conf": generate.trunks_conf(settings),
    }
    for name, text in files.items():
        _write(etc / name, text)
    _write(etc / "hotline.d/manager-user.conf", generate.manager_user_conf(secrets.ami), 0o600)
    _write(etc / "pjsip.d/auth.conf", generate.auth_conf(secrets.accounts), 0o600)


def _write(path: Path, text: str, mode: int = 0o640) -> None:
    partial = path.with_name(f".{path.name}.new")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    partial.chmod(mode)
    partial.replace(path)


def _copy_config(source: str, target: str) -> None:
    _write(Path(target), Path(source).read_text("utf-8"))


def _copy_changed(source: Path, target: Path) -> None:
    """Copy a tree, leaving alone what has the same size and time already (prompts are many, and change rarely)."""
    for path in sorted(source.rglob("*")):
        if not path.is_file() or "__pycache__" in path.parts:
            continue
        copy = target / path.relative_to(source)
        wanted = path.stat()
        if copy.exists() and copy.stat().st_size == wanted.st_size and copy.stat().st_mtime >= wanted.st_mtime:
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        partial = copy.with_name(f".{copy.name}.new")
        shutil.copy2(path, partial)
        partial.replace(copy)


def _link_documentation(source: Path, link: Path) -> None:
    """Asterisk refuses to load configuration objects that its own XML documentation does not describe."""
    if link.is_symlink() or link.exists():
        link.unlink()
    link.symlink_to(source)


def _copy_agi_libraries(target: Path) -> None:
    """Put pyst2 and six beside the fallback script, which the system's own Python runs without our environment."""
    target.mkdir(parents=True, exist_ok=True)
    for name in _AGI_LIBRARIES:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            raise FileNotFoundError(f"the Python package {name!r} is not installed; install the hotline again")
        origin = Path(spec.origin)
        if origin.name == "__init__.py":
            _copy_changed(origin.parent, target / name)
        else:
            shutil.copy2(origin, target / origin.name)


def _fill_hold_classes(prompts: Path, moh: Path) -> None:
    """Each class's folder gets its prompts and ring-back tones, numbered so that `sort = alpha` plays them in order."""
    for name, sequence in HOLD_CLASSES.items():
        folder = moh / name
        folder.mkdir(parents=True, exist_ok=True)
        wanted = set()
        for index, prompt in enumerate(sequence):
            source = prompts / f"{prompt}.wav"
            if prompt and source.is_file():
                wanted.add(f"{index}-0-{prompt}.wav")
                shutil.copy2(source, folder / f"{index}-0-{prompt}.wav")
            wanted.add(f"{index}-1-ringback.wav")
            _write_ringback(folder / f"{index}-1-ringback.wav")
        for stale in folder.iterdir():
            if stale.name not in wanted and stale.name[:1].isdigit():
                stale.unlink()


def _write_ringback(path: Path) -> None:
    """Two rings of 450 Hz, one second each, two apart: the Chinese tone, whose own pause of four is too long."""
    samples: list[int] = []
    for _ in range(2):
        samples.extend(round(2600 * math.sin(2 * math.pi * 450 * n / _RATE)) for n in range(_RATE))
        samples.extend([0] * (2 * _RATE))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_RATE)
        file.writeframes(struct.pack(f"<{len(samples)}h", *samples))


def _give(paths: Iterable[Path], owner: tuple[int, int] | None) -> None:
    if owner is None:
        return
    for root in paths:
        os.chown(root, *owner)
        for directory, folders, files in os.walk(root):
            for name in (*folders, *files):
                os.chown(Path(directory) / name, *owner, follow_symlinks=False)
