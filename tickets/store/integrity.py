"""Is this the database that we think it is, and is it whole? Asked at the start and, cheaply, before every write (F29).

A SQLite database has a marker file beside it with the database's identity. The marker says "a database was made here":
when the database is gone or is another one, nothing is created in its place and nothing is written until a person has
looked. A file that was replaced under the running service is noticed by its inode.
"""

import json
import os
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import URL, inspect, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from tickets.domain.errors import StoreFailed
from tickets.store.engine import sqlite_path, translate
from tickets.store.models import IdentityRow
from tickets.store.schema import head_revision

log = structlog.get_logger()


def marker_path(database: Path) -> Path:
    return database.with_name(database.name + ".identity")


def read_marker(database: Path) -> str | None:
    """The identity that the marker names; None without a marker. Raises StoreFailed for an unreadable one."""
    path = marker_path(database)
    try:
        value = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as exc:
        raise StoreFailed(
            "the marker file beside the ticket database cannot be read; a person must look at it"
        ) from exc
    if not isinstance(value, Mapping) or not isinstance(value.get("identity"), str):
        raise StoreFailed("the marker file beside the ticket database is damaged; a person must look at it")
    return str(value["identity"])


class Integrity:
    """Holds the verdict. Once failed it stays failed until the service is started again."""

    def __init__(self, url: URL) -> None:
        self._path = sqlite_path(url)
        self._inode: tuple[int, int] | None = None
        self._failure: str | None = "the ticket database was not checked yet"

    def guard(self) -> None:
        """Raises StoreFailed when the database must not be used."""
        if self._failure is None and self._inode is not None and self._seen() != self._inode:
            self._fail("the ticket database file was removed or replaced while the service ran; a person must look")
        if self._failure is not None:
            raise StoreFailed(self._failure)

    async def check(self, engine: AsyncEngine) -> None:
        """The check at the start; its verdict shows in `guard`. Reads only."""
        self._failure = None
        try:
            await self._examine(engine)
        except StoreFailed as exc:
            self._fail(str(exc))
        except (SQLAlchemyError, sqlite3.Error, OSError) as exc:
            known = translate(exc)
            self._fail(str(known) if known else "the ticket database could not be examined; a person must look at it")

    async def _examine(self, engine: AsyncEngine) -> None:
        expected: str | None = None
        if self._path is not None:
            expected = read_marker(self._path)
            self._inode = self._seen()
            if self._inode is None:
                raise StoreFailed(
                    "the ticket database file is missing; restore it from a backup, or make a new one with the upgrade "
                    "command if there never was one"
                )
        async with engine.connect() as connection:
            if self._path is not None:
                verdict = (await connection.execute(text("PRAGMA quick_check(1)"))).scalar_one()
                if verdict != "ok":
                    raise StoreFailed("the ticket database is damaged (quick_check); restore it from a backup")
            tables = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
            if "alembic_version" not in tables or "identity" not in tables:
                raise StoreFailed("the ticket database has no tables yet; run the upgrade command first")
            revision = (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar_one()
            if revision != head_revision():
                raise StoreFailed(
                    f"the ticket database has version {revision}, this service needs {head_revision()}; "
                    "run the upgrade command"
                )
            identity = (await connection.execute(select(IdentityRow.id))).scalar_one()
        if self._path is not None and expected != identity:
            raise StoreFailed("the ticket database is not the one that its marker file names; a person must look at it")

    def _seen(self) -> tuple[int, int] | None:
        return _inode(self._path) if self._path is not None else None

    def _fail(self, reason: str) -> None:
        self._failure = reason
        log.error("store_failed", reason=reason)


def _inode(path: Path) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def new_marker(identity: str) -> Mapping[str, Any]:
    return {"identity": identity, "meaning": "a ticket database was made here; it is never replaced by an empty one"}
