"""Spreadsheets: XLSX with one sheet a section, and CSV of the sections' tables.

Text is always written as text, so telephone and ticket numbers keep their digits and nothing is a formula (F85). A rate
takes two cells more than it shows: its numerator and denominator stand beside it.
"""

import csv
import io
import re
from typing import Any, Final

import xlsxwriter

from tickets.reports.document import Cell, Column, Kind, Report, Section, Table
from tickets.reports.figures import DEFINITIONS, Figure
from tickets.reports.periods import china_time
from tickets.reports.render.escape import cell as escaped

_FORBIDDEN: Final = re.compile(r"[\[\]:*?/\\']")
_WIDTHS: Final = {Kind.TEXT: 18, Kind.COUNT: 10, Kind.RATE: 10, Kind.SCORE: 10, Kind.CHANGE: 10}
BOM: Final = "\ufeff"


def xlsx(report: Report) -> bytes:
    """The workbook: 封面, a sheet for each section, 指标口径."""
    buffer = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(buffer, options) as book:
        writer = _Writer(book)
        writer.cover(report)
        for section in report.sections:
            writer.section(section)
        writer.definitions()
    return buffer.getvalue()


def csv_text(report: Report) -> str:
    """The tables, one below the other, with a byte order mark for spreadsheets that would guess the encoding."""
    buffer = io.StringIO()
    lines = csv.writer(buffer, lineterminator="\r\n")
    for section in report.sections:
        for figure in section.figures:
            lines.writerow([escaped(section.title), escaped(figure.name), *_rate_cells(figure)])
        if section.table is None:
            continue
        lines.writerow([escaped(section.title)])
        lines.writerow(_headings(section.table.columns))
        for row in section.table.rows:
            lines.writerow([value for pair in zip(row, section.table.columns, strict=True) for value in _flat(*pair)])
    return BOM + buffer.getvalue()


def _headings(columns: tuple[Column, ...]) -> list[str]:
    names: list[str] = []
    for column in columns:
        names.append(escaped(column.title))
        if column.kind is Kind.RATE:
            names += [f"{column.title}分子", f"{column.title}分母"]
    return names


def _flat(cell: Cell, column: Column) -> list[str | int | float]:
    if column.kind is Kind.RATE:
        return _rate_cells(cell) if isinstance(cell, Figure) else ["", "", ""]
    if cell is None:
        return [""]
    if isinstance(cell, Figure):
        return [cell.text]
    return [cell if isinstance(cell, int | float) else escaped(cell)]


def _rate_cells(figure: Figure) -> list[str | int | float]:
    return [figure.text if figure.value is not None else "", figure.numerator, figure.denominator]


