"""The routes, each with what it takes, answers and requires. Routing and OpenAPI are both made from this one table."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web
from pydantic import BaseModel

from tickets.api import answers, bodies, lists
from tickets.api.handlers import MEDIA_TYPES, Handlers
from tickets.api.verbs import EventCreate
from tickets.domain.roles import Permission

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

KEY: Final = "Idempotency-Key"
DIGEST: Final = "X-Content-SHA256"
PREFIX: Final = "/api/v1"


@dataclass(frozen=True, slots=True)
class Operation:
    """One route. `answers` maps a status to the model of its body, None for a body that has none; `bare`
    statuses have no body at all; `located` ones have a Location."""

    method: str
    path: str
    name: str
    summary: str
    handler: Handler
    permission: Permission | None
    answers: dict[int, type[BaseModel] | None]
    problems: tuple[int, ...] = ()
    body: type[BaseModel] | None = None
    raw: tuple[str, ...] = ()
    query: type[BaseModel] | None = None
    headers: tuple[str, ...] = ()
    answer_types: tuple[str, ...] = ("application/json",)
    bare: tuple[int, ...] = ()
    located: tuple[int, ...] = field(default=())


def operations(handlers: Handlers, metrics: Handler, openapi: Handler) -> list[Operation]:
    """The whole surface of the service."""
    writing = (400, 408, 409, 413, 415, 422, 503)
    return [
        Operation(
            "POST",
            f"{PREFIX}/tickets",
            "createTicket",
            "Take a request: 201 for a new ticket, 200 for the same key and body again, 409 for another body.",
            handlers.create,
            Permission.CREATE,
            {201: answers.TicketOut, 200: answers.TicketOut},
            writing,
            body=bodies.TicketCreate,
            headers=(KEY,),
            located=(200, 201),
        ),
        Operation(
            "GET",
            f"{PREFIX}/tickets",
            "listTickets",
            "List tickets, newest first.",
            handlers.search,
            Permission.READ,
            {200: lists.TicketPage},
            (422, 503),
            query=lists.ListQuery,
        ),
        Operation(
            "GET",
            f"{PREFIX}/tickets/{{number}}",
            "getTicket",
            "One ticket with its history and attachments.",
            handlers.get,
            Permission.READ,
            {200: answers.TicketOut},
            (404, 503),
        ),
        Operation(
            "GET",
            f"{PREFIX}/tickets/{{number}}/similar",
            "listSimilar",
            "Open tickets that this one may repeat, to merge it with or add it to.",
            handlers.similar,
            Permission.READ_CALLER,
            {200: lists.SimilarList},
            (404, 422, 503),
            query=lists.SimilarQuery,
        ),
        Operation(
            "POST",
            f"{PREFIX}/tickets/{{number}}/events",
            "addEvent",
            "Carry out a verb of the lifecycle; see `allowed` of the ticket for those that its state takes.",
            handlers.add_event,
            Permission.NOTE,
            {201: answers.EventOut, 200: answers.EventOut},
            (*writing, 404),
            body=EventCreate,
            headers=(KEY,),
        ),
        Operation(
            "POST",
            f"{PREFIX}/tickets/{{number}}/attachments",
            "addAttachment",
            "Add a file; the body is the file itself.",
            handlers.attach,
            Permission.ATTACH,
            {201: answers.AttachmentOut, 200: answers.AttachmentOut},
            (*writing, 404),
            raw=tuple(MEDIA_TYPES),
            query=lists.AttachmentQuery,
            headers=(KEY, DIGEST),
            located=(200, 201),
        ),
        Operation(
            "GET",
            f"{PREFIX}/openapi.json",
            "getOpenApi",
            "This document.",
            openapi,
            None,
            {200: None},
            answer_types=("application/json",),
        ),
        Operation(
            "GET",
            "/healthz",
            "getHealth",
            "Is the process alive, and is its store whole? Always 200.",
            handlers.health,
            None,
            {200: answers.HealthOut},
        ),
        Operation(
            "GET",
            "/readyz",
            "getReadiness",
            "Can tickets be written now? 503 when not.",
            handlers.ready,
            None,
            {200: answers.HealthOut, 503: answers.HealthOut},
        ),
        Operation(
            "GET",
            "/metrics",
            "getMetrics",
            "Prometheus metrics.",
            metrics,
            Permission.METRICS,
            {200: None},
            (503,),
            answer_types=("text/plain",),
        ),
    ]
