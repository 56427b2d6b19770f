"""Recordings made to hesitate: silence of the room's own kind put into the middle of a sentence. For measuring only.

Where a sentence begins and ends is marked by its energy, independently of the voice detector that is to be measured,
and the pause goes to the softest place of its middle, where what quiet there is counts towards it. The quiet is made of
the recording's own frames, overlapped at random, so that nothing but the length tells it from a real one.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from speech.frames import RATE, Float32, dbfs

__all__ = ["Sentence", "mark"]

_STEP: Final = 160
"""Samples of one frame of 20 ms."""

_BELOW_PEAK: Final = 35.0
_ABOVE_FLOOR: Final = 8.0
_LEAST_SPEECH: Final = 1.2
_EDGE: Final = 0.3
"""Share of the sentence at either end that gets no pause: half a second at least."""

_FADE: Final = 40
"""Samples (5 ms) over which a cut fades into the quiet, so that it does not click."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A recording at 8,000 Hz with, in seconds, where speech starts and ends, where it may be interrupted, and how long
    it rests there of itself.
    """

    samples: Float32
    start: float
    end: float
    cut: float
    rest: float
    quiet: Float32

    def interrupted(self, pause: float, tail: float, chance: np.random.Generator) -> tuple[Float32, float]:
        """The recording resting `pause` seconds in the middle (`rest` at least) and with `tail` after its end; and when
        speech ends.
        """
        pause = max(0.0, pause - self.rest)
        at, end = round(self.cut * RATE), round(self.end * RATE)
        first, second = self.samples[:at].copy(), self.samples[at:end].copy()
        if pause > 0:
            ramp = np.linspace(1.0, 0.0, _FADE, dtype=np.float32)
            first[-_FADE:] *= ramp
            second[:_FADE] *= ramp[::-1]
        parts = [first, self._hush(pause, chance), second, self._hush(tail, chance)]
        return np.concatenate(parts).astype(np.float32), self.end + pause

    def _hush(self, seconds: float, chance: np.random.Generator) -> Float32:
        """Quiet frames in random order, overlapped by half with windows whose powers add up to one."""
        size = round(seconds * RATE)
        made = np.zeros(size + 2 * _STEP, dtype=np.float32)
        window = np.sin(np.pi * (np.arange(_STEP) + 0.5) / _STEP).astype(np.float32)
        frames = self.quiet.reshape(-1, _STEP)
        for begin in range(0, size + _STEP, _STEP // 2):
            made[begin : begin + _STEP] += window * frames[chance.integers(len(frames))]
        return made[_STEP // 2 : _STEP // 2 + size]


def mark(samples: Float32) -> Sentence | None:
    """Where the sentence lies in a recording at 8,000 Hz; None when less than 1.2 s is spoken or all of it is as loud.

    Speech is what lies less than 35 dB under the loudest frames and 8 dB above the softest.
    """
    frames = samples[: len(samples) - len(samples) % _STEP].reshape(-1, _STEP)
    levels = np.array([dbfs(frame) for frame in frames])
    if len(levels) < _LEAST_SPEECH * RATE / _STEP:
        return None
    peak, floor = float(np.percentile(levels, 98)), float(np.percentile(levels, 3))
    threshold = max(peak - _BELOW_PEAK, floor + _ABOVE_FLOOR)
    loud = np.flatnonzero(levels > threshold)
    # A click stands alone; a voice lasts three frames.
    loud = np.array([index for index in loud if {index - 1, index + 1} & set(loud.tolist())])
    if not loud.size or (loud[-1] + 1 - loud[0]) * _STEP < _LEAST_SPEECH * RATE:
        return None
    first, last = int(loud[0]), int(loud[-1]) + 1
    edge = max(25, round(_EDGE * (last - first)))
    around = np.convolve(10 ** (levels / 10), np.ones(3), mode="same")
    middle = around[first + edge : last - edge]
    if middle.size == 0:
        return None
    cut = first + edge + int(np.argmin(middle))
    outside = np.r_[levels[:first], levels[last:]]
    softest = np.concatenate([frames[:first], frames[last:]])[np.argsort(outside)][: max(1, len(outside) // 2)]
    quiet = softest if len(softest) >= 5 else frames[np.argsort(levels)[:5]]
    before = int(np.max(loud[loud <= cut])) + 1
    rest = max(0, int(np.min(loud[loud >= cut])) - before)
    return Sentence(
        samples,
        first * _STEP / RATE,
        last * _STEP / RATE,
        (cut + 0.5) * _STEP / RATE,
        rest * _STEP / RATE,
        quiet.ravel().astype(np.float32),
    )
