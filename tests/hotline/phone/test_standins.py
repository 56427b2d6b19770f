"""The stand-ins for 110 and the operator, called by a telephone and steered over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import numpy as np
import pytest

from hotline.phone import Call, CallEnded, Phone, PhoneError, Timers
from hotline.standins import (
    EMERGENCY_TONES,
    OPERATOR_TONES,
    Behaviour,
    Standins,
    StandinSettings,
    serve,
    tones,
)

FAST = Timers(t1=0.02, t2=0.05, goodbye=0.5)
FREE = StandinSettings(emergency_port=0, operator_port=0, control_port=0, ring_seconds=0.02)


class Table:
    """Running stand-ins, a telephone to call them and a client to steer them."""

    def __init__(self, standins: Standins, phone: Phone, http: aiohttp.ClientSession) -> None:
        self.standins = standins
        self.phone = phone
        self.http = http

    async def call(self, name: str) -> Call:
        standin = self.standins.standins[name]
        return await self.phone.call(name, server=f"127.0.0.1:{standin.port}", from_user="13800001234")

    async def behave(self, name: str, body: Any) -> tuple[int, Any]:
        async with self.http.post(f"/standins/{name}", json=body) as response:
            return response.status, await response.json()

    async def show(self, path: str) -> Any:
        async with self.http.get(path) as response:
            return await response.json()

    async def ended(self, name: str) -> Any:
        """The last call's note once it has an end."""
        async with asyncio.timeout(5):
            while (note := (await self.show(f"/standins/{name}"))["calls"][-1])["end_code"] is None:
                pass
        return note


@pytest.fixture
async def table() -> AsyncIterator[Table]:
    stop, ready = asyncio.Event(), asyncio.Event()
    standins = Standins(FREE)
    async with asyncio.TaskGroup() as group:
        group.create_task(standins.run(stop, ready))
        await ready.wait()
        url = f"http://127.0.0.1:{standins.control_port}"
        async with Phone(user="13800001234", timers=FAST) as phone, aiohttp.ClientSession(url) as http:
            yield Table(standins, phone, http)
        stop.set()


def pitches(pcm: bytes) -> set[int]:
    """The tones, to 50 Hz, of every 100 ms that is loud."""
    found: set[int] = set()
    for start in range(0, len(pcm) - 1600, 1600):
        samples = np.frombuffer(pcm[start : start + 1600], "<i2").astype(float)
        if np.abs(samples).mean() > 3000:
            found.add(round(float(np.argmax(np.abs(np.fft.rfft(samples)))) * 10 / 50) * 50)
    return found


@pytest.mark.parametrize(("name", "expected"), [("emergency", {700, 1000}), ("operator", {500})])
async def test_a_standin_answers_with_its_own_tones_and_notes_what_it_hears(
    table: Table, name: str, expected: set[int]
):
    call = await table.call(name)
    await call.ringing()
    await call.answered(5)
    await call.media.play(tones(EMERGENCY_TONES))
    await call.hangup()
    assert expected <= pitches(call.media.heard.pcm())
    note = await table.ended(name)
    assert (note["sip_call_id"], note["from_number"], note["end_code"]) == (call.call_id, "13800001234", 200)
    assert note["invited_at"] < note["answered_at"] < note["ended_at"]
    assert note["packets_received"] >= 45
    assert note["loudest_second_dbfs"] > -20
    frames = (await table.show(f"/standins/{name}/calls/{call.call_id}"))["frames"]
    assert len(frames) == note["packets_received"]


async def test_a_busy_standin_refuses(table: Table):
    assert (await table.behave("emergency", {"behaviour": "busy"}))[0] == 200
    call = await table.call("emergency")
    assert (await call.ended()).code == 486
    assert (await table.ended("emergency"))["answered_at"] is None


async def test_a_silent_standin_rings_until_the_caller_gives_up(table: Table):
    await table.behave("operator", {"behaviour": "silent"})
    call = await table.call("operator")
    await call.ringing()
    with pytest.raises(TimeoutError):
        await call.answered(0.2)
    await call.hangup()
    assert (await table.ended("operator"))["end_code"] == 487


@pytest.mark.fault("F73")
async def test_an_absent_standin_drops_its_call_does_not_listen_and_comes_back(table: Table):
    call = await table.call("emergency")
    await call.answered(5)
    await table.behave("emergency", {"behaviour": "absent"})
    assert not (await call.ended()).by_us
    port = table.standins.standins["emergency"].port
    async with Phone(user="x", bind_port=port, timers=FAST):
        status, body = await table.behave("emergency", {"behaviour": "answer"})
        assert (status, body["error"]["id"]) == (503, "port_taken")
    assert (await table.behave("emergency", {"behaviour": "answer"}))[0] == 200
    assert table.standins.standins["emergency"].port == port
    again = await table.call("emergency")
    await again.answered(5)


async def test_wrong_requests_are_told_what_was_expected(table: Table):
    assert (await table.behave("fire", {"behaviour": "busy"}))[1]["error"]["id"] == "unknown_standin"
    for body in ({"behaviour": "asleep"}, {}, [], {"behaviour": "busy", "more": 1}):
        status, answer = await table.behave("operator", body)
        assert (status, answer["error"]["id"]) == (400, "bad_behaviour")
    async with table.http.post("/standins/operator", data="behaviour=busy") as response:
        assert response.status == 415
    assert (await table.show("/standins/operator/calls/none"))["error"]["id"] == "unknown_call"
    assert [standin["name"] for standin in (await table.show("/standins"))["standins"]] == ["emergency", "operator"]


async def test_a_caller_still_ringing_at_the_end_is_refused():
    stop, ready = asyncio.Event(), asyncio.Event()
    standins = Standins(FREE.model_copy(update={"emergency": Behaviour.SILENT}))
    async with Phone(user="a", timers=FAST) as phone, asyncio.TaskGroup() as group:
        group.create_task(standins.run(stop, ready))
        await ready.wait()
        call = await phone.call("110", server=f"127.0.0.1:{standins.standins['emergency'].port}")
        await call.ringing()
        stop.set()
        with pytest.raises(CallEnded):
            await call.answered(5)


@pytest.mark.parametrize("which", ["emergency_port", "operator_port"])
async def test_a_taken_sip_port_is_named_at_the_start(which: str):
    async with Phone(user="a") as phone:
        port = phone.address[1]
        with pytest.raises(PhoneError, match=f"UDP 127.0.0.1:{port} to be free"):
            await serve(FREE.model_copy(update={which: port}), asyncio.Event())


async def test_a_taken_control_port_is_named_at_the_start(table: Table):
    port = table.standins.control_port
    with pytest.raises(PhoneError, match=f"TCP 127.0.0.1:{port} to be free"):
        await serve(FREE.model_copy(update={"control_port": port}), asyncio.Event())


def test_the_two_patterns_differ_and_last_a_second():
    assert len(tones(EMERGENCY_TONES)) == len(tones(OPERATOR_TONES)) == 16_000
