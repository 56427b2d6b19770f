"""A hotline that softphones reach under another address than loopback's first: `hotline run --bind ADDRESS`."""

import asyncio
from typing import Any

import pytest

from hotline.calling import CallPlan, place_call
from tests.e2e.caller import new_number
from tests.e2e.conftest import Speak
from tests.e2e.sentences import LITTER
from tests.e2e.whole_hotline import whole_hotline

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


def test_with_another_address_the_stand_in_for_110_and_the_caller_hear_each_other(speak: Speak) -> None:
    # Whatever is asked, which depends on what was heard, is answered by the emergency key.
    answers = tuple((state, "9") for state in ("confirm", "place", "which-place", "clarify", "answer"))
    plan = CallPlan(from_number=new_number(), speech=speak(LITTER), answers=answers)
    with whole_hotline(asterisk={"bind": "127.0.0.2"}) as hotline:
        timeline: dict[str, Any] = asyncio.run(place_call(plan, hotline.reach())).as_json()
    (police,) = timeline["bridged"]
    assert police["to"] == "emergency"
    assert police["packets_to_them"] > 100
    assert police["they_heard_dbfs"] > -40
    assert police["caller_heard_dbfs"] > -40
