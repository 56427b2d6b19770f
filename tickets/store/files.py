"""Attachments on disk, under the SHA-256 of their bytes: `ab/abcdef…`. Temp file, fsync, rename, directory fsync.

No name from outside ever becomes a path: the digest is checked to be 64 hexadecimal digits and the path must resolve
inside the folder, so a planted symbolic link leads nowhere (F82). Disk work runs in threads, never on the event loop.
"""

import asyncio
import errno
import hashlib
import os
import re
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final, TypeVar, TypeVarTuple

import structlog

from tickets.domain.errors import (
    AttachmentAltered,
    AttachmentNotFound,
    DigestMismatch,
    StoreFailed,
    StoreFull,
    TooLarge,
)
from tickets.ports import StoredFile

log = structlog.get_logger()

_T = TypeVar("_T")
_Args = TypeVarTuple("_Args")

_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
_READ: Final = 1024 * 1024
_NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


class AttachmentFiles:
    """Implements FileStore on one folder. `executor` is the named pool that all disk work runs in."""

    def __init__(self, folder: Path, executor: ThreadPoolExecutor) -> None:
        self._folder = folder.absolute()
        self._executor = executor

    async def receive(self, chunks: AsyncIterator[bytes], sha256: str, limit: int) -> StoredFile:
        try:
            return await self._receive(chunks, sha256, limit)
        except OSError as exc:
            if exc.errno in _NO_ROOM:
                raise StoreFull("there is no room for the attachment; send it again later") from exc
            raise StoreFailed("the attachment folder cannot be written; a person must look at it") from exc

    async def verified(self, sha256: str) -> Path:
        path = self._path(sha256)
        digest = await self._run(_digest_of, path, self._folder)
        if digest is None:
            raise AttachmentNotFound("the attachment's file is not in the store")
        if digest != sha256:
            log.error("attachment_altered", sha256=sha256)
            raise AttachmentAltered("the stored file is not the one that was received; it is not handed out")
        return path

    async def sweep(self, older_than: float) -> int:
        """Removes unfinished files that a killed process left, older than so many seconds; says how many."""
        return await self._run(_sweep, self._folder, time.time() - older_than)

    async def settled(self, sha256: str, before: datetime) -> bool:
        """Is the file gone, or older than `before`?"""
        return await self._run(_older, self._path(sha256), before.timestamp())

    def remove(self, sha256: str) -> None:
        """Deletes the file if it is there, durably. Blocking."""
        path = self._path(sha256)
        path.unlink(missing_ok=True)
        if path.parent.is_dir():
            _sync(path.parent)

    async def _receive(self, chunks: AsyncIterator[bytes], sha256: str, limit: int) -> StoredFile:
        path = self._path(sha256)
        file, temporary = await self._run(_open_temporary, self._folder)
        digest, size = hashlib.sha256(), 0
        try:
            async for chunk in chunks:
                size += len(chunk)
                if size > limit:
                    raise TooLarge(f"an attachment may have {limit} bytes; more came")
                await self._run(_take, file, digest.update, chunk)
            if digest.hexdigest() != sha256:
                raise DigestMismatch("the SHA-256 of the bytes that came is not the one in X-Content-SHA256")
            await self._run(_settle, file, temporary, path)
        finally:
            await self._run(_discard, file, temporary)
        return StoredFile(sha256, size)

    def _path(self, sha256: str) -> Path:
        if not _DIGEST.fullmatch(sha256):
            raise DigestMismatch("a SHA-256 has 64 lower-case hexadecimal digits; something else came")
        return self._folder / sha256[:2] / sha256

    async def _run(self, call: Callable[[*_Args], _T], *args: *_Args) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, call, *args)


def _open_temporary(folder: Path) -> tuple[BinaryIO, Path]:
    incoming = folder / "incoming"
    incoming.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=incoming)
    return os.fdopen(handle, "wb"), Path(name)


def _sweep(folder: Path, before: float) -> int:
    stale = [path for path in (folder / "incoming").glob("*") if path.stat().st_mtime < before]
    for path in stale:
        path.unlink(missing_ok=True)
    return len(stale)


def _take(file: BinaryIO, update: Callable[[bytes], None], chunk: bytes) -> None:
    update(chunk)
    file.write(chunk)


def _settle(file: BinaryIO, temporary: Path, path: Path) -> None:
    """Makes the bytes durable under their name. An equal file that is there already is replaced by equal bytes."""
    file.flush()
    os.fsync(file.fileno())
    path.parent.mkdir(exist_ok=True)
    temporary.replace(path)
    for folder in (path.parent, path.parent.parent):
        _sync(folder)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _older(path: Path, before: float) -> bool:
    try:
        return path.lstat().st_mtime < before
    except FileNotFoundError:
        return True


def _discard(file: BinaryIO, temporary: Path) -> None:
    file.close()
    temporary.unlink(missing_ok=True)


def _digest_of(path: Path, folder: Path) -> str | None:
    """None when there is no such plain file inside the folder."""
    if path.is_symlink() or not path.resolve().is_relative_to(folder.resolve()):
        return None
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(_READ):
                digest.update(block)
    except FileNotFoundError:
        return None
    return digest.hexdigest()
