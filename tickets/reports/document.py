"""A report as values: sections of text, figures, tables and charts. HTML, XLSX, CSV and JSON are all made from this one
computation, so no two of them can disagree."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from tickets.reports.figures import Figure
from tickets.reports.periods import Span, china_time

Cell = str | int | float | Figure | None


class Kind(StrEnum):
    """How a column is shown."""

    TEXT = "text"
    COUNT = "count"
    RATE = "rate"
    SCORE = "score"
    CHANGE = "change"


@dataclass(frozen=True, slots=True)
class Column:
    key: str
    title: str
    kind: Kind = Kind.TEXT


@dataclass(frozen=True, slots=True)
class Table:
    """`rows` have a cell for each column. `empty` is shown when there are none. A `folded` one is closed at first on a
    page, because a chart shows the same."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    empty: str = "本期没有符合条件的记录"
    folded: bool = False

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"a row has {len(row)} cells for {len(self.columns)} columns")


class ChartKind(StrEnum):
    BARS = "bars"
    LINE = "line"


@dataclass(frozen=True, slots=True)
class Chart:
    """Points of one series: label, value. `unit` is written behind values."""

    kind: ChartKind
    title: str
    points: tuple[tuple[str, float], ...]
    unit: str = "件"


@dataclass(frozen=True, slots=True)
class Section:
    key: str
    title: str
    text: tuple[str, ...] = ()
    numbers: tuple[tuple[str, int], ...] = ()
    figures: tuple[Figure, ...] = ()
    chart: Chart | None = None
    table: Table | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """`as_of` is the moment at which the requests' standing was counted; `sign_off` are the roles that sign it."""

    name: str
    title: str
    span: Span
    as_of: datetime
    subject: str
    sections: tuple[Section, ...]
    issuer: str
    sign_off: tuple[str, ...] = ()

    @property
    def file_name(self) -> str:
        """Without suffix, ASCII."""
        return f"{self.name}-{self.span.first:%Y%m%d}-{self.span.last:%Y%m%d}"

    def section(self, key: str) -> Section:
        """Raises KeyError when the report has no such section."""
        for each in self.sections:
            if each.key == key:
                return each
        raise KeyError(key)

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "title": self.title,
            "subject": self.subject,
            "from": self.span.first.isoformat(),
            "to": self.span.last.isoformat(),
            "as_of": self.as_of.isoformat(timespec="seconds"),
            "as_of_china": china_time(self.as_of),
            "issuer": self.issuer,
            "sections": [_section(each) for each in self.sections],
        }


def _section(section: Section) -> dict[str, Any]:
    value: dict[str, Any] = {
        "key": section.key,
        "title": section.title,
        "text": list(section.text),
        "numbers": [{"name": name, "value": number} for name, number in section.numbers],
        "figures": [each.as_json() for each in section.figures],
        "table": None,
        "chart": None,
    }
    if section.table is not None:
        keys = [column.key for column in section.table.columns]
        value["table"] = {
            "columns": [
                {"key": each.key, "title": each.title, "kind": each.kind.value} for each in section.table.columns
            ],
            "rows": [dict(zip(keys, map(_plain, row), strict=True)) for row in section.table.rows],
        }
    if section.chart is not None:
        value["chart"] = {
            "kind": section.chart.kind.value,
            "title": section.chart.title,
            "unit": section.chart.unit,
            "points": [{"label": label, "value": number} for label, number in section.chart.points],
        }
    return value


def _plain(cell: Cell) -> Any:
    return cell.as_json() if isinstance(cell, Figure) else cell
