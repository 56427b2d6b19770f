"""Subscribers: who is told what, how it is signed, when it is tried again, and when it is given up.

A delivery's id never changes, so a subscriber that has seen it can pass over a repetition; at least one attempt gets
through or the delivery is put on the dead list, from where a person may send it again. Deliveries to one subscriber
keep no order. A receiver that answers 410 Gone is unsubscribed.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol

import structlog

from tickets.domain.errors import InvalidValue, TicketError
from tickets.domain.roles import Principal
from tickets.ports import Clock
from tickets.service import signing
from tickets.service.clock import Ids

log = structlog.get_logger()

BACK_OFF: Final = (5, 30, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
"""Seconds after each failed attempt; after the last the delivery is dead. About three days in all."""

_AT_ONCE: Final = 8


class WebhookNotFound(TicketError):
    code = "webhook_not_found"
    title = "No such subscription or delivery"


class TargetRefused(TicketError):
    """The address is one that this service does not call."""

    code = "webhook_target_refused"
    title = "This address may not be called"


class DeliveryStatus(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Webhook:
    """A subscription. `kinds` are kinds of notices, families such as `ticket.*`, or `*`."""

    id: str
    url: str
    kinds: tuple[str, ...]
    secret: str
    active: bool
    created_at: datetime
    created_by: str
    ended_at: datetime | None = None
    end_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    id: str
    webhook_id: str
    kind: str
    body: str
    created_at: datetime
    status: DeliveryStatus
    attempts: int
    next_attempt: datetime
    last_attempt: datetime | None = None
    last_result: str | None = None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A delivery that this instance holds a lease on, with where it goes. `attempt` counts from 1."""

    delivery: Delivery
    url: str
    secret: str
    owner: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """How an attempt ended: `status` is the HTTP status, 0 when there was no answer; `words` say it without detail."""

    status: int
    words: str

    @property
    def accepted(self) -> bool:
        return 200 <= self.status < 300


class WebhookStore(Protocol):
    """Raises StoreUnavailable from every method."""

    async def add(self, webhook: Webhook) -> None: ...

    async def all(self) -> list[Webhook]: ...

    async def end(self, webhook_id: str, at: datetime, reason: str) -> bool:
        """Ends the subscription and its pending deliveries; False when there is none that runs."""
        ...

    async def deliveries(
        self, webhook_id: str | None, status: DeliveryStatus | None, before: str | None, limit: int
    ) -> list[Delivery]:
        """Latest id first."""
        ...

    async def revive(self, delivery_id: str, at: datetime) -> bool:
        """A dead delivery of a running subscription becomes pending again."""
        ...

    async def lease(self, owner: str, now: datetime, until: datetime, limit: int) -> list[Outgoing]:
        """Due deliveries that nobody else sends."""
        ...

    async def close(
        self, sent: Outgoing, status: DeliveryStatus, at: datetime, next_attempt: datetime, result: str
    ) -> None:
        """Does nothing when the lease has gone to another instance."""
        ...

    async def counts(self) -> dict[DeliveryStatus, int]: ...


class Sender(Protocol):
    def check(self, url: str) -> None:
        """Raises TargetRefused for an address that must not be called, as far as the address itself says so."""
        ...

    async def send(self, url: str, headers: dict[str, str], body: bytes) -> Attempt:
        """One POST, no redirects. Never raises: no answer is an attempt with status 0."""
        ...


class WebhookService:
    def __init__(self, store: WebhookStore, sender: Sender, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._sender = sender
        self._clock = clock
        self._ids = ids

    async def subscribe(self, url: str, kinds: Sequence[str], who: Principal) -> Webhook:
        """The only time that the secret is shown. Raises TargetRefused, InvalidValue."""
        if not kinds:
            raise InvalidValue('a subscription names at least one kind, such as "ticket.*"')
        self._sender.check(url)
        webhook = Webhook(self._ids.next(), url, tuple(kinds), signing.new_secret(), True, self._clock.now(), who.name)
        await self._store.add(webhook)
        return webhook

    async def subscriptions(self) -> list[Webhook]:
        return await self._store.all()

    async def unsubscribe(self, webhook_id: str, who: Principal) -> None:
        if not await self._store.end(webhook_id, self._clock.now(), f"ended by {who.name}"):
            raise WebhookNotFound("there is no such subscription, or it has ended")

    async def deliveries(
        self, webhook_id: str | None, status: DeliveryStatus | None, before: str | None, limit: int
    ) -> list[Delivery]:
        return await self._store.deliveries(webhook_id, status, before, limit)

    async def redeliver(self, delivery_id: str) -> None:
        """Puts a dead delivery back into the queue, under its old id."""
        if not await self._store.revive(delivery_id, self._clock.now()):
            raise WebhookNotFound("there is no such dead delivery of a running subscription")


class Courier:
    """Sends what is due. Several instances may: each delivery is leased to one of them at a time."""

    def __init__(
        self,
        store: WebhookStore,
        sender: Sender,
        clock: Clock,
        owner: str,
        *,
        lease_seconds: float,
        back_off: Sequence[int] = BACK_OFF,
    ) -> None:
        """`lease_seconds` must be longer than one attempt can take."""
        self._store = store
        self._sender = sender
        self._clock = clock
        self._owner = owner
        self._lease_seconds = lease_seconds
        self._back_off = tuple(back_off)

    async def deliver_due(self) -> int:
        """One round: sends up to eight deliveries side by side and says how many there were."""
        now = self._clock.now()
        leased = await self._store.lease(self._owner, now, now + timedelta(seconds=self._lease_seconds), _AT_ONCE)
        async with asyncio.TaskGroup() as tasks:
            for outgoing in leased:
                tasks.create_task(self._deliver(outgoing))
        return len(leased)

    async def _deliver(self, outgoing: Outgoing) -> None:
        body = outgoing.delivery.body.encode("utf-8")
        stamp = int(self._clock.now().timestamp())
        headers = signing.signed_headers(signing.key_of(outgoing.secret), outgoing.delivery.id, stamp, body)
        attempt = await self._sender.send(outgoing.url, headers, body)
        now = self._clock.now()
        status, next_attempt = self._verdict(outgoing, attempt, now)
        await self._store.close(outgoing, status, now, next_attempt, attempt.words)
        if attempt.status == 410:
            await self._store.end(outgoing.delivery.webhook_id, now, "the receiver answered 410 Gone")
        log.info(
            "webhook_attempt",
            delivery=outgoing.delivery.id,
            webhook=outgoing.delivery.webhook_id,
            attempt=outgoing.attempt,
            status=attempt.status,
            outcome=status.value,
        )

    def _verdict(self, outgoing: Outgoing, attempt: Attempt, now: datetime) -> tuple[DeliveryStatus, datetime]:
        if attempt.accepted:
            return DeliveryStatus.DELIVERED, now
        if attempt.status == 410 or outgoing.attempt > len(self._back_off):
            return DeliveryStatus.DEAD, now
        return DeliveryStatus.PENDING, now + timedelta(seconds=self._back_off[outgoing.attempt - 1])
