"""The trade of endpointing, measured: how often a caller is cut off in a pause, and how long a finished one waits.

Each recording gets one pause of every length and runs through the voice detector and the endpointer in audio time. What
the wording of the text does is measured with the engine's own text of the words before the pause and of the whole, told
to the endpointer as late as it would be in a call: a pause's decode begins 0.24 s into it and takes what it takes. What
the same text would do from an engine that streams, and so has it as the voice rests, is shown beside it.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from speech.audiofile import FILE_RATE, read_audio
from speech.endpoint import Ended, Endpoint, EndpointTimes, Onset
from speech.engines.port import Engine
from speech.errors import AudioError
from speech.frames import FRAME_BYTES, FRAME_SECONDS, RATE, FrameCutter, bytes_of, to_float, to_pcm
from speech.pauses import Sentence, mark
from speech.phoneband import to_phone
from speech.turns import Wording, wording
from speech.vad import Vad

__all__ = ["PAUSES", "Heard", "PauseReport", "PauseRow", "Trial", "grid", "hear", "measure", "take", "trials"]

PAUSES: Final = (0.0, 0.3, 0.5, 0.7, 1.0, 1.5)
"""Seconds of quiet put into each sentence; 0 is the recording as it is."""

_TAIL: Final = 4.0
_NEAR: Final = 0.25
"""Seconds by which the voice detector and the marks of a sentence may differ about where its voice rests."""

Words = Literal["none", "decoded", "streamed"]
"""The text the endpointer is told: none, the engine's when it is there, or the same `_STREAMED` after the voice."""

_STREAMED: Final = 0.3
_DECODE_FROM: Final = 0.24
_PIECE: Final = 0.1


@dataclass(frozen=True, slots=True)
class Heard:
    """A text while nobody speaks: how it is worded, and how long after the last voice it is there, in seconds."""

    wording: Wording
    after: float


@dataclass(frozen=True, slots=True)
class Trial:
    """One sentence with one pause: what the voice detector said of each frame, and when, in seconds, things happen."""

    voiced: tuple[bool, ...]
    pause: float
    start: float
    cut: float
    rest: float
    end: float
    words: tuple[Heard | None, Heard | None] = (None, None)
    """The text at the cut and at the end."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What the endpointer made of a trial; None for what it did not say."""

    onset: float | None
    started: float | None
    announced: float | None
    ended: float | None


@dataclass(frozen=True, slots=True)
class PauseRow:
    """One choice of times. `cut_off` is the share ended before all was said, for each pause; the others are medians and
    95th percentiles of the seconds from the true end to the end found, and to the recogniser's result, over the rest.
    """

    times: EndpointTimes
    words: Words
    cut_off: dict[float, float]
    upto_one: float
    delay: tuple[float, float]
    result: tuple[float, float]

    def as_json(self) -> dict[str, Any]:
        return {
            "pause_done": self.times.pause_done,
            "pause": self.times.pause,
            "pause_open": self.times.pause_open,
            "words": self.words,
            "cut_off": {f"{pause:g}": round(share, 4) for pause, share in self.cut_off.items()},
            "cut_off_upto_1.0": round(self.upto_one, 4),
            "delay": {"p50": round(self.delay[0], 3), "p95": round(self.delay[1], 3)},
            "result": {"p50": round(self.result[0], 3), "p95": round(self.result[1], 3)},
        }


@dataclass(frozen=True, slots=True)
class PauseReport:
    """The table, with how many recordings are in it and why others are not; onset times in seconds."""

    engine: str
    recordings: int
    too_short: int
    failed: tuple[str, ...]
    onset: tuple[float, float]
    decode: tuple[float, float]
    rows: tuple[PauseRow, ...] = field(default=())

    def as_json(self) -> dict[str, Any]:
        """The document of `hotline speech evaluate --pauses`."""
        return {
            "engine": self.engine,
            "recordings": self.recordings,
            "too_short": self.too_short,
            "failed": list(self.failed),
            "pauses": list(PAUSES),
            "onset": {"p50": round(self.onset[0], 3), "p95": round(self.onset[1], 3)},
            "decode": {"p50": round(self.decode[0], 3), "p95": round(self.decode[1], 3)},
            "rows": [row.as_json() for row in self.rows],
        }


def grid(times: EndpointTimes, pauses: Sequence[float] = (0.4, 0.5, 0.6, 0.8, 1.0, 1.1, 1.3)) -> list[EndpointTimes]:
    """The times as configured, and the same with other values of `pause`."""
    others = [
        EndpointTimes(times.onset, pause, max(pause, times.pause_open), times.limit, times.pause_done)
        for pause in pauses
        if pause != times.pause
    ]
    return [times, *others]


