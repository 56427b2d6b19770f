"""The archive of a backup: a compressed tar with a manifest that names every member's SHA-256.

What is read is what was written, or it is refused: a member that is missing, changed or not in the manifest, a file
that ends too soon. Nothing in an archive ever becomes a path.
"""

import gzip
import hashlib
import json
import os
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from tickets.domain.errors import TicketError

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
_BLOCK: Final = 1024 * 1024


class BackupError(TicketError):
    code = "backup"
    title = "The backup cannot be made or used"


@dataclass(frozen=True, slots=True)
class Manifest:
    """`tables` maps a table to its number of rows and its digest; `files` are the digests of the attachments in the
    archive, `missing` those that should have been there."""

    format: int
    revision: str
    created_at: str
    tables: dict[str, tuple[int, str]]
    files: dict[str, int]
    missing: tuple[str, ...]


def read_manifest(archive: Path) -> Manifest:
    """Raises BackupError for what is no archive of ours."""
    with opened(archive) as tar:
        member = _member(tar, MANIFEST)
        try:
            value = json.loads(member.read())
            value["tables"] = {name: (int(rows), str(digest)) for name, (rows, digest) in value["tables"].items()}
            manifest = Manifest(**{**value, "missing": tuple(value["missing"])})
        except (ValueError, TypeError, KeyError, AttributeError) as exc:
            raise BackupError("the manifest in the archive cannot be read; take another archive") from exc
    if manifest.format != FORMAT:
        raise BackupError(f"the archive has format {manifest.format}, this version reads {FORMAT}")
    return manifest


def check(archive: Path, manifest: Manifest, progress: Progress) -> None:
    """Hashes everything in the archive. Raises BackupError for the first member that is not what the manifest says."""
    expected = {f"tables/{name}.jsonl": digest for name, (_, digest) in manifest.tables.items()}
    expected |= {f"files/{digest}": digest for digest in manifest.files}
    seen: set[str] = set()
    with opened(archive) as tar:
        for member in tar:
            if member.name == MANIFEST:
                continue
            source = tar.extractfile(member)
            if source is None or member.name not in expected or _digest(source) != expected[member.name]:
                raise BackupError(f"{member.name[:100]} in the archive is damaged; take another archive")
            seen.add(member.name)
            progress("check", len(seen), len(expected))
    if lacking := sorted(set(expected) - seen):
        raise BackupError(f"the archive lacks {lacking[0]} and {len(lacking) - 1} more; take another archive")


def copy(source: IO[bytes] | None, path: Path) -> None:
    if source is None:
        raise BackupError("the archive is damaged; take another archive")
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as out:
        while block := source.read(_BLOCK):
            out.write(block)
        out.flush()
        os.fsync(out.fileno())


@contextmanager
def opened(archive: Path) -> Iterator[tarfile.TarFile]:
    """The archive for reading. Raises BackupError where it is none, or ends or breaks while it is read."""
    try:
        with tarfile.open(archive, "r:gz") as tar:
            yield tar
    except FileNotFoundError as exc:
        raise BackupError(f"there is no archive {archive.name}") from exc
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as exc:
        raise BackupError(f"{archive.name} is no whole archive: {type(exc).__name__}; take another one") from exc


def _member(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    try:
        found = tar.extractfile(name)
    except KeyError as exc:
        raise BackupError(f"the archive has no {name}, so it was not finished; take another archive") from exc
    if found is None:
        raise BackupError(f"the archive has no {name}; take another archive")
    return found


def _digest(source: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while block := source.read(_BLOCK):
        digest.update(block)
    return digest.hexdigest()


def add(tar: tarfile.TarFile, name: str, body: bytes) -> None:
    with tempfile.TemporaryFile() as file:
        file.write(body)
        file.seek(0)
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = len(body), 0o600
        tar.addfile(entry, file)


def nobody(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mode = 0o600
    return entry
