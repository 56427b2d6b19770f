"""Reports as files: each is computed once and written down as a page, a workbook and JSON."""

import asyncio
import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from tickets.jobs.works import File
from tickets.reports.desk import Ask
from tickets.reports.render import Format, Pages, render
from tickets.reports.service import Reports
from tickets.reports.source import AssessmentSource

BRIEF: Final = "brief"
NOTICES: Final = "notices"
"""The monthly notice to the head of each unit (SU-4): a page for each unit."""

_FORMATS: Final = (Format.HTML, Format.XLSX, Format.JSON)
_NOT_A_NAME: Final = re.compile(r"[^A-Za-z0-9_-]")


class RenderedReports:
    """Implements ReportMaker."""

    def __init__(self, reports: Reports, source: AssessmentSource, pages: Pages) -> None:
        self._reports = reports
        self._source = source
        self._pages = pages

    async def make(self, kind: str, day: date, at: datetime) -> Sequence[File]:
        if kind == NOTICES:
            return await self._notices(day)
        report = await (self._reports.brief(at) if kind == BRIEF else self._reports.build(kind, Ask(day)))
        rendered = [await asyncio.to_thread(render, report, form, self._pages) for form in _FORMATS]
        return [File(each.name, each.body) for each in rendered]

    async def _notices(self, day: date) -> Sequence[File]:
        """One unit after the other: they are not for today, and requests must not wait for them."""
        files = []
        for position, unit in enumerate(await self._source.units(), start=1):
            report = await self._reports.build("notice", Ask(day, unit=unit.id))
            page = await asyncio.to_thread(render, report, Format.HTML, self._pages)
            # Ids are the directory's own words; the number keeps two that look alike as names apart.
            files.append(File(f"{position:04d}-{_NOT_A_NAME.sub('_', unit.id)}-{page.name}", page.body))
        return files
