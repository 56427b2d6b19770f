"""A complaint about litter, spoken by five voices, from the first word to the ticket with its recording."""

import asyncio
import io
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hotline.calling import CallPlan, place_call
from speech.voices import KOKORO_VOICES
from tests.e2e.caller import Caller, calling, new_number
from tests.e2e.conftest import Speak
from tests.e2e.ear import dbfs, find_prompt, read_number
from tests.e2e.sentences import LITTER
from tests.e2e.whole_hotline import WholeHotline, eventually_async

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

FITTING = ("城乡建设", "环境保护")
PATIENT, *HURRIED = KOKORO_VOICES


async def with_recording(hotline: WholeHotline, number: str) -> dict[str, Any]:
    async def found() -> dict[str, Any] | None:
        ticket: dict[str, Any] | None = await hotline.api(f"/api/v1/tickets/{number}")
        return ticket if ticket and ticket["attachments"] else None

    ticket: dict[str, Any] = await eventually_async(found, f"ticket {number} has its recording")
    return ticket


async def assert_full(hotline: WholeHotline, number: str, caller: str, seconds: float) -> None:
    """The ticket tells who called, what they said, what it is about and who deals with it, and can be listened to."""
    ticket = await with_recording(hotline, number)
    assert ticket["caller"]["number"] == caller
    assert "".join(piece["text"] for piece in ticket["transcript"]).strip()
    assert ticket["category"]["l1"] in FITTING
    assert ticket["unit"]
    assert ticket["completeness"] == "complete"
    recordings = [each for each in ticket["attachments"] if each["kind"] == "recording"]
    assert len(recordings) == 1
    with wave.open(io.BytesIO(await hotline.attachment(recordings[0]["url"]))) as file:
        assert file.getframerate() == 8000
        pcm = file.readframes(file.getnframes())
    assert len(pcm) / 16_000 > seconds
    assert dbfs(pcm) > -45


@pytest.mark.requirement("AC-litter")
async def test_five_voices_are_understood_and_each_hears_the_number_of_a_full_ticket(
    hotline: WholeHotline,
    speak: Speak,
    tmp_path: Path,
    record_testsuite_property: Callable[[str, object], None],
) -> None:
    spoken = {voice: speak(LITTER, voice) for voice in KOKORO_VOICES}
    # One after the other: what is tested is that each is understood, not how many at once two cores can carry.
    one_at_a_time = asyncio.Lock()
    failures: dict[str, Any] = {}
    asked_about_danger: dict[str, bool] = {}

    async def patient() -> None:
        async with one_at_a_time:
            plan = CallPlan(from_number=new_number(), speech=spoken[PATIENT], longest_seconds=150)
            timeline = (await place_call(plan, hotline.reach(), tmp_path / "heard.wav")).as_json()
        assert timeline["final"], timeline
        assert timeline["decision"]["category"]["l1"] in FITTING, timeline["finals"]
        with wave.open(str(tmp_path / "heard.wav")) as file:
            heard = file.readframes(file.getnframes())
        assert read_number(heard) == timeline["ticket"]
        assert find_prompt(heard, "goodbye") is not None
        await assert_full(hotline, timeline["ticket"], plan.from_number, seconds=20)

    async def hurried(voice: str) -> None:
        async with one_at_a_time, calling(hotline) as caller:
            number, asked_about_danger[voice] = await tell(caller, spoken[voice])
        await assert_full(hotline, number, caller.number, seconds=8)

    async def tried(name: str, call: Any) -> None:
        try:
            await call
        except AssertionError as problem:
            failures[name] = str(problem)[:2000]

    async with asyncio.TaskGroup() as calls:
        calls.create_task(tried(PATIENT, patient()))
        for voice in HURRIED:
            calls.create_task(tried(voice, hurried(voice)))
    record_testsuite_property("litter_callers_asked_about_danger", sum(asked_about_danger.values()))
    assert not failures, "\n\n".join(f"{voice}: {problem}" for voice, problem in failures.items())


async def tell(caller: Caller, speech: bytes) -> tuple[str, bool]:
    """Break into the greeting, answer at once; the number as the ear has it, and whether danger was asked about."""
    await caller.hears("greeting")
    await caller.says(speech)
    final = await caller.event("final")
    assert final["text"]
    assert final["decision"]["category"]["l1"] in FITTING, final["text"]
    passed = await caller.gets_to("confirm")
    await caller.presses("1")
    ticket = await caller.event("ticket")
    await caller.hears("ticket-repeat")
    number = read_number(caller.call.media.heard.pcm())
    assert number == ticket["number"]
    return number, "emergency" in passed
