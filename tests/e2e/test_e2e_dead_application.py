"""The application dies, hangs or was never there: the caller hears the fallback within ten seconds and reaches help."""

import asyncio
import time
from collections.abc import Callable

import pytest

from tests.e2e.caller import Caller, calling
from tests.e2e.conftest import Speak
from tests.e2e.whole_hotline import WholeHotline

LITTER = "我们小区门口的垃圾堆了好几天没有人清理，味道特别大"
VOICE = "jf_gongitsune"
FALLBACK_SECONDS = 10.0

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


def by_killing(hotline: WholeHotline) -> None:
    hotline.kill("ivr")


def by_freezing(hotline: WholeHotline) -> None:
    hotline.freeze("ivr")


FAULTS = [
    pytest.param(by_killing, marks=pytest.mark.fault("F03"), id="killed"),
    pytest.param(by_freezing, marks=pytest.mark.fault("F02"), id="frozen"),
]


async def reaches_110_from_the_fallback(caller: Caller, broken_at: float) -> None:
    heard_at = await caller.hears("fallback-menu", since=broken_at)
    assert heard_at - broken_at < FALLBACK_SECONDS
    await caller.presses("9")
    await caller.talks_to("emergency")


@pytest.mark.parametrize("break_it", FAULTS)
async def test_a_caller_who_listens_is_taken_over_by_the_fallback_and_reaches_110(
    hotline: WholeHotline, break_it: Callable[[WholeHotline], None]
) -> None:
    async with calling(hotline) as caller:
        await caller.hears("greeting")
        with hotline.unsupervised():
            broken_at = time.time()
            break_it(hotline)
            await reaches_110_from_the_fallback(caller, broken_at)


@pytest.mark.parametrize("break_it", FAULTS)
async def test_a_caller_who_speaks_is_taken_over_by_the_fallback_and_reaches_110(
    hotline: WholeHotline, speak: Speak, break_it: Callable[[WholeHotline], None]
) -> None:
    speech = await asyncio.to_thread(speak, LITTER, VOICE)
    async with calling(hotline) as caller:
        await caller.turn("listen")
        with hotline.unsupervised():
            speaking = asyncio.create_task(caller.says(speech))
            await caller.event("partial")
            broken_at = time.time()
            break_it(hotline)
            await reaches_110_from_the_fallback(caller, broken_at)
            await speaking


@pytest.mark.fault("F01")
async def test_a_call_that_finds_no_application_gets_the_fallback_and_its_message_becomes_one_ticket(
    hotline: WholeHotline, speak: Speak
) -> None:
    speech = await asyncio.to_thread(speak, LITTER, VOICE)
    with hotline.unsupervised():
        hotline.kill("ivr")
        async with calling(hotline) as caller:
            heard_at = await caller.hears("fallback-menu")
            assert heard_at - caller.answered_at < FALLBACK_SECONDS
            await caller.hears("beep")
            await caller.says(speech)
            await caller.presses("#")
            await caller.hears("record-thanks")
            await caller.call.ended()
    ticket = await caller.ticket()
    assert ticket["completeness"] == "fallback"
    assert ticket["transcript"][0]["text"]
    assert ticket["category"]["l1"] in ("城乡建设", "环境保护")


@pytest.mark.fault("F01")
async def test_a_call_that_finds_no_application_reaches_110_and_an_operator_by_key(hotline: WholeHotline) -> None:
    with hotline.unsupervised():
        hotline.kill("ivr", "tickets")
        for key, standin in (("9", "emergency"), ("0", "operator")):
            async with calling(hotline) as caller:
                await caller.hears("fallback-menu")
                await caller.presses(key)
                await caller.talks_to(standin)


@pytest.mark.fault("F04")
async def test_what_a_caller_said_before_the_application_was_killed_becomes_one_ticket(
    hotline: WholeHotline, speak: Speak
) -> None:
    speech = await asyncio.to_thread(speak, LITTER, VOICE)
    async with calling(hotline) as caller:
        await caller.turn("listen")
        await caller.says(speech)
        hotline.kill("ivr")
        await caller.hears("fallback-menu")
        await caller.call.hangup()
        ticket = await caller.ticket()
    assert ticket["completeness"] == "fallback"
    assert ticket["transcript"][0]["text"]


@pytest.mark.fault("F20")
async def test_with_the_ticket_service_dead_the_number_is_still_told_and_one_ticket_comes_later(
    hotline: WholeHotline, speak: Speak
) -> None:
    speech = await asyncio.to_thread(speak, LITTER, VOICE)
    with hotline.unsupervised():
        hotline.kill("tickets")
        async with calling(hotline) as caller:
            number = await caller.gets_a_number(speech)
            await caller.hears("ticket-number")
    assert (await caller.ticket())["number"] == number
