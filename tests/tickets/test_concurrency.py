"""Fifty clients at once on the same few tickets: nothing is lost, nothing is done twice, nobody sees a deadlock."""

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import pytest

from tests.fakes.tickets import a_body
from tests.tickets.conftest import Serving, held
from tickets.domain.history import GENESIS
from tickets.domain.roles import Role
from tickets.settings import TicketSettings

TICKETS = "/api/v1/tickets"
CLIENTS = 50
SHARED = 2
EXPECTED = {200, 201, 409}


class Crowd:
    """Sends as `CLIENTS` clients with a connection each."""

    def __init__(self, clients: list[aiohttp.ClientSession]) -> None:
        self.clients = clients

    async def all_at_once(self, path: str, bodies: list[dict[str, Any]], keys: list[str]) -> list[tuple[int, Any]]:
        async def send(client: aiohttp.ClientSession, body: dict[str, Any], key: str) -> tuple[int, Any]:
            async with client.post(path, json=body, headers={"Idempotency-Key": key}) as response:
                return response.status, await response.json()

        return await asyncio.gather(
            *(send(client, body, key) for client, body, key in zip(self.clients, bodies, keys, strict=True))
        )

    async def every_event(self, numbers: list[str], body: dict[str, Any], mark: str) -> dict[str, Counter[int]]:
        """Each client sends the event to each ticket, under a key of its own; the statuses by ticket."""

        async def send(order: int, client: aiohttp.ClientSession, number: str) -> tuple[str, int]:
            headers = {"Idempotency-Key": f"{mark}-{order}"}
            async with client.post(f"{TICKETS}/{number}/events", json=body, headers=headers) as response:
                assert response.status in EXPECTED, await response.text()
                return number, response.status

        answers = await asyncio.gather(
            *(send(order, client, number) for order, client in enumerate(self.clients) for number in numbers)
        )
        return {number: Counter(status for each, status in answers if each == number) for number in numbers}

    async def get(self, path: str) -> Any:
        async with self.clients[0].get(path) as response:
            assert response.status == 200
            return await response.json()


@pytest.fixture
def settings(settings: TicketSettings) -> TicketSettings:
    folder = settings.attachments_dir.parent
    usual = TicketSettings()
    patient = {"busy_timeout": usual.busy_timeout, "write_timeout": 50.0}
    return settings.model_copy(update={"token_files": {Role.ADMIN: folder / "admin.token"}, **patient})


@pytest.fixture
async def crowd(serving: Serving, settings: TicketSettings) -> Any:
    async with held(serving()) as first:
        url, headers = first._base_url, first.headers
        clients = [aiohttp.ClientSession(url, headers=headers) for _ in range(CLIENTS)]
        try:
            yield Crowd(clients)
        finally:
            for client in clients:
                await client.close()


def chain_holds(ticket: dict[str, Any]) -> bool:
    history = ticket["history"]
    links = [GENESIS, *(event["hash"] for event in history)]
    return all(
        (event["seq"], event["previous"]) == (order, links[order - 1]) for order, event in enumerate(history, start=1)
    )


@pytest.mark.fault("F22")
async def test_fifty_clients_who_create_sign_extend_and_note_the_same_tickets_lose_nothing(crowd: Crowd) -> None:
    # Every ticket is created by ten clients at once: one makes it, nine are told that it is there.
    bodies = [a_body(None, f"1.{order % SHARED}", unit_id="u-1", unit="城市管理局") for order in range(CLIENTS)]
    created = await crowd.all_at_once(TICKETS, bodies, [f"k{order % SHARED}" for order in range(CLIENTS)])
    assert Counter(status for status, _ in created) == {201: SHARED, 200: CLIENTS - SHARED}
    numbers = sorted({body["number"] for _, body in created})
    assert len(numbers) == SHARED

    signed = await crowd.every_event(numbers, {"verb": "sign", "handler": "张三"}, "sign")
    assert all(each == {201: 1, 409: CLIENTS - 1} for each in signed.values()), signed

    due = [(await crowd.get(f"{TICKETS}/{number}"))["due_at"] for number in numbers]
    until = max(due).replace("Z", "+00:00")
    later = {"verb": "extend", "until": _days_later(until, 3), "reason": "情况复杂"}
    extended = await crowd.every_event(numbers, later, "extend")
    assert all(each == {201: 1, 409: CLIENTS - 1} for each in extended.values()), extended

    noted = await crowd.every_event(numbers, {"verb": "note", "text": "已回电"}, "note")
    assert all(each == {201: CLIENTS} for each in noted.values()), noted
    again = await crowd.every_event(numbers, {"verb": "note", "text": "已回电"}, "note")
    assert all(each == {200: CLIENTS} for each in again.values()), again

    for number in numbers:
        ticket = await crowd.get(f"{TICKETS}/{number}")
        verbs = Counter(event["verb"] for event in ticket["history"])
        assert verbs == {"accept": 1, "dispatch": 1, "sign": 1, "extend": 1, "note": CLIENTS}
        assert ticket["state"] == "extension-requested"
        assert chain_holds(ticket)
    page = await crowd.get(f"{TICKETS}?limit=200")
    assert sorted(line["number"] for line in page["items"]) == numbers


async def test_requests_without_numbers_from_fifty_clients_get_each_its_own(crowd: Crowd) -> None:
    bodies = [a_body(None, f"2.{order}") for order in range(CLIENTS)]
    created = await crowd.all_at_once(TICKETS, bodies, [f"own-{order}" for order in range(CLIENTS)])
    assert {status for status, _ in created} == {201}
    numbers = {body["number"] for _, body in created}
    assert len(numbers) == CLIENTS
    assert {number[6:8] for number in numbers} == {"00"}


def _days_later(moment: str, days: int) -> str:
    return (datetime.fromisoformat(moment) + timedelta(days=days)).isoformat()
