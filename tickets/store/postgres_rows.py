"""Many rows into PostgreSQL by one statement whose text does not depend on how many they are: each column is one array.

So the server has one prepared statement a table instead of one for every size of a group, and a group of tickets is
one round trip a table.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, Final

from sqlalchemy import JSON, Boolean, CursorResult, DateTime, Float, Integer, String, Table
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import TypeEngine

from tickets.store.columns import Columns, Row

_ARRAYS: Final[tuple[tuple[type[TypeEngine[Any]], str], ...]] = (
    (String, "text"),
    (Boolean, "boolean"),
    (Integer, "integer"),
    (Float, "double precision"),
    (DateTime, "timestamptz"),
    (JSON, "text"),
)
"""Kinds of columns and of the arrays that bring their values. A text that is too long for its column is refused."""

_COLUMNS: Final = Columns(lambda _kind: None)


async def insert_rows(
    connection: AsyncConnection, table: Table, rows: Sequence[Row], suffix: str = ""
) -> CursorResult[Any]:
    """Inserts one or more rows, which all have the same names; `suffix` is what follows, such as RETURNING."""
    names, columns = _COLUMNS.read(table, rows)
    return await connection.exec_driver_sql(_insert(table, names) + suffix, tuple(map(list, columns)))


@cache
def _insert(table: Table, names: tuple[str, ...]) -> str:
    """Names come from our own models and need no quoting."""
    kinds = [table.columns[name].type for name in names]
    arrays = ", ".join(f"${at}::{_array(kind)}[]" for at, kind in enumerate(kinds, 1))
    casts = ["::json" if isinstance(kind, JSON) else "" for kind in kinds]
    cells = ", ".join(f"{name}{cast}" for name, cast in zip(names, casts, strict=True))
    listed = ", ".join(names)
    return f"INSERT INTO {table.name} ({listed}) SELECT {cells} FROM unnest({arrays}) AS given ({listed})"  # noqa: S608 - see above


def _array(kind: TypeEngine[Any]) -> str:
    plain = getattr(kind, "impl_instance", kind)
    for known, name in _ARRAYS:
        if isinstance(plain, known):
            return name
    raise TypeError(f"no array is known for columns of the type {kind!r}")
