"""Ways to a person: key 0, "转人工", silence; and what happens when nobody is free."""

import asyncio
import time

import pytest

from hotline.standins import Behaviour
from tests.e2e.caller import calling
from tests.e2e.conftest import Speak
from tests.e2e.whole_hotline import WholeHotline

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


@pytest.mark.fault("F64")
async def test_key_0_reaches_an_operator(hotline: WholeHotline) -> None:
    async with calling(hotline) as caller:
        await caller.hears("greeting")
        pressed = time.time()
        await caller.presses("0")
        note = await caller.talks_to("operator")
        assert note["invited_at"] - pressed < 5.0


@pytest.mark.fault("F64")
async def test_a_person_asked_for_by_voice_is_reached_the_first_time(hotline: WholeHotline, speak: Speak) -> None:
    speech = await asyncio.to_thread(speak, "转人工", "jf_gongitsune")
    async with calling(hotline) as caller:
        await caller.turn("listen")
        await caller.says(speech)
        await caller.talks_to("operator")
        assert not await caller.tickets()


@pytest.mark.fault("F59")
async def test_a_silent_caller_is_asked_twice_and_then_given_a_person(hotline: WholeHotline) -> None:
    async with calling(hotline) as caller:
        await caller.hears("no-input-1")
        await caller.hears("no-input-2")
        await caller.talks_to("operator")


async def test_with_nobody_free_a_message_is_recorded_and_becomes_a_ticket(hotline: WholeHotline, speak: Speak) -> None:
    await hotline.behave("operator", Behaviour.BUSY)
    speech = await asyncio.to_thread(speak, "我们小区门口的路灯坏了好几天，晚上看不见路", "jf_gongitsune")
    async with calling(hotline) as caller:
        await caller.hears("greeting")
        await caller.presses("0")
        await caller.hears("operators-busy")
        await caller.hears("beep")
        await caller.says(speech)
        await caller.presses("#")
        await caller.hears("record-thanks")
        assert (await caller.call.ended()).by_us is False
        ticket = await caller.ticket()
    assert ticket["completeness"] == "fallback"
    assert ticket["transcript"][0]["text"]
    assert {each["kind"] for each in ticket["attachments"]} >= {"message"} or ticket["attachments"] == []
