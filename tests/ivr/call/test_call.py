"""One call end to end: from the FastAGI connection to the variables that the dialplan finds."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from ivr.call import call as call_module
from ivr.outbox import durable
from tests.fakes.asterisk import FakeAsterisk
from tests.fakes.prompts import FakePrompts
from tests.fakes.recogniser import Script
from tests.fakes.routing import CERTAIN, LAMP, FakeRouting, a_decision
from tests.ivr.call.line import CALL, Line

GARBAGE = Script("我们小区的垃圾没人清理")
YES = Script("对")
NO_MORE = Script("没有了")


async def test_a_request_becomes_a_ticket_and_the_caller_hears_its_number(tmp_path: Path) -> None:
    line = Line(tmp_path, GARBAGE, YES, NO_MORE)
    async with line.up():
        await line.happens("your-turn", state="listen")
        await line.says()
        await line.happens("your-turn", state="confirm")
        await line.says()
        await line.happens("ticket", number="261122010001", completeness="complete")
        await line.happens("your-turn", state="more")
        await line.says()
        assert await line.ends() == "goodbye"
        await line.caller.done.wait()
    assert line.handover == {
        "HOTLINE_ACTION": "goodbye",
        "HOTLINE_TARGET": "",
        "HOTLINE_NOTE": "",
        "HOTLINE_TICKET": "261122010001",
        "HOTLINE_DONE": "1",
    }
    (ticket,) = line.tickets
    assert ticket.body["transcript"][0]["text"] == "我们小区的垃圾没人清理"
    assert ticket.body["completeness"] == "complete"
    assert line.journal.find(CALL) == {"call": CALL, "reason": "goodbye", "tickets": ["261122010001"]}
    assert line.recogniser.open_streams == []


async def test_what_only_sounds_like_a_word_of_the_hotline_is_put_right_and_the_reading_kept(tmp_path: Path) -> None:
    line = Line(tmp_path, Script("小区的拉及清运没人管"))
    async with line.up():
        await line.happens("your-turn", state="listen")
        await line.says()
        await line.happens("final", text="小区的垃圾清运没人管", changes=[["拉及清运", "垃圾清运"]])
        await line.happens("state", to="confirm")
        line.caller.press("1")
        await line.happens("ticket")
        line.caller.press("2")
        await line.ends()
    (ticket,) = line.tickets
    (said,) = ticket.body["transcript"]
    assert (said["text"], said["alternatives"]) == ("小区的垃圾清运没人管", ["小区的拉及清运没人管"])
    assert said["corrections"] == [{"at": 3, "before": "拉及清运", "after": "垃圾清运", "score": 1.0}]


async def test_danger_that_was_heard_is_bridged_though_the_corrected_words_hold_none(tmp_path: Path) -> None:
    line = Line(tmp_path, Script("小区的拉及清运没人管"))
    line.routing.emergencies["拉及"] = CERTAIN
    async with line.up():
        await line.happens("your-turn", state="listen")
        await line.says()
        await line.ends()
    assert line.handover["HOTLINE_ACTION"] == "emergency"


async def test_done_is_set_last_of_all(tmp_path: Path) -> None:
    line = Line(tmp_path)
    async with line.up():
        await line.happens("your-turn")
        line.caller.press("0")
        await line.caller.done.wait()
    assert line.caller.commands[-1] == 'SET VARIABLE "HOTLINE_DONE" "1"'
    assert line.handover["HOTLINE_ACTION"] == "agents"


async def test_the_recording_follows_its_ticket(tmp_path: Path) -> None:
    line = Line(tmp_path, GARBAGE)
    async with line.up():
        await line.happens("your-turn")
        await line.says()
        await line.happens("state", to="confirm")
        line.caller.press("1")
        await line.happens("ticket")
        line.caller.press("2")
        await line.ends()
    (recording,) = [item for item in line.spool.pending() if not item.is_ticket]
    assert recording.recording == str(line.recordings / f"{CALL}.wav")
    assert recording.number == "261122010001"


@pytest.mark.fault("F65")
async def test_a_second_request_is_a_second_ticket(tmp_path: Path) -> None:
    routing = FakeRouting({"路灯": a_decision(LAMP)})
    line = Line(tmp_path, GARBAGE, Script("还有路灯不亮"), routing=routing)
    async with line.up():
        await line.happens("your-turn")
        await line.says()
        await line.happens("state", to="confirm")
        line.caller.press("1")
        await line.happens("your-turn", state="more")
        await line.says()
        await line.happens("state", times=2, to="confirm")
        line.caller.press("1")
        await line.happens("ticket", times=2)
    assert [item.key for item in line.tickets] == [f"{CALL}:1", f"{CALL}:2"]
    assert line.tickets[1].body["category"]["problem"] == LAMP.problem


@pytest.mark.fault("F70")
async def test_danger_is_handed_over_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = Line(
        tmp_path,
        Script("救命有人抢劫", partials=((0.1, "救命有人抢劫"),)),
        routing=FakeRouting(emergencies={"抢劫": CERTAIN}),
    )
    done_when_saved: list[str | None] = []
    async with line.up():
        real = line.outbox.save

        async def save(*arguments: Any, **more: Any) -> str:
            done_when_saved.append(line.caller.variables.get("HOTLINE_DONE"))
            return await real(*arguments, **more)

        monkeypatch.setattr(line.outbox, "save", save)
        await line.happens("your-turn")
        await line.says()
        assert await line.ends() == "emergency"
    assert done_when_saved == ["1"]
    assert (line.handover["HOTLINE_ACTION"], line.handover["HOTLINE_TARGET"]) == ("emergency", "110")
    (ticket,) = line.tickets
    assert ticket.body["completeness"] == "emergency"
    assert ticket.body["emergency"]["level"] == "certain"
    assert ticket.body["level"] == 1


async def test_key_9_bridges_also_into_the_greeting_and_leaves_a_ticket(tmp_path: Path) -> None:
    line = Line(tmp_path)
    async with line.up():
        await line.happens("answered")
        line.caller.press("9")
        assert await line.ends() == "emergency"
    assert line.handover["HOTLINE_DONE"] == "1"
    assert [item.body["completeness"] for item in line.tickets] == ["emergency"]


@pytest.mark.fault("F64")
async def test_who_goes_on_to_a_person_takes_what_was_said_along(tmp_path: Path) -> None:
    line = Line(tmp_path, GARBAGE, Script("转人工"))
    async with line.up():
        await line.happens("your-turn")
        await line.says()
        await line.happens("your-turn", state="confirm")
        await line.says()
        assert await line.ends() == "agents"
    (ticket,) = line.tickets
    assert ticket.body["completeness"] == "transferred"
    assert line.handover["HOTLINE_TICKET"] == ticket.number


@pytest.mark.fault("F59")
async def test_a_silent_caller_comes_to_a_person_without_a_ticket(tmp_path: Path) -> None:
    line = Line(tmp_path)
    async with line.up():
        assert await line.ends() == "agents"
    assert line.handover["HOTLINE_NOTE"] == "silent-call"
    assert line.prompts.asked == ["greeting", "no-input-1", "no-input-2"]
    assert line.tickets == []


async def test_while_words_are_worked_out_the_caller_hears_one_moment_until_they_ask_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_module, "THINKING_SECONDS", 0.01)
    monkeypatch.setattr(call_module, "THINKING_AGAIN_SECONDS", 0.05)
    line = Line(tmp_path)
    async with line.up():
        await line.happens("your-turn")
        speaking = asyncio.create_task(line.says())
        await line.happens("speech")
        monkeypatch.setattr(line.recogniser.streams[0], "finish", lambda: None)
        await speaking
        await line.happens("prompt", times=2, prompts=["please-wait"])
        line.caller.press("*")
        await line.happens("key", digit="*")
        await line.happens("prompt", times=2, prompts=["greeting"])
        moments = line.prompts.asked.count("please-wait")
        await line.happens("nothing-said")
        assert line.prompts.asked.count("please-wait") == moments


# Hang-ups.


@pytest.mark.fault("F49", "F50")
async def test_a_hang_up_in_the_greeting_leaves_no_ticket_and_no_done(tmp_path: Path) -> None:
    line = Line(tmp_path)
    async with line.up():
        await line.happens("answered")
        line.caller.hang_up()
        assert await line.ends() == "hangup"
    assert line.tickets == []
    assert "HOTLINE_DONE" not in line.handover


@pytest.mark.fault("F51")
async def test_a_hang_up_while_speaking_leaves_the_words_so_far(tmp_path: Path) -> None:
    line = Line(tmp_path, Script("never finished", partials=((0.2, "我们小区门口的垃圾"),)))
    async with line.up():
        await line.happens("your-turn")
        speaking = asyncio.create_task(line.says(60))
        await line.happens("partial")
        line.caller.hang_up()
        assert await line.ends() == "hangup"
        await speaking
    (ticket,) = line.tickets
    assert ticket.body["completeness"] == "incomplete-callback"
    assert "我们小区门口的垃圾" in ticket.body["summary"]


@pytest.mark.parametrize(
    ("state", "scripts"),
    [
        ("place", (Script("垃圾要地址"),)),
        ("confirm", (GARBAGE,)),
        ("clarify", (Script("不清楚"), Script("不清楚"))),
    ],
)
@pytest.mark.fault("F52", "F53", "F54")
async def test_a_hang_up_before_the_end_leaves_one_incomplete_ticket(
    tmp_path: Path, state: str, scripts: tuple[Script, ...]
) -> None:
    decisions = {"垃圾要地址": a_decision(needs_place=True), "不清楚": a_decision(None)}
    line = Line(tmp_path, *scripts, routing=FakeRouting(decisions))
    async with line.up():
        for number in range(len(scripts)):
            await line.happens("your-turn", times=number + 1)
            await line.says()
        await line.happens("state", to=state)
        line.caller.hang_up()
        assert await line.ends() == "hangup"
    assert [item.body["completeness"] for item in line.tickets] == ["incomplete-callback"]
    assert line.journal.find(CALL) == {"call": CALL, "reason": "hangup", "tickets": [line.tickets[0].number]}


@pytest.mark.fault("F55")
async def test_a_hang_up_while_the_ticket_is_saved_leaves_it_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = Line(tmp_path, GARBAGE)
    async with line.up():
        real = line.outbox.save

        async def save(*arguments: Any, **more: Any) -> str:
            line.caller.hang_up()
            await line.caller.done.wait()
            return await real(*arguments, **more)

        monkeypatch.setattr(line.outbox, "save", save)
        await line.happens("your-turn")
        await line.says()
        await line.happens("state", to="confirm")
        line.caller.press("1")
        assert await line.ends() == "hangup"
    assert [item.body["completeness"] for item in line.tickets] == ["complete"]


@pytest.mark.fault("F58")
async def test_a_hang_up_after_the_number_leaves_the_one_complete_ticket(tmp_path: Path) -> None:
    line = Line(tmp_path, GARBAGE)
    async with line.up():
        await line.happens("your-turn")
        await line.says()
        await line.happens("state", to="confirm")
        line.caller.press("1")
        await line.happens("your-turn", state="more")
        line.caller.hang_up()
        assert await line.ends() == "hangup"
    assert [item.body["completeness"] for item in line.tickets] == ["complete"]


@pytest.mark.fault("F25", "F70")
async def test_danger_in_the_moment_of_a_failed_save_keeps_the_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = Line(tmp_path, GARBAGE)
    async with line.up():
        real = durable.write
        keyed = asyncio.Event()
        loop = asyncio.get_running_loop()

        def refuse_once(path: Path, data: bytes) -> None:
            monkeypatch.setattr(durable, "write", real)
            asyncio.run_coroutine_threadsafe(keyed.wait(), loop).result()
            raise OSError(28, "No space left on device")

        await line.happens("your-turn")
        await line.says()
        await line.happens("state", to="confirm")
        monkeypatch.setattr(durable, "write", refuse_once)
        line.caller.press("1")
        await line.happens("key", digit="1")
        line.caller.press("9")
        # The key is on its way; two frames later it has been heard, whatever the save does.
        await line.caller.say(bytes(640))
        keyed.set()
        assert await line.ends() in ("emergency", "agents")
    (ticket,) = line.tickets
    assert "垃圾" in ticket.body["summary"]


# Things that break.


@pytest.mark.fault("F05")
async def test_an_exception_leaves_the_done_flag_alone_and_what_was_said_saved(tmp_path: Path) -> None:
    routing = FakeRouting()
    line = Line(tmp_path, GARBAGE, YES, routing=routing)
    async with line.up():
        await line.happens("your-turn")
        await line.says()
        await line.happens("your-turn", state="confirm")
        routing.failure = RuntimeError("a fault of ours")
        await line.says()
        assert await line.ends() == "error"
        await line.caller.done.wait()
        assert "HOTLINE_DONE" not in line.handover
        assert [item.body["completeness"] for item in line.tickets] == ["incomplete-callback"]
        assert line.journal.find(CALL) is None, "the dialplan's fallback is still to be joined"
        other = FakeAsterisk(line.agi.port, call_id="1795312345.2")
        talk = asyncio.create_task(other.run())
        await other.in_audio.wait()
        other.hang_up()
        await talk


@pytest.mark.fault("F25")
async def test_a_full_disk_costs_the_ticket_and_not_the_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    line = Line(tmp_path, GARBAGE)
    async with line.up():
        monkeypatch.setattr(durable, "write", refuse)
        await line.happens("your-turn")
        await line.says()
        await line.happens("state", to="confirm")
        line.caller.press("1")
        assert await line.ends() == "agents"
        await line.caller.done.wait()
    assert (line.handover["HOTLINE_NOTE"], line.handover["HOTLINE_DONE"]) == ("cannot-save", "1")
    assert line.handover["HOTLINE_TICKET"] == ""


@pytest.mark.fault("F10")
async def test_without_recognition_the_dialplan_records(tmp_path: Path) -> None:
    line = Line(tmp_path)
    async with line.up():
        await line.recogniser.aclose()
        assert await line.ends() == "fallback"
    assert (line.handover["HOTLINE_ACTION"], line.handover["HOTLINE_NOTE"]) == ("fallback", "recognition-off")


@pytest.mark.fault("F11")
async def test_recognition_lost_in_the_call_hands_over_to_the_recording(tmp_path: Path) -> None:
    line = Line(tmp_path, Script(lost="worker gone twice"))
    async with line.up():
        await line.happens("your-turn")
        await line.says()
        assert await line.ends() == "fallback"
    assert line.handover["HOTLINE_DONE"] == "1"


@pytest.mark.fault("F18")
async def test_an_audio_path_that_never_comes_up_hands_over_to_the_recording(tmp_path: Path) -> None:
    class Deaf(FakeAsterisk):
        async def _execute(self, application: str, arguments: str) -> int:
            self.applications.append((application, arguments))
            return -1

    line = Line(tmp_path)
    line.asterisk_kind = Deaf
    async with line.up():
        assert await line.ends() == "fallback"
    assert len(line.caller.applications) == 4
    assert line.handover["HOTLINE_DONE"] == "1"


@pytest.mark.fault("F18")
async def test_a_broken_audio_path_is_rebuilt_and_the_question_said_again(tmp_path: Path) -> None:
    class Stumbling(FakeAsterisk):
        """Leaves the first AudioSocket by itself after a moment."""

        async def _speak(self, writer: asyncio.StreamWriter) -> None:
            if len(self.applications) > 1:
                await super()._speak(writer)

    line = Line(tmp_path)
    line.asterisk_kind = Stumbling
    async with line.up():
        await line.happens("audio-resumed")
        await line.happens("your-turn")
        line.caller.press("0")
        assert await line.ends() == "agents"
    assert line.prompts.asked[:2] == ["greeting", "greeting"]


@pytest.mark.fault("F12", "F14")
async def test_when_ami_is_lost_in_the_call_the_audio_is_attached_anew_under_a_long_timer(tmp_path: Path) -> None:
    line = Line(tmp_path, no_input_seconds=30.0)
    async with line.up():
        await line.happens("your-turn")
        await line.control.beat.wait()
        assert "TIMEOUT(absolute)" not in line.caller.variables
        line.control.connected = False
        await line.happens("audio-resumed")
        assert line.caller.variables["TIMEOUT(absolute)"] == "600"
        line.caller.press("0")
        assert await line.ends() == "agents"
    assert line.control.timeouts[0] == ("PJSIP/caller-00000001", 3.0)


async def test_a_call_without_ami_begins_under_a_long_timer(tmp_path: Path) -> None:
    line = Line(tmp_path)
    line.control.connected = False
    async with line.up():
        await line.happens("your-turn")
        line.caller.press("0")
        assert await line.ends() == "agents"
    assert line.caller.variables["TIMEOUT(absolute)"] == "600"
    assert line.control.timeouts == []


@pytest.mark.fault("F97")
async def test_a_missing_prompt_is_left_out_and_the_call_goes_on(tmp_path: Path) -> None:
    line = Line(tmp_path, GARBAGE)
    line.prompts = FakePrompts(frozenset({"category/waste"}))
    async with line.up():
        await line.happens("your-turn")
        await line.says()
        await line.happens("your-turn", state="confirm")


@pytest.mark.fault("F16")
async def test_a_service_that_is_stopped_still_writes_down_what_was_said(tmp_path: Path) -> None:
    line = Line(tmp_path, GARBAGE)
    async with line.up():
        await line.happens("your-turn")
        await line.says()
        await line.happens("state", to="confirm")
        await line.agi.close(0)
    assert [item.body["completeness"] for item in line.tickets] == ["incomplete-callback"]
    assert "HOTLINE_DONE" not in line.handover
