"""A worker killed again and again while people speak: every utterance still ends with all of its words.

`HOTLINE_KILLS=200` is the long run; without it a few kills show that the way is open.
"""

import asyncio
import os
import random
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from speech.engines import EngineChoice, build
from speech.frames import FrameCutter
from speech.pool import PoolRecogniser
from speech.ports import Bias, Final
from speech.settings import SpeechSettings

KILLS = int(os.environ.get("HOTLINE_KILLS", "4"))
CALLERS = 3
PACE = 0.002
"""Ten times as fast as speech, so that a worker is in the middle of the words when it is killed."""

BIAS = Bias(grammar=("안녕하세요", "감사합니다"), closed=True)
SETTINGS = SpeechSettings(model="vosk-ko", recover_seconds=120, load_seconds=120, streams_per_worker=CALLERS)


async def words(pool: PoolRecogniser, pcm: bytes, killer: Callable[[int], None] = lambda _frame: None) -> str:
    """One caller's utterance; `killer` is asked before every frame."""
    stream = pool.open("call", BIAS)
    for number, frame in enumerate(FrameCutter().feed(pcm)):
        killer(number)
        stream.feed(frame)
        await asyncio.sleep(PACE)
    stream.finish()
    async with asyncio.timeout(180):
        events = [event async for event in stream.events()]
    await stream.aclose()
    assert isinstance(events[-1], Final), events
    return events[-1].text


@pytest.mark.fault("F08")
@pytest.mark.timeout(60 + 20 * KILLS)
async def test_a_worker_killed_over_and_over_during_speech_costs_no_word(
    vosk_ko: Path,
    hello: bytes,
    thanks: bytes,
    record_testsuite_property: Callable[[str, object], None],
) -> None:
    pcm = hello + thanks
    pool = build(EngineChoice("vosk", vosk_ko, "test"), SETTINGS)
    assert isinstance(pool, PoolRecogniser)
    await pool.start()
    undisturbed = await words(pool, pcm)
    assert "안녕하세요" in undisturbed
    assert "감사합니다" in undisturbed
    chance = random.Random(8)
    frames = len(pcm) // 320
    try:
        for _ in range(KILLS):
            at = chance.randrange(1, frames)

            def kill(frame: int, at: int = at) -> None:
                if frame == at:
                    os.kill(pool.worker_pids[0], signal.SIGKILL)

            async with asyncio.TaskGroup() as callers:
                said = [callers.create_task(words(pool, pcm, kill))]
                said += [callers.create_task(words(pool, pcm)) for _ in range(CALLERS - 1)]
            assert [each.result() for each in said] == CALLERS * [undisturbed]
    finally:
        await pool.aclose()
    record_testsuite_property("pool_kills", KILLS)
    record_testsuite_property("pool_kills_replayed", pool.counters.replayed)
    assert pool.counters.crashed == KILLS
    assert pool.counters.lost == 0
    assert pool.counters.dropped_bytes == 0
