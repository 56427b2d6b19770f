"""The manager interface breaks away in mid-call: calls go on without it, and it is taken up again by itself."""

import asyncio

import pytest

from tests.e2e.caller import calling
from tests.e2e.conftest import Speak
from tests.e2e.sentences import LITTER
from tests.e2e.whole_hotline import WholeHotline, eventually_async

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


@pytest.mark.fault("F12", "F14")
async def test_a_call_goes_on_to_its_ticket_when_the_manager_interface_is_cut(
    hotline: WholeHotline, speak: Speak
) -> None:
    speech = await asyncio.to_thread(speak, LITTER)
    dead_man = hotline.settings.ivr.dead_man_seconds
    async with calling(hotline) as caller:
        greeted = await caller.hears("greeting")
        hotline.ami.cut()
        asked_again = await caller.hears("no-input-1")
        assert asked_again - greeted > dead_man, "the call must outlive the last timer that AMI set"
        await caller.says(speech)
        assert (await caller.event("final"))["text"]
        await caller.gets_to("confirm")
        await caller.presses("1")
        number = (await caller.event("ticket"))["number"]
        await caller.hears("ticket-number")
        assert not caller.has_heard("fallback-menu")
        assert (await caller.ticket())["number"] == number
    assert "degraded" in (await hotline.ivr("/readyz"))["parts"]["ami"]


@pytest.mark.fault("F12", "F14")
async def test_new_calls_are_taken_without_the_manager_interface_and_it_comes_back(hotline: WholeHotline) -> None:
    hotline.ami.cut()

    async def degraded() -> bool:
        return "degraded" in (await hotline.ivr("/readyz"))["parts"]["ami"]

    await eventually_async(degraded, "the IVR knows that AMI is gone", 10)
    async with calling(hotline) as caller:
        await caller.hears("greeting")
        await asyncio.sleep(hotline.settings.ivr.dead_man_seconds + 2)
        assert not caller.has_heard("fallback-menu")
        await caller.presses("0")
        await caller.talks_to("operator")
    hotline.ami.mend()
    await eventually_async(hotline.ivr_ready, "AMI is logged in again", 90)
