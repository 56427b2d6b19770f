"""The live-call board, and the door through which others look at it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from prometheus_client import CollectorRegistry, Gauge

from ivr import board as board_module
from ivr.board import Board
from ivr.control import ControlDoor
from tests.fakes.clock import FakeTime

TOKEN = "a-long-control-token"  # noqa: S105 - of a door that lives as long as a test
AUTH = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def clock() -> FakeTime:
    return FakeTime(100.0)


@pytest.fixture
def board(clock: FakeTime) -> Board:
    return Board(clock)


async def test_events_are_numbered_and_timed(board: Board, clock: FakeTime) -> None:
    record = board.open("1.1", "sip-1")
    await board.note(record, "answered")
    clock.advance(1.5)
    await board.note(record, "key", digit="1")
    assert record.events == [
        {"seq": 1, "at": 100.0, "event": "answered"},
        {"seq": 2, "at": 101.5, "event": "key", "digit": "1"},
    ]


async def test_a_call_is_found_by_its_id_and_by_its_sip_call_id(board: Board) -> None:
    record = board.open("1.1", "sip-1")
    assert board.find("1.1") is record
    assert board.find("sip-1") is record
    assert board.find("sip-2") is None


async def test_an_ended_call_is_no_longer_live_but_still_there(board: Board) -> None:
    record = board.open("1.1", "sip-1")
    other = board.open("1.2", "sip-2")
    await board.close(record, "hangup")
    assert board.live() == [other]
    assert board.calls() == [other, record]
    assert record.summary()["end_reason"] == "hangup"
    assert record.events[-1]["event"] == "ended"


async def test_the_board_keeps_a_bounded_number_of_events_and_calls(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board_module, "KEPT_EVENTS", 3)
    monkeypatch.setattr(board_module, "KEPT_CALLS", 2)
    record = board.open("1.1", "")
    for _ in range(5):
        await board.note(record, "partial")
    assert (len(record.events), board.dropped_events) == (3, 2)
    await board.close(record, "goodbye")
    assert record.events[-1]["event"] == "ended", "the end is told however much came before it"
    board.open("1.2", "")
    board.open("1.3", "")
    assert [each.id for each in board.calls()] == ["1.3", "1.2"]


async def test_a_live_call_is_never_pushed_off_the_board(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    """The inbox asks the board whether a call is live before it makes a ticket of what the dialplan left."""
    monkeypatch.setattr(board_module, "KEPT_CALLS", 2)
    live = board.open("1.1", "")
    for number in range(2, 6):
        await board.close(board.open(f"1.{number}", ""), "goodbye")
    assert live in board.live()


async def test_whoever_follows_is_woken_by_the_next_event(board: Board) -> None:
    record = board.open("1.1", "")
    follow = asyncio.create_task(board.follow(record, 0, 10.0))
    await asyncio.sleep(0)
    await board.note(record, "answered")
    assert [event["event"] for event in await follow] == ["answered"]


async def test_following_gives_up_in_time_and_at_the_end_of_the_call(board: Board) -> None:
    record = board.open("1.1", "")
    assert await board.follow(record, 0, 0.01) == []
    await board.close(record, "hangup")
    assert await board.follow(record, 1, 10.0) == []


async def test_a_call_that_is_just_coming_in_is_waited_for(board: Board) -> None:
    appear = asyncio.create_task(board.appear("sip-1", 10.0))
    await asyncio.sleep(0)
    await board.note(board.open("1.1", "sip-1"), "arrived")
    found = await appear
    assert found
    assert found.id == "1.1"
    assert await board.appear("sip-9", 0.01) is None


@asynccontextmanager
async def door(board: Board, **parts: str) -> AsyncIterator[aiohttp.ClientSession]:
    registry = CollectorRegistry()
    Gauge("hotline_calls_live", "calls", registry=registry).set_function(lambda: float(len(board.live())))
    runner = web.AppRunner(ControlDoor(board, TOKEN, lambda: parts, registry).application(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{runner.addresses[0][1]}") as session:
            yield session
    finally:
        await runner.cleanup()


async def test_health_and_figures_need_no_token_and_hold_nobodys_data(board: Board) -> None:
    record = board.open("1795312345.1", "sip-1")
    await board.note(record, "final", text="我叫张三")
    async with door(board) as client:
        async with client.get("/healthz") as answer:
            assert (answer.status, await answer.json()) == (200, {"status": "ok"})
        async with client.get("/metrics") as answer:
            text = await answer.text()
    assert "hotline_calls_live 1.0" in text
    assert "张三" not in text


@pytest.mark.parametrize(
    ("parts", "status", "word"),
    [
        ({"speech": "ok", "ami": "ok"}, 200, "ok"),
        ({"speech": "loading", "ami": "degraded: x"}, 503, "starting"),
        ({"speech": "ok", "ami": "degraded: not logged in"}, 200, "degraded"),
    ],
)
async def test_readiness_tells_each_part(board: Board, parts: dict[str, str], status: int, word: str) -> None:
    async with door(board, **parts) as client, client.get("/readyz") as answer:
        assert (answer.status, await answer.json()) == (status, {"status": word, "parts": parts})


@pytest.mark.fault("F80")
@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": ""}, {"Authorization": "Bearer "}]
)
@pytest.mark.parametrize("path", ["/calls", "/calls/1.1/events", "/calls/none/events"])
async def test_calls_are_shown_to_the_token_only(board: Board, path: str, headers: dict[str, str]) -> None:
    board.open("1.1", "sip-1")
    async with door(board) as client, client.get(path, headers=headers) as answer:
        assert answer.status == 401
        assert "1.1" not in await answer.text()


@pytest.mark.fault("F80")
async def test_a_token_that_is_no_ascii_is_refused_like_any_other(board: Board) -> None:
    async with door(board) as client, client.get("/calls", headers={"Authorization": "Bearer 密码"}) as answer:
        assert answer.status == 401


async def test_calls_and_their_events_are_shown(board: Board) -> None:
    record = board.open("1.1", "sip-1")
    await board.note(record, "answered")
    await board.note(record, "key", digit="0")
    async with door(board) as client:
        async with client.get("/calls", headers=AUTH) as answer:
            assert [each["id"] for each in (await answer.json())["calls"]] == ["1.1"]
        async with client.get("/calls/sip-1/events?after=1", headers=AUTH) as answer:
            body: dict[str, Any] = await answer.json()
    assert [event["seq"] for event in body["events"]] == [2]
    assert body["call"]["id"] == "1.1"


async def test_a_long_poll_answers_with_the_next_event(board: Board) -> None:
    record = board.open("1.1", "")
    async with door(board) as client:
        poll = asyncio.create_task(client.get("/calls/1.1/events?wait=20", headers=AUTH))
        await asyncio.sleep(0)
        await board.note(record, "answered")
        async with asyncio.timeout(10), await poll as answer:
            assert [event["event"] for event in (await answer.json())["events"]] == ["answered"]


async def test_an_unknown_call_is_not_found(board: Board) -> None:
    async with door(board) as client, client.get("/calls/9.9/events", headers=AUTH) as answer:
        assert answer.status == 404


@pytest.mark.parametrize("query", ["after=-1", "after=x", "wait=nan", "wait=-5", "after=1e99", "wait=inf", "after="])
async def test_a_wrong_number_is_refused_in_words(board: Board, query: str) -> None:
    board.open("1.1", "")
    async with door(board) as client, client.get(f"/calls/1.1/events?{query}", headers=AUTH) as answer:
        assert answer.status == (200 if query == "after=" else 400)
        assert answer.status == 200 or "should be a number" in await answer.text()
