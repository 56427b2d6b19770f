"""Where the voice is in an utterance, as a growing map over 20 ms frames; what Whisper's guards and cuts rest on."""

from collections.abc import Callable

import numpy as np

from speech.frames import Float32, to_pcm
from speech.vad import Vad

__all__ = ["VoiceMap", "cut_points", "level"]

_STEP = 0.02


class VoiceMap:
    """Takes audio as it comes and remembers for each 20 ms frame whether it was voiced."""

    def __init__(self, vad: Vad, rate: int) -> None:
        self._vad = vad
        self._size = round(rate * _STEP)
        self._rest = np.zeros(0, dtype=np.float32)
        self._frames: list[bool] = []

    def feed(self, samples: Float32) -> None:
        samples = np.concatenate([self._rest, samples])
        whole = len(samples) - len(samples) % self._size
        for at in range(0, whole, self._size):
            self._frames.append(self._vad.voiced(to_pcm(samples[at : at + self._size])))
        self._rest = samples[whole:]

    def voiced(self, start: float = 0.0, end: float | None = None) -> float:
        """Seconds of voice between two times."""
        last = len(self._frames) if end is None else round(end / _STEP)
        return sum(self._frames[round(start / _STEP) : last]) * _STEP

    def spoken(self, start: float, end: float) -> float:
        """Seconds between two times in which speech may lie: the voice, or most of the stretch from its first to its
        last frame, since a detector misses the soft half of a word.
        """
        hits = [index for index, voiced in enumerate(self._frames[round(start / _STEP) : round(end / _STEP)]) if voiced]
        return max(len(hits), 0.8 * (hits[-1] + 1 - hits[0])) * _STEP if hits else 0.0

    @property
    def quiet_tail(self) -> float:
        """Seconds since the last voice."""
        for index, voiced in enumerate(reversed(self._frames)):
            if voiced:
                return index * _STEP
        return len(self._frames) * _STEP

    def bounds(self) -> tuple[float, float]:
        """Where the voice begins and ends, in seconds; the whole when there was none."""
        hits = [index for index, voiced in enumerate(self._frames) if voiced]
        if not hits:
            return 0.0, len(self._frames) * _STEP
        return hits[0] * _STEP, (hits[-1] + 1) * _STEP

    def frames(self) -> tuple[bool, ...]:
        return tuple(self._frames)


def cut_points(frames: tuple[bool, ...], longest: float, energy: Callable[[int], float]) -> list[float]:
    """Seconds at which to cut so that no piece exceeds `longest`: in the longest quiet run of each piece's second half,
    or, where the voice never rests, at its softest frame (`energy` of a frame index).
    """
    cuts: list[float] = []
    begin, span = 0, round(longest / _STEP)
    while len(frames) - begin > span:
        low, high = begin + span // 2, begin + span
        best = (0, 0)
        run = 0
        for index in range(low, high):
            run = 0 if frames[index] else run + 1
            best = max(best, (run, index))
        at = best[1] - best[0] // 2 if best[0] >= 5 else min(range(low, high), key=energy)
        cuts.append(at * _STEP)
        begin = at
    return cuts


def level(samples: Float32, frames: tuple[bool, ...], rate: int, target: float) -> Float32:
    """The samples with their voiced part brought to `target` dBFS RMS. The gain is limited to ±30 dB and peaks to full
    scale; telephone speech arrives anywhere between -45 and -10 dBFS and Whisper is best near its training level.
    """
    samples = samples - np.float32(samples.mean()) if samples.size else samples
    size = round(rate * _STEP)
    mask = np.repeat(np.array(frames[: len(samples) // size], dtype=bool), size)
    voiced = samples[: len(mask)][mask] if mask.any() else samples
    power = float(np.mean(np.square(voiced, dtype=np.float64))) if voiced.size else 0.0
    if power <= 1e-10:
        return samples
    gain = 10 ** (min(30.0, max(-30.0, target - 10 * float(np.log10(power)))) / 20)
    levelled: Float32 = np.clip(samples * np.float32(gain), -1.0, 1.0)
    return levelled
