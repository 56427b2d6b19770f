"""Backups: one archive with every table as lines of JSON, every attachment, and a manifest with their SHA-256.

The tables are read in one transaction that sees one moment (SQLite's snapshot, PostgreSQL's REPEATABLE READ), while the
service goes on writing. The archive knows no database: what was saved from SQLite can be restored into PostgreSQL. It
holds personal data, so it is made for its owner alone (0600), and it appears whole or not at all.

A restore reads the archive twice: once to check every digest, before anything is touched, and once to write all of it
in one transaction.
"""

import hashlib
import json
import os
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Column, Date, Table, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from tickets.store import models_jobs, models_life, models_reports
from tickets.store.archive import (
    FORMAT,
    MANIFEST,
    BackupError,
    Manifest,
    Progress,
    add,
    check,
    copy,
    nobody,
    opened,
    read_manifest,
)
from tickets.store.engine import open_engine, parse_url
from tickets.store.models import AttachmentRow, Base, IdentityRow, TicketRow, UtcDateTime
from tickets.store.schema import head_revision

_BATCH: Final = 1000
_BUSY: Final = 30.0
_NOT_SAVED: Final = frozenset({IdentityRow.__tablename__})
"""A restored database stays who it is; its marker file says the same."""

_OCCUPIED: Final = (TicketRow, models_life.UnitRow, models_jobs.WebhookRow, models_reports.SheetPrintRow)


class NotEmptyError(BackupError):
    code = "not_empty"
    title = "The database is not empty"


def tables() -> list[Table]:
    """Every table that is saved, parents before children."""
    return [table for table in Base.metadata.sorted_tables if table.name not in _NOT_SAVED]


async def backup(
    database_url: str, attachments: Path, archive: Path, at: datetime, progress: Progress, *, files: bool = True
) -> Manifest:
    """Makes the archive. Raises BackupError when the disk or the database says no."""
    engine = open_engine(parse_url(database_url), writes=False, size=1, busy_timeout=_BUSY)
    temporary = archive.with_name(f".{archive.name}.{os.getpid()}.tmp")
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as out:
            with tarfile.open(fileobj=out, mode="w:gz", compresslevel=3) as tar:
                manifest = await _save(engine, tar, attachments, at, progress, files)
                add(tar, MANIFEST, json.dumps(asdict(manifest), ensure_ascii=False, indent=1).encode())
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(archive)
    except OSError as exc:
        raise BackupError(f"the archive cannot be written: {exc.strerror or exc}") from exc
    finally:
        temporary.unlink(missing_ok=True)
        await engine.dispose()
    return manifest


async def restore(
    database_url: str, attachments: Path, archive: Path, progress: Progress, *, force: bool = False
) -> Manifest:
    """Fills the migrated database and the folder from a checked archive. Raises BackupError, NotEmptyError."""
    manifest = read_manifest(archive)
    if manifest.revision != head_revision():
        raise BackupError(
            f"the archive was made at version {manifest.revision} of the tables, this program has {head_revision()}: "
            "restore it with the version that made it, then upgrade"
        )
    check(archive, manifest, progress)
    engine = open_engine(parse_url(database_url), writes=True, size=1, busy_timeout=_BUSY)
    try:
        # Files first: a row never names a file that is not there.
        _restore_files(archive, manifest, attachments, progress)
        async with engine.begin() as connection:
            await _refuse_occupied(connection, force)
            await _fill(connection, archive, manifest, progress)
    except OSError as exc:
        raise BackupError(f"the attachments cannot be written: {exc.strerror or exc}") from exc
    finally:
        await engine.dispose()
    return manifest


