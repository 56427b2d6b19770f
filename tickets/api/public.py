"""The citizen's look-up, without a token: `GET /public/tickets/{number}?tail=…` as JSON, `/public` as a page.

The page is a form and its answer, made here, without scripts; the digits go by POST, so that they stay out of the
addresses that browsers and proxies remember. Guessing is braked twice: by address in a minute, and by ticket number in
an hour from wherever, for four digits are soon guessed by many machines.
"""

import base64
import hashlib
import re
from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final, Self
from urllib.parse import parse_qsl

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, select_autoescape
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from tickets.api.fields import Answer
from tickets.api.operations import Operation
from tickets.api.problems import HttpRefusal
from tickets.api.reading import body_chunks, read_query
from tickets.domain.errors import TicketError
from tickets.domain.ids import CHINA
from tickets.domain.states import State
from tickets.ports import Clock
from tickets.service.public import NotShown, PublicService, PublicStatus

_HERE: Final = Path(__file__).parent / "templates"
_NUMBER: Final = re.compile(r"[0-9]{12}", re.ASCII)
_TAIL: Final = re.compile(r"[0-9]{4}", re.ASCII)
_FORM_LIMIT: Final = 1024
_MINUTE: Final = 60.0
_HOUR: Final = 3600.0
_REMEMBERED: Final = 16384


class TooManyLookups(HttpRefusal):
    status = 429
    code = "too_many_lookups"
    title = "查询次数过多"


class StatusOut(Answer):
    """`words` say the state in plain Chinese; `due_at` is when the unit must be done, null when no clock runs."""

    number: str
    state: State
    words: str
    finished: bool
    unit: str | None
    taken_at: AwareDatetime
    updated_at: AwareDatetime
    due_at: AwareDatetime | None

    @classmethod
    def of(cls, status: PublicStatus) -> Self:
        return cls.model_validate(status)


class TailQuery(BaseModel):
    """The last four digits of the number that called."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tail: Annotated[str, Field(pattern=r"^[0-9]{4}$")]


class Brake:
    """Counts failures by a key within a time; forgets the oldest keys when there are too many."""

    def __init__(self, clock: Clock, most: int, seconds: float) -> None:
        self._clock = clock
        self._most = most
        self._seconds = seconds
        self._failures: OrderedDict[str, list[float]] = OrderedDict()

    def holds(self, key: str) -> bool:
        return len(self._recent(key)) >= self._most

    def count(self, key: str) -> None:
        self._failures[key] = [*self._recent(key), self._clock.monotonic()][-self._most :]
        self._failures.move_to_end(key)
        if len(self._failures) > _REMEMBERED:
            self._failures.popitem(last=False)

    def _recent(self, key: str) -> list[float]:
        now = self._clock.monotonic()
        return [at for at in self._failures.get(key, []) if now - at < self._seconds]


class PublicHandlers:
    def __init__(
        self,
        service: PublicService,
        clock: Clock,
        *,
        failures_per_minute: int,
        failures_per_number: int,
        body_timeout: float,
    ) -> None:
        self._service = service
        self._by_address = Brake(clock, failures_per_minute, _MINUTE)
        self._by_number = Brake(clock, failures_per_number, _HOUR)
        self._body_timeout = body_timeout
        pages = Environment(loader=FileSystemLoader(_HERE), autoescape=select_autoescape(), enable_async=False)
        self._page = pages.get_template("public.html")
        self._style = (_HERE / "public.css").read_text("utf-8").strip()
        digest = base64.b64encode(hashlib.sha256(self._style.encode()).digest()).decode("ascii")
        self._headers = {
            "Content-Security-Policy": (
                f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; "
                "frame-ancestors 'none'; base-uri 'none'"
            ),
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
        }

    async def status(self, request: web.Request) -> web.Response:
        number = request.match_info["number"]
        found = await self._look_up(request, number, read_query(request, TailQuery).tail)
        return web.Response(
            body=StatusOut.of(found).model_dump_json(),
            content_type="application/json",
            headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"},
        )

    async def form(self, _request: web.Request) -> web.Response:
        return self._html({})

    async def page(self, request: web.Request) -> web.Response:
        fields = await self._fields(request)
        number, tail = fields.get("number", "").strip(), fields.get("tail", "").strip()
        shown = number if _NUMBER.fullmatch(number) else ""
        try:
            found = await self._look_up(request, number, tail)
        except (NotShown, TooManyLookups) as exc:
            status = 404 if isinstance(exc, NotShown) else 429
            return self._html({"problem": str(exc), "number": shown}, status)
        except TicketError:
            return self._html({"problem": "系统繁忙，请稍后再试。", "number": shown}, 503)
        return self._html({"found": _in_words(found), "number": shown})

    def operations(self) -> list[Operation]:
        return [
            Operation(
                "GET",
                "/public/tickets/{number}",
                "getPublicStatus",
                "Where a ticket stands, for the citizen who called: number and last four digits of the telephone.",
                self.status,
                None,
                {200: StatusOut},
                (404, 422, 429, 503),
                query=TailQuery,
            )
        ]

    def add_pages(self, application: web.Application) -> None:
        application.router.add_route("GET", "/public", self.form, name="publicForm")
        application.router.add_route("POST", "/public", self.page, name="publicPage")

    async def _look_up(self, request: web.Request, number: str, tail: str) -> PublicStatus:
        address = request.remote or ""
        if self._by_address.holds(address) or self._by_number.holds(number):
            raise TooManyLookups("查询次数过多，请稍后再试，或拨打12345查询。")
        if not _NUMBER.fullmatch(number) or not _TAIL.fullmatch(tail):
            number, tail = "0" * 12, "0000"
        try:
            return await self._service.status(number, tail)
        except NotShown:
            self._by_address.count(address)
            self._by_number.count(number)
            raise

    async def _fields(self, request: web.Request) -> dict[str, str]:
        if request.content_type != "application/x-www-form-urlencoded":
            return {}
        pieces = [piece async for piece in body_chunks(request, limit=_FORM_LIMIT, seconds=self._body_timeout)]
        try:
            return dict(parse_qsl(b"".join(pieces).decode("ascii"), max_num_fields=8))
        except ValueError:
            return {}

    def _html(self, values: Mapping[str, Any], status: int = 200) -> web.Response:
        blank = {"found": None, "problem": "", "number": ""}
        text = self._page.render(**{**blank, **values}, style=self._style)
        return web.Response(text=text, status=status, content_type="text/html", headers=self._headers)


def _in_words(found: PublicStatus) -> dict[str, str | None]:
    return {
        "number": found.number,
        "words": found.words,
        "unit": found.unit,
        "taken_at": _moment(found.taken_at),
        "updated_at": _moment(found.updated_at),
        "due_at": _moment(found.due_at) if found.due_at else None,
    }


def _moment(at: datetime) -> str:
    local = at.astimezone(CHINA)
    return f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}"
