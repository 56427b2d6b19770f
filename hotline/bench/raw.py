"""The limits that a ticket service is held against: one durable commit after the other, with nothing around it.

Each is a loop of single INSERTs with a unique key, the same body as the services get, one commit each. PostgreSQL's is
asyncpg's own, on one connection; SQLAlchemy's are its Core without sessions.
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from hotline.bench.load import encoded

Loop = Callable[[int, int], float]
"""Writes `count` tickets whose numbers begin with `first`; gives commits a second."""


def sqlite_loop(path: Path, synchronous: str = "FULL") -> Loop:
    """The standard library's driver: WAL, `synchronous` as said."""

    def run(first: int, count: int) -> float:
        bodies = _bodies(first, count)
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute(f"PRAGMA synchronous={synchronous}")
            connection.execute("CREATE TABLE IF NOT EXISTS raw_tickets (key TEXT PRIMARY KEY, body BLOB NOT NULL)")
            started = time.perf_counter()
            for row in bodies:
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("INSERT INTO raw_tickets VALUES (?, ?)", row)
                connection.execute("COMMIT")
            return count / (time.perf_counter() - started)

    return run


def sqlalchemy_loop(path: Path) -> Loop:
    """SQLAlchemy Core on the same driver, one transaction a ticket."""
    table = sa.Table(
        "core_tickets", sa.MetaData(), sa.Column("key", sa.String, primary_key=True), sa.Column("body", sa.LargeBinary)
    )
    engine = sa.create_engine(f"sqlite:///{path}")

    def prepare(connection: Any, _record: object) -> None:
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}")

    sa.event.listen(engine, "connect", prepare)

    def run(first: int, count: int) -> float:
        bodies = _bodies(first, count)
        table.metadata.create_all(engine)
        with engine.connect() as connection:
            connection.commit()
            started = time.perf_counter()
            for key, body in bodies:
                with connection.begin():
                    connection.execute(table.insert(), {"key": key, "body": body})
            seconds = time.perf_counter() - started
        engine.dispose()
        return count / seconds

    return run


def postgres_loop(dsn: str) -> Loop:
    """asyncpg on one connection; each INSERT is its own transaction."""

    async def write(bodies: Sequence[tuple[str, bytes]]) -> float:
        import asyncpg  # only needed, and only installed, with the extra `postgres`

        connection = await asyncpg.connect(dsn)
        try:
            await connection.execute(
                "CREATE TABLE IF NOT EXISTS raw_tickets (key TEXT PRIMARY KEY, body BYTEA NOT NULL)"
            )
            statement = await connection.prepare("INSERT INTO raw_tickets VALUES ($1, $2)")
            started = time.perf_counter()
            for key, body in bodies:
                await statement.fetch(key, body)
            return len(bodies) / (time.perf_counter() - started)
        finally:
            await connection.close()

    def run(first: int, count: int) -> float:
        return asyncio.run(write(_bodies(first, count)))

    return run


def _bodies(first: int, count: int) -> list[tuple[str, bytes]]:
    return [(f"bench-{number}", encoded(number)) for number in range(first, first + count)]
