"""Callers who hang up at any point: nothing is left behind, and what they said is kept to call them back."""

import asyncio

import pytest

from hotline.standins import Behaviour
from tests.e2e.caller import Caller, calling
from tests.e2e.conftest import Speak
from tests.e2e.sentences import LITTER
from tests.e2e.whole_hotline import WholeHotline, eventually_async

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

PROMPT_TO_110_SECONDS = 10.0


async def hangs_up(caller: Caller) -> None:
    await caller.call.hangup()
    await caller.leaves_no_channel()


async def is_to_be_called_back(caller: Caller) -> None:
    ticket = await caller.ticket()
    assert ticket["completeness"] == "incomplete-callback"
    assert "".join(piece["text"] for piece in ticket["transcript"])

    async def recorded() -> bool:
        return any(each["kind"] == "recording" for each in (await caller.ticket())["attachments"])

    await eventually_async(recorded, "the recording is attached")


@pytest.mark.fault("F49")
async def test_hanging_up_before_the_answer_leaves_nothing(hotline: WholeHotline) -> None:
    async with calling(hotline, answered=False) as caller:
        await hangs_up(caller)
        assert not await caller.tickets()


@pytest.mark.fault("F50")
async def test_hanging_up_in_the_greeting_leaves_nothing(hotline: WholeHotline) -> None:
    async with calling(hotline) as caller:
        await caller.hears("greeting")
        await hangs_up(caller)
        assert (await caller.event("ended"))["reason"] == "hangup"
        assert not await caller.tickets()


@pytest.mark.fault("F51")
async def test_hanging_up_in_mid_sentence_leaves_a_ticket_to_call_back(hotline: WholeHotline, speak: Speak) -> None:
    speech = await asyncio.to_thread(speak, LITTER)
    async with calling(hotline) as caller:
        await caller.hears("greeting")
        await caller.says(speech[: len(speech) * 3 // 4 & ~1])
        await hangs_up(caller)
        await is_to_be_called_back(caller)


@pytest.mark.fault("F52")
async def test_hanging_up_between_speech_and_read_back_leaves_a_ticket_to_call_back(
    hotline: WholeHotline, speak: Speak
) -> None:
    speech = await asyncio.to_thread(speak, LITTER)
    async with calling(hotline) as caller:
        await caller.hears("greeting")
        await caller.says(speech)
        await hangs_up(caller)
        await is_to_be_called_back(caller)


@pytest.mark.fault("F53")
async def test_hanging_up_during_the_read_back_leaves_a_ticket_to_call_back(
    hotline: WholeHotline, speak: Speak
) -> None:
    speech = await asyncio.to_thread(speak, LITTER)
    async with calling(hotline) as caller:
        await caller.hears("greeting")
        await caller.says(speech)
        await caller.event("final")
        await caller.gets_to("confirm")
        await hangs_up(caller)
        await is_to_be_called_back(caller)


@pytest.mark.fault("F56")
async def test_hanging_up_while_110_rings_lets_110_go_and_leaves_an_emergency_ticket(hotline: WholeHotline) -> None:
    await hotline.behave("emergency", Behaviour.SILENT)
    async with calling(hotline) as caller:
        await caller.hears("greeting")
        await caller.presses("9")
        await eventually_async(lambda: hotline.standin_calls("emergency", caller.number), "110 rings", every=0.1)
        await hangs_up(caller)

        async def let_go() -> bool:
            return all(note["ended_at"] for note in await hotline.standin_calls("emergency", caller.number))

        await eventually_async(let_go, "110 does not ring any more", 5)
        assert (await caller.ticket())["completeness"] == "emergency"


@pytest.mark.fault("F57")
async def test_hanging_up_on_110_tells_110_and_leaves_one_emergency_ticket(hotline: WholeHotline) -> None:
    async with calling(hotline) as caller:
        await caller.hears("greeting")
        await caller.presses("9")
        note = await caller.talks_to("emergency")
        await asyncio.sleep(2.0)
        await caller.call.hangup()
        assert caller.call.ended_at is not None
        await caller.leaves_no_channel(PROMPT_TO_110_SECONDS)

        async def ended() -> bool:
            return all(each["ended_at"] for each in await hotline.standin_calls("emergency", caller.number))

        await eventually_async(ended, "110 is let go", PROMPT_TO_110_SECONDS)
        frames = await hotline.standin_frames("emergency", note["sip_call_id"])
        after = [level for at, level in frames if at > caller.call.ended_at + 0.5]
        assert max(after) > -45, "110 should be told in words that the caller has gone"
        assert (await caller.ticket())["completeness"] == "emergency"
