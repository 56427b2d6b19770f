"""What comes in the middle of a caller's words: a key, an error of Asterisk's, a recogniser that must begin again."""

import asyncio
from pathlib import Path

import pytest

from ivr.call import call as call_module
from speech.ports import Bias
from tests.fakes.recogniser import FakeRecogniser, FakeStream, Script
from tests.ivr.call.line import Line

GARBAGE = Script("我们小区的垃圾没人清理")
ERROR_FRAME = b"\xff\x00\x01\x02"


async def talks(line: Line) -> None:
    """On and on, in pieces, so that something may come between them."""
    while True:
        await line.says(0.2)


@pytest.mark.fault("F47")
async def test_a_key_pressed_while_speaking_reaches_the_dialogue_and_ends_the_utterance(tmp_path: Path) -> None:
    line = Line(tmp_path, GARBAGE)
    async with line.up():
        await line.happens("your-turn", state="listen")
        speaking = asyncio.create_task(talks(line))
        await line.happens("speech")
        line.caller.press("#")
        final = await line.happens("final")
        assert final["ended_by"] == "key"
        assert not speaking.done()
        speaking.cancel()
        line.caller.press("0")
        assert await line.ends() == "agents"
    assert [item.body["transcript"][0]["text"] for item in line.tickets] == ["我们小区的垃圾没人清理"]


@pytest.mark.fault("F47", "F18")
async def test_an_error_frame_in_mid_utterance_ends_the_leg_and_not_the_call(tmp_path: Path) -> None:
    line = Line(tmp_path, GARBAGE)
    async with line.up():
        await line.happens("your-turn", state="listen")
        speaking = asyncio.create_task(talks(line))
        await line.happens("speech")
        # Not a word more, or the next leg hears an answer before it has asked.
        speaking.cancel()
        line.caller.send(ERROR_FRAME)
        await line.happens("audio-resumed")
        await line.happens("your-turn", times=2, state="listen")
        await line.says()
        await line.happens("state", to="confirm")
        line.caller.press("0")
        assert await line.ends() == "agents"
    assert len(line.caller.applications) == 2
    assert line.recogniser.open_streams == []


class Replaying(FakeRecogniser):
    """Its results come late, as they do while an utterance is heard again by a fresh worker."""

    def __init__(self, *scripts: Script, late: float) -> None:
        super().__init__(*scripts)
        self.late = late

    def open(self, stream_id: str, bias: Bias | None = None) -> FakeStream:
        stream = super().open(stream_id, bias)
        finish = stream.finish
        stream.finish = lambda: asyncio.get_running_loop().call_later(self.late, finish)  # type: ignore[method-assign, assignment]  # a fake made slow
        return stream


@pytest.mark.fault("F08")
async def test_while_an_utterance_is_replayed_the_caller_is_asked_to_wait_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_module, "THINKING_SECONDS", 0.05)
    line = Line(tmp_path)
    line.recogniser = Replaying(GARBAGE, late=1.0)
    async with line.up():
        await line.happens("your-turn", state="listen")
        await line.says()
        await line.happens("state", to="confirm")
        line.caller.press("0")
        assert await line.ends() == "agents"
    assert line.prompts.asked.count("please-wait") == 1


@pytest.mark.fault("F09")
async def test_a_second_failure_in_one_utterance_hands_over_to_keys_and_recording(tmp_path: Path) -> None:
    line = Line(tmp_path, Script(lost="the recogniser failed twice in one utterance"))
    async with line.up():
        await line.happens("your-turn")
        await line.says()
        gone = await line.happens("recognition-gone")
        assert await line.ends() == "fallback"
    assert gone["reason"] == "the recogniser failed twice in one utterance"
    assert (line.handover["HOTLINE_ACTION"], line.handover["HOTLINE_DONE"]) == ("fallback", "1")
