"""Brings a database to the newest version, and makes a new one where there never was one.

A SQLite database that its marker file says existed is never made anew: that would put an empty database over a lost or
damaged one (F29).
"""

import asyncio
import json
import os
import sqlite3
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from alembic import command
from sqlalchemy import URL, Connection, insert, select
from sqlalchemy.exc import SQLAlchemyError

from tickets.domain.errors import StoreFailed
from tickets.store.engine import open_engine, parse_url, sqlite_path, translate
from tickets.store.integrity import marker_path, new_marker, read_marker
from tickets.store.models import IdentityRow
from tickets.store.schema import migration_config

LOCK_WAIT = 30.0
"""Seconds to wait for another process that holds the database."""


def upgrade(database_url: str) -> None:
    """Upgrades to the newest version; makes the SQLite file and its folder when there never was one.

    May be called with or without a running event loop, again and again. Raises ValueError for a wrong URL and
    StoreFailed for a damaged, lost or unreachable database.
    """
    url = parse_url(database_url)
    path = sqlite_path(url)
    expected: str | None = None
    if path is not None:
        expected = read_marker(path)
        if expected is not None and (not path.exists() or path.stat().st_size == 0):
            raise StoreFailed(
                f"a ticket database was at {path} and is gone or empty; restore it from a backup, or remove "
                f"{marker_path(path).name} beside it to begin with an empty one"
            )
        path.parent.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="migrate") as executor:
        identity = executor.submit(asyncio.run, _upgrade(url, expected)).result()
    if path is not None:
        _keep_marker(path, identity)


async def _upgrade(url: URL, expected: str | None) -> str:
    engine = open_engine(url, writes=True, size=1, busy_timeout=LOCK_WAIT, create=True)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_run)
            identity = (await connection.execute(select(IdentityRow.id))).scalar_one_or_none()
            if identity is None:
                identity = uuid.uuid4().hex
                await connection.execute(insert(IdentityRow), {"id": identity, "created_at": datetime.now(UTC)})
            if expected not in (None, identity):
                # Raised inside the transaction: a database that is not ours is left as it was.
                raise StoreFailed("the database is not the one that its marker file names; a person must look at it")
        return identity
    except (SQLAlchemyError, sqlite3.Error, OSError) as exc:
        known = translate(exc)
        if known is None:
            raise
        raise StoreFailed(str(known)) from exc
    finally:
        await engine.dispose()


def _run(connection: Connection) -> None:
    config = migration_config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _keep_marker(database: Path, identity: str) -> None:
    if read_marker(database) == identity:
        return
    path = marker_path(database)
    temporary = path.with_name(path.name + ".tmp")
    with temporary.open("w", encoding="utf-8") as file:
        json.dump(new_marker(identity), file)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
