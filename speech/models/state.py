"""What lies in a models folder, and whether it is what it should be.

Models whose files are all pinned are compared with the pins. One that came as an archive has its file hashes noted
beside it at installation (`.installed.json`), after the archive itself was verified, and is compared with that note.
"""

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from speech.models.registry import MODELS, Model, ModelFile

NOTE_NAME: Final = ".installed.json"
_CHUNK: Final = 1 << 20


class ModelStatus(StrEnum):
    """`PRESENT`: sizes agree, hashes not computed (a quick look). `VERIFIED`: hashes agree."""

    MISSING = "missing"
    PRESENT = "present"
    VERIFIED = "verified"
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class ModelState:
    """One model's state; `detail` says what is wrong, or where it came from."""

    name: str
    status: ModelStatus
    path: Path
    size: int
    purpose: str
    licence: str
    detail: str

    @property
    def usable(self) -> bool:
        return self.status in (ModelStatus.PRESENT, ModelStatus.VERIFIED)


def sha256_of(path: Path) -> str:
    """Hex SHA-256 of a file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while chunk := handle.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def files_under(folder: Path) -> tuple[ModelFile, ...]:
    """Every file below `folder` with its size and hash, in path order; the installation note is left out."""
    found = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != NOTE_NAME)
    return tuple(ModelFile(p.relative_to(folder).as_posix(), p.stat().st_size, sha256_of(p)) for p in found)


def fault_in(folder: Path, expected: tuple[ModelFile, ...], *, hashes: bool = True) -> str | None:
    """The first way in which `folder` differs from `expected`, or None."""
    for file in expected:
        path = folder / file.path
        if not path.is_file():
            return f"{file.path} is missing"
        if (size := path.stat().st_size) != file.size:
            return f"{file.path} has {size} bytes where {file.size} are expected"
        if hashes and (digest := sha256_of(path)) != file.sha256:
            return f"{file.path} has SHA-256 {digest[:12]}… where {file.sha256[:12]}… is pinned"
    return None


def write_note(folder: Path, source: str, why: str) -> None:
    """Note beside an installed model where it came from and what each file's hash was."""
    files = [{"path": f.path, "size": f.size, "sha256": f.sha256} for f in files_under(folder)]
    note = {"source": source, "why": why, "files": files}
    (folder / NOTE_NAME).write_text(json.dumps(note, ensure_ascii=False, indent=1), encoding="utf-8")


def _noted_files(folder: Path) -> tuple[tuple[ModelFile, ...], str]:
    try:
        note = json.loads((folder / NOTE_NAME).read_text(encoding="utf-8"))
        files = tuple(ModelFile(str(f["path"]), int(f["size"]), str(f["sha256"])) for f in note["files"])
        return files, str(note["source"])
    except (OSError, ValueError, KeyError, TypeError):
        return (), ""


def state_of(model: Model, models_dir: Path, *, hashes: bool = True) -> ModelState:
    """The state of one model; with `hashes=False` only presence and sizes are looked at (milliseconds)."""
    folder = models_dir / model.name

    def state(status: ModelStatus, detail: str) -> ModelState:
        return ModelState(model.name, status, folder, model.size, model.purpose, model.licence, detail)

    if not folder.is_dir():
        return state(ModelStatus.MISSING, f"not installed; `hotline models fetch {model.name}` installs it")
    noted, source = _noted_files(folder)
    missing = [path for path in model.paths if not (folder / path).is_file()]
    fault = f"{missing[0]} is missing" if missing else fault_in(folder, model.files or noted, hashes=hashes)
    if fault:
        return state(ModelStatus.DAMAGED, f"{fault}; delete {folder} and fetch {model.name} again")
    came = f"from {source}" if source else "placed by hand"
    if not (model.files or noted):
        return state(ModelStatus.PRESENT, f"{came}; no hash is known for its files")
    return state(ModelStatus.VERIFIED if hashes else ModelStatus.PRESENT, came)


def list_models(models_dir: Path, *, hashes: bool = True) -> list[ModelState]:
    """The state of every model of the table, in its order."""
    return [state_of(model, models_dir, hashes=hashes) for model in MODELS.values()]
