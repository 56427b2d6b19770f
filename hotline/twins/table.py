"""The CSV of sentences and the CSV of their twins: the same columns and `heard`, and `others` where alternatives are
asked for: the lower-ranked readings, as a call gets them too, with a bar between them.

Rows of the twins are written as they get ready and flushed one by one. A run that was cut off leaves at most one torn
last line, which is removed before more are added; what stands there already is not done again.
"""

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from hotline.errors import WrongUse

__all__ = ["HEARD", "OTHERS", "Row", "Table", "Twins", "open_twins", "read_table", "spread"]

HEARD = "heard"
OTHERS = "others"
_TEXT = "text"

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """`rows` are as long as `columns`, one of which is `text`."""

    columns: Row
    rows: tuple[Row, ...]

    def text(self, row: Row) -> str:
        return row[self.columns.index(_TEXT)]


class _Writer(Protocol):
    def writerow(self, row: Sequence[str], /) -> object: ...


class Twins:
    """The output, open for adding. `done` are the rows of the input that have their twin."""

    def __init__(self, writer: _Writer, flush: "Flush", alternatives: int, done: frozenset[Row]) -> None:
        self._writer = writer
        self._alternatives = alternatives
        self._flush = flush
        self.done = done

    def add(self, row: Row, readings: Sequence[str]) -> None:
        """`readings` best first; none when nothing was understood."""
        heard = (readings[0] if readings else "",)
        others = ("|".join(readings[1 : 1 + self._alternatives]),) if self._alternatives else ()
        self._writer.writerow((*row, *heard, *others))
        self._flush()


class Flush(Protocol):
    def __call__(self) -> None: ...


def read_table(path: Path) -> Table:
    """Raises `WrongUse` naming the line: no `text` column, a `heard` column, a short row, an empty text, a repeat."""
    columns, rows = _read(path)
    if _TEXT not in columns:
        raise WrongUse(
            f"{path}: expected a column named text in the first line, found {','.join(columns) or 'nothing'}"
        )
    if HEARD in columns:
        raise WrongUse(f"{path} has a column heard already; give the file of sentences, not of twins")
    table = Table(columns, tuple(rows.values()))
    for line, row in rows.items():
        if not table.text(row).strip():
            raise WrongUse(f"{path}, line {line}: the text is empty")
    seen: dict[Row, int] = {}
    for line, row in rows.items():
        if (first := seen.setdefault(row, line)) != line:
            raise WrongUse(f"{path}, line {line}: the same row as line {first}")
    return table


def spread(table: Table, column: str, values: Sequence[str], *, shifted: bool = False) -> Table:
    """Every row once with each of `values` in a new `column`: row after row, or, `shifted`, in rounds in which every
    row comes once and the values take turns, so that a run cut short has treated all alike. Raises `WrongUse`."""
    if column in table.columns:
        raise WrongUse(f"the sentences have a column {column} already; name it otherwise")
    count = len(values)
    if shifted:
        rows = [(*row, values[(at + turn) % count]) for turn in range(count) for at, row in enumerate(table.rows)]
    else:
        rows = [(*row, value) for row in table.rows for value in values]
    return Table((*table.columns, column), tuple(rows))


@contextmanager
def open_twins(path: Path, table: Table, *, resume: bool, alternatives: int = 0) -> Iterator[Twins]:
    """Without `resume` the file must not exist yet: recognition is dear, and nothing is overwritten.

    Raises `WrongUse` for a file that exists, or that is not the twins of a table with these columns.
    """
    done: frozenset[Row] = frozenset()
    head = (*table.columns, HEARD, *((OTHERS,) if alternatives else ()))
    fresh = not path.exists() or path.stat().st_size == 0
    if not fresh:
        if not resume:
            raise WrongUse(f"{path} exists; go on with --resume, or name another file")
        _cut_torn_line(path)
        columns, rows = _read(path)
        if columns != head:
            raise WrongUse(f"{path}: expected the columns {','.join(head)}, found {','.join(columns)}")
        done = frozenset(row[: len(table.columns)] for row in rows.values())
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        if fresh:
            writer.writerow(head)
        yield Twins(writer, file.flush, alternatives, done)


def _read(path: Path) -> tuple[Row, dict[int, Row]]:
    """The header and the rows by line number."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            columns = tuple(next(reader, []))
            numbered = ((tuple(cells), reader.line_num) for cells in reader if cells)
            rows = {line: cells for cells, line in numbered}
    except (OSError, UnicodeDecodeError, csv.Error) as exc:
        raise WrongUse(f"{path}: expected a UTF-8 CSV file; {exc}") from exc
    for line, row in rows.items():
        if len(row) != len(columns):
            raise WrongUse(f"{path}, line {line}: expected {len(columns)} cells, found {len(row)}")
    return columns, rows


def _cut_torn_line(path: Path) -> None:
    """A line without its end was being written when the run was cut off."""
    content = path.read_bytes()
    if not content.endswith(b"\n"):
        with path.open("r+b") as file:
            file.truncate(content.rfind(b"\n") + 1)
