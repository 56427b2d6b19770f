"""The recogniser's process is killed while callers speak, again and again: no call is lost, no word of a recording.

`HOTLINE_KILLS=200` is the long run. Kills come without regard for who is hit how often: a caller who is hit once hears
the dialogue go on, one who is hit twice in an utterance is asked to leave a message. Both end with one ticket; that of
a caller who had already told something, before the message, says that somebody is to call back.
"""

import asyncio
import os
import random
import signal
import wave
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from hotline.phone import CallEnded
from tests.e2e.caller import Caller, calling
from tests.e2e.conftest import Speak
from tests.e2e.ear import RATE, Samples, _likeness, samples_of
from tests.e2e.sentences import LITTER
from tests.e2e.whole_hotline import Child, WholeHotline, eventually_async
from tickets.collecting import rare_collections

KILLS = int(os.environ.get("HOTLINE_KILLS", "2"))
CALLERS = min(3, KILLS)
VOICE = "jf_gongitsune"
ANSWERS = {"place": "#", "confirm": "1", "clarify": "1", "emergency": "2", "answer": "2", "which-place": "1"}
PIECE = RATE // 10
WORD = 3
"""Pieces without a sign of them, one after the other, that make a word."""

SHIFT = RATE // 5
ALIKE = 0.6
TICKET_SECONDS = 300.0
"""A message that was left is recognised before its ticket is made, by a recogniser that is killed all the time."""

WITH_MESSAGE = {"fallback", "incomplete-callback"}
"""How far the ticket of a caller came who left a message: nothing was understood before, or something was."""

LONGEST_STALL = 0.1
"""Seconds. Asterisk throws away what it has when the two sides of a recording drift farther apart (main/audiohook.c,
`AST_AUDIOHOOK_SYNC_TOLERANCE`): such a call says nothing about the recogniser, only that the machine is too busy."""

STALLED = 0.1 if KILLS >= 50 else 0.5
"""Share of the calls that may say nothing. One pause of the machine hits all callers of that moment."""

TWICE = 0.1
"""Share of kills after which the next may hit the same utterance again."""

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(200 + 60 * KILLS)]


@dataclass
class Round:
    """What all callers and the killer share."""

    hotline: WholeHotline
    speech: bytes
    heard: list[Caller] = field(default_factory=list)
    """Callers whose utterance has begun and is not answered yet."""
    speaking: list[Caller] = field(default_factory=list)
    over: bool = False
    ends: Counter[str] = field(default_factory=Counter)
    missing: int = 0
    """Words that a recording has not."""
    stalled: int = 0
    """Calls whose own telephone stood still for longer than Asterisk waits for it."""
    missing_of_stalled: int = 0
    """Words that their recordings have not: told, not judged."""

    async def somebody_speaks(self) -> bool:
        return bool(self.speaking)

    def answered(self, caller: Caller) -> None:
        self.heard = [each for each in self.heard if each is not caller]

    async def all_answered(self, hit: list[Caller]) -> bool:
        return not any(each in self.heard for each in hit)

    async def say(self, caller: Caller) -> None:
        self.heard.append(caller)
        self.speaking.append(caller)
        try:
            await caller.says(self.speech)
        finally:
            self.speaking.remove(caller)


@pytest.mark.fault("F08", "F09")
async def test_a_recogniser_killed_while_callers_speak_loses_no_call_and_no_word_of_a_recording(
    hotline: WholeHotline, speak: Speak, record_testsuite_property: Callable[[str, object], None]
) -> None:
    shared = Round(hotline, await asyncio.to_thread(speak, LITTER, VOICE))
    # Python's collector goes through the voice's model for 0.1 s, and all telephones stand still meanwhile.
    with rare_collections():
        async with asyncio.TaskGroup() as tasks:
            for _ in range(CALLERS):
                tasks.create_task(call_again_and_again(shared))
            await kill_again_and_again(shared)
    record_testsuite_property("worker_kills", KILLS)
    record_testsuite_property("worker_kills_calls", dict(shared.ends))
    record_testsuite_property("worker_kills_words_missing", shared.missing)
    record_testsuite_property("worker_kills_calls_stalled", shared.stalled)
    record_testsuite_property("worker_kills_words_missing_of_stalled", shared.missing_of_stalled)
    assert shared.missing == 0
    assert shared.stalled <= shared.ends.total() * STALLED


async def kill_again_and_again(shared: Round) -> None:
    chance = random.Random(8)
    seconds = len(shared.speech) / 2 / RATE
    last: Child | None = None
    for _ in range(KILLS):
        worker = await eventually_async(lambda last=last: another_worker(shared.hotline, last), "a new worker", 60)
        await eventually_async(shared.somebody_speaks, "somebody speaks", 120, every=0.05)
        await asyncio.sleep(chance.uniform(0.1, 0.8 * seconds))
        os.kill(worker.pid, signal.SIGKILL)
        last, hit = worker, list(shared.heard)
        if chance.random() > TWICE:
            await eventually_async(lambda hit=hit: shared.all_answered(hit), "who was hit is answered", 120)
    shared.over = True


