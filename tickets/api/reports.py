"""`GET /reports/{name}`: a report of a day, week, month or span, as a page, workbook, CSV or JSON.

`format` or the Accept header chooses the form. A unit's own token sees its own figures and the published ranking.
Rendering runs in a thread: a workbook of all units takes longer than the event loop may be held.
"""

import asyncio
import datetime as dt
import re
from typing import Annotated, Any, Final, Self

from aiohttp import web
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from tickets.api.fields import Answer
from tickets.api.operations import PREFIX, Operation
from tickets.api.problems import Forbidden
from tickets.api.reading import read_query
from tickets.api.security import PRINCIPAL
from tickets.api.sheets import PAGE_HEADERS
from tickets.domain.roles import Permission, Principal, Role
from tickets.ports import Clock
from tickets.reports.desk import Ask
from tickets.reports.periods import china_day
from tickets.reports.render import MEDIA_TYPES, Format, Pages, Rendered, render
from tickets.reports.service import BUILDERS, Reports
from tickets.reports.source import By

OWN: Final = frozenset({"daily", "weekly", "monthly", "rates", "notice", "callbacks", "ledger"})
"""Reports that a unit may have of itself."""

PUBLISHED: Final = frozenset({"ranking"})
"""Reports that every unit may see whole: units are ranked in public (SU-1)."""

_Word = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")]
_ISO_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def _only_iso(value: object) -> object:
    """Pydantic would take numbers of seconds for days too; the document says dates."""
    if isinstance(value, str) and _ISO_DAY.fullmatch(value) is None:
        raise ValueError("a day is written YYYY-MM-DD")
    return value


_Day = Annotated[dt.date, BeforeValidator(_only_iso)]


class ReportQuery(BaseModel):
    """`date` is any day of the period, today when left out; `from` and `to` give a span of one's own. `l1`, `l2` and
    `problem` narrow to a category, `by` says what the report `rates` is grouped by."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False)

    date: _Day | None = None
    from_: Annotated[_Day | None, Field(alias="from")] = None
    to: _Day | None = None
    unit: _Word | None = None
    l1: _Word | None = None
    l2: _Word | None = None
    problem: _Word | None = None
    word: _Word | None = None
    by: By | None = None
    format: Format | None = None

    @model_validator(mode="after")
    def _span(self) -> Self:
        if (self.from_ is None) != (self.to is None):
            raise ValueError("give both from and to, or neither")
        return self


class ReportLine(Answer):
    name: str
    formats: list[Format]


class ReportList(Answer):
    items: list[ReportLine]


class ReportOut(BaseModel):
    """A report as values; each rate says numerator, denominator, value or reason, formula and how."""

    model_config = ConfigDict(frozen=True)

    name: str
    title: str
    subject: str
    from_: Annotated[dt.date, Field(serialization_alias="from")]
    to: dt.date
    as_of: str
    as_of_china: str
    issuer: str
    sections: list[dict[str, Any]]


class ReportHandlers:
    def __init__(self, reports: Reports, pages: Pages, clock: Clock) -> None:
        self._reports = reports
        self._pages = pages
        self._clock = clock

    async def listed(self, _request: web.Request) -> web.Response:
        answer = ReportList(items=[ReportLine(name=name, formats=list(Format)) for name in BUILDERS])
        return web.Response(body=answer.model_dump_json(), content_type="application/json")

    async def get(self, request: web.Request) -> web.Response:
        name, query = request.match_info["name"], read_query(request, ReportQuery)
        unit = _unit_for(request[PRINCIPAL], name, query.unit)
        ask = Ask(
            day=query.date or china_day(self._clock.now()),
            first=query.from_,
            last=query.to,
            unit=unit,
            l1=query.l1,
            l2=query.l2,
            problem=query.problem,
            words=(query.word,) if query.word else (),
            by=query.by,
        )
        report = await self._reports.build(name, ask)
        form = query.format or accepted(request.headers.get("Accept", ""))
        return _response(await asyncio.to_thread(render, report, form, self._pages))

    def operations(self) -> list[Operation]:
        return [
            Operation(
                "GET",
                f"{PREFIX}/reports",
                "listReports",
                "The reports that there are.",
                self.listed,
                Permission.REPORTS,
                {200: ReportList},
            ),
            Operation(
                "GET",
                f"{PREFIX}/reports/{{name}}",
                "getReport",
                "A report: rates with numerator, denominator and formula.",
                self.get,
                Permission.REPORTS,
                {200: ReportOut},
                (404, 422, 503),
                query=ReportQuery,
                answer_types=("application/json", *(MEDIA_TYPES[each] for each in Format if each is not Format.JSON)),
            ),
        ]


def accepted(header: str) -> Format:
    """The form that an Accept header asks for first; JSON when it names none of ours."""
    for part in header.split(","):
        wanted = part.partition(";")[0].strip().lower()
        for form, media_type in MEDIA_TYPES.items():
            if wanted == media_type:
                return form
    return Format.JSON


def _unit_for(who: Principal, name: str, asked: str | None) -> str | None:
    """The unit to narrow to. A unit's token never sees another unit's figures outside what is published."""
    if who.role is not Role.UNIT:
        return asked
    if name in PUBLISHED and asked in (None, who.unit_id):
        return asked
    if name in OWN and who.unit_id is not None and asked in (None, who.unit_id):
        return who.unit_id
    raise Forbidden("a unit's token sees its own figures and the published ranking only")


def _response(rendered: Rendered) -> web.Response:
    headers = dict(PAGE_HEADERS)
    if rendered.policy:
        headers["Content-Security-Policy"] = f"{rendered.policy}; frame-ancestors 'none'"
    elif rendered.media_type != MEDIA_TYPES[Format.JSON]:
        headers["Content-Disposition"] = f'attachment; filename="{rendered.name}"'
    charset = "utf-8" if rendered.media_type.startswith("text/") else None
    return web.Response(body=rendered.body, content_type=rendered.media_type, charset=charset, headers=headers)
