"""The pieces of a call by themselves: heartbeat, speaker, journal, what goes onto the board."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from ivr.agi.server import FastAgiServer
from ivr.agi.session import AgiSession
from ivr.audiosocket.leg import AudioLeg, LegLimits
from ivr.call.call import gather_facts
from ivr.call.ending import EndReason, Journal
from ivr.call.heartbeat import Heartbeat
from ivr.call.noting import as_note
from ivr.call.speaker import Speaker
from ivr.dialogue import events as ev
from ivr.outbox.outbox import CallFacts
from tests.fakes.asterisk import FakeAsterisk
from tests.fakes.call_control import FakeCallControl
from tests.fakes.prompts import FakePrompts
from tests.fakes.routing import NO_DANGER, a_decision
from tests.ivr.dialogue.conversation import heard

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)


class Losses:
    def __init__(self) -> None:
        self.count = 0
        self.lost = asyncio.Event()

    async def __call__(self) -> None:
        self.count += 1
        self.lost.set()


def heartbeat(control: FakeCallControl, losses: Losses) -> Heartbeat:
    return Heartbeat(control, "PJSIP/a", dead_man_seconds=0.04, rearm_seconds=0.005, on_lost=losses)


@pytest.mark.fault("F02")
async def test_a_beat_rearms_the_timer_of_its_channel() -> None:
    control, losses = FakeCallControl(), Losses()
    heart = heartbeat(control, losses)
    run = asyncio.create_task(heart.run())
    async with asyncio.timeout(5):
        while len(control.timeouts) < 3:
            await asyncio.sleep(0)
        await heart.stop()
        await run
    assert set(control.timeouts) == {("PJSIP/a", 0.04)}
    assert losses.count == 0


async def test_stopping_waits_for_the_beat_under_way_and_lets_no_other_begin() -> None:
    control, losses = FakeCallControl(), Losses()
    control.hold = True
    heart = heartbeat(control, losses)
    run = asyncio.create_task(heart.run())
    await control.beating.wait()
    stop = asyncio.create_task(heart.stop())
    await asyncio.sleep(0)
    assert not stop.done(), "a beat that came after the hand-over would cut a live bridge"
    control.release.set()
    await stop
    beats = len(control.timeouts)
    await run
    assert (beats, len(control.timeouts)) == (1, 1)


@pytest.mark.fault("F12")
@pytest.mark.parametrize("way", ["refused", "away"])
async def test_a_link_that_stays_away_is_told_once_and_again_only_after_it_was_back(way: str) -> None:
    control, losses = FakeCallControl(), Losses()
    control.failing, control.connected = way == "refused", way == "refused"
    heart = heartbeat(control, losses)
    run = asyncio.create_task(heart.run())
    async with asyncio.timeout(5):
        await losses.lost.wait()
        control.failing, control.connected = False, True
        control.beat.clear()
        await control.beat.wait()
        assert losses.count == 1
        losses.lost.clear()
        control.failing = True
        await losses.lost.wait()
        await heart.stop()
        await run
    assert losses.count == 2


class Wire:
    def __init__(self) -> None:
        self.sent = bytearray()

    def write(self, data: bytes) -> None:
        self.sent += data

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return False

    def close(self) -> None:
        """Nothing to close."""

    def abort(self) -> None:
        """Nothing to abort."""


class Ear:
    """A speaker on a leg whose time is moved by hand."""

    def __init__(self, frames: int = 2) -> None:
        self.done = 0
        self.speaker = Speaker(FakePrompts(frozenset({"gone"}), frames), self._count)
        self.leg = AudioLeg(uuid4(), Wire(), LegLimits(), lambda: 0.0)

    def _count(self) -> None:
        self.done += 1

    async def tick(self, frames: int) -> None:
        for _ in range(frames):
            self.leg.tick()
            for _ in range(4):
                await asyncio.sleep(0)


@pytest.mark.parametrize(("ticks", "done"), [(3, 0), (4, 1), (9, 1)])
async def test_the_end_of_what_is_said_is_told_once_all_prompts_are_played(ticks: int, done: int) -> None:
    ear = Ear()
    ear.speaker.attach(ear.leg)
    run = asyncio.create_task(ear.speaker.run())
    ear.speaker.say(("greeting", "gone", "confirm"))
    await ear.tick(ticks)
    assert ear.done == done
    run.cancel()


@pytest.mark.fault("F68")
async def test_a_cut_is_silent_within_a_frame_and_is_no_end() -> None:
    ear = Ear(frames=50)
    ear.speaker.attach(ear.leg)
    run = asyncio.create_task(ear.speaker.run())
    ear.speaker.say(("greeting",))
    await ear.tick(3)
    ear.speaker.hush()
    assert not ear.leg.playing
    await ear.tick(3)
    assert ear.done == 0
    run.cancel()


async def test_what_follows_a_cut_is_told_to_its_own_end() -> None:
    ear = Ear()
    ear.speaker.attach(ear.leg)
    run = asyncio.create_task(ear.speaker.run())
    ear.speaker.say(("greeting",))
    await ear.tick(1)
    ear.speaker.hush()
    ear.speaker.say(("confirm",))
    await ear.tick(3)
    assert ear.done == 1
    run.cancel()


@pytest.mark.fault("F97")
async def test_when_no_prompt_has_audio_the_caller_is_still_given_their_turn() -> None:
    ear = Ear()
    ear.speaker.attach(ear.leg)
    run = asyncio.create_task(ear.speaker.run())
    ear.speaker.say(("gone",))
    await ear.tick(2)
    assert ear.done == 1
    run.cancel()


def test_words_without_a_leg_are_for_nobody() -> None:
    speaker = Speaker(FakePrompts(), lambda: None)
    speaker.say(("greeting",))
    speaker.hush()


async def test_the_journal_remembers_how_a_call_ended_also_after_a_restart(tmp_path: Path) -> None:
    await Journal(tmp_path / "calls").close("1.1", EndReason.AGENTS, ["261122010001"])
    again = Journal(tmp_path / "calls")
    assert again.find("1.1") == {"call": "1.1", "reason": "agents", "tickets": ["261122010001"]}
    assert again.find("1.2") is None


@pytest.mark.fault("F28")
async def test_a_damaged_journal_entry_is_as_good_as_none(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    (tmp_path / "1.1.json").write_bytes(b"{")
    assert journal.find("1.1") is None


@pytest.mark.parametrize(
    ("event", "name"),
    [
        *((ev.Started(), "answered"), (ev.SpeechOnset(), "speech"), (ev.Key("1"), "key"), (ev.HungUp(), "hung-up")),
        *((ev.NothingSaid(), "nothing-said"), (ev.RecognitionGone("x"), "recognition-gone")),
        *((ev.Resumed(), "audio-resumed"), (ev.CallTooLong(), "call-too-long"), (ev.SayingDone(), None)),
        *((ev.Saved("1"), None), (ev.SaveFailed("x"), None), (ev.PartialHeard("喂", NO_DANGER), "partial")),
    ],
)
def test_what_happens_goes_onto_the_board_under_a_name(event: ev.Event, name: str | None) -> None:
    note = as_note(event)
    assert (note[0] if note else None) == name


def test_an_utterance_goes_onto_the_board_with_its_decision() -> None:
    note = as_note(heard("垃圾没人清理", a_decision(), seconds=2.5))
    assert note
    name, fields = note
    assert name == "final"
    assert (fields["text"], fields["seconds"], fields["ended_by"]) == ("垃圾没人清理", 2.5, "pause")
    assert fields["decision"]["category"]["problem"] == "垃圾清运"


class NoPjsip(FakeAsterisk):
    """A channel of another kind: it has no SIP Call-ID, and Asterisk refuses the question."""

    async def _answer(self, words: list[str]) -> str:
        return "520 Invalid" if "pjsip" in "".join(words) else await super()._answer(words)


@pytest.mark.parametrize(
    ("asterisk", "variables", "line", "sip"),
    [
        (FakeAsterisk, {"CHANNEL(pjsip,call-id)": "abc@phone", "HOTLINE_SOURCE": "12369"}, "12369", "abc@phone"),
        (FakeAsterisk, {}, "12345", ""),
        (NoPjsip, {}, "12345", ""),
    ],
)
async def test_the_facts_of_a_call_are_taken_from_its_channel(
    asterisk: type[FakeAsterisk], variables: dict[str, str], line: str, sip: str
) -> None:
    found: list[tuple[CallFacts, str]] = []

    async def handler(session: AgiSession) -> None:
        found.append(await gather_facts(session, node=3, now=lambda: NOW))

    async with FastAgiServer("127.0.0.1", 0, handler) as server:
        await asterisk(server.port, variables={"CHANNEL(linkedid)": "1795312345.0", **variables}).run()
    facts = CallFacts("1795312345.1", "1795312345.0", 3, NOW, "13800001234", line)
    assert found == [(facts, sip)]
