"""The supervisor brings back what died or hung, and the next callers are served by it as before."""

import os
import time
from collections.abc import Callable

import aiohttp
import pytest

from hotline.phone import CallEnded
from tests.e2e.caller import calling
from tests.e2e.whole_hotline import Child, WholeHotline, eventually_async

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

RESTART_SECONDS = 45.0
"""Most that a restart may take on a loaded machine, its recognition model included."""


async def until_greeted(hotline: WholeHotline) -> float:
    """Call again and again until the application itself greets; when its greeting began."""

    async def greeted() -> float | None:
        async with calling(hotline) as caller:
            try:
                return await caller.hears("greeting", seconds=2.5)
            except (AssertionError, CallEnded):
                return None

    at: float = await eventually_async(greeted, "a new call is greeted", RESTART_SECONDS)
    return at


def is_another(hotline: WholeHotline, name: str, old: Child) -> bool:
    try:
        return hotline.part(name).pid != old.pid
    except AssertionError:
        return False


@pytest.mark.fault("F03")
async def test_a_killed_application_serves_new_calls_again_within_seconds(
    hotline: WholeHotline, record_testsuite_property: Callable[[str, object], None]
) -> None:
    (old,) = hotline.kill("ivr")
    killed_at = time.time()
    greeted_at = await until_greeted(hotline)
    record_testsuite_property("ivr_kill_to_greeting_seconds", round(greeted_at - killed_at, 2))
    assert is_another(hotline, "ivr", old)


@pytest.mark.fault("F02")
async def test_a_frozen_application_is_replaced_and_serves_new_calls(
    hotline: WholeHotline, record_testsuite_property: Callable[[str, object], None]
) -> None:
    old = hotline.freeze("ivr")
    frozen_at = time.time()

    async def replaced() -> bool:
        return is_another(hotline, "ivr", old)

    limits = hotline.settings.run
    allowed = limits.hung_after_seconds + 2 * limits.heartbeat_seconds + 10
    await eventually_async(replaced, "the frozen process is replaced", allowed)
    record_testsuite_property("ivr_freeze_to_replacement_seconds", round(time.time() - frozen_at, 2))
    assert not old.alive
    greeted_at = await until_greeted(hotline)
    record_testsuite_property("ivr_freeze_to_greeting_seconds", round(greeted_at - frozen_at, 2))


async def test_a_killed_ticket_service_answers_again(
    hotline: WholeHotline, record_testsuite_property: Callable[[str, object], None]
) -> None:
    hotline.kill("tickets")
    killed_at = time.time()

    async def answers() -> bool:
        try:
            return bool((await hotline.api("/readyz"))["health"] == "ok")
        except (aiohttp.ClientError, OSError):
            return False

    await eventually_async(answers, "the ticket service is ready", RESTART_SECONDS)
    record_testsuite_property("tickets_kill_to_ready_seconds", round(time.time() - killed_at, 2))


async def test_stopping_asterisks_keeper_ends_its_calls_and_a_new_asterisk_takes_new_ones(
    hotline: WholeHotline, record_testsuite_property: Callable[[str, object], None]
) -> None:
    old = hotline.part("asterisk")
    os.kill(old.pid, 9)
    killed_at = time.time()

    async def again() -> bool:
        if not is_another(hotline, "asterisk", old):
            return False
        try:
            async with calling(hotline) as caller:
                await caller.hears("greeting", seconds=3)
        except (AssertionError, CallEnded, TimeoutError):
            return False
        return True

    await eventually_async(again, "a new Asterisk takes calls", RESTART_SECONDS)
    record_testsuite_property("asterisk_kill_to_greeting_seconds", round(time.time() - killed_at, 2))