async def another_worker(hotline: WholeHotline, last: Child | None) -> Child | None:
    """The recogniser's process, when it is not the one that was killed last."""
    found = [child for child in hotline.children() if "speech.worker" in child.argv]
    return next((child for child in found if last is None or child.pid != last.pid), None)


async def call_again_and_again(shared: Round) -> None:
    while not shared.over:
        async with calling(shared.hotline) as caller:
            times = await tell_the_matter(shared, caller)
        ticket = await recorded(shared.hotline, caller)
        story = [(each["event"], each.get("to") or each.get("action") or "") for each in await caller.events()]
        left_message = ("handover", "fallback") in story
        shared.ends[ticket["completeness"]] += 1
        expected = WITH_MESSAGE if left_message else {"complete"}
        assert ticket["completeness"] in expected, f"{ticket['completeness']} after {story}"
        (url,) = [each["url"] for each in ticket["attachments"] if each["kind"] == "recording"]
        assert len(await shared.hotline.attachment(url)) > len(shared.speech)
        # In a thread: the other callers' telephones go on meanwhile.
        words = await asyncio.to_thread(words_missing, shared, ticket["call"]["id"], times)
        if caller.call.media.longest_gap > LONGEST_STALL:
            shared.stalled += 1
            shared.missing_of_stalled += words
        else:
            shared.missing += words
        print(
            f"{ticket['call']['id']}: {ticket['completeness']}, told {times}x, {words} words missing, "
            f"the telephone's longest gap {caller.call.media.longest_gap:.3f} s",
            flush=True,
        )


async def tell_the_matter(shared: Round, caller: Caller) -> int:
    """Speak when asked, answer what is asked, leave a message when that is what is left; until there is a number.

    What was told so far is written down just before a caller is sent to the recorded message: that ticket is no end.
    How often the matter was told.
    """
    answered = told = 0
    try:
        while not any(each["completeness"] != "incomplete-callback" for each in await caller.events("ticket")):
            turns = await caller.events("your-turn")
            if len(turns) > answered:
                shared.answered(caller)
            if any(each["action"] == "fallback" for each in await caller.events("handover")):
                shared.answered(caller)
                await caller.hears("beep")
                await caller.says(shared.speech)
                told += 1
                await caller.presses("#")
                await caller.call.ended()
                break
            if len(turns) > answered:
                answered, state = len(turns), turns[-1]["state"]
                if state == "listen":
                    await shared.say(caller)
                    told += 1
                elif state in ANSWERS:
                    await caller.presses(ANSWERS[state])
            await asyncio.sleep(0.1)
    except CallEnded:
        pass
    finally:
        shared.answered(caller)
    return told


async def recorded(hotline: WholeHotline, caller: Caller) -> dict[str, Any]:
    """The caller's only ticket, once the recording of the whole call is with it."""
    number = (await caller.ticket(TICKET_SECONDS))["number"]

    async def found() -> dict[str, Any] | None:
        ticket: dict[str, Any] | None = await hotline.api(f"/api/v1/tickets/{number}")
        return ticket if ticket and any(each["kind"] == "recording" for each in ticket["attachments"]) else None

    ticket: dict[str, Any] = await eventually_async(found, f"ticket {number} has its recording")
    return ticket


def words_missing(shared: Round, call: str, times: int) -> int:
    # The caller's own track: on the other one prompts may lie over the speech.
    return missing(samples_of(shared.speech), own_track(shared.hotline, call), times)


def own_track(hotline: WholeHotline, call: str) -> Samples:
    with wave.open(str(hotline.settings.paths.recordings / f"{call}-in.wav")) as file:
        return samples_of(file.readframes(file.getnframes()))


def missing(said: Samples, recording: Samples, times: int) -> int:
    """How many words (stretches of `WORD` pieces) the recording lacks of speech that was said so often.

    Each piece is looked for near the place where the one before it was found: a busy machine lets packets of 20 ms come
    late or twice, which shifts what follows and takes no word away.
    """
    lost, begin = 0, 0
    for _ in range(times):
        start = _beginning(said, recording[begin:])
        if start is None:
            return lost + len(said) // (WORD * PIECE)
        at, gone = begin + start, 0
        for piece in _pieces(said):
            # What was not found may have come late: the longer nothing was found, the farther is looked.
            shift = SHIFT * (1 + gone)
            near = max(0, at - shift)
            likeness = _likeness(recording[near : at + PIECE + shift], piece)
            if float(likeness.max(initial=0.0)) > ALIKE:
                at, gone = near + int(np.argmax(likeness)), 0
            elif np.abs(piece).max() > 1_000:
                gone += 1
                lost += gone % WORD == 0
            at += PIECE
        begin = at - RATE
    return lost


def _beginning(said: Samples, recording: Samples) -> int | None:
    """Where the speech begins, told by whichever of its first pieces is found."""
    for number, piece in enumerate(_pieces(said)):
        if np.abs(piece).max() > 1_000:
            likeness = _likeness(recording, piece)
            over = np.flatnonzero(likeness > 0.95)
            if len(over):
                return max(0, int(over[0]) - number * PIECE)
    return None


def _pieces(said: Samples) -> Iterator[Samples]:
    for at in range(0, len(said) - PIECE + 1, PIECE):
        yield said[at : at + PIECE]
