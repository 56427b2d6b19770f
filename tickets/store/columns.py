"""Rows as columns, on their way into a statement that writes many rows at once, past the work that SQLAlchemy does for
each cell. The rows are the same that the ordinary statements write.

What is NULL in every row is left out: half of a new ticket's cells are empty, and NULL is what a column holds that is
not named.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import JSON, Table
from sqlalchemy.types import TypeEngine

from tickets.store.engine import json_text

Row = Mapping[str, Any]
Convert = Callable[[Any], Any]
_REMEMBERED: Final = 1024


@dataclass(frozen=True, slots=True)
class _Layout:
    """How rows of a table are read: their names, what reads them all, and what each is converted by, if at all."""

    names: tuple[str, ...]
    read: Callable[[Row], tuple[Any, ...]]
    converts: tuple[Convert | None, ...]


class Columns:
    """Reads rows column by column. `converts` says of a kind of column how its values are written, None for those that
    the driver takes as they are; it is asked once for each kind. JSON is text for every driver."""

    def __init__(self, converts: Callable[[TypeEngine[Any]], Convert | None]) -> None:
        self._converts = converts
        self._kinds: dict[type[Any], Convert | None] = {JSON: _json}
        self._layouts: dict[str, _Layout] = {}

    def read(self, table: Table, rows: Sequence[Row]) -> tuple[tuple[str, ...], list[Sequence[Any]]]:
        """Names and values of the columns that hold anything. `rows` are one or more and all have the same names."""
        layout = self._layouts.get(table.name)
        if layout is None:
            layout = self._layouts[table.name] = self._layout(table, rows[0])
        names: list[str] = []
        columns: list[Sequence[Any]] = []
        cells_of = zip(*map(layout.read, rows), strict=True)
        for name, convert, cells in zip(layout.names, layout.converts, cells_of, strict=True):
            if cells.count(None) < len(cells):
                names.append(name)
                columns.append(cells if convert is None else [convert(cell) for cell in cells])
        return tuple(names), columns

    def _layout(self, table: Table, row: Row) -> _Layout:
        columns = [column for column in table.columns if column.name in row]
        names = tuple(column.name for column in columns)
        for column in columns:
            if type(column.type) not in self._kinds:
                self._kinds[type(column.type)] = self._converts(column.type)
        return _Layout(names, itemgetter(*names), tuple(self._kinds[type(column.type)] for column in columns))


def remembering(convert: Convert) -> Convert:
    """Converts equal values once: the moment of its creation is in many cells of a ticket, and what is taken on one
    day mostly falls due in the same moments."""
    known: dict[Any, Any] = {None: None}

    def converted(value: Any) -> Any:
        if value in known:
            return known[value]
        if len(known) >= _REMEMBERED:
            known.clear()
        known[value] = found = None if value is None else convert(value)
        return found

    return converted


def _json(value: Any) -> str | None:
    return None if value is None else json_text(value)
