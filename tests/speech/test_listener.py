import asyncio
from pathlib import Path

import pytest

from speech.engines import EngineChoice, build
from speech.frames import SILENCE, FrameCutter
from speech.listener import (
    Hearing,
    Listener,
    ListenerEvent,
    NoSpeech,
    RecognitionLost,
    SpeechEnded,
    SpeechStarted,
    Utterance,
)
from speech.ports import Bias
from speech.settings import EndpointSettings, SpeechSettings
from speech.vad import make_vad
from tests.fakes.recogniser import FakeRecogniser, Script

VOICE = b"\x10\x00" * 160


class LoudIsVoice:
    """A voice detector that calls any frame but digital silence voiced."""

    def voiced(self, pcm: bytes) -> bool:
        return pcm != bytes(len(pcm))

    def reset(self) -> None:
        raise AssertionError("the listener has one stream for the whole call")


class Caller:
    """A listener on a fake recogniser, with the events it gave."""

    def __init__(self, recogniser: FakeRecogniser, **endpoint: float) -> None:
        settings = SpeechSettings(endpoint=EndpointSettings(**({"pause": 0.8} | endpoint)))
        self.listener = Listener(recogniser, settings, "call-1", LoudIsVoice())

    async def hear(self, frame: bytes, seconds: float) -> None:
        for _ in range(round(seconds / 0.02)):
            self.listener.feed(frame)
            await asyncio.sleep(0)
            await asyncio.sleep(0)

    async def collect(self) -> list[ListenerEvent]:
        """Close the listener and give all it said."""
        for _ in range(5):
            await asyncio.sleep(0)
        await self.listener.aclose()
        return [event async for event in self.listener.events()]


async def started(*scripts: Script, **more: object) -> FakeRecogniser:
    recogniser = FakeRecogniser(*scripts, **more)  # type: ignore[arg-type] # capacity or model_error, by name
    await recogniser.start()
    return recogniser


async def test_an_utterance_is_announced_heard_and_delivered_with_call_times() -> None:
    recogniser = await started(Script(final="垃圾没人清理", partials=((1.0, "垃圾"),)))
    caller = Caller(recogniser)
    caller.listener.listen(bias=Bias(terms=("垃圾",)))
    await caller.hear(SILENCE, 2.0)
    await caller.hear(VOICE, 1.5)
    await caller.hear(SILENCE, 1.0)
    said = await caller.collect()
    assert said[0] == SpeechStarted(2.0)
    assert isinstance(said[1], Hearing)
    assert said[1].text == "垃圾"
    assert isinstance(said[2], SpeechEnded)
    assert isinstance(said[3], Utterance)
    assert (said[3].final.text, said[3].started, said[3].ended, said[3].ended_by) == ("垃圾没人清理", 2.0, 3.5, "pause")
    assert recogniser.streams[0].bias == Bias(terms=("垃圾",))
    assert recogniser.open_streams == []


async def test_the_stream_gets_at_least_300_ms_from_before_the_onset() -> None:
    recogniser = await started(Script(final="好"))
    caller = Caller(recogniser)
    caller.listener.listen()
    await caller.hear(SILENCE, 2.0)
    await caller.hear(VOICE, 1.0)
    caller.listener.finish()
    fed = bytes(recogniser.streams[0].fed)
    before = fed.index(VOICE[:2])
    assert before >= 0.3 * 16_000
    assert len(fed) - before == 16_000
    assert isinstance((await caller.collect())[-1], Utterance)


async def test_no_stream_is_opened_before_anybody_speaks() -> None:
    recogniser = await started()
    caller = Caller(recogniser)
    caller.listener.listen()
    caller.listener.expect_speech(5.0)
    await caller.hear(SILENCE, 6.0)
    assert await caller.collect() == [NoSpeech(5.0)]
    assert recogniser.streams == []


async def test_unarmed_it_only_keeps_time() -> None:
    recogniser = await started()
    caller = Caller(recogniser)
    await caller.hear(VOICE, 1.0)
    assert caller.listener.now == 1.0
    assert await caller.collect() == []


async def test_an_utterance_without_text_is_delivered_as_no_match() -> None:
    caller = Caller(await started(Script(final="")))
    caller.listener.listen()
    await caller.hear(VOICE, 0.5)
    await caller.hear(SILENCE, 1.0)
    last = (await caller.collect())[-1]
    assert isinstance(last, Utterance)
    assert last.final.text == ""


