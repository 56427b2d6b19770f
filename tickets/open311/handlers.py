"""The routes of GeoReport v2 below `/open311/v2`, and the document by which apps discover them.

Whatever is refused is refused in the specification's own shape, in the format that was asked for. The specification
lets everybody follow requests without a key; words and places are then left out, because they can tell who reported.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import structlog
from aiohttp import web

from tickets.api.problems import HttpRefusal, TooManyFailures, status_of
from tickets.api.reading import body_chunks
from tickets.api.security import Gate
from tickets.domain.errors import TicketError
from tickets.domain.ids import CHINA
from tickets.domain.roles import Permission, Principal
from tickets.open311.formats import Children, Format, Value, render
from tickets.open311.reading import PLACE_DETAIL, Refusal, filed_query, filing, form_fields
from tickets.ports import Clock
from tickets.service.filing import FiledQuery, FiledRequest, FilingService
from tickets.service.public import FINISHED, PLAIN
from tickets.service.taxonomy import NoTaxonomy, Service, TaxonomyService

log = structlog.get_logger()

ROOT: Final = "/open311"
CHANGESET: Final = "2026-11-22T00:00:00+08:00"
NOTICE: Final = "已收到，工作人员审核后派单办理。如遇火警、伤病、治安等紧急危险，请立即拨打110、119或120。"

Handler = Callable[[web.Request, Format], Awaitable[web.Response]]


@dataclass(frozen=True, slots=True)
class Open311Options:
    """`public_url` is how apps reach the service, None for as they asked; `jurisdiction` the one that is served. With
    `tokens` an app that files is told a token in place of the ticket's number."""

    jurisdiction: str
    contact: str
    public_url: str | None
    body_limit: int
    body_timeout: float
    retry_after: int
    tokens: bool = False


class Open311:
    def __init__(
        self, filing_: FilingService, taxonomy: TaxonomyService, gate: Gate, clock: Clock, options: Open311Options
    ) -> None:
        self._filing = filing_
        self._taxonomy = taxonomy
        self._gate = gate
        self._clock = clock
        self._options = options

    def add_to(self, application: web.Application) -> None:
        """Adds the routes, each in both formats."""
        table: list[tuple[str, str, str, Handler]] = [
            ("GET", f"{ROOT}/discovery", "open311Discovery", self.discovery),
            ("GET", f"{ROOT}/v2/discovery", "open311DiscoveryHere", self.discovery),
            ("GET", f"{ROOT}/v2/services", "open311Services", self.services),
            ("GET", f"{ROOT}/v2/services/{{code}}", "open311Service", self.definition),
            ("POST", f"{ROOT}/v2/requests", "open311Create", self.create),
            ("GET", f"{ROOT}/v2/requests", "open311Requests", self.requests),
            ("GET", f"{ROOT}/v2/requests/{{number}}", "open311Request", self.request),
            ("GET", f"{ROOT}/v2/tokens/{{token}}", "open311Token", self.token),
        ]
        for method, path, name, handler in table:
            for format_ in Format:
                wrapped = self._wrapped(handler, format_)
                application.router.add_route(
                    method, f"{path}.{format_.value}", wrapped, name=f"{name}{format_.name.title()}"
                )

    async def discovery(self, request: web.Request, format_: Format) -> web.Response:
        base = self._options.public_url or str(request.url.origin())
        endpoint: Value = {
            "specification": "http://wiki.open311.org/GeoReport_v2",
            "url": f"{base.rstrip('/')}{ROOT}/v2",
            "changeset": CHANGESET,
            "type": "production",
            "formats": Children("format", [each.media_type for each in (Format.XML, Format.JSON)]),
        }
        document: Value = {
            "changeset": CHANGESET,
            "contact": self._options.contact,
            "key_service": "API keys are tokens of the role partner; the hotline's administrator gives them out.",
            "endpoints": Children("endpoint", [endpoint]),
        }
        return _answer("discovery", document, format_)

    async def services(self, _request: web.Request, format_: Format) -> web.Response:
        known = await self._services()
        return _answer(
            "services", Children("service", [_service(each, self._options.tokens) for each in known]), format_
        )

    async def definition(self, request: web.Request, format_: Format) -> web.Response:
        service = await self._service(request.match_info["code"])
        attribute: Value = {
            "variable": True,
            "code": PLACE_DETAIL,
            "datatype": "string",
            "required": False,
            "datatype_description": "楼号、单元、路段、路口或参照物",
            "order": 1,
            "description": "具体位置",
            "values": Children("value", []),
        }
        found: Value = {
            "service_code": service.code,
            "attributes": Children("attribute", [attribute] if service.needs_place else []),
        }
        return _answer("service_definition", found, format_)

    async def create(self, request: web.Request, format_: Format) -> web.Response:
        if request.content_type != "application/x-www-form-urlencoded":
            raise Refusal(400, "send the request as application/x-www-form-urlencoded")
        options = self._options
        pieces = [piece async for piece in body_chunks(request, limit=options.body_limit, seconds=options.body_timeout)]
        fields = {**request.query, **form_fields(b"".join(pieces))}
        self._check_jurisdiction(fields.get("jurisdiction_id", ""))
        who = await self._reporter(request, fields.get("api_key", ""))
        code = fields.get("service_code", "").strip()
        if not code:
            raise Refusal(400, "service_code was not provided")
        service = await self._service(code)
        filed = await self._filing.file(filing(fields, service, request.headers.get("Idempotency-Key")), who)
        log.info("open311_filed", number=filed.number, service=service.code, fresh=filed.fresh, actor=who.name)
        name, told = ("token", filed.token) if options.tokens else ("service_request_id", filed.number)
        line: Value = {
            name: told,
            "service_notice": NOTICE,
            "account_id": fields.get("account_id") or None,
        }
        return _answer("service_requests", Children("request", [line]), format_)

    async def requests(self, request: web.Request, format_: Format) -> web.Response:
        who = await self._reader(request)
        return await self._listed(filed_query(request.query, self._clock.now()), who, format_)

    async def request(self, request: web.Request, format_: Format) -> web.Response:
        who = await self._reader(request)
        numbers = {"service_request_id": request.match_info["number"]}
        query = filed_query(numbers, self._clock.now())
        return await self._listed(query, who, format_, needed=True)

    async def token(self, request: web.Request, format_: Format) -> web.Response:
        token = request.match_info["token"]
        number = await self._filing.by_token(token) if len(token) == 32 and token.isalnum() else None
        if number is None:
            raise Refusal(404, "token was not found")
        line: Value = {"service_request_id": number, "token": token}
        return _answer("service_requests", Children("request", [line]), format_)

    async def _listed(
        self, query: FiledQuery, who: Principal | None, format_: Format, *, needed: bool = False
    ) -> web.Response:
        found = await self._filing.filed(query)
        if needed and not found:
            raise Refusal(404, "service_request_id was not found")
        names = {each.code: each.name for each in await self._services()}
        lines = [_request(each, names, who) for each in found]
        return _answer("service_requests", Children("request", lines), format_)

    async def _services(self) -> tuple[Service, ...]:
        try:
            return (await self._taxonomy.current()).services
        except NoTaxonomy:
            return ()

    async def _service(self, code: str) -> Service:
        service = next((each for each in await self._services() if each.code == code), None)
        if service is None:
            raise Refusal(404, "service_code was not found")
        return service

    async def _reporter(self, request: web.Request, key: str) -> Principal:
        if not key:
            kind, _, key = request.headers.get("Authorization", "").partition(" ")
            key = key.strip() if kind.lower() == "bearer" else ""
        try:
            return await self._gate.recognise(request, key, Permission.FILE)
        except TooManyFailures:
            raise
        except HttpRefusal as exc:
            raise Refusal(403, "api_key was not provided or is not a key that may file requests") from exc

    async def _reader(self, request: web.Request) -> Principal | None:
        """Nobody without a key; a key that is sent must be right."""
        key = request.query.get("api_key", "")
        if not key and "Authorization" not in request.headers:
            return None
        return await self._reporter(request, key)

    def _check_jurisdiction(self, named: str) -> None:
        if named and named != self._options.jurisdiction:
            raise Refusal(404, "jurisdiction_id was not found")

    def _wrapped(self, handler: Handler, format_: Format) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            try:
                self._check_jurisdiction(request.query.get("jurisdiction_id", ""))
                return await handler(request, format_)
            except TicketError as exc:
                return self._refused(exc, format_)

        return handle

    def _refused(self, refusal: TicketError, format_: Format) -> web.Response:
        status = refusal.status if isinstance(refusal, Refusal) else status_of(refusal)
        error: Value = {"code": status, "description": str(refusal)}
        response = _answer("errors", Children("error", [error]), format_, status)
        if status in (429, 503):
            response.headers["Retry-After"] = str(self._options.retry_after)
        if status in (408, 413):
            response.force_close()
        return response


