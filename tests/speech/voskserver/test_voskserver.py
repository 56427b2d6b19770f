"""Recognition over vosk-server's protocol, with the real Vosk library and the Korean model on the far side."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import vosk

from speech.engines import choose, load
from speech.errors import ModelError, Overloaded
from speech.frames import FrameCutter, bytes_of
from speech.ports import Bias, Final, Lost, Partial, RecognitionEvent, RecognitionStream
from speech.settings import SpeechSettings
from speech.voskserver import VoskServerRecogniser
from tests.fakes.vosk_server import VoskServer

GREETINGS = Bias(grammar=("안녕하세요", "감사합니다"), closed=True)

Serve = Callable[..., Awaitable[tuple[VoskServer, str]]]


@pytest.fixture(scope="module")
def model(vosk_ko: Path) -> Any:
    vosk.SetLogLevel(-1)
    return vosk.Model(model_path=str(vosk_ko))


@pytest.fixture
async def serve(model: Any) -> AsyncIterator[Serve]:
    running: list[VoskServer] = []

    async def start(**faults: Any) -> tuple[VoskServer, str]:
        server = VoskServer(model, **faults)
        running.append(server)
        return server, await server.start()

    yield start
    for server in running:
        await server.stop()


def settings(*urls: str, **more: Any) -> SpeechSettings:
    return SpeechSettings.model_validate({"engine": "vosk-server", "servers": urls, "stall_seconds": 5.0} | more)


async def started(*urls: str, **more: Any) -> VoskServerRecogniser:
    recogniser = VoskServerRecogniser(urls, settings(*urls, **more))
    await recogniser.start()
    return recogniser


async def everything(stream: RecognitionStream) -> list[RecognitionEvent]:
    async with asyncio.timeout(40):
        return [event async for event in stream.events()]


def say(stream: RecognitionStream, pcm: bytes) -> None:
    for frame in FrameCutter().feed(pcm):
        stream.feed(frame)
    stream.finish()


async def test_partials_come_while_audio_is_fed_then_exactly_one_final(serve: Serve, hello: bytes) -> None:
    server, url = await serve()
    recogniser = await started(url)
    stream = recogniser.open("call-1", GREETINGS)
    say(stream, hello)
    events = await everything(stream)
    assert all(isinstance(event, Partial) for event in events[:-1])
    assert isinstance(events[-1], Final)
    assert "안녕하세요" in events[-1].text
    assert events[-1].confidence is not None
    assert server.configs[-1]["sample_rate"] == 8000
    assert server.configs[-1]["phrase_list"] == ["안녕하세요", "감사합니다"]
    await stream.aclose()
    await recogniser.aclose()


@pytest.mark.fault("F08")
@pytest.mark.parametrize("fault", [{"close_after": 2}, {"silent_after": 2}, {"says": "not JSON"}])
async def test_a_server_that_fails_in_mid_utterance_loses_no_word(serve: Serve, hello: bytes, fault: Any) -> None:
    bad, bad_url = await serve(**fault)
    _, good_url = await serve()
    recogniser = VoskServerRecogniser((bad_url, good_url), settings(bad_url, good_url, stall_seconds=1.5))
    await recogniser.start()
    stream = recogniser.open("call-1", GREETINGS)
    say(stream, hello)
    events = await everything(stream)
    assert isinstance(events[-1], Final)
    assert "안녕하세요" in events[-1].text
    assert bad.connections >= 1
    await recogniser.aclose()


async def test_the_second_loss_in_one_utterance_ends_the_stream(serve: Serve, hello: bytes) -> None:
    _, first = await serve(close_after=1)
    _, second = await serve(close_after=1)
    recogniser = await started(first, second)
    stream = recogniser.open("call-1")
    say(stream, hello)
    assert (await everything(stream))[-1] == Lost("the recogniser failed twice in one utterance")
    await recogniser.aclose()


async def test_a_server_that_was_down_is_used_again_once_it_answers(serve: Serve, hello: bytes) -> None:
    server, url = await serve(close_after=1)
    recogniser = await started(url)
    lost = recogniser.open("call-1", GREETINGS)
    say(lost, hello)
    # The only server closes once, rests, and carries the utterance the second time.
    assert isinstance((await everything(lost))[-1], Final)
    assert server.connections >= 3
    assert recogniser.ready
    await recogniser.aclose()


async def test_streams_are_spread_and_beyond_capacity_refused(serve: Serve, hello: bytes, thanks: bytes) -> None:
    first, first_url = await serve()
    second, second_url = await serve()
    recogniser = await started(first_url, second_url, streams_per_worker=1)
    streams = [recogniser.open("call-1", GREETINGS), recogniser.open("call-2", GREETINGS)]
    with pytest.raises(Overloaded, match="2 of 2"):
        recogniser.open("call-3")
    for stream, clip in zip(streams, (hello, thanks), strict=True):
        say(stream, clip)
    finals = [(await everything(stream))[-1] for stream in streams]
    assert ["감사합니다" in final.text for final in finals if isinstance(final, Final)] == [False, True]
    assert first.audio_messages
    assert second.audio_messages
    await recogniser.aclose()


async def test_without_any_server_the_start_says_which_and_what_to_do() -> None:
    recogniser = VoskServerRecogniser(("ws://127.0.0.1:1",), settings("ws://127.0.0.1:1"))
    with pytest.raises(ModelError, match=r"ws://127\.0\.0\.1:1.*speech\.servers"):
        await recogniser.start()
    assert not recogniser.ready
    with pytest.raises(Overloaded, match="not ready"):
        recogniser.open("call-1")


async def test_hanging_up_in_mid_utterance_leaves_nothing_open(serve: Serve, hello: bytes) -> None:
    _, url = await serve()
    recogniser = await started(url, streams_per_worker=1)
    stream = recogniser.open("call-1")
    stream.feed(hello[: bytes_of(0.5)])
    await stream.aclose()
    await stream.aclose()
    again = recogniser.open("call-2", GREETINGS)
    say(again, hello)
    assert isinstance((await everything(again))[-1], Final)
    await recogniser.aclose()


async def test_a_file_is_recognised_through_the_servers_too(serve: Serve, hello: bytes, tmp_path: Path) -> None:
    _, url = await serve()
    chosen = settings(url)
    choice = choose(chosen, tmp_path)
    assert choice.title == url

    def decode() -> str:
        decoder = load(choice, chosen).open(8_000, GREETINGS)
        decoder.accept(hello)
        return decoder.final().text

    assert "안녕하세요" in await asyncio.to_thread(decode)


@pytest.mark.parametrize(
    "wrong",
    [{"engine": "vosk-server"}, {"servers": ["ws://127.0.0.1:2700"]}, {"engine": "vosk-server", "servers": ["host"]}],
)
def test_servers_and_their_engine_are_set_together(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"speech\.servers"):
        SpeechSettings.model_validate(wrong)
