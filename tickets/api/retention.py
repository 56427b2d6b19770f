"""Legal holds: while one stands, nothing of the ticket is erased."""

from typing import Annotated, Literal

from aiohttp import web
from pydantic import AwareDatetime, BaseModel, Field

from tickets.api.fields import NO_NUL, Answer, Body
from tickets.api.operations import PREFIX, Operation
from tickets.api.reading import read_json
from tickets.api.security import PRINCIPAL
from tickets.domain.errors import TicketNotFound
from tickets.domain.roles import Permission
from tickets.service.retention import RetentionService

_PATH = f"{PREFIX}/tickets/{{number}}/hold"
_LONGEST = 16 * 1024


class HoldCreate(Body):
    """Why the ticket must be kept: a case number, an order."""

    reason: Annotated[str, Field(min_length=1, max_length=1000, pattern=NO_NUL)]


class HoldOut(Answer):
    number: str
    at: AwareDatetime
    actor: str
    reason: str


class HoldList(Answer):
    items: list[HoldOut]


class HoldState(Answer):
    number: str
    held: Literal[True, False]


class HoldHandlers:
    def __init__(self, service: RetentionService, seconds: float) -> None:
        self._service = service
        self._seconds = seconds

    async def put(self, request: web.Request) -> web.Response:
        number = _number(request)
        body = await read_json(request, HoldCreate, limit=_LONGEST, seconds=self._seconds)
        await self._service.hold(number, body.reason, request[PRINCIPAL])
        return _answer(HoldState(number=number, held=True))

    async def end(self, request: web.Request) -> web.Response:
        number = _number(request)
        await self._service.release(number)
        return _answer(HoldState(number=number, held=False))

    async def listed(self, _request: web.Request) -> web.Response:
        found = await self._service.holds()
        return _answer(HoldList(items=[HoldOut.model_validate(each) for each in found]))

    def operations(self) -> list[Operation]:
        manage = Permission.RETENTION
        return [
            Operation(
                "PUT",
                _PATH,
                "holdTicket",
                "Put a legal hold on a ticket; one that stands stays as it is.",
                self.put,
                manage,
                {200: HoldState},
                (400, 404, 408, 413, 415, 422, 503),
                body=HoldCreate,
            ),
            Operation(
                "DELETE", _PATH, "releaseTicket", "End the hold.", self.end, manage, {200: HoldState}, (404, 503)
            ),
            Operation(
                "GET", f"{PREFIX}/holds", "listHolds", "All holds.", self.listed, manage, {200: HoldList}, (503,)
            ),
        ]


def _number(request: web.Request) -> str:
    number = request.match_info["number"]
    if len(number) != 12 or not number.isdecimal() or not number.isascii():
        raise TicketNotFound("there is no such ticket: a ticket number has twelve digits")
    return number


def _answer(answer: BaseModel) -> web.Response:
    return web.Response(body=answer.model_dump_json(), content_type="application/json")
