"""Reports as files: each is computed once and written down as a page, a workbook and JSON."""

import asyncio
from collections.abc import Sequence
from datetime import date, datetime

from tickets.jobs.works import File
from tickets.reports.desk import Ask
from tickets.reports.render import Format, Pages, render
from tickets.reports.service import Reports

BRIEF = "brief"
_FORMATS = (Format.HTML, Format.XLSX, Format.JSON)


class RenderedReports:
    """Implements ReportMaker."""

    def __init__(self, reports: Reports, pages: Pages) -> None:
        self._reports = reports
        self._pages = pages

    async def make(self, kind: str, day: date, at: datetime) -> Sequence[File]:
        report = await (self._reports.brief(at) if kind == BRIEF else self._reports.build(kind, Ask(day)))
        rendered = [await asyncio.to_thread(render, report, form, self._pages) for form in _FORMATS]
        return [File(each.name, each.body) for each in rendered]