class _Writer:
    """Writes one workbook. The library is untyped; what it gives is `Any` here and nowhere else."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._names: set[str] = set()
        self._title = book.add_format({"bold": True, "font_size": 16})
        self._head = book.add_format({"bold": True, "bg_color": "#0F3D6E", "font_color": "#FFFFFF", "text_wrap": True})
        self._text = book.add_format({"num_format": "@", "valign": "top"})
        self._wrap = book.add_format({"num_format": "@", "valign": "top", "text_wrap": True})
        self._formats = {
            Kind.COUNT: book.add_format({"num_format": "#,##0"}),
            Kind.RATE: book.add_format({"num_format": "0.0%"}),
            Kind.SCORE: book.add_format({"num_format": "0.00"}),
            Kind.CHANGE: book.add_format({"num_format": "+0.00;-0.00;0"}),
        }

    def cover(self, report: Report) -> None:
        sheet = self._sheet("封面")
        sheet.set_column(0, 0, 14)
        sheet.set_column(1, 1, 90)
        sheet.write_string(0, 0, escaped(report.title), self._title)
        pairs = (
            ("统计期间", report.span.label),
            ("范围", report.subject),
            ("统计截至", china_time(report.as_of)),
            ("编制单位", report.issuer),
            *((role, "") for role in report.sign_off),
        )
        for row, (name, value) in enumerate(pairs, start=2):
            sheet.write_string(row, 0, escaped(name), self._text)
            sheet.write_string(row, 1, escaped(value), self._text)

    def section(self, section: Section) -> None:
        sheet = self._sheet(section.title)
        row = 0
        for line in section.text:
            sheet.write_string(row, 0, escaped(line), self._text)
            row += 1
        for name, number in section.numbers:
            sheet.write_string(row, 0, escaped(name), self._text)
            sheet.write_number(row, 1, number, self._formats[Kind.COUNT])
            row += 1
        row = self._figures(sheet, row, section.figures)
        if section.table is not None:
            self._table(sheet, row + 1 if row else 0, section.table)

    def definitions(self) -> None:
        sheet = self._sheet("指标口径")
        sheet.set_column(0, 0, 14)
        sheet.set_column(1, 1, 90)
        for row, each in enumerate(DEFINITIONS.values()):
            sheet.write_string(row, 0, each.name, self._text)
            sheet.write_string(row, 1, each.formula, self._text)

    def _figures(self, sheet: Any, row: int, figures: tuple[Figure, ...]) -> int:
        if not figures:
            return row
        for place, heading in enumerate(("指标", "数值", "分子", "分母", "公式", "计算")):
            sheet.write_string(row, place, heading, self._head)
        for each in figures:
            row += 1
            sheet.write_string(row, 0, escaped(each.name), self._text)
            self._rate(sheet, row, 1, each)
            sheet.write_string(row, 4, escaped(each.formula), self._text)
            sheet.write_string(row, 5, escaped(each.how), self._text)
        return row + 1

    def _table(self, sheet: Any, first: int, table: Table) -> None:
        for place, heading in enumerate(_headings(table.columns)):
            sheet.write_string(first, place, heading, self._head)
        sheet.freeze_panes(first + 1, 0)
        if not table.rows:
            sheet.write_string(first + 1, 0, table.empty, self._text)
        for row, cells in enumerate(table.rows, start=first + 1):
            place = 0
            for cell, column in zip(cells, table.columns, strict=True):
                place += self._cell(sheet, row, place, cell, column)
        place = 0
        for column in table.columns:
            wide = 3 if column.kind is Kind.RATE else 1
            sheet.set_column(place, place + wide - 1, _WIDTHS[column.kind])
            place += wide

    def _cell(self, sheet: Any, row: int, place: int, cell: Cell, column: Column) -> int:
        """Writes one cell; answers how many columns it took."""
        if column.kind is Kind.RATE:
            if isinstance(cell, Figure):
                self._rate(sheet, row, place, cell)
            return 3
        if isinstance(cell, int | float):
            sheet.write_number(row, place, cell, self._formats.get(column.kind, self._formats[Kind.COUNT]))
        elif cell is not None:
            sheet.write_string(row, place, escaped(cell.text if isinstance(cell, Figure) else cell), self._wrap)
        return 1

    def _rate(self, sheet: Any, row: int, place: int, figure: Figure) -> None:
        if figure.value is None:
            sheet.write_string(row, place, "—", self._text)
        else:
            sheet.write_number(row, place, figure.numerator / figure.denominator, self._formats[Kind.RATE])
        sheet.write_number(row, place + 1, figure.numerator, self._formats[Kind.COUNT])
        sheet.write_number(row, place + 2, figure.denominator, self._formats[Kind.COUNT])

    def _sheet(self, title: str) -> Any:
        """A new sheet; Excel allows 31 characters, not all of them, and no name twice."""
        base = _FORBIDDEN.sub(" ", title).strip()[:28] or "表"
        name, number = base, 2
        while name.lower() in self._names:
            name, number = f"{base}{number}", number + 1
        self._names.add(name.lower())
        return self._book.add_worksheet(name)
