"""Ten minutes of speech without a pause, and ten of noise: what they cost."""

import asyncio
import time
import tracemalloc
from collections.abc import AsyncIterator

import numpy as np
import pytest

from speech.capacity import Load
from speech.counters import RecognitionCounters
from speech.frames import FRAME_SECONDS, RATE, to_pcm
from speech.listener import Listener, SpeechStarted, Utterance
from speech.ports import Alternative, Bias, Capabilities, Final, RecognitionEvent
from speech.replay import ReplayBuffer
from speech.settings import SpeechSettings
from speech.vad import make_vad

MINUTES = 10
SETTINGS = SpeechSettings()


class Forgetful:
    """A recogniser that keeps no audio: what memory is used is the listener's own."""

    name = "forgetful"
    ready = True
    load = Load(0, 1)
    capabilities = Capabilities(True, True, True, RATE)

    def __init__(self) -> None:
        self.counters = RecognitionCounters()
        self.lengths: list[int] = []

    async def start(self) -> None:
        """Always there."""

    def open(self, stream_id: str, bias: Bias | None = None) -> "ForgetfulStream":
        self.lengths.append(0)
        return ForgetfulStream(self)

    async def aclose(self) -> None:
        """Nothing to give back."""


class ForgetfulStream:
    def __init__(self, owner: Forgetful) -> None:
        self._owner = owner
        self._over = asyncio.Event()

    def feed(self, pcm: bytes) -> None:
        self._owner.lengths[-1] += len(pcm)

    def finish(self) -> None:
        self._over.set()

    async def events(self) -> AsyncIterator[RecognitionEvent]:
        await self._over.wait()
        yield Final((Alternative("说", 0.9),), 0.0, 1.0, 0.9)

    async def aclose(self) -> None:
        self._over.set()


class Always:
    def voiced(self, pcm: bytes) -> bool:
        return True

    def reset(self) -> None:
        """Nothing to forget."""


@pytest.mark.fault("F60")
async def test_ten_minutes_of_speech_come_in_pieces_and_memory_stays_flat() -> None:
    recogniser = Forgetful()
    listener = Listener(recogniser, SETTINGS, "call", Always())
    utterances: list[Utterance] = []

    async def hear() -> None:
        async for event in listener.events():
            if isinstance(event, Utterance):
                utterances.append(event)
                listener.listen()

    hearing = asyncio.create_task(hear())
    listener.listen()
    frame = b"\x10\x00" * 160
    grown = []
    tracemalloc.start()
    try:
        for number in range(round(MINUTES * 60 / FRAME_SECONDS)):
            listener.feed(frame)
            if number % 50 == 0:
                await asyncio.sleep(0)
                await asyncio.sleep(0)
            if number % 3000 == 2999:
                grown.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    await listener.aclose()
    await hearing
    limit = SETTINGS.endpoint.limit
    assert len(utterances) >= MINUTES * 60 // limit - 1
    assert all(each.ended_by == "limit" for each in utterances)
    assert max(recogniser.lengths) / 16_000 <= limit + 2
    assert sum(recogniser.lengths) / 16_000 > MINUTES * 60 - 3 * len(utterances) - limit
    assert max(grown[2:]) - grown[1] < 100_000


@pytest.mark.fault("F60")
def test_what_is_kept_of_a_long_utterance_for_a_replay_has_a_limit() -> None:
    buffer = ReplayBuffer(16_000 * 30)
    for _ in range(MINUTES * 60 * 50):
        buffer.append(bytes(320))
        buffer.take(320)
    assert buffer.received == MINUTES * 60 * 16_000
    assert buffer.received - buffer.rewind() <= 16_000 * 30
    assert buffer.dropped == 0


@pytest.mark.fault("F61")
@pytest.mark.parametrize("kind", ["music", "hum", "howl", "fax", "hiss"])
async def test_noise_costs_less_than_a_tenth_of_a_core(kind: str) -> None:
    """Processor time, so that what else the machine does has no say."""
    at = np.arange(10 * RATE) / RATE
    chance = np.random.default_rng(61)
    tones = {"music": (262, 330, 392), "hum": (50, 150, 250), "howl": (1_900,), "fax": (1_100, 2_100), "hiss": ()}
    sound = sum((0.15 * np.sin(2 * np.pi * hertz * at) for hertz in tones[kind]), chance.normal(0, 0.02, len(at)))
    pcm = to_pcm(np.clip(sound, -1, 1).astype(np.float32))
    recogniser = Forgetful()
    listener = Listener(recogniser, SETTINGS, "call", make_vad(SETTINGS.vad, SETTINGS.vad_threshold))
    listener.listen()
    started: list[SpeechStarted] = []

    async def hear() -> None:
        started.extend([event async for event in listener.events() if isinstance(event, SpeechStarted)])

    hearing = asyncio.create_task(hear())
    began = time.process_time()
    for start in range(0, len(pcm), 320):
        listener.feed(pcm[start : start + 320])
        await asyncio.sleep(0)
    used = time.process_time() - began
    await listener.aclose()
    await hearing
    assert used < 0.1 * 10
    assert started == []
    assert recogniser.lengths == []
