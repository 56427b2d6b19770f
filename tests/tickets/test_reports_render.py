"""One report in four forms: same figures, nothing that runs, nothing that becomes a formula."""

import base64
import csv
import hashlib
import io
import json
import re
from datetime import UTC, date, datetime
from html.parser import HTMLParser

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets.reports.document import Chart, ChartKind, Column, Kind, Report, Section, Table
from tickets.reports.figures import Rate, figure
from tickets.reports.periods import Span
from tickets.reports.render import MEDIA_TYPES, Format, Pages, Rendered, render
from tickets.reports.render.charts import ceiling, svg
from tickets.reports.render.escape import cell

NASTY = '</script><img src=x onerror="alert(1)">{{7*7}}\x1b[31m'
PAGES = Pages()


def make(*cells: str) -> Report:
    columns = (
        Column("name", "单位"),
        Column("done", "办结率", Kind.RATE),
        Column("empty", "满意率", Kind.RATE),
        Column("count", "派单", Kind.COUNT),
        Column("change", "较上期", Kind.CHANGE),
    )
    rows = tuple(
        (each, figure(Rate.DONE, 3_852, 4_135), figure(Rate.SATISFACTION, 0, 0), 4_135, -1.5) for each in cells
    )
    section = Section(
        "all",
        "总体[情况]",
        ("一句话",),
        (("受理", 12_345),),
        (figure(Rate.DONE, 3_852, 4_135),),
        Chart(ChartKind.BARS, "图", tuple((each, 3.0) for each in cells)),
        Table(columns, rows),
    )
    twin = Section("twin", "总体[情况]", table=Table((Column("a", "甲"),), ()))
    span = Span.day(date(2026, 11, 20))
    now = datetime(2026, 11, 21, tzinfo=UTC)
    return Report("daily", "日通报", span, now, "全部", (section, twin), "热线", ("市长签批",))


def rendered(form: Format, *cells: str) -> Rendered:
    return render(make(*cells), form, PAGES)


class Tags(HTMLParser):
    """Collects what a browser would see as tags."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


@pytest.mark.fault("F84")
def test_a_page_shows_hostile_text_and_runs_none_of_it() -> None:
    page = rendered(Format.HTML, NASTY)
    text = page.body.decode("utf-8")
    tags = Tags(text).tags
    assert {"script", "img", "iframe", "object", "link"}.isdisjoint(tag for tag, _ in tags)
    assert not [name for _, attributes in tags for name in attributes if name.startswith("on") or name == "style"]
    assert "&lt;/script&gt;" in text
    assert "{{7*7}}" in text


def test_the_policy_allows_exactly_the_style_that_the_page_has() -> None:
    page = rendered(Format.HTML, "甲")
    style = re.search("<style>(.*?)</style>", page.body.decode("utf-8"), re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style.group(1).encode("utf-8")).digest()).decode("ascii")
    assert f"style-src 'sha256-{digest}'" in page.policy
    assert page.policy.startswith("default-src 'none'")


@pytest.mark.requirement("RP-4")
def test_every_form_shows_numerator_and_denominator() -> None:
    page = rendered(Format.HTML, "甲").body.decode("utf-8")
    assert "3,852 ÷ 4,135 = 93.2%" in page
    assert "3852/4135" in page
    assert "办结率 = 其中已办结件数 ÷ 本期派单件数 × 100%" in page
    value = json.loads(rendered(Format.JSON, "甲").body)
    row = value["sections"][0]["table"]["rows"][0]
    assert (row["done"]["numerator"], row["done"]["denominator"], row["done"]["percent"]) == (3852, 4135, "93.2%")
    assert row["empty"]["value"] is None
    assert row["empty"]["reason"]
    lines = list(csv.reader(io.StringIO(rendered(Format.CSV, "甲").body.decode("utf-8-sig"))))
    assert ["甲", "93.2%", "3852", "4135", "", "0", "0", "4135", "-1.5"] in lines


@pytest.mark.fault("F85")
@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "＝"])
def test_a_cell_that_a_spreadsheet_would_run_is_plain_text(start: str) -> None:
    hostile = f"{start}cmd|' /C calc'!A0"
    book = openpyxl.load_workbook(io.BytesIO(rendered(Format.XLSX, hostile).body))
    cells = [each for sheet in book.worksheets for row in sheet.iter_rows() for each in row if each.value is not None]
    assert "f" not in {each.data_type for each in cells}
    assert any(isinstance(each.value, str) and each.value.startswith("'" + start.strip()) for each in cells)
    text = rendered(Format.CSV, hostile).body.decode("utf-8")
    assert text.startswith("\ufeff")
    assert next(row[0] for row in csv.reader(io.StringIO(text[1:])) if row and "calc" in row[0]).startswith("'")


@pytest.mark.fault("F85")
def test_telephone_and_ticket_numbers_stay_text_in_a_workbook() -> None:
    book = openpyxl.load_workbook(io.BytesIO(rendered(Format.XLSX, "013800000000").body))
    found = [each for sheet in book.worksheets for row in sheet.iter_rows() for each in row]
    assert [each.data_type for each in found if each.value == "013800000000"] == ["s"]


def test_a_rate_in_a_workbook_is_a_number_beside_its_counts() -> None:
    book = openpyxl.load_workbook(io.BytesIO(rendered(Format.XLSX, "甲").body))
    sheet = next(each for each in book.worksheets if "总体" in each.title)
    row = next(row for row in sheet.iter_rows(values_only=True) if row[0] == "甲")
    assert row[1] == pytest.approx(3852 / 4135)
    assert row[2:4] == (3852, 4135)
    assert row[4:7] == ("—", 0, 0)


def test_two_sections_of_one_name_get_two_sheets() -> None:
    book = openpyxl.load_workbook(io.BytesIO(rendered(Format.XLSX, "甲").body))
    assert len(set(book.sheetnames)) == len(book.sheetnames) == 4


def test_each_form_has_its_media_type_and_file_name() -> None:
    for form in Format:
        found = rendered(form, "甲")
        assert found.media_type == MEDIA_TYPES[form]
        assert found.name == f"daily-20261120-20261120.{form.value}"


@given(st.text(max_size=60))
def test_no_cell_begins_with_what_a_spreadsheet_runs(text: str) -> None:
    shown = cell(text)
    assert not shown.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "＝"))
    assert not [each for each in shown if each < " " and each not in "\t\r\n"]


@given(
    st.lists(st.tuples(st.text(max_size=12), st.floats(0, 1e9)), max_size=40),
    st.sampled_from(list(ChartKind)),
)
def test_any_points_make_a_chart_of_balanced_tags(points: list[tuple[str, float]], kind: ChartKind) -> None:
    drawn = svg(Chart(kind, "图<>", tuple(points)))
    assert bool(drawn) is bool(points)
    assert drawn.count("<text") == drawn.count("</text>")
    assert "nan" not in drawn


def test_a_value_next_to_nothing_has_a_scale_too() -> None:
    assert svg(Chart(ChartKind.LINE, "图", (("甲", 5e-324), ("乙", 0.0))))


@given(st.floats(0.001, 1e12))
def test_the_top_of_a_scale_is_not_below_the_largest_value(largest: float) -> None:
    assert largest <= ceiling(largest) * (1 + 1e-9)


def test_a_row_with_another_number_of_cells_than_columns_is_refused() -> None:
    with pytest.raises(ValueError, match="1 cells for 2 columns"):
        Table((Column("a", "甲"), Column("b", "乙")), (("x",),))