@pytest.mark.fault("F62")
async def test_a_text_that_sounds_unfinished_waits_longer() -> None:
    caller = Caller(await started(Script(final="因为什么", partials=((0.5, "因为"),))), pause=0.8, pause_open=2.0)
    caller.listener.listen()
    await caller.hear(VOICE, 1.0)
    await caller.hear(SILENCE, 1.5)
    assert caller.listener._endpoint.speaking
    await caller.hear(SILENCE, 0.6)
    assert isinstance((await caller.collect())[-1], Utterance)


async def test_the_answer_to_a_closed_question_ends_sooner() -> None:
    caller = Caller(await started(Script(final="对", partials=((0.3, "对"),))))
    caller.listener.listen(bias=Bias(grammar=("对", "不对")))
    await caller.hear(VOICE, 0.4)
    await caller.hear(SILENCE, 0.6)
    last = (await caller.collect())[-1]
    assert isinstance(last, Utterance)
    assert (last.ended, last.ended_by) == (0.4, "pause")


@pytest.mark.fault("F08")
async def test_a_lost_recogniser_is_said_and_the_next_utterance_works() -> None:
    caller = Caller(await started(Script(lost="gone twice"), Script(final="你好")))
    caller.listener.listen()
    await caller.hear(VOICE, 1.0)
    caller.listener.listen()
    await caller.hear(SILENCE, 1.0)
    await caller.hear(VOICE, 1.0)
    await caller.hear(SILENCE, 1.0)
    said = await caller.collect()
    assert said[1] == RecognitionLost("gone twice")
    assert isinstance(said[-1], Utterance)


@pytest.mark.fault("F11")
async def test_no_capacity_is_recognition_lost_and_not_an_exception() -> None:
    caller = Caller(await started(capacity=0))
    caller.listener.listen()
    await caller.hear(VOICE, 1.0)
    said = await caller.collect()
    assert said[0] == SpeechStarted(0.0)
    assert isinstance(said[1], RecognitionLost)


async def test_stop_gives_the_stream_back_and_says_no_more() -> None:
    recogniser = await started(Script(final="不要"))
    caller = Caller(recogniser)
    caller.listener.listen()
    await caller.hear(VOICE, 1.0)
    caller.listener.stop()
    await caller.hear(SILENCE, 2.0)
    assert await caller.collect() == [SpeechStarted(0.0)]
    assert recogniser.open_streams == []


@pytest.mark.fault("F60")
async def test_a_speech_without_end_is_cut_at_the_limit() -> None:
    caller = Caller(await started(Script(final="很长")), limit=5.0)
    caller.listener.listen()
    await caller.hear(VOICE, 6.0)
    last = (await caller.collect())[-1]
    assert isinstance(last, Utterance)
    assert last.ended_by == "limit"


async def test_unread_partials_do_not_pile_up() -> None:
    partials = tuple((0.5 + n / 50, f"字{n}") for n in range(100))
    caller = Caller(await started(Script(final="字", partials=partials)))
    caller.listener.listen()
    await caller.hear(VOICE, 3.0)
    assert len(caller.listener._events) == 2
    await caller.collect()


async def test_a_frame_of_another_size_is_refused() -> None:
    caller = Caller(await started())
    with pytest.raises(ValueError, match="320 bytes; got 10"):
        caller.listener.feed(bytes(10))
    await caller.collect()


async def test_stop_in_the_very_tick_of_the_onset_gives_the_stream_back() -> None:
    recogniser = await started()
    caller = Caller(recogniser)
    caller.listener.listen()
    for _ in range(5):
        caller.listener.feed(VOICE)
    assert len(recogniser.open_streams) == 1
    caller.listener.stop()
    await caller.listener.aclose()
    assert recogniser.open_streams == []


async def test_a_call_is_heard_by_the_real_detector_and_the_real_engine(vosk_ko: Path, hello: bytes) -> None:
    recogniser = build(EngineChoice("vosk", vosk_ko, "test"), SpeechSettings())
    await recogniser.start()
    listener = Listener(recogniser, SpeechSettings(), "call-1", make_vad("silero"))
    listener.listen(bias=Bias(grammar=("안녕하세요", "감사합니다"), closed=True))
    listener.expect_speech(5.0)
    for frame in FrameCutter().feed(bytes(16_000) + hello + bytes(32_000)):
        listener.feed(frame)
    heard: list[ListenerEvent] = []
    async with asyncio.timeout(30):
        async for event in listener.events():
            heard.append(event)
            if isinstance(event, Utterance):
                break
    await listener.aclose()
    await recogniser.aclose()
    first, last = heard[0], heard[-1]
    assert isinstance(first, SpeechStarted)
    assert 1.2 < first.at < 1.6
    assert isinstance(last, Utterance)
    assert "안녕하세요" in last.final.text
    assert first.at < last.ended < 3.0
    assert last.ended_by == "pause"