def hear(sentence: Sentence, engine: Engine) -> tuple[tuple[Heard, Heard], list[float]]:
    """The text of the words before the cut, and of all, with how late each is in a call; and the decoding times."""
    decoder = engine.open(RATE)
    samples, _ = sentence.interrupted(2 * _DECODE_FROM, 2 * _DECODE_FROM, np.random.default_rng(0))
    cut = bytes_of(sentence.cut + max(0.0, 2 * _DECODE_FROM - sentence.rest))
    pcm, text = to_pcm(samples), ""
    heard: list[Heard] = []
    took: list[float] = []
    for part in (pcm[:cut], pcm[cut:]):
        for at in range(0, len(part), bytes_of(_PIECE)):
            decoder.accept(part[at : at + bytes_of(_PIECE)])
        began, spent = time.monotonic(), time.process_time()
        text = decoder.partial() or text
        took.append(min(time.monotonic() - began, time.process_time() - spent))
        heard.append(Heard(wording(text), _DECODE_FROM + took[-1]))
    return (heard[0], heard[1]), took


def trials(sentence: Sentence, vad: Callable[[], Vad], words: tuple[Heard, Heard] | None = None) -> list[Trial]:
    """The sentence with each of `PAUSES`, as the voice detector sees it."""
    made = []
    for pause in PAUSES:
        samples, end = sentence.interrupted(pause, _TAIL, np.random.default_rng(round(pause * 100)))
        detector = vad()
        frames = FrameCutter(FRAME_BYTES).feed(to_pcm(samples))
        voiced = tuple(detector.voiced(frame) for frame in frames)
        made.append(Trial(voiced, pause, sentence.start, sentence.cut, sentence.rest, end, words or (None, None)))
    return made


def take(trial: Trial, times: EndpointTimes, words: Words = "none") -> Taken:
    """One trial through the endpointer, up to the first end it finds."""
    endpoint = Endpoint(times)
    endpoint.arm()
    onset = started = None
    last_voice, told = 0.0, False
    for index, voiced in enumerate(trial.voiced):
        start, now = index * FRAME_SECONDS, (index + 1) * FRAME_SECONDS
        if voiced:
            last_voice, told = now, False
        heard = _at(trial, last_voice) if words != "none" else None
        if heard is not None and not told and now - last_voice >= (_STREAMED if words == "streamed" else heard.after):
            endpoint.hear(heard.wording, last_voice)
            told = True
        match endpoint.frame(voiced, start, now):
            case Onset(began):
                onset, started = now, began
            case Ended(ended):
                return Taken(onset, started, now, ended)
            case _:
                pass
    return Taken(onset, started, None, None)


def _at(trial: Trial, last_voice: float) -> Heard | None:
    """The text that is being worked out while the voice rests since `last_voice`."""
    if trial.pause and abs(last_voice - trial.cut) <= trial.rest + _NEAR:
        return trial.words[0]
    return trial.words[1] if last_voice >= trial.end - _NEAR else None


def _row(listed: Sequence[Trial], times: EndpointTimes, words: Words) -> PauseRow:
    cut: dict[float, list[bool]] = {pause: [] for pause in PAUSES}
    delays: list[float] = []
    results: list[float] = []
    for trial in listed:
        taken = take(trial, times, words)
        early = taken.announced is not None and taken.announced < trial.end
        cut[trial.pause].append(early)
        if taken.announced is not None and taken.ended is not None and not early:
            delays.append(taken.announced - trial.end)
            whole = trial.words[1] if words != "streamed" else None
            ready = taken.ended + whole.after if whole is not None else 0.0
            results.append(max(taken.announced, ready) - trial.end)
    shares = {pause: sum(early) / len(early) if early else 0.0 for pause, early in cut.items()}
    short = [early for pause, listed_ in cut.items() if 0 < pause <= 1.0 for early in listed_]
    return PauseRow(
        times, words, shares, sum(short) / len(short) if short else 0.0, _percentiles(delays), _percentiles(results)
    )


def _percentiles(values: Sequence[float]) -> tuple[float, float]:
    return (float(np.percentile(values, 50)), float(np.percentile(values, 95))) if values else (0.0, 0.0)


def measure(
    files: Iterable[Path],
    vad: Callable[[], Vad],
    table: Sequence[EndpointTimes],
    engine: Engine | None = None,
    *,
    name: str = "",
    progress: Callable[[int], None] = lambda done: None,
) -> PauseReport:
    """The trade over `table`, at telephone band; blocks. With an `engine` every row comes again with the wording of its
    texts, as late as they are and as if they were streamed; their decoding counts with its processor seconds where
    other programs made it last longer.
    """
    listed: list[Trial] = []
    took: list[float] = []
    failed: list[str] = []
    short = count = 0
    for done, path in enumerate(files, start=1):
        progress(done)
        try:
            samples = read_audio(path)
        except AudioError as exc:
            failed.append(str(exc))
            continue
        sentence = mark(to_float(to_phone(samples, FILE_RATE)))
        if sentence is None:
            short += 1
            continue
        count += 1
        words = None
        if engine is not None:
            words, times = hear(sentence, engine)
            took += times
        listed += trials(sentence, vad, words)
    onsets = [
        taken.onset - trial.start
        for trial in listed
        if trial.pause == 0 and (taken := take(trial, table[0])).onset is not None
    ]
    kinds: tuple[Words, ...] = ("none", "decoded", "streamed") if engine is not None else ("none",)
    rows = tuple(_row(listed, times, kind) for kind in kinds for times in table)
    return PauseReport(name, count, short, tuple(failed), _percentiles(onsets), _percentiles(took), rows)
