"""Caller numbers with line breaks in them, as percent escapes allow: the hotline's reading of a call stays whole."""

import pytest

from tests.e2e.caller import calling, new_number
from tests.e2e.whole_hotline import WholeHotline

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

LINE_BREAK = bytes((13, 10)).decode("ascii")


@pytest.mark.fault("F30", "F31", "F32", "F33")
@pytest.mark.parametrize("breaks", [1, 2])
async def test_a_number_with_line_breaks_is_cleaned_and_its_call_is_served_like_any_other(
    hotline: WholeHotline, breaks: int
) -> None:
    number = new_number()
    strange = f"{number}{LINE_BREAK * breaks}x-harmless: yes{LINE_BREAK}"
    async with calling(hotline, number=number, from_user=strange) as caller:
        await caller.hears("greeting")
        await caller.event("prompt")
        calls = {call["sip_call_id"]: call["id"] for call in (await hotline.ivr("/calls"))["calls"]}
        channels = await hotline.channels_of(number)
        assert len(channels) == 1
        assert channels[0].endswith(calls[caller.call.call_id]), "the board's id is Asterisk's own"
        await caller.presses("9")
        await caller.talks_to("emergency")
        ticket = await caller.ticket()
        assert ticket["caller"]["number"] == number
        assert ticket["call"]["id"] == calls[caller.call.call_id]
    assert await hotline.ivr_ready()
    assert "x-harmless" not in hotline.log("ivr")
