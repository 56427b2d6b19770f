"""`hotline bench speech`: how much speech the worker pool recognises, beside the same engine with nothing around it.

Throughput is measured unpaced: seconds of audio recognised per second, which is the number of callers that could speak
at once in real time. Lateness is measured paced, at half of that: from the end of a caller's speech to the result. The
event loop is probed every 5 ms while the pool is saturated. The audio is the shipped prompts, or, for a Korean model,
sentences said by espeak-ng.
"""

import asyncio
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hotline.bench.machine import machine
from hotline.bench.report import Figure, Reference, Report
from hotline.errors import HotlineError
from speech.engines import EngineChoice
from speech.engines.choice import threads_for
from speech.frames import FRAME_BYTES, FRAME_SECONDS, seconds_of
from speech.pool import PoolRecogniser
from speech.ports import Final as FinalEvent
from speech.ports import Lost, RecognitionStream
from speech.settings import SpeechSettings
from speech.wavfile import pcm_of, wav_bytes

OF_RAW: Final = 0.95
LATEST_MS: Final = 150.0
LOOP_LAG_MS: Final = 20.0
_PROBE_SECONDS: Final = 0.005
_MOST_PACED: Final = 50
"""Callers at half load: more of them would measure this program, which plays all of them."""

_AT_ONCE: Final = 4
"""Streams that are open at once while the pool is saturated: enough that a worker never waits for the next."""

_KOREAN: Final = (
    "안녕하세요 저는 민원을 신고하고 싶습니다",
    "아파트 앞에 쓰레기가 며칠째 쌓여 있습니다",
    "가로등이 꺼져서 밤에 길이 너무 어둡습니다",
    "버스가 삼십 분 동안 오지 않았습니다",
)
_MANDARIN: Final = ("greeting", "clarify", "ask-place", "no-input-1", "emergency-question", "anything-else")


@dataclass(frozen=True, slots=True)
class Options:
    """`sounds` is the folder of the shipped prompts; `runs` the rounds of each candidate."""

    choice: EngineChoice
    settings: SpeechSettings
    sounds: Path
    runs: int = 5


def run(options: Options, tell: Callable[[str], None] = lambda _words: None) -> Report:
    """Raises HotlineError when the engine cannot be started or the audio cannot be had."""
    before = machine()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        files = _audio(options, Path(folder))
        clips = [pcm_of(file.read_bytes()) for file in files]
        with _raw(options, files) as raw:
            found = asyncio.run(_measure(options, clips, raw, tell))
    seconds = sum(seconds_of(len(clip)) for clip in clips)
    conditions = {
        "engine": options.choice.name,
        "model": options.choice.title,
        "workers": options.settings.workers,
        "threads_a_worker": threads_for(options.settings),
        "audio": f"{len(clips)} utterances, {seconds:.1f} s, 8 kHz",
        "paced_streams": found.paced,
        "load_average_after": machine()["load_average"],
    }
    return Report("speech", before, conditions, found.figures())


@dataclass(frozen=True, slots=True)
class Found:
    """What was seen. Throughputs are seconds of audio per second; lags and memory as named."""

    raw: list[float]
    pool: list[float]
    final_ms: list[float]
    loop_ms: list[float]
    memory_mib: float
    paced: int
    streaming: bool

    def figures(self) -> list[Figure]:
        engine = Reference.of("the engine alone in a loop", self.raw)
        lag = Figure.of(
            "event loop late while saturated, p99", [_p(self.loop_ms, 99)], "ms", goal=LOOP_LAG_MS, at_most=True
        )
        goal = LATEST_MS if self.streaming else None
        return [
            Figure.of("streams in real time at saturation", self.pool, "streams", reference=engine, goal=OF_RAW),
            Figure.of("final after end of speech at half load, p50", [_p(self.final_ms, 50)], "ms"),
            Figure.of(
                "final after end of speech at half load, p95", [_p(self.final_ms, 95)], "ms", goal=goal, at_most=True
            ),
            lag,
            Figure.of("memory of one more stream", [self.memory_mib], "MiB", goal=15.0, at_most=True),
        ]


async def _measure(
    options: Options, clips: list[bytes], raw: Callable[[], float], tell: Callable[[str], None]
) -> Found:
    settings = options.settings.model_copy(update={"streams_per_worker": 1000})
    pool = PoolRecogniser(options.choice, settings)
    tell(f"loading {options.choice.title}")
    await pool.start()
    try:
        # Before anything else: what a worker has once taken from the system it keeps and uses again.
        memory = await _memory(pool, clips[0])
        await _saturated(pool, clips)
        alone: list[float] = []
        pooled: list[float] = []
        lags: list[float] = []
        for number in range(options.runs):
            tell(f"run {number + 1} of {options.runs}: the engine alone, then the pool")
            alone.append(await asyncio.to_thread(raw))
            probe = asyncio.create_task(_probe(lags))
            pooled.append(await _saturated(pool, clips))
            probe.cancel()
            await asyncio.gather(probe, return_exceptions=True)
        paced = min(_MOST_PACED, max(1, math.floor(statistics.median(pooled) / 2)))
        tell(f"paced: {paced} callers speak at once")
        late: list[float] = []
        for _ in range(options.runs):
            late += await _paced(pool, clips, paced)
        return Found(alone, pooled, late, lags, memory, paced, pool.capabilities.streaming)
    finally:
        await pool.aclose()


