"""`/api/v1/calls`: which calls led to which tickets."""

from typing import Annotated

from aiohttp import web
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from tickets.api.fields import NO_NUL, Answer, ticket_url
from tickets.api.operations import PREFIX, Operation
from tickets.api.reading import decode_cursor, encode_cursor, read_query
from tickets.domain.roles import Permission
from tickets.domain.states import State
from tickets.domain.ticket import EmergencyLevel
from tickets.service.calls import CallLine, CallQuery, CallStore


class CallTicket(Answer):
    number: str
    state: State
    url: str


class CallOut(Answer):
    id: str
    node: int
    linkedid: str | None
    started_at: AwareDatetime
    emergency_level: EmergencyLevel
    tickets: list[CallTicket]


class CallPage(Answer):
    items: list[CallOut]
    next: str | None


class CallListQuery(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    call_id: Annotated[str, Field(max_length=64, pattern=NO_NUL)] | None = None
    cursor: Annotated[str, Field(max_length=128)] | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class CallHandlers:
    def __init__(self, calls: CallStore) -> None:
        self._calls = calls

    async def listed(self, request: web.Request) -> web.Response:
        query = read_query(request, CallListQuery)
        wanted = CallQuery(query.call_id, decode_cursor(query.cursor), query.limit + 1)
        found = await self._calls.calls(wanted)
        shown = found[: query.limit]
        cursor = encode_cursor(shown[-1].cursor) if len(found) > query.limit else None
        answer = CallPage(items=[_out(line) for line in shown], next=cursor)
        return web.Response(body=answer.model_dump_json(), content_type="application/json")

    def operations(self) -> list[Operation]:
        return [
            Operation(
                "GET",
                f"{PREFIX}/calls",
                "listCalls",
                "Calls that led to tickets, newest first.",
                self.listed,
                Permission.LISTEN,
                {200: CallPage},
                (422, 503),
                query=CallListQuery,
            )
        ]


def _out(line: CallLine) -> CallOut:
    tickets = [CallTicket(number=number, state=state, url=ticket_url(number)) for number, state in line.tickets]
    return CallOut(
        id=line.id,
        node=line.node,
        linkedid=line.linkedid,
        started_at=line.started_at,
        emergency_level=line.emergency_level,
        tickets=tickets,
    )
