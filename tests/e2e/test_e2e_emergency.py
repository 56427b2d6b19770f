"""Danger and the ways to 110: by words, by key, taken back, and when 110 cannot be had. Audio is judged by its RTP."""

import asyncio
import time

import pytest

from hotline.standins import Behaviour
from tests.e2e.caller import Caller, calling
from tests.e2e.conftest import Speak
from tests.e2e.ear import dbfs, tone_share
from tests.e2e.whole_hotline import WholeHotline, eventually_async

ROBBERY = "救命啊，有人抢劫，快点派警察过来"
VOICE = "jf_gongitsune"
AUDIBLE = -40.0
"""dBFS; line noise of these calls lies below -60, speech and tones above -30."""

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


async def loudest_at_110(hotline: WholeHotline, caller: Caller, since: float, until: float) -> float:
    """What the stand-in for 110 received by RTP in a span, as its loudest 20 ms."""
    note = await caller.talks_to("emergency")
    frames = await hotline.standin_frames("emergency", note["sip_call_id"])
    return max((level for at, level in frames if since <= at <= until), default=-100.0)


async def hears_tones_of_110(caller: Caller, seconds: float = 3.0) -> None:
    """The stand-in plays 700 and 1000 Hz in turn: both must arrive in the caller's RTP."""
    since = time.time()
    await asyncio.sleep(seconds)
    heard = caller.call.media.heard.pcm(since)
    assert dbfs(heard) > AUDIBLE
    assert tone_share(heard, 700) > 0.1
    assert tone_share(heard, 1000) > 0.1


async def test_a_robbery_told_in_words_is_with_110_and_audio_flows_both_ways(
    hotline: WholeHotline, speak: Speak
) -> None:
    speech = await asyncio.to_thread(speak, ROBBERY, VOICE)
    async with calling(hotline) as caller:
        await caller.turn("listen")
        _, spoken = await caller.says(speech)
        await caller.talks_to("emergency")
        await hears_tones_of_110(caller)
        assert caller.longest_silence(since=spoken) == 0.0
        began, ended = await caller.says(speech)
        assert await loudest_at_110(hotline, caller, began, ended) > AUDIBLE
        ticket = await caller.ticket()
    assert ticket["completeness"] == "emergency"
    assert ticket["emergency"]["level"] == "certain"
    assert ticket["emergency"]["service"] == "110"
    assert ticket["caller"]["number"] == caller.number


async def test_key_9_reaches_110_at_once(hotline: WholeHotline) -> None:
    async with calling(hotline) as caller:
        await caller.hears("greeting")
        pressed = time.time()
        await caller.presses("9")
        note = await caller.talks_to("emergency")
        assert note["invited_at"] - pressed < 5.0
        await hears_tones_of_110(caller)
        assert (await caller.ticket())["completeness"] == "emergency"


async def test_a_star_takes_110_back_while_it_rings(hotline: WholeHotline) -> None:
    await hotline.behave("emergency", Behaviour.SILENT)
    async with calling(hotline) as caller:
        await caller.hears("greeting")
        await caller.presses("9")
        await eventually_async(
            lambda: hotline.standin_calls("emergency", caller.number), "110 is being called", every=0.1
        )
        back = time.time()
        await caller.presses("*")
        await caller.hears("emergency-takeback", since=back)
        await caller.hears("greeting", since=back)
        await caller.presses("0")
        await caller.talks_to("operator")


@pytest.mark.fault("F72")
@pytest.mark.parametrize("behaviour", [Behaviour.BUSY, Behaviour.SILENT, Behaviour.ABSENT])
async def test_when_110_cannot_be_had_the_operator_answers_and_nobody_waits_in_silence(
    hotline: WholeHotline, behaviour: Behaviour
) -> None:
    await hotline.behave("emergency", behaviour)
    async with calling(hotline) as caller:
        await caller.hears("greeting")
        await caller.presses("9")
        await caller.hears("emergency-operator")
        await caller.talks_to("operator")
        assert caller.longest_silence() == 0.0
        assert (await caller.ticket())["completeness"] == "emergency"
    attempts = [line for line in hotline.dialplan_events() if "HOTLINE_BRIDGE" in line]
    assert len(attempts) >= 2


@pytest.mark.fault("F76")
async def test_the_bridge_to_110_goes_on_when_every_python_process_has_died(
    hotline: WholeHotline, speak: Speak
) -> None:
    speech = await asyncio.to_thread(speak, ROBBERY, VOICE)
    async with calling(hotline) as caller:
        await caller.hears("greeting")
        await caller.presses("9")
        await caller.talks_to("emergency")
        with hotline.unsupervised():
            hotline.kill("ivr", "tickets")
            began, ended = await caller.says(speech)
            await hears_tones_of_110(caller)
            assert await loudest_at_110(hotline, caller, began, ended) > AUDIBLE
