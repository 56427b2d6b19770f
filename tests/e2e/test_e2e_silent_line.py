"""A line that carries nothing for some seconds, as when a mobile telephone drives through a tunnel."""

import asyncio
import time

import pytest

from hotline.phone.media import Media
from tests.e2e.caller import calling
from tests.e2e.conftest import Speak
from tests.e2e.sentences import LITTER
from tests.e2e.whole_hotline import WholeHotline

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

TUNNEL_SECONDS = 4.0
"""Twice as long as Asterisk's AudioSocket waits for anything to happen."""


@pytest.mark.fault("F18")
async def test_a_caller_whose_audio_stops_for_seconds_is_still_there_and_gets_a_number(
    hotline: WholeHotline, speak: Speak, monkeypatch: pytest.MonkeyPatch
) -> None:
    speech = await asyncio.to_thread(speak, LITTER, "jf_gongitsune")
    async with calling(hotline) as caller:
        await caller.turn("listen")
        with monkeypatch.context() as tunnel:
            tunnel.setattr(Media, "_send", lambda *_, **__: None)
            await asyncio.sleep(TUNNEL_SECONDS)
        assert caller.call.end_reason is None
        out_at = time.time()
        number = await caller.gets_a_number(speech)
        await caller.hears("ticket-number", since=out_at)
    assert (await caller.ticket())["number"] == number
