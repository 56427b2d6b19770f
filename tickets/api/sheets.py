"""`GET /tickets/{number}/sheet` prints a hand-over sheet and logs the copy; `GET /sheets/{code}` checks a code.

The check needs no token: whoever holds a sheet may ask. It tells what is on the sheet anyway, and nothing of a caller.
"""

from typing import Annotated, Literal, Self

import structlog
from aiohttp import web
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from tickets.api.fields import Answer
from tickets.api.operations import PREFIX, Operation
from tickets.api.reading import read_query
from tickets.api.security import PRINCIPAL
from tickets.domain.errors import TicketNotFound
from tickets.domain.roles import Permission
from tickets.reports.render.pages import Page, Pages
from tickets.reports.render.sheet_page import sheet_page, verdict_page
from tickets.service.sheets import Checked, Print, SheetService, Verdict, grouped

log = structlog.get_logger()

PAGE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, no-store",
}


class CheckQuery(BaseModel):
    """`html` gives a page; without it the Accept header decides."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Annotated[Literal["html", "json"] | None, Field()] = None


class PrintOut(Answer):
    """A line of the print log."""

    code: str
    copy_number: int
    printed_at: AwareDatetime
    printed_by: str
    unit_id: str | None
    unit: str | None

    @classmethod
    def of(cls, line: Print) -> Self:
        return cls(
            code=grouped(line.code),
            copy_number=line.copy,
            printed_at=line.printed_at,
            printed_by=line.printed_by,
            unit_id=line.unit_id,
            unit=line.unit,
        )


class PrintLog(Answer):
    items: list[PrintOut]


class VerdictOut(Answer):
    """`current` is false when another unit has the ticket by now. `sheet` and `number` are null for an unknown code."""

    verdict: Verdict
    reason: str
    current: bool
    number: str | None
    sheet: PrintOut | None

    @classmethod
    def of(cls, checked: Checked) -> Self:
        sheet = checked.sheet
        return cls(
            verdict=checked.verdict,
            reason=checked.reason,
            current=checked.current,
            number=sheet.number if sheet else None,
            sheet=PrintOut.of(sheet) if sheet else None,
        )


class SheetHandlers:
    """`public_url` is how others reach the service, for the QR; without it the QR holds the code alone."""

    def __init__(self, service: SheetService, pages: Pages, issuer: str, public_url: str | None) -> None:
        self._service = service
        self._pages = pages
        self._issuer = issuer
        self._public_url = public_url.rstrip("/") if public_url else None

    async def print(self, request: web.Request) -> web.Response:
        who = request[PRINCIPAL]
        record, sheet = await self._service.print(_number(request), who)
        log.info("sheet_printed", number=record.number, copy=sheet.copy, actor=who.name)
        link = f"{self._public_url}{PREFIX}/sheets/{sheet.code}" if self._public_url else None
        return page_response(sheet_page(record, sheet, self._issuer, link, self._pages))

    async def log(self, request: web.Request) -> web.Response:
        lines = await self._service.log(_number(request), request[PRINCIPAL])
        answer = PrintLog(items=[PrintOut.of(each) for each in lines])
        return web.Response(body=answer.model_dump_json(), content_type="application/json")

    async def check(self, request: web.Request) -> web.Response:
        asked = read_query(request, CheckQuery).format
        checked = await self._service.check(request.match_info["code"])
        if asked == "html" or (asked is None and "text/html" in request.headers.get("Accept", "")):
            return page_response(verdict_page(checked, self._issuer, self._pages))
        body = VerdictOut.of(checked).model_dump_json()
        return web.Response(body=body, content_type="application/json", headers={"Cache-Control": "no-store"})

    def operations(self) -> list[Operation]:
        return [
            Operation(
                "GET",
                f"{PREFIX}/tickets/{{number}}/sheet",
                "printSheet",
                "A hand-over sheet to print, with its code; each call is logged as a copy.",
                self.print,
                Permission.READ,
                {200: None},
                (404, 409, 503),
                answer_types=("text/html",),
            ),
            Operation(
                "GET",
                f"{PREFIX}/tickets/{{number}}/sheets",
                "listSheets",
                "Who printed which copy of a ticket's hand-over sheet.",
                self.log,
                Permission.READ,
                {200: PrintLog},
                (404, 409, 503),
            ),
            Operation(
                "GET",
                f"{PREFIX}/sheets/{{code}}",
                "checkSheet",
                "Is this the code of a sheet of ours, and is the ticket still what it was?",
                self.check,
                None,
                {200: VerdictOut},
                (422, 503),
                query=CheckQuery,
                answer_types=("application/json", "text/html"),
            ),
        ]


def page_response(page: Page) -> web.Response:
    headers = {**PAGE_HEADERS, "Content-Security-Policy": f"{page.policy}; frame-ancestors 'none'"}
    return web.Response(text=page.html, content_type="text/html", headers=headers)


def _number(request: web.Request) -> str:
    number = request.match_info["number"]
    if len(number) != 12 or not number.isdecimal() or not number.isascii():
        raise TicketNotFound("there is no such ticket: a ticket number has twelve digits")
    return number
