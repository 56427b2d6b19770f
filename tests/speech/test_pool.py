"""The worker pool with the real Korean Vosk model in real processes, and the same contract on the fake."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from speech.engines import EngineChoice, build
from speech.errors import ModelError, Overloaded
from speech.frames import FrameCutter
from speech.pool import PoolRecogniser, PoolStream
from speech.ports import Bias, Final, Lost, Partial, Recogniser, RecognitionEvent, RecognitionStream
from speech.settings import SpeechSettings
from tests.fakes.recogniser import FakeRecogniser, Script

GREETINGS = Bias(grammar=("안녕하세요", "감사합니다"), closed=True)
SETTINGS = SpeechSettings(model="vosk-ko", stall_seconds=2.0, recover_seconds=60, streams_per_worker=3)


@pytest.fixture
async def pool(vosk_ko: Path) -> AsyncIterator[PoolRecogniser]:
    recogniser = build(EngineChoice("vosk", vosk_ko, "test"), SETTINGS)
    await recogniser.start()
    yield recogniser
    await recogniser.aclose()
    assert recogniser.worker_pids == []


async def everything(stream: RecognitionStream, seconds: float = 50.0) -> list[RecognitionEvent]:
    async with asyncio.timeout(seconds):
        return [event async for event in stream.events()]


async def until_partial(stream: PoolStream) -> None:
    """Wait for the first partial, so that the worker is known to be in the middle of the utterance."""
    async with asyncio.timeout(20):
        async for event in stream.events():
            assert isinstance(event, Partial)
            return


@pytest.mark.parametrize("kind", ["fake", "real"])
async def test_the_port_gives_partials_and_exactly_one_final(kind: str, vosk_ko: Path, hello: bytes) -> None:
    recogniser: Recogniser
    if kind == "fake":
        recogniser = FakeRecogniser(Script(final="안녕하세요", partials=((0.5, "안녕"),)))
    else:
        recogniser = build(EngineChoice("vosk", vosk_ko, "test"), SETTINGS)
    await recogniser.start()
    assert recogniser.ready
    assert recogniser.capabilities.streaming
    stream = recogniser.open("call-1", GREETINGS)
    for frame in FrameCutter().feed(hello):
        stream.feed(frame)
        await asyncio.sleep(0)
    stream.finish()
    stream.finish()
    events = await everything(stream)
    assert all(isinstance(event, Partial) for event in events[:-1])
    final = events[-1]
    assert isinstance(final, Final)
    assert "안녕하세요" in final.text
    assert final.confidence is not None
    await stream.aclose()
    await stream.aclose()
    empty = recogniser.open("call-1")
    await empty.aclose()
    empty.feed(hello)
    empty.finish()
    await recogniser.aclose()
    with pytest.raises(Overloaded):
        recogniser.open("call-2")


async def test_partials_come_while_audio_is_fed(pool: PoolRecogniser, hello: bytes) -> None:
    stream = pool.open("call-1", GREETINGS)
    for frame in FrameCutter().feed(hello):
        stream.feed(frame)
    await until_partial(stream)
    stream.finish()
    assert isinstance((await everything(stream))[-1], Final)
    await stream.aclose()


@pytest.mark.fault("F11")
async def test_three_callers_share_a_worker_and_the_fourth_is_refused(
    pool: PoolRecogniser, hello: bytes, thanks: bytes
) -> None:
    clips = (hello, thanks, hello)
    streams = [pool.open(f"call-{index}", GREETINGS) for index in range(3)]
    with pytest.raises(Overloaded, match="3 of 3"):
        pool.open("call-4")
    for stream, clip in zip(streams, clips, strict=True):
        stream.feed(clip)
        stream.finish()
    finals = [(await everything(stream))[-1] for stream in streams]
    assert ["안녕하세요" in final.text for final in finals if isinstance(final, Final)] == [True, False, True]
    for stream in streams:
        await stream.aclose()
    assert pool.counters.refused == 1


@pytest.mark.fault("F08")
async def test_a_worker_killed_in_mid_utterance_loses_no_word(pool: PoolRecogniser, hello: bytes) -> None:
    stream = pool.open("call-1", GREETINGS)
    half = len(hello) // 640 * 320
    stream.feed(hello[:half])
    (first,) = pool.worker_pids
    await until_partial(stream)
    os.kill(first, signal.SIGKILL)
    stream.feed(hello[half:])
    stream.finish()
    final = (await everything(stream))[-1]
    assert isinstance(final, Final)
    assert "안녕하세요" in final.text
    assert pool.worker_pids != [first]
    assert (pool.counters.crashed, pool.counters.replayed, pool.counters.lost) == (1, 1, 0)
    await stream.aclose()


@pytest.mark.fault("F09")
async def test_a_worker_that_hangs_is_killed_and_the_utterance_replayed(pool: PoolRecogniser, hello: bytes) -> None:
    stream = pool.open("call-1", GREETINGS)
    (first,) = pool.worker_pids
    os.kill(first, signal.SIGSTOP)
    stream.feed(hello)
    stream.finish()
    final = (await everything(stream))[-1]
    assert isinstance(final, Final)
    assert "안녕하세요" in final.text
    assert pool.counters.stalled == 1
    await stream.aclose()


@pytest.mark.fault("F09")
async def test_the_second_loss_in_one_utterance_ends_the_stream_and_not_the_pool(
    pool: PoolRecogniser, hello: bytes
) -> None:
    stream = pool.open("call-1", GREETINGS)
    stream.feed(hello[: len(hello) // 2])
    for _ in range(2):
        while not pool.ready:
            await asyncio.sleep(0.05)
        os.kill(pool.worker_pids[0], signal.SIGKILL)
        while pool.ready:
            await asyncio.sleep(0.01)
    events = await everything(stream)
    assert events[-1] == Lost("the recogniser failed twice in one utterance")
    await stream.aclose()
    again = pool.open("call-1", GREETINGS)
    again.feed(hello)
    again.finish()
    assert isinstance((await everything(again))[-1], Final)
    await again.aclose()


@pytest.mark.fault("F10")
async def test_a_missing_model_is_refused_with_the_mend_and_nothing_keeps_running(tmp_path: Path) -> None:
    recogniser = build(EngineChoice("vosk", tmp_path, "test"), SETTINGS)
    with pytest.raises(ModelError, match="hotline models fetch"):
        await recogniser.start()
    assert not recogniser.ready
    with pytest.raises(Overloaded, match="not ready"):
        recogniser.open("call-1")
    await recogniser.aclose()


@pytest.mark.fault("F10")
async def test_a_model_that_kills_its_worker_is_called_damaged(tmp_path: Path, vosk_ko: Path) -> None:
    for name in ("am/final.mdl", "conf/mfcc.conf", "conf/model.conf", "graph/HCLr.fst", "graph/Gr.fst"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes((vosk_ko / name).read_bytes()[:5000])
    recogniser = build(EngineChoice("vosk", tmp_path, "test"), SETTINGS)
    with pytest.raises(ModelError, match="hotline models fetch"):
        await recogniser.start()
    await recogniser.aclose()


@pytest.mark.fault("F19")
async def test_after_a_stall_of_ten_seconds_recognition_has_caught_up_within_two(vosk_ko: Path, hello: bytes) -> None:
    """The stall is shorter than the watchdog's patience here, so the same worker goes on."""
    settings = SETTINGS.model_copy(update={"stall_seconds": 30.0})
    pool = build(EngineChoice("vosk", vosk_ko, "test"), settings)
    assert isinstance(pool, PoolRecogniser)
    await pool.start()
    stream, other = pool.open("call-1", GREETINGS), pool.open("call-2")
    stream.feed(hello[:6400])
    other.finish()
    await everything(other)
    # The other's end comes after this one's audio was taken: it is live, and no replay.
    (worker,) = pool.worker_pids
    os.kill(worker, signal.SIGSTOP)
    for frame in FrameCutter().feed(bytes(16_000 * 10) + hello):
        stream.feed(frame)
    async with asyncio.timeout(10):
        while pool.counters.lag_seconds <= 0.5:
            await asyncio.sleep(0.05)
    assert pool.counters.late == 1
    os.kill(worker, signal.SIGCONT)
    resumed = asyncio.get_running_loop().time()
    stream.finish()
    final = (await everything(stream))[-1]
    took = asyncio.get_running_loop().time() - resumed
    assert isinstance(final, Final)
    assert final.text.endswith("안녕하세요")
    assert pool.worker_pids == [worker]
    async with asyncio.timeout(5):
        while pool.counters.skipped_seconds == 0.0 or pool.counters.lag_seconds > 0.5:
            await asyncio.sleep(0.05)
    assert took < 2.0
    await stream.aclose()
    await other.aclose()
    await pool.aclose()


async def test_workers_end_when_their_parent_is_killed(vosk_ko: Path) -> None:
    program = (
        "import asyncio, sys; from pathlib import Path; from speech.engines import EngineChoice, build;"
        "from speech.settings import SpeechSettings\n"
        "async def main():\n"
        f"    pool = build(EngineChoice('vosk', Path({str(vosk_ko)!r}), ''), SpeechSettings())\n"
        "    await pool.start(); print(pool.worker_pids[0], flush=True); await asyncio.sleep(600)\n"
        "asyncio.run(main())"
    )
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE)
    assert parent.stdout is not None
    worker = int(await parent.stdout.readline())
    parent.kill()
    await parent.wait()
    async with asyncio.timeout(5):
        while _running(worker):
            await asyncio.sleep(0.05)


def _running(pid: int) -> bool:
    """Whether the process still runs; a zombie that nobody has reaped yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