def _service(service: Service, tokens: bool) -> Value:
    return {
        "service_code": service.code,
        "service_name": service.name,
        "description": service.description,
        "metadata": service.needs_place,
        "type": "batch" if tokens else "realtime",
        "keywords": ",".join(service.keywords),
        "group": service.l1,
    }


def _request(filed: FiledRequest, names: dict[str, str], who: Principal | None) -> Value:
    shown = filed.open_to(who)
    finished = filed.state in FINISHED
    due = None if finished or filed.due_at is None else filed.due_at.astimezone(CHINA).isoformat(timespec="seconds")
    return {
        "service_request_id": filed.number,
        "status": "closed" if finished else "open",
        "status_notes": PLAIN[filed.state],
        "service_name": names.get(filed.service_code) or filed.category,
        "service_code": filed.service_code,
        "description": filed.summary if shown else None,
        "agency_responsible": filed.unit,
        "service_notice": None,
        "requested_datetime": filed.taken_at.astimezone(CHINA).isoformat(timespec="seconds"),
        "updated_datetime": filed.updated_at.astimezone(CHINA).isoformat(timespec="seconds"),
        "expected_datetime": due,
        "address": filed.address if shown else None,
        "address_id": filed.address_id if shown else None,
        "zipcode": None,
        "lat": filed.lat if shown else None,
        "long": filed.long if shown else None,
        "media_url": filed.media_url if shown else None,
        "extended_attributes": {"state": filed.state.value},
    }


def _answer(root: str, value: Value, format_: Format, status: int = 200) -> web.Response:
    return web.Response(
        text=render(root, value, format_),
        status=status,
        content_type=format_.media_type,
        charset="utf-8",
        headers={"Access-Control-Allow-Origin": "*", "X-Content-Type-Options": "nosniff"},
    )
