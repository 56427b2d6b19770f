"""Groups of new tickets into SQLite in one visit to one thread: begin, one INSERT a table, commit.

What a group costs is not SQLite's work but the way to it: every statement through an asynchronous driver is a round
trip to its thread, and every row of an `executemany` gives up the interpreter's lock while others wait for it. One
INSERT with many rows does neither. The rows are the same that the ordinary statements write, and their types convert
them.

Only whole groups of new tickets take this way. When a constraint refuses one of them nothing is written, and the
ordinary way finds out which and why.
"""

import asyncio
import json
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Boolean, Table
from sqlalchemy.dialects.sqlite import dialect as sqlite_dialect
from sqlalchemy.types import TypeEngine

from tickets.service.outbox import Notice
from tickets.store.columns import Columns, Convert, Row, remembering
from tickets.store.engine import sqlite_pragmas
from tickets.store.models_jobs import DeliveryRow
from tickets.store.outbox import SUBSCRIBERS, delivery_rows

Rows = Sequence[tuple[Table, Sequence[Row]]]
Notices = Callable[[], Sequence[Notice]]

_SUBSCRIBERS: Final = str(SUBSCRIBERS.compile(dialect=sqlite_dialect()))
_ROWS: Final = 256
_STATEMENTS: Final = 512
"""Prepared statements kept: three tables times the usual sizes of a group."""


class SqliteGroups:
    """Owns one connection and the thread that it lives in. One call at a time, as the writer makes them."""

    def __init__(self, path: Path, busy_timeout: float) -> None:
        """`busy_timeout` in seconds. Nothing is opened before the first group."""
        self._path = path
        self._busy_timeout = busy_timeout
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ticket-groups")
        self._connection: sqlite3.Connection | None = None
        self._texts: dict[tuple[str, tuple[str, ...], int], str] = {}
        self._columns = Columns(_convert)

    async def insert(self, rows: Rows, notices: Notices = tuple) -> bool:
        """Durable when it returns True; False when a constraint refused and nothing was written. Raises
        sqlite3.Error. `notices` are written with the rows when there is anybody to tell."""
        statements = [self._statement(table, values) for table, values in rows if values]
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._write, statements, notices)

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown()

    def _statement(self, table: Table, values: Sequence[Row]) -> tuple[str, list[Any]]:
        names, columns = self._columns.read(table, values)
        kind = (table.name, names, len(values))
        text = self._texts.get(kind)
        if text is None:
            if len(self._texts) >= _STATEMENTS:
                self._texts.clear()
            text = self._texts[kind] = _insert(*kind)
        return text, list(chain.from_iterable(zip(*columns, strict=True)))

    def _write(self, statements: Sequence[tuple[str, list[Any]]], notices: Notices) -> bool:
        connection = self._connection
        if connection is None:
            connection = self._connection = _open(self._path, self._busy_timeout)
        connection.execute("BEGIN IMMEDIATE")
        try:
            for text, values in statements:
                connection.execute(text, values)
            for text, values in self._deliveries(connection, notices):
                connection.execute(text, values)
            connection.execute("COMMIT")
        except sqlite3.IntegrityError:
            return False
        finally:
            # Whatever went wrong, the next group must find the connection free.
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        return True

    def _deliveries(self, connection: sqlite3.Connection, notices: Notices) -> list[tuple[str, list[Any]]]:
        """The outbox of the group. A look at an empty table when nobody has subscribed."""
        found = connection.execute(_SUBSCRIBERS).fetchall()
        rows = (
            delivery_rows([(webhook_id, json.loads(kinds)) for webhook_id, kinds in found], notices()) if found else []
        )
        table = DeliveryRow.metadata.tables[DeliveryRow.__tablename__]
        return [self._statement(table, rows[at : at + _ROWS]) for at in range(0, len(rows), _ROWS)]

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _open(path: Path, busy_timeout: float) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.as_uri()}?mode=rw", uri=True, isolation_level=None, timeout=busy_timeout, cached_statements=_STATEMENTS
    )
    try:
        for pragma in sqlite_pragmas(writes=True, busy_timeout=busy_timeout):
            connection.execute(pragma)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _convert(kind: TypeEngine[Any]) -> Convert | None:
    """What SQLAlchemy writes a value of this kind by."""
    if isinstance(kind, Boolean):
        return _number
    dialect = sqlite_dialect()
    convert = kind.dialect_impl(dialect).bind_processor(dialect)
    return None if convert is None else remembering(convert)


def _number(value: bool | None) -> int | None:
    """As a number, which is what SQLite keeps; the driver looks long for what to do with a truth value."""
    return None if value is None else int(value)


def _insert(table: str, names: Sequence[str], count: int) -> str:
    """Names come from our own models and need no quoting."""
    marks = f"({', '.join('?' * len(names))})"
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES {', '.join([marks] * count)}"  # noqa: S608 - see above
