"""Writes a `Report` down as HTML, XLSX, CSV or JSON. All four come from the same values."""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tickets.reports.document import Report
from tickets.reports.render.pages import Pages
from tickets.reports.render.sheets import csv_text, xlsx


class Format(StrEnum):
    HTML = "html"
    XLSX = "xlsx"
    CSV = "csv"
    JSON = "json"


MEDIA_TYPES: Final[dict[Format, str]] = {
    Format.HTML: "text/html",
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Format.CSV: "text/csv",
    Format.JSON: "application/json",
}


@dataclass(frozen=True, slots=True)
class Rendered:
    """The file: its bytes, media type and name. `policy` is the content security policy of a page, else empty."""

    body: bytes
    media_type: str
    name: str
    policy: str = ""


def render(report: Report, form: Format, pages: Pages) -> Rendered:
    """The report in a form. Takes up to some seconds for a large workbook: call it off the event loop."""
    policy = ""
    if form is Format.HTML:
        page = pages.report(report)
        body, policy = page.html.encode("utf-8"), page.policy
    elif form is Format.XLSX:
        body = xlsx(report)
    elif form is Format.CSV:
        body = csv_text(report).encode("utf-8")
    else:
        body = json.dumps(report.as_json(), ensure_ascii=False, allow_nan=False).encode("utf-8")
    return Rendered(body, MEDIA_TYPES[form], f"{report.file_name}.{form.value}", policy)


__all__ = ["MEDIA_TYPES", "Format", "Pages", "Rendered", "render"]