async def _save(
    engine: AsyncEngine, tar: tarfile.TarFile, attachments: Path, at: datetime, progress: Progress, files: bool
) -> Manifest:
    saved: dict[str, tuple[int, str]] = {}
    async with engine.connect() as plain:
        connection = plain
        if engine.dialect.name == "postgresql":
            connection = await plain.execution_options(isolation_level="REPEATABLE READ")
        every = tables()
        for position, table in enumerate(every, start=1):
            saved[table.name] = await _save_table(connection, tar, table)
            progress("tables", position, len(every))
        digests = sorted(set((await connection.execute(select(AttachmentRow.sha256))).scalars())) if files else []
    kept: dict[str, int] = {}
    missing: list[str] = []
    for position, digest in enumerate(digests, start=1):
        path = attachments / digest[:2] / digest
        if path.is_file() and not path.is_symlink():
            tar.add(path, arcname=f"files/{digest}", recursive=False, filter=nobody)
            kept[digest] = path.stat().st_size
        else:
            missing.append(digest)
        progress("files", position, len(digests))
    return Manifest(FORMAT, head_revision(), at.isoformat(), saved, kept, tuple(missing))


async def _save_table(connection: AsyncConnection, tar: tarfile.TarFile, table: Table) -> tuple[int, str]:
    digest, count = hashlib.sha256(), 0
    with tempfile.TemporaryFile() as file:
        result = await connection.stream(select(table).order_by(*table.primary_key.columns))
        async for rows in result.mappings().partitions(_BATCH):
            for row in rows:
                line = json.dumps(dict(row), ensure_ascii=False, default=_plain, separators=(",", ":")).encode() + b"\n"
                digest.update(line)
                file.write(line)
                count += 1
        size = file.tell()
        file.seek(0)
        entry = tarfile.TarInfo(f"tables/{table.name}.jsonl")
        entry.size, entry.mode = size, 0o600
        tar.addfile(entry, file)
    return count, digest.hexdigest()


async def _refuse_occupied(connection: AsyncConnection, force: bool) -> None:
    for row in _OCCUPIED:
        count = (await connection.execute(select(func.count()).select_from(row))).scalar_one()
        if count and not force:
            raise NotEmptyError(
                f"the database has {count} rows in {row.__tablename__}; a restore replaces all of it: "
                "make a backup first, then give --force, or restore into an empty database"
            )
    for table in reversed(tables()):
        await connection.execute(table.delete())


async def _fill(connection: AsyncConnection, archive: Path, manifest: Manifest, progress: Progress) -> None:
    every = [table for table in tables() if table.name in manifest.tables]
    with tempfile.TemporaryDirectory() as folder:
        # The archive is a stream in the order of its making; the tables must go in parents first.
        with opened(archive) as tar:
            for member in tar:
                if member.name.startswith("tables/"):
                    copy(tar.extractfile(member), Path(folder) / Path(member.name).name)
        for position, table in enumerate(every, start=1):
            with (Path(folder) / f"{table.name}.jsonl").open("rb") as file:
                for rows in _batched(_ordered(table, (_row(table, line) for line in file))):
                    await connection.execute(insert(table), rows)
            progress("rows", position, len(every))


def _ordered(table: Table, rows: Iterable[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    """Where a table refers to itself, parents before children."""
    own = [key.parent.name for key in table.foreign_keys if key.column.table is table]
    if not own:
        return rows
    waiting, known, ordered = list(rows), {None}, []
    while waiting:
        ready = [row for row in waiting if all(row[name] in known for name in own)]
        if not ready:
            raise BackupError(f"the rows of {table.name} refer to each other in a circle")
        known |= {row["id"] for row in ready}
        ordered += ready
        waiting = [row for row in waiting if row["id"] not in known]
    return ordered


def _row(table: Table, line: bytes) -> dict[str, Any]:
    value = json.loads(line)
    return {name: _value(table.columns[name], each) for name, each in value.items()}


def _value(column: Column[Any], value: Any) -> Any:
    if value is None:
        return None
    if isinstance(column.type, UtcDateTime):
        return datetime.fromisoformat(value)
    return date.fromisoformat(value) if isinstance(column.type, Date) else value


def _plain(value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"no table holds {type(value).__name__}")


def _batched(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _restore_files(archive: Path, manifest: Manifest, attachments: Path, progress: Progress) -> None:
    with opened(archive) as tar:
        done = 0
        for member in tar:
            digest = member.name.removeprefix("files/")
            if digest not in manifest.files:
                continue
            path = attachments / digest[:2] / digest
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = path.with_name(f".{digest}.tmp")
            copy(tar.extractfile(member), temporary)
            temporary.replace(path)
            done += 1
            progress("files", done, len(manifest.files))
