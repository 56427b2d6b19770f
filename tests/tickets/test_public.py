"""The citizen's look-up: plain words, nothing personal, unknown numbers and wrong tails alike, braked guessing."""

import re
import statistics
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.tickets import FakeClock
from tests.tickets.conftest import Serving, held
from tests.tickets.edges import Town, town
from tickets.domain.roles import Role
from tickets.domain.states import State
from tickets.service.public import FINISHED, PLAIN
from tickets.settings_edges import PublicSettings

FORM = {
    "service_code": "garbage",
    "address_string": "和平路12号",
    "description": "楼下垃圾三天没有清运",
    "phone": "13912345678",
    "last_name": "李",
}
PERSONAL = ("13912345678", "5678", "和平路", "楼下垃圾")


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture
async def place(serving: Serving, tmp_path: Path, clock: FakeClock) -> AsyncIterator[Town]:
    brakes = PublicSettings(failures_per_minute=50, failures_per_number=20)
    async with held(town(serving, tmp_path, clock, public=brakes)) as opened:
        yield opened


async def filed(place: Town) -> str:
    key = await place.token(Role.PARTNER, "app")
    async with place.anybody.post("/open311/v2/requests.json", data={**FORM, "api_key": key}) as response:
        return str((await response.json())[0]["service_request_id"])


async def look_up(place: Town, number: str, tail: str) -> tuple[int, dict[str, Any]]:
    async with place.anybody.get(f"/public/tickets/{number}", params={"tail": tail}) as response:
        return response.status, await response.json()


async def page(place: Town, number: str, tail: str) -> tuple[int, str]:
    async with place.anybody.post("/public", data={"number": number, "tail": tail}) as response:
        return response.status, await response.text()


def test_every_state_has_plain_words() -> None:
    assert set(PLAIN) == set(State)
    assert all(re.search("[一-鿿]", words) for words in PLAIN.values())
    assert set(State) >= FINISHED


async def test_a_citizen_sees_where_the_ticket_stands_and_nothing_personal(place: Town) -> None:
    number = await filed(place)
    status, found = await look_up(place, number, "5678")
    assert status == 200
    assert (found["state"], found["words"], found["finished"]) == ("under-review", "已收到，正在审核", False)
    text = str(found)
    assert not [word for word in PERSONAL if word in text.replace(number, "")]


async def test_the_page_says_the_same_in_chinese_and_runs_nothing(place: Town) -> None:
    number = await filed(place)
    async with place.anybody.get("/public") as response:
        form = await response.text()
        policy = response.headers["Content-Security-Policy"]
    assert "script" not in policy
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "frame-ancestors 'none'" in policy
    assert 'method="post"' in form
    status, html = await page(place, number, "5678")
    assert status == 200
    assert "已收到，正在审核" in html
    assert "<script" not in html
    assert not [word for word in PERSONAL if word in html.replace(number, "")]


@pytest.mark.fault("F84")
async def test_what_is_typed_into_the_page_stays_inert(place: Town) -> None:
    status, html = await page(place, '"><img src=x onerror=alert(1)>', "5678")
    assert status == 404
    assert "<img" not in html


async def test_an_unknown_number_and_a_wrong_tail_are_told_alike(place: Town) -> None:
    number = await filed(place)
    wrong, unknown = await look_up(place, number, "0000"), await look_up(place, "261122009999", "5678")
    assert wrong == unknown
    assert wrong[0] == 404
    first, second = await page(place, number, "0000"), await page(place, "261122009999", "5678")
    assert first[1].replace(number, "") == second[1].replace("261122009999", "")
    assert (await look_up(place, "not-a-number", "0000"))[1]["code"] == wrong[1]["code"]


@pytest.mark.fault("F80")
async def test_an_unknown_number_takes_as_long_as_a_wrong_tail(serving: Serving, tmp_path: Path) -> None:
    brakes = PublicSettings(failures_per_minute=1000, failures_per_number=1000)
    async with town(serving, tmp_path, public=brakes) as place:
        number = await filed(place)
        times: dict[str, list[float]] = {number: [], "261122009999": []}
        for _ in range(60):
            for each, taken in times.items():
                began = time.perf_counter()
                assert (await look_up(place, each, "0000"))[0] == 404
                taken.append(time.perf_counter() - began)
    known, unknown = (statistics.median(taken) for taken in times.values())
    assert abs(known - unknown) < 0.005


@pytest.mark.fault("F80")
async def test_guessing_the_tail_of_a_ticket_is_stopped_for_every_address(place: Town, clock: FakeClock) -> None:
    number = await filed(place)
    answers = [(await look_up(place, number, f"{guess:04d}"))[0] for guess in range(22)]
    assert answers == [404] * 20 + [429] * 2
    assert (await look_up(place, number, "5678"))[0] == 429
    clock.advance(3601)
    assert (await look_up(place, number, "5678"))[0] == 200


@pytest.mark.fault("F80")
async def test_guessing_numbers_is_stopped_for_the_address(place: Town, clock: FakeClock) -> None:
    answers = [(await look_up(place, f"2611220{guess:05d}", "5678"))[0] for guess in range(52)]
    assert answers == [404] * 50 + [429] * 2
    assert (await page(place, "261122000001", "5678"))[0] == 429
    clock.advance(61)
    assert (await look_up(place, "261122000001", "5678"))[0] == 404


async def test_a_query_without_a_tail_is_refused(place: Town) -> None:
    for query in ({}, {"tail": "12"}, {"tail": "一二三四"}, {"tail": "1234", "more": "1"}):
        async with place.anybody.get("/public/tickets/261122000001", params=query) as response:
            assert response.status == 422
