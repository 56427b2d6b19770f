"""Subscriptions, jobs, taxonomy and holds over HTTP: for administrators, as the document says, and nobody else."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.fakes.tickets import FakeClock
from tests.tickets.conftest import Serving, held
from tests.tickets.edges import SERVICES, Town, town
from tests.tickets.test_public_files import TICKET, a_recording

HOOK = {"url": "https://subscriber.example/hook", "kinds": ["ticket.*", "report.daily"]}


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture
async def place(serving: Serving, tmp_path: Path, clock: FakeClock) -> AsyncIterator[Town]:
    async with held(town(serving, tmp_path, clock)) as opened:
        yield opened


async def test_a_subscription_shows_its_secret_once(place: Town) -> None:
    async with place.admin.post("/api/v1/webhooks", json=HOOK) as response:
        assert response.status == 201
        made = await response.json()
    assert made["secret"].startswith("whsec_")
    async with place.admin.get("/api/v1/webhooks") as response:
        (listed,) = (await response.json())["items"]
    assert listed == {name: value for name, value in made.items() if name != "secret"}
    async with place.admin.delete(f"/api/v1/webhooks/{made['id']}") as response:
        assert response.status == 200
    async with place.admin.delete(f"/api/v1/webhooks/{made['id']}") as response:
        assert (response.status, (await response.json())["code"]) == (404, "webhook_not_found")


async def test_what_no_subscription_can_be_is_refused(place: Town) -> None:
    for change, status in (
        ({"url": "http://127.0.0.1/"}, 422),
        ({"url": "http://169.254.169.254/latest"}, 422),
        ({"kinds": []}, 422),
        ({"kinds": ["ticket.*; DROP"]}, 422),
        ({"more": 1}, 422),
    ):
        async with place.admin.post("/api/v1/webhooks", json={**HOOK, **change}) as response:
            assert response.status == status, change


async def test_deliveries_wait_on_a_list_that_pages(place: Town) -> None:
    async with place.admin.post("/api/v1/webhooks", json=HOOK) as response:
        assert response.status == 201
    for each in range(3):
        body = {**TICKET, "call": None}
        async with place.machine.post("/api/v1/tickets", json=body, headers={"Idempotency-Key": f"k{each}"}) as made:
            assert made.status == 201
    seen, cursor = [], None
    while True:
        query = {"limit": "2", **({"cursor": cursor} if cursor else {})}
        async with place.admin.get("/api/v1/webhook-deliveries", params=query) as response:
            page = await response.json()
        seen += [each["id"] for each in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) >= 3
    async with place.admin.post(f"/api/v1/webhook-deliveries/{'0' * 32}/retry") as response:
        assert response.status == 404


async def test_jobs_are_listed_with_their_slots(place: Town) -> None:
    found: dict[str, Any] = {"items": []}
    async with asyncio.timeout(20):
        while "retention" not in {each["name"] for each in found["items"]}:
            async with place.admin.get("/api/v1/jobs") as response:
                found = await response.json()
    names = {each["name"]: each["schedule"] for each in found["items"]}
    assert names.items() >= {"brief": "daily 17:20", "deadlines": "every 30 s", "retention": "daily 02:30"}.items()
    assert set(found["deliveries"]) == {"pending", "delivered", "dead"}


async def test_the_taxonomy_is_replaced_as_a_whole_and_counts_its_versions(place: Town) -> None:
    async with place.admin.put("/api/v1/taxonomy", json={"services": SERVICES}) as response:
        assert (await response.json())["version"] == 1
    async with place.admin.put("/api/v1/taxonomy", json={"services": SERVICES[:1]}) as response:
        assert (await response.json())["version"] == 2
    async with place.machine.get("/api/v1/taxonomy") as response:
        found = await response.json()
    assert [each["code"] for each in found["services"]] == ["garbage"]
    async with place.admin.put("/api/v1/taxonomy", json={"services": SERVICES + SERVICES}) as response:
        assert (response.status, (await response.json())["code"]) == (422, "invalid_value")


@pytest.mark.fault("F90")
async def test_a_hold_is_put_on_and_taken_off(place: Town) -> None:
    number, _ = await a_recording(place)
    for _ in range(2):
        async with place.admin.put(f"/api/v1/tickets/{number}/hold", json={"reason": "案号1"}) as response:
            assert await response.json() == {"number": number, "held": True}
    async with place.admin.get("/api/v1/holds") as response:
        (listed,) = (await response.json())["items"]
    assert (listed["number"], listed["reason"], listed["actor"]) == (number, "案号1", "admin")
    async with place.admin.delete(f"/api/v1/tickets/{number}/hold") as response:
        assert response.status == 200
    async with place.admin.delete(f"/api/v1/tickets/{number}/hold") as response:
        assert response.status == 404
    async with place.admin.put("/api/v1/tickets/261122009999/hold", json={"reason": "x"}) as response:
        assert response.status == 404


@pytest.mark.fault("F80")
async def test_the_machine_may_not_do_what_administrators_do(place: Town) -> None:
    number, _ = await a_recording(place)
    for method, path in (
        ("GET", "/api/v1/webhooks"),
        ("POST", "/api/v1/webhooks"),
        ("GET", "/api/v1/webhook-deliveries"),
        ("GET", "/api/v1/jobs"),
        ("PUT", "/api/v1/taxonomy"),
        ("PUT", f"/api/v1/tickets/{number}/hold"),
        ("GET", "/api/v1/holds"),
    ):
        async with place.machine.request(method, path, json={}) as response:
            assert response.status == 403, path
        async with place.anybody.request(method, path, json={}) as response:
            assert response.status in (401, 429), path


async def test_answers_are_those_of_the_document(place: Town) -> None:
    await a_recording(place)
    async with place.anybody.get("/api/v1/openapi.json") as response:
        document = await response.json()
    async with place.admin.post("/api/v1/webhooks", json=HOOK) as response:
        assert response.status == 201
    for path in ("/webhooks", "/webhook-deliveries", "/jobs", "/taxonomy", "/holds", "/calls"):
        schema = document["paths"][f"/api/v1{path}"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        async with place.admin.get(f"/api/v1{path}") as response:
            answer = await response.json()
        jsonschema.validate(answer, {**schema, "components": document["components"]})
