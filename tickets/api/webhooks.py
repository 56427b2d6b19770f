"""`/api/v1/webhooks`: subscriptions, their deliveries, and the dead ones sent again. For administrators."""

from typing import Annotated, Literal, Self

from aiohttp import web
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from tickets.api.fields import NO_NUL, Answer, Body
from tickets.api.operations import PREFIX, Operation
from tickets.api.reading import decode_cursor, encode_cursor, read_json, read_query
from tickets.api.security import PRINCIPAL
from tickets.domain.roles import Permission
from tickets.service import webhooks as domain
from tickets.service.webhooks import DeliveryStatus, WebhookNotFound, WebhookService

_PATH = f"{PREFIX}/webhooks"
_DELIVERIES = f"{PREFIX}/webhook-deliveries"
_LONGEST = 16 * 1024

Kind = Annotated[str, Field(pattern=r"^(\*|[a-z0-9-]+(\.[a-z0-9-]+)*(\.\*)?)$", max_length=64)]


class WebhookCreate(Body):
    """`kinds` are kinds of notices such as `ticket.sign` or `report.daily`, families such as `ticket.*`, or `*`."""

    url: Annotated[str, Field(min_length=8, max_length=2048, pattern=NO_NUL)]
    kinds: Annotated[list[Kind], Field(min_length=1, max_length=50)]


class WebhookOut(Answer):
    id: str
    url: str
    kinds: list[str]
    active: bool
    created_at: AwareDatetime
    created_by: str
    ended_at: AwareDatetime | None
    end_reason: str | None

    @classmethod
    def of(cls, webhook: domain.Webhook) -> Self:
        names = (name for name in WebhookOut.model_fields if name != "kinds")
        return cls(**{name: getattr(webhook, name) for name in names}, kinds=list(webhook.kinds))


class WebhookMade(WebhookOut):
    """The one answer that holds the secret: `whsec_` and base64, the key for the signatures."""

    secret: str = ""


class WebhookList(Answer):
    items: list[WebhookOut]


class DeliveryOut(Answer):
    """`id` is the webhook-id that goes out with every attempt."""

    id: str
    webhook_id: str
    kind: str
    status: DeliveryStatus
    attempts: int
    created_at: AwareDatetime
    next_attempt: AwareDatetime
    last_attempt: AwareDatetime | None
    last_result: str | None

    @classmethod
    def of(cls, delivery: domain.Delivery) -> Self:
        return cls.model_validate(delivery)


class DeliveryPage(Answer):
    items: list[DeliveryOut]
    next: str | None


class DeliveryQuery(BaseModel):
    """The dead list is `status=dead`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    webhook_id: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")] | None = None
    status: DeliveryStatus | None = None
    cursor: Annotated[str, Field(max_length=128)] | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class Done(Answer):
    done: Literal[True] = True


class WebhookHandlers:
    def __init__(self, service: WebhookService, seconds: float) -> None:
        self._service = service
        self._seconds = seconds

    async def create(self, request: web.Request) -> web.Response:
        body = await read_json(request, WebhookCreate, limit=_LONGEST, seconds=self._seconds)
        webhook = await self._service.subscribe(body.url, body.kinds, request[PRINCIPAL])
        made = WebhookMade(**WebhookOut.of(webhook).model_dump(), secret=webhook.secret)
        return _answer(made, 201)

    async def listed(self, _request: web.Request) -> web.Response:
        found = await self._service.subscriptions()
        return _answer(WebhookList(items=[WebhookOut.of(each) for each in found]))

    async def end(self, request: web.Request) -> web.Response:
        await self._service.unsubscribe(_id(request), request[PRINCIPAL])
        return _answer(Done())

    async def deliveries(self, request: web.Request) -> web.Response:
        query = read_query(request, DeliveryQuery)
        before = decode_cursor(query.cursor)
        found = await self._service.deliveries(query.webhook_id, query.status, before, query.limit + 1)
        shown = found[: query.limit]
        cursor = encode_cursor(shown[-1].id) if len(found) > query.limit else None
        return _answer(DeliveryPage(items=[DeliveryOut.of(each) for each in shown], next=cursor))

    async def redeliver(self, request: web.Request) -> web.Response:
        await self._service.redeliver(_id(request))
        return _answer(Done())

    def operations(self) -> list[Operation]:
        manage = Permission.WEBHOOKS
        return [
            Operation(
                "POST",
                _PATH,
                "createWebhook",
                "Subscribe to notices. The answer holds the secret; it is not shown again.",
                self.create,
                manage,
                {201: WebhookMade},
                (400, 408, 413, 415, 422, 503),
                body=WebhookCreate,
            ),
            Operation("GET", _PATH, "listWebhooks", "All subscriptions.", self.listed, manage, {200: WebhookList}),
            Operation(
                "DELETE",
                f"{_PATH}/{{id}}",
                "endWebhook",
                "End a subscription; what it has not been sent yet goes on the dead list.",
                self.end,
                manage,
                {200: Done},
                (404, 503),
            ),
            Operation(
                "GET",
                _DELIVERIES,
                "listWebhookDeliveries",
                "Deliveries, latest id first; `status=dead` is the dead list.",
                self.deliveries,
                manage,
                {200: DeliveryPage},
                (422, 503),
                query=DeliveryQuery,
            ),
            Operation(
                "POST",
                f"{_DELIVERIES}/{{id}}/retry",
                "retryWebhookDelivery",
                "Send a dead delivery again, under its old id.",
                self.redeliver,
                manage,
                {200: Done},
                (404, 503),
            ),
        ]


def _id(request: web.Request) -> str:
    found = request.match_info["id"]
    if len(found) != 32 or not all(letter in "0123456789abcdef" for letter in found):
        raise WebhookNotFound("there is no such subscription or delivery: an id has 32 hexadecimal digits")
    return found


def _answer(answer: BaseModel, status: int = 200) -> web.Response:
    return web.Response(body=answer.model_dump_json(), status=status, content_type="application/json")
