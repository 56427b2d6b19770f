"""A recording read again after the call: the ticket has both texts."""

import asyncio
from typing import Any

import pytest

from tests.e2e.caller import calling
from tests.e2e.conftest import Speak
from tests.e2e.sentences import LITTER
from tests.e2e.whole_hotline import eventually_async, whole_hotline

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

SECOND = {"model": "whisper-base", "beam": 8, "idle_seconds": 1.0, "look_seconds": 1.0}


async def test_the_ticket_of_a_call_gets_the_words_of_a_second_engine_beside_the_first(speak: Speak) -> None:
    speech = await asyncio.to_thread(speak, LITTER, "jf_gongitsune")
    # A hotline of its own: it is off in all others.
    with whole_hotline(ivr={"second_reading": SECOND}) as hotline:
        async with calling(hotline) as caller:
            number = await caller.gets_a_number(speech)

        async def read_again() -> dict[str, Any] | None:
            ticket = await hotline.api(f"/api/v1/tickets/{number}")
            notes = [each["data"].get("note", "") for each in ticket["history"] if each["verb"] == "note"]
            return ticket if any(note.startswith("录音二次识别（whisper-base）：") for note in notes) else None

        ticket = await eventually_async(read_again, "the ticket has the second text", 120)
    assert ticket["transcript"][0]["text"]
