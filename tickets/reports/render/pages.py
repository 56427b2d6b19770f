"""HTML pages: one file that stands alone, without script; its one style block is named by hash in the page's policy.

The same policy is given as a `<meta>` for saved files and by `policy()` for the HTTP header, so a page may be opened
from anywhere and still runs nothing, whatever a caller has said (F84).
"""

import base64
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from tickets.reports.document import Cell, Kind, Report
from tickets.reports.figures import DEFINITIONS, Figure
from tickets.reports.periods import china_time
from tickets.reports.render.charts import svg

_TEMPLATES: Final = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Page:
    """A page and the policy under which it is to be served."""

    html: str
    policy: str


class Pages:
    """The templates, read once."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(_TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters.update(shown=shown, china=china_time)

    def report(self, report: Report) -> Page:
        charts = {each.key: Markup(svg(each.chart)) for each in report.sections if each.chart}  # noqa: S704 - escaped by `svg`
        return self.page(
            "report.html", "report.css", report=report, charts=charts, definitions=tuple(DEFINITIONS.values())
        )

    def page(self, template: str, style: str, **values: Any) -> Page:
        css, rules = _style(style), policy(style)
        html = self._environment.get_template(template).render(
            css=Markup(css),  # noqa: S704 - a file of this package
            policy=rules,
            **values,
        )
        return Page(html, rules)


@cache
def policy(style: str) -> str:
    """The content security policy of pages with this style sheet."""
    digest = base64.b64encode(hashlib.sha256(_style(style).encode("utf-8")).digest()).decode("ascii")
    return f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"


def shown(cell: Cell, kind: Kind) -> str:
    """A cell as people read it."""
    if cell is None:
        return "—"
    if isinstance(cell, Figure):
        return cell.text
    if kind is Kind.SCORE and isinstance(cell, int | float):
        return f"{cell:.2f}"
    if kind is Kind.CHANGE and isinstance(cell, int | float):
        if cell == 0:
            return "0"
        return f"{cell:+.2f}" if cell != int(cell) else f"{cell:+,.0f}"
    if isinstance(cell, int):
        return f"{cell:,}"
    return str(cell)


@cache
def _style(name: str) -> str:
    return (_TEMPLATES / name).read_text("utf-8")
