"""The aiohttp application: routes from the table of operations, each wrapped by admission, problems and metrics."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Final

import structlog
from aiohttp import web
from aiohttp.typedefs import Middleware

from tickets.api.handlers import Handlers
from tickets.api.metrics import Metrics
from tickets.api.openapi import openapi_document
from tickets.api.operations import Handler, Operation, operations
from tickets.api.problems import PlainHttp, plain_refusal, problem_response
from tickets.api.security import PRINCIPAL, Gate, harden
from tickets.domain.errors import TicketError
from tickets.faults import kind_and_place
from tickets.ports import Clock

log = structlog.get_logger()

_NO_ROUTE: Final = "none"


def make_application(
    handlers: Handlers,
    gate: Gate,
    metrics: Metrics,
    clock: Clock,
    *,
    version: str,
    retry_after: int,
    extra: Iterable[Operation] = (),
) -> web.Application:
    """Everything but the listening socket. `extra` are the operations of neighbouring modules: they are routed,
    guarded and documented like the rest."""
    document: dict[str, object] = {}

    async def openapi(_request: web.Request) -> web.StreamResponse:
        return web.json_response(document)

    table = [*operations(handlers, metrics.handler(), openapi), *extra]
    document.update(openapi_document(table, version))
    application = web.Application(middlewares=[_outermost(metrics, clock, retry_after)])
    for operation in table:
        application.router.add_route(operation.method, operation.path, _guarded(operation, gate), name=operation.name)
    return application


def _guarded(operation: Operation, gate: Gate) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        if operation.permission is not None:
            request[PRINCIPAL] = await gate.admit(request, operation.permission)
        return await operation.handler(request)

    return handle


def _outermost(metrics: Metrics, clock: Clock, retry_after: int) -> Middleware:
    """The one catch-all of a request: refusals become problems, the unforeseen is logged and told without detail."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        started = clock.monotonic()
        resource = request.match_info.route.name or _NO_ROUTE
        response: web.StreamResponse
        try:
            response = await handler(request)
        except TicketError as exc:
            response = problem_response(exc, retry_after)
        except web.HTTPException as exc:
            response = problem_response(plain_refusal(exc), retry_after)
            if "Allow" in exc.headers:
                response.headers["Allow"] = exc.headers["Allow"]
        except Exception as exc:
            log.error("request_failed", operation=resource, **kind_and_place(exc))
            status = HTTPStatus.INTERNAL_SERVER_ERROR
            detail = "the service failed in a way that it does not know; its log says more"
            response = problem_response(PlainHttp(status, "internal", status.phrase, detail), retry_after)
        harden(response)
        metrics.observe_request(resource, response.status, clock.monotonic() - started)
        return response

    return middleware
