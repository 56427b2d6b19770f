"""From an event to a subscriber: written with the event, signed, tried again under one id, dead at last."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network

import aiohttp
import pytest
from aiohttp import web

from tests.fakes.tickets import FakeClock, a_draft, a_new_ticket
from tickets.domain.errors import InvalidValue
from tickets.domain.roles import Principal, Role
from tickets.domain.ticket import TicketDraft
from tickets.jobs.sender import AddressGuard, HttpSender
from tickets.service.clock import Ids
from tickets.service.signing import Verifier, key_of
from tickets.service.webhooks import (
    Attempt,
    Courier,
    DeliveryStatus,
    TargetRefused,
    Webhook,
    WebhookNotFound,
    WebhookService,
)
from tickets.store.sql import SqlStore
from tickets.store.webhooks import SqlWebhooks

ADMIN = Principal("admin", Role.ADMIN)


class ScriptedSender:
    """Answers with the statuses it was given, the last one for ever."""

    def __init__(self, *statuses: int) -> None:
        self._statuses = list(statuses)
        self.sent: list[tuple[str, dict[str, str], bytes]] = []

    def check(self, url: str) -> None:
        AddressGuard(()).check_url(url)

    async def send(self, url: str, headers: dict[str, str], body: bytes) -> Attempt:
        self.sent.append((url, headers, body))
        status = self._statuses.pop(0) if len(self._statuses) > 1 else self._statuses[0]
        return Attempt(status, f"HTTP {status}")


async def subscribed(store: SqlStore, clock: FakeClock, sender: ScriptedSender, *kinds: str) -> Webhook:
    service = WebhookService(SqlWebhooks(store), sender, clock, Ids(clock))
    return await service.subscribe("https://subscriber.example/hook", kinds or ("ticket.*",), ADMIN)


def courier(store: SqlStore, clock: FakeClock, sender: ScriptedSender, owner: str = "a") -> Courier:
    return Courier(SqlWebhooks(store), sender, clock, owner, lease_seconds=30, back_off=(5, 60))


def another(each: int) -> TicketDraft:
    draft = a_draft()
    call = replace(draft.call, id=f"c{each}") if draft.call else None
    return replace(draft, number=None, call=call)


async def test_a_new_ticket_is_told_with_a_signature_that_fits(store: SqlStore, clock: FakeClock) -> None:
    sender = ScriptedSender(204)
    webhook = await subscribed(store, clock, sender)
    created = await store.create(a_new_ticket("k1"))
    assert await courier(store, clock, sender).deliver_due() >= 1
    url, headers, body = sender.sent[0]
    assert url == "https://subscriber.example/hook"
    assert Verifier(key_of(webhook.secret), clock).verify(headers, body)
    assert created.record.number.encode() in body
    (line, *_) = await SqlWebhooks(store).deliveries(webhook.id, None, None, 10)
    assert line.status is DeliveryStatus.DELIVERED


@pytest.mark.fault("F88")
async def test_a_notice_says_nothing_of_the_caller_and_none_of_the_words(store: SqlStore, clock: FakeClock) -> None:
    sender = ScriptedSender(200)
    await subscribed(store, clock, sender)
    new = a_new_ticket("k1")
    await store.create(new)
    await courier(store, clock, sender).deliver_due()
    text = b"".join(body for _, _, body in sender.sent).decode()
    assert new.draft.caller.number
    for word in (new.draft.caller.number, new.draft.summary, new.draft.caller.number[-4:] + '"'):
        assert word not in text


async def test_without_a_subscriber_nothing_is_written(store: SqlStore, clock: FakeClock) -> None:
    await store.create(a_new_ticket("k1"))
    assert await SqlWebhooks(store).deliveries(None, None, None, 10) == []


async def test_only_wanted_kinds_are_told(store: SqlStore, clock: FakeClock) -> None:
    sender = ScriptedSender(200)
    await subscribed(store, clock, sender, "report.*", "ticket.close")
    await store.create(a_new_ticket("k1"))
    assert await courier(store, clock, sender).deliver_due() == 0


async def test_attempts_are_repeated_with_one_id_and_one_body_until_the_list_of_the_dead(
    store: SqlStore, clock: FakeClock
) -> None:
    sender = ScriptedSender(500)
    webhook = await subscribed(store, clock, sender)
    await store.create(a_new_ticket("k1"))
    run, begun = courier(store, clock, sender), clock.now()
    instants: list[float] = []
    for _ in range(200):
        before = len(sender.sent)
        await run.deliver_due()
        instants += [(clock.now() - begun).total_seconds()] * (len(sender.sent) - before)
        clock.advance(1)
    ids = {headers["webhook-id"] for _, headers, _ in sender.sent}
    assert len(sender.sent) == 3 * len(ids)
    assert sorted(set(instants)) == [0, 5, 65]
    assert len({body for _, _, body in sender.sent}) == len(ids)
    dead = await SqlWebhooks(store).deliveries(webhook.id, DeliveryStatus.DEAD, None, 10)
    assert {each.id for each in dead} == ids
    assert {each.attempts for each in dead} == {3}


async def test_a_dead_delivery_can_be_sent_again_under_its_id(store: SqlStore, clock: FakeClock) -> None:
    sender = ScriptedSender(500, 500, 500, 200)
    webhook = await subscribed(store, clock, sender, "ticket.accept", "ticket.submit")
    service = WebhookService(SqlWebhooks(store), sender, clock, Ids(clock))
    await store.create(a_new_ticket("k1"))
    run = courier(store, clock, sender)
    for seconds in (0, 5, 60):
        clock.advance(seconds)
        await run.deliver_due()
    (dead,) = await service.deliveries(webhook.id, DeliveryStatus.DEAD, None, 10)
    await service.redeliver(dead.id)
    assert await run.deliver_due() == 1
    assert [headers["webhook-id"] for _, headers, _ in sender.sent] == [dead.id] * 4
    with pytest.raises(WebhookNotFound):
        await service.redeliver(dead.id)


async def test_a_receiver_that_is_gone_is_unsubscribed(store: SqlStore, clock: FakeClock) -> None:
    sender = ScriptedSender(410)
    webhook = await subscribed(store, clock, sender)
    await store.create(a_new_ticket("k1"))
    await courier(store, clock, sender).deliver_due()
    (kept,) = await SqlWebhooks(store).all()
    assert (kept.active, kept.end_reason) == (False, "the receiver answered 410 Gone")
    assert await SqlWebhooks(store).deliveries(webhook.id, DeliveryStatus.PENDING, None, 10) == []


async def test_a_delivery_is_sent_by_one_instance_and_taken_over_when_that_one_dies(
    store: SqlStore, clock: FakeClock
) -> None:
    sender = ScriptedSender(200)
    await subscribed(store, clock, sender, "ticket.accept", "ticket.submit")
    await store.create(a_new_ticket("k1"))
    hooks = SqlWebhooks(store)
    (mine,) = await hooks.lease("dead", clock.now(), clock.now() + timedelta(seconds=30), 8)
    heir = courier(store, clock, sender, "heir")
    assert await heir.deliver_due() == 0
    clock.advance(31)
    assert await heir.deliver_due() == 1
    await hooks.close(mine, DeliveryStatus.PENDING, clock.now(), clock.now(), "late")
    assert (await hooks.counts())[DeliveryStatus.DELIVERED] == 1


async def test_many_couriers_send_each_delivery_once(store: SqlStore, clock: FakeClock) -> None:
    sender = ScriptedSender(200)
    await subscribed(store, clock, sender, "ticket.accept", "ticket.submit")
    for each in range(20):
        await store.create(a_new_ticket(f"k{each}", another(each), order=each + 1))
    couriers = [courier(store, clock, sender, f"c{n}") for n in range(4)]
    while sum(await asyncio.gather(*(each.deliver_due() for each in couriers))):
        pass
    ids = [headers["webhook-id"] for _, headers, _ in sender.sent]
    assert len(ids) == len(set(ids)) == 20


@pytest.mark.parametrize("url", ["http://127.0.0.1:5038/", "http://169.254.169.254/", "ftp://example.org/"])
async def test_an_address_inside_is_refused_when_it_is_given(sqlite_url: str, clock: FakeClock, url: str) -> None:
    service = WebhookService(None, ScriptedSender(200), clock, Ids(clock))  # type: ignore[arg-type]
    with pytest.raises(TargetRefused):
        await service.subscribe(url, ("*",), ADMIN)
    with pytest.raises(InvalidValue):
        await service.subscribe("https://subscriber.example/", (), ADMIN)


class Receiver:
    """A subscriber on loopback that redirects to itself."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    async def handle(self, request: web.Request) -> web.Response:
        self.paths.append(request.path)
        await request.read()
        if request.path == "/away":
            return web.Response(status=302, headers={"Location": "/inside"})
        return web.Response(status=200, text="x" * 100_000)


@pytest.fixture
async def receiver() -> AsyncIterator[tuple[Receiver, str]]:
    receiver = Receiver()
    application = web.Application()
    application.router.add_route("*", "/{tail:.*}", receiver.handle)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield receiver, f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_a_redirect_is_not_followed_and_counts_as_a_failure(receiver: tuple[Receiver, str]) -> None:

    seen, base = receiver
    async with aiohttp.ClientSession() as session:
        sender = HttpSender(session, AddressGuard([ip_network("127.0.0.0/8")]))
        assert (await sender.send(f"{base}/hook", {}, b"{}")).accepted
        attempt = await sender.send(f"{base}/away", {}, b"{}")
    assert (attempt.status, attempt.accepted) == (302, False)
    assert seen.paths == ["/hook", "/away"]