async def _saturated(pool: PoolRecogniser, clips: list[bytes]) -> float:
    """Seconds of audio recognised per second with always several utterances waiting."""
    loop = asyncio.get_running_loop()
    places = asyncio.Semaphore(_AT_ONCE * max(1, len(pool.worker_pids)))

    async def one(clip: bytes) -> None:
        async with places:
            stream = pool.open("bench")
            for at in range(0, len(clip), 10 * FRAME_BYTES):
                stream.feed(clip[at : at + 10 * FRAME_BYTES])
                await asyncio.sleep(0)
            await _final(stream)

    began = loop.time()
    await asyncio.gather(*(one(clip) for clip in clips))
    return sum(seconds_of(len(clip)) for clip in clips) / (loop.time() - began)


async def _paced(pool: PoolRecogniser, clips: list[bytes], callers: int) -> list[float]:
    """Milliseconds from the end of speech to the result, of callers who speak at the pace of speech."""
    loop = asyncio.get_running_loop()

    async def one(number: int) -> float:
        clip = clips[number % len(clips)]
        await asyncio.sleep(number / callers)
        stream = pool.open("bench")
        began = loop.time()
        for index, at in enumerate(range(0, len(clip), FRAME_BYTES)):
            await asyncio.sleep(max(0.0, began + index * FRAME_SECONDS - loop.time()))
            stream.feed(clip[at : at + FRAME_BYTES])
        ended = loop.time()
        await _final(stream)
        return 1000 * (loop.time() - ended)

    return list(await asyncio.gather(*(one(number) for number in range(callers))))


async def _final(stream: RecognitionStream) -> None:
    stream.finish()
    async for event in stream.events():
        if isinstance(event, Lost):
            raise HotlineError(f"recognition was lost in the measurement: {event.reason}")
        if isinstance(event, FinalEvent):
            break
    await stream.aclose()


async def _probe(lags: list[float]) -> None:
    """How late the loop is for a 5 ms tick, in milliseconds."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + _PROBE_SECONDS
        await asyncio.sleep(_PROBE_SECONDS)
        lags.append(1000 * max(0.0, loop.time() - due))


async def _memory(pool: PoolRecogniser, clip: bytes) -> float:
    """What one more stream costs its worker, in MiB: half a clip in each of eight, while all are open."""
    await _final(pool.open("bench"))
    before = _resident(pool)
    streams = [pool.open("bench") for _ in range(8)]
    for stream in streams:
        stream.feed(clip[: len(clip) // 2])
    # The workers have taken the audio in when the first stream's result is there.
    await _final(streams[0])
    grown = _resident(pool) - before
    for stream in streams:
        await stream.aclose()
    return max(0.0, grown / (len(streams) - 1))


def _resident(pool: PoolRecogniser) -> float:
    pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in pool.worker_pids)
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _p(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100)[percent - 1] if len(values) > 1 else values[0]


def _audio(options: Options, folder: Path) -> list[Path]:
    if not options.choice.title.endswith("-ko"):
        return [options.sounds / f"{name}.wav" for name in _MANDARIN]
    files = []
    for number, text in enumerate(_KOREAN):
        wide, file = folder / f"wide-{number}.wav", folder / f"{number}.wav"
        try:
            subprocess.run(["espeak-ng", "-v", "ko", "-w", str(wide), text], check=True, timeout=30)  # noqa: S603, S607
        except (OSError, subprocess.SubprocessError) as exc:
            raise HotlineError("espeak-ng says the Korean sentences and could not be run; install espeak-ng") from exc
        _to_telephone(wide, file)
        files.append(file)
    return files


def _to_telephone(wide: Path, file: Path) -> None:
    from speech.audiofile import FILE_RATE, read_audio
    from speech.phoneband import to_phone

    file.write_bytes(wav_bytes(to_phone(read_audio(wide), FILE_RATE)))


@contextmanager
def _raw(options: Options, files: list[Path]) -> Iterator[Callable[[], float]]:
    """The engine in a process of its own; each call decodes everything once and gives audio seconds per second."""
    command = [sys.executable, "-m", "hotline.bench.rawspeech", options.choice.name, str(options.choice.folder)]
    command += [str(threads_for(options.settings)), *map(str, files)]
    process = subprocess.Popen(  # noqa: S603 - our own module
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    if process.stdin is None or process.stdout is None:
        raise HotlineError("the engine's process has no pipes")
    talk, answers = process.stdin, process.stdout

    def measure() -> float:
        talk.write("go\n")
        talk.flush()
        line = answers.readline()
        if not line:
            raise HotlineError(f"{options.choice.title} could not be run alone; see `hotline speech engines`")
        seen = json.loads(line)
        return float(seen["seconds"]) / float(seen["elapsed"])

    try:
        if answers.readline().strip() != "ready":
            raise HotlineError(f"{options.choice.title} could not be run alone; see `hotline speech engines`")
        yield measure
    finally:
        talk.close()
        process.wait(30)
        answers.close()
