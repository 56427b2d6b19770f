"""The handlers: from request to use case to response. Refusals are raised and become problem+json in the middleware."""

from dataclasses import dataclass
from typing import TypeVar

import structlog
from aiohttp import web
from pydantic import BaseModel

from tickets.api import answers, bodies, lists
from tickets.api.fields import ticket_url
from tickets.api.problems import UnsupportedType
from tickets.api.reading import (
    body_chunks,
    content_sha256,
    decode_cursor,
    encode_cursor,
    idempotency_key,
    read_json,
    read_query,
)
from tickets.api.security import PRINCIPAL
from tickets.api.verbs import EventCreate
from tickets.domain.duties import check_sight
from tickets.domain.errors import AttachmentNotFound, TicketNotFound
from tickets.domain.roles import Principal
from tickets.domain.ticket import TicketRecord
from tickets.ports import Health, TicketQuery, TicketStore
from tickets.service.tickets import NewAttachment, TicketService, visible

log = structlog.get_logger()

_Model = TypeVar("_Model", bound=BaseModel)

MEDIA_TYPES: dict[str, tuple[str, str]] = {
    "audio/wav": ("recording", "wav"),
    "audio/x-wav": ("recording", "wav"),
    "audio/mpeg": ("recording", "mp3"),
    "audio/ogg": ("recording", "ogg"),
    "audio/flac": ("recording", "flac"),
    "audio/basic": ("recording", "au"),
    "image/jpeg": ("image", "jpg"),
    "image/png": ("image", "png"),
    "application/pdf": ("document", "pdf"),
}
"""What may be attached: media type to its usual kind and file suffix. Nothing that a browser would run."""


@dataclass(frozen=True, slots=True)
class Limits:
    body_limit: int
    attachment_limit: int
    body_timeout: float
    attachment_timeout: float


class Handlers:
    """One method a route; collaborators come from the composition root."""

    def __init__(self, service: TicketService, store: TicketStore, limits: Limits) -> None:
        self._service = service
        self._store = store
        self._limits = limits

    async def create(self, request: web.Request) -> web.Response:
        key = idempotency_key(request)
        body = await self._json(request, bodies.TicketCreate)
        who = request[PRINCIPAL]
        created = await self._service.take(body.draft(), key, who)
        record, draft = created.record, created.body
        if draft is None:
            response = _json(answers.TicketOut.of(record, who), 201 if created.fresh else 200)
        else:
            response = _bytes(answers.fresh_answer(record, who, draft), 201)
        response.headers["Location"] = ticket_url(record.number)
        return response

    async def search(self, request: web.Request) -> web.Response:
        query = read_query(request, lists.ListQuery)
        wanted = TicketQuery(
            state=query.state,
            channel=query.channel,
            kind=query.kind,
            level=query.level,
            special=query.special,
            area=query.area,
            flag=query.flag,
            supervised=query.supervised,
            overdue=query.overdue,
            text=query.text,
            concerns=check_sight(request[PRINCIPAL]) or query.concerns,
            category_l1=query.category,
            unit=query.unit,
            unit_id=query.unit_id,
            caller_tail=query.caller_tail,
            call_id=query.call_id,
            created_from=query.created_from,
            created_to=query.created_to,
            before=decode_cursor(query.cursor),
            limit=query.limit + 1,
        )
        lines = await self._service.search(wanted)
        shown = lines[: query.limit]
        cursor = encode_cursor(shown[-1].id) if len(lines) > query.limit else None
        return _json(lists.TicketPage(items=[lists.TicketLine.of(line) for line in shown], next=cursor))

    async def get(self, request: web.Request) -> web.Response:
        who = request[PRINCIPAL]
        record = await self._seen(_number(request), who)
        return _json(answers.TicketOut.of(record, who))

    async def similar(self, request: web.Request) -> web.Response:
        query = read_query(request, lists.SimilarQuery)
        found = await self._service.similar(_number(request), query.limit)
        items = [
            lists.SimilarOut(
                ticket=lists.TicketLine.of(each.ticket), same_caller=each.same_caller, same_matter=each.same_matter
            )
            for each in found
        ]
        return _json(lists.SimilarList(items=items))

    async def add_event(self, request: web.Request) -> web.Response:
        number, key = _number(request), idempotency_key(request)
        body = await self._json(request, EventCreate)
        who = request[PRINCIPAL]
        acted = await self._service.act(number, key, body.command(), who)
        log.info("ticket_moved", number=number, verb=acted.event.verb.value, state=acted.event.state.value)
        return _json(answers.EventOut.of(acted.event), 201 if acted.fresh else 200)

    async def attach(self, request: web.Request) -> web.Response:
        number, key, sha256 = _number(request), idempotency_key(request), content_sha256(request)
        usual = MEDIA_TYPES.get(request.content_type)
        if usual is None:
            raise UnsupportedType(f"an attachment is one of: {', '.join(MEDIA_TYPES)}")
        kind = read_query(request, lists.AttachmentQuery).kind or usual[0]
        limit = self._limits.attachment_limit
        new = NewAttachment(number, key, kind, request.content_type, sha256, limit)
        chunks = body_chunks(request, limit=limit, seconds=self._limits.attachment_timeout)
        acted = await self._service.attach(new, chunks, request[PRINCIPAL])
        if acted.attachment is None:
            raise AttachmentNotFound("this key was used for another kind of action")
        answer = answers.AttachmentOut.of(number, acted.attachment)
        response = _json(answer, 201 if acted.fresh else 200)
        response.headers["Location"] = answer.url
        return response

    async def _seen(self, number: str, who: Principal) -> TicketRecord:
        """The ticket, if `who` may see it."""
        record = await self._service.get(number)
        unit_id = check_sight(who)
        return record if unit_id is None else visible(record, unit_id)

    async def health(self, _request: web.Request) -> web.Response:
        """Alive: always 200; a supervisor must not restart a service for a damaged database."""
        return _json(await self._health())

    async def ready(self, _request: web.Request) -> web.Response:
        health = await self._health()
        return _json(health, 200 if health.health == "ok" else 503)

    async def _health(self) -> answers.HealthOut:
        found = await self._store.health()
        return answers.HealthOut(health="ok" if found.health is Health.OK else "failed", reason=found.reason)

    async def _json(self, request: web.Request, model: type[_Model]) -> _Model:
        return await read_json(request, model, limit=self._limits.body_limit, seconds=self._limits.body_timeout)


def _number(request: web.Request) -> str:
    number = request.match_info["number"]
    if len(number) != 12 or not number.isdecimal() or not number.isascii():
        raise TicketNotFound("there is no such ticket: a ticket number has twelve digits")
    return number


def _json(answer: BaseModel, status: int = 200) -> web.Response:
    return _bytes(answer.model_dump_json().encode(), status)


def _bytes(answer: bytes, status: int) -> web.Response:
    return web.Response(body=answer, status=status, content_type="application/json")
