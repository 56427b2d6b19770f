"""The three-way call with 110: people come and go, and nobody's leaving cuts off the others."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from hotline.phone import Call, Phone
from tests.e2e.caller import ANSWER_SECONDS, calling
from tests.e2e.ear import tone_share
from tests.e2e.whole_hotline import WholeHotline

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

LISTEN_SECONDS = 3.0


@asynccontextmanager
async def operator_in_the_room(hotline: WholeHotline) -> AsyncIterator[Call]:
    """An operator at their own telephone dials 110 and is in the latest emergency."""
    account = hotline.settings.asterisk.operators[0]
    async with Phone(user=account, password=hotline.password(account)) as phone:
        await phone.register(hotline.server)
        call = await phone.call("110", server=hotline.server)
        await call.answered(ANSWER_SECONDS)
        yield call


async def hears_110(call: Call) -> None:
    since = time.time()
    await asyncio.sleep(LISTEN_SECONDS)
    heard = call.media.heard.pcm(since)
    assert tone_share(heard, 700) > 0.1
    assert tone_share(heard, 1000) > 0.1


@pytest.mark.fault("F74")
async def test_an_operator_joins_and_leaves_and_the_caller_stays_with_110(hotline: WholeHotline) -> None:
    async with calling(hotline) as caller:
        await caller.hears("greeting")
        await caller.presses("9")
        await caller.talks_to("emergency")
        async with operator_in_the_room(hotline) as operator:
            await asyncio.sleep(1.0)
            await hears_110(operator)
        await hears_110(caller.call)
        assert caller.call.end_reason is None
        await caller.talks_to("emergency", seconds=1)


@pytest.mark.fault("F74")
async def test_the_caller_leaves_and_the_operator_stays_with_110(hotline: WholeHotline) -> None:
    async with calling(hotline) as caller:
        await caller.hears("greeting")
        await caller.presses("9")
        await caller.talks_to("emergency")
        async with operator_in_the_room(hotline) as operator:
            await asyncio.sleep(1.0)
            await caller.call.hangup()
            await asyncio.sleep(6.0)  # 110 is told that the caller has gone, and comes back into the room
            await hears_110(operator)
            await caller.talks_to("emergency", seconds=1)
