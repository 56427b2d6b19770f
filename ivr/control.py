"""The IVR's own HTTP door, on loopback: health, metrics, and the live-call board behind a token.

`GET /healthz` answers while the event loop lives; the supervisor kills a process whose loop does not. `GET /readyz`
says what is up and what is degraded. `GET /calls`, `/calls/{id}/events?after=N&wait=S` show calls by call id or SIP
Call-ID.
"""

import hmac
from collections.abc import Callable
from typing import Any

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest

from ivr.board import Board

LONGEST_WAIT = 30.0


class ControlDoor:
    """Routes of the door. `readiness` tells each part's state: `ok`, `loading`, or `degraded: …` with the reason."""

    def __init__(
        self, board: Board, token: str, readiness: Callable[[], dict[str, str]], registry: CollectorRegistry
    ) -> None:
        self._board = board
        self._token = token
        self._readiness = readiness
        self._registry = registry

    def application(self) -> web.Application:
        app = web.Application(client_max_size=64 * 1024)
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/readyz", self._readyz)
        app.router.add_get("/metrics", self._metrics)
        app.router.add_get("/calls", self._calls)
        app.router.add_get("/calls/{key}/events", self._events)
        return app

    async def _healthz(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def _readyz(self, _: web.Request) -> web.Response:
        parts = self._readiness()
        states = set(parts.values())
        status = "starting" if "loading" in states else "degraded" if states - {"ok"} else "ok"
        return web.json_response({"status": status, "parts": parts}, status=503 if status == "starting" else 200)

    async def _metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=generate_latest(self._registry), content_type="text/plain", charset="utf-8")

    async def _calls(self, request: web.Request) -> web.Response:
        self._check(request)
        return web.json_response({"calls": [record.summary() for record in self._board.calls()]})

    async def _events(self, request: web.Request) -> web.Response:
        self._check(request)
        after, wait = _number(request, "after", 0.0), min(_number(request, "wait", 0.0), LONGEST_WAIT)
        record = await self._board.appear(request.match_info["key"], wait)
        if record is None:
            raise web.HTTPNotFound(text="no such call on this board; it keeps the last calls of this process only")
        events = await self._board.follow(record, int(after), wait)
        body: dict[str, Any] = {"call": record.summary(), "events": events}
        return web.json_response(body)

    def _check(self, request: web.Request) -> None:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), self._token.encode()):
            raise web.HTTPUnauthorized(text="give the control token as 'Authorization: Bearer …'")


def _number(request: web.Request, name: str, default: float) -> float:
    text = request.query.get(name, "")
    try:
        number = float(text) if text else default
    except ValueError:
        number = -1.0
    if not 0 <= number < 1e9:
        raise web.HTTPBadRequest(text=f"{name} should be a number from 0 on, not {text!r}")
    return number
