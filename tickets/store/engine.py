"""Engines for one database: one connection that writes, a small pool that reads.

SQLite: WAL, `synchronous=FULL`, `busy_timeout`, foreign keys; the writer takes the lock at BEGIN, so no
transaction fails half-way for want of it. A database file is opened, never created: that is the migration's business.
PostgreSQL is reached through asyncpg, which has to be installed for it.
"""

import sqlite3
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from tickets.domain.errors import StoreFailed, StoreFull, StoreUnavailable
from tickets.domain.history import canonical

_DRIVERS: Final = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}
_SQLITE_FULL: Final = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)
_SQLITE_FAILED: Final = (
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
)
KNOWN_PASSWORDS: Final = frozenset(
    {"", "12345", "123456", "admin", "changeme", "default", "example", "hotline", "password", "postgres", "root"}
    | {"secret", "test", "tickets"}
)
"""What stands in examples and is tried first; refused at the start (F80)."""
RETRY_CLASSES: Final = ("08", "57", "40")
"""SQLSTATE classes after which the whole transaction may be run again: connection, operator, rollback (F29)."""


def parse_url(text: str) -> URL:
    """Raises ValueError for what is neither SQLite (as a file) nor PostgreSQL, and for a password that everybody
    knows. Never repeats the URL: secrets."""
    try:
        url = make_url(text)
    except ArgumentError as exc:
        raise ValueError("database_url is not a URL; expected sqlite:///path or postgresql://user@host/name") from exc
    driver = _DRIVERS.get(url.get_backend_name())
    if driver is None:
        raise ValueError("database_url names an unknown database; expected sqlite:///path or postgresql://…")
    if driver.startswith("sqlite") and url.database in (None, "", ":memory:"):
        raise ValueError("database_url must name a file: tickets in memory would not outlive the process")
    if url.password is not None and str(url.password).lower() in KNOWN_PASSWORDS:
        raise ValueError("database_url has a password that everybody knows; give the database user another one")
    return url.set(drivername=driver)


def sqlite_path(url: URL) -> Path | None:
    """The database file, absolute; None for PostgreSQL."""
    if url.get_backend_name() != "sqlite" or url.database is None:
        return None
    return Path(url.database).absolute()


def open_engine(url: URL, *, writes: bool, size: int, busy_timeout: float, create: bool = False) -> AsyncEngine:
    """An engine on a parsed URL. `create` lets SQLite make the file; only the migration may ask for that."""
    path = sqlite_path(url)
    if path is None:
        return create_async_engine(
            url,
            pool_size=size,
            max_overflow=0,
            pool_pre_ping=True,
            hide_parameters=True,
            json_serializer=json_text,
            pool_timeout=busy_timeout,
        )
    opened = url.set(database=path.as_uri(), query={"mode": "rwc" if create else "rw", "uri": "true"})
    engine = create_async_engine(
        opened,
        poolclass=AsyncAdaptedQueuePool,
        pool_size=size,
        max_overflow=0,
        pool_timeout=busy_timeout,
        hide_parameters=True,
        json_serializer=json_text,
        connect_args={"timeout": busy_timeout},
    )

    def prepare(connection: Any, _record: object) -> None:
        # The driver would otherwise begin transactions by itself, and only before some statements.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in sqlite_pragmas(writes=writes, busy_timeout=busy_timeout):
            cursor.execute(pragma)
        cursor.close()

    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    event.listen(engine.sync_engine, "connect", prepare)
    event.listen(engine.sync_engine, "begin", begin)
    return engine


def sqlite_pragmas(*, writes: bool, busy_timeout: float) -> tuple[str, ...]:
    """What every connection to a SQLite database is told first; `busy_timeout` in seconds."""
    return (
        f"PRAGMA busy_timeout={int(busy_timeout * 1000)}",
        # Turning WAL on writes to the file; the reader that examines a database must leave it as it is.
        *(("PRAGMA journal_mode=WAL",) if writes else ()),
        "PRAGMA synchronous=FULL",
        "PRAGMA foreign_keys=ON",
        f"PRAGMA query_only={'OFF' if writes else 'ON'}",
    )


def translate(exc: Exception) -> StoreUnavailable | None:
    """What a driver's error means to a client, or None when it is no matter of availability."""
    if isinstance(exc, TimeoutError | ConnectionError | PoolTimeout):
        return StoreUnavailable("the ticket database does not answer; send the request again with the same key")
    if isinstance(exc, OSError):
        return StoreFailed("the ticket database cannot be reached; a person must look at it")
    if not isinstance(exc, DBAPIError | sqlite3.Error):
        return None
    code = sqlite_code(exc)
    if code is not None:
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return StoreUnavailable("the ticket database is locked by another process; send the request again")
        if code in _SQLITE_FULL:
            return StoreFull("the disk of the ticket database is full or failing; send the request again later")
        if code in _SQLITE_FAILED:
            return StoreFailed("the ticket database is damaged, missing or not writable; a person must look at it")
        return None
    if not isinstance(exc, DBAPIError):
        return None
    state = sqlstate(exc)
    if state.startswith("53"):
        return StoreFull("the ticket database has no room; send the request again later")
    if state.startswith(RETRY_CLASSES) or isinstance(exc, InterfaceError) or exc.connection_invalidated:
        return StoreUnavailable("the ticket database is not reachable; send the request again with the same key")
    return None


def sqlite_code(exc: DBAPIError | sqlite3.Error) -> int | None:
    """SQLite's primary result code, None when the error is not SQLite's. Hooks of the pool raise the driver's error."""
    origin = exc.orig if isinstance(exc, DBAPIError) else exc
    for error in (origin, origin.__cause__ if origin is not None else None):
        code = getattr(error, "sqlite_errorcode", None)
        if isinstance(code, int):
            return code & 0xFF
    return None


def sqlstate(exc: DBAPIError) -> str:
    """PostgreSQL's SQLSTATE, empty when there is none."""
    for error in (exc.orig, exc.orig.__cause__ if exc.orig is not None else None):
        state = getattr(error, "sqlstate", None)
        if isinstance(state, str):
            return state
    return ""


def json_text(value: Any) -> str:
    """How JSON columns are written. Most lists of a ticket are empty."""
    if value == []:
        return "[]"
    return canonical(value).decode("utf-8")
