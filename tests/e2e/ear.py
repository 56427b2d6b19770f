"""What a caller heard, told from the sound alone: which prompt, which number, which tones.

Prompts are found by normalised cross-correlation with the shipped audio, so neither a log line nor the live board has
a say. Audio is PCM16 mono at 8 kHz; times are seconds from its start.
"""

import wave
from functools import cache
from typing import Any, Final

import numpy as np

from hotline.layout import shipped_sounds

RATE: Final = 8000
LIKENESS: Final = 0.6
"""Of 1. G.711 and jitter leave a heard prompt above 0.9; other speech stays below 0.3."""

TEMPLATE_SECONDS: Final = 1.5

Samples = np.ndarray[Any, np.dtype[np.float64]]


def samples_of(pcm: bytes) -> Samples:
    return np.frombuffer(pcm[: len(pcm) & ~1], "<i2").astype(np.float64)


@cache
def prompt_samples(name: str) -> Samples:
    """A shipped prompt without the silence around it."""
    with wave.open(str(shipped_sounds() / f"{name}.wav")) as file:
        samples = samples_of(file.readframes(file.getnframes()))
    loud = np.flatnonzero(np.abs(samples) > 300)
    return samples[loud[0] : loud[-1] + 1]


def find_prompt(pcm: bytes, name: str, after: float = 0.0) -> float | None:
    """Second at which the prompt's beginning is heard for the first time, None when it is not."""
    template = prompt_samples(name)[: int(TEMPLATE_SECONDS * RATE)]
    start = int(after * RATE)
    likeness = _likeness(samples_of(pcm)[start:], template)
    over = np.flatnonzero(likeness > LIKENESS)
    if not len(over):
        return None
    first = int(over[0])
    best = first + int(np.argmax(likeness[first : first + RATE // 10]))
    return (start + best) / RATE


def read_number(pcm: bytes, digits: int = 12) -> str:
    """The number read out after "ticket-number" as the ear has it, pair by pair; shorter when it broke off."""
    begin = find_prompt(pcm, "ticket-number")
    if begin is None:
        return ""
    sound = samples_of(pcm)
    position = int(begin * RATE) + len(prompt_samples("ticket-number"))
    number = ""
    while len(number) < digits:
        position = max(0, position - RATE // 10)
        window = sound[position : position + 2 * RATE]
        heard = {f"{pair:02d}": _first(window, prompt_samples(f"pair-{pair:02d}")) for pair in range(100)}
        likely = {pair: offset for pair, (offset, likeness) in heard.items() if likeness >= LIKENESS}
        if not likely:
            break
        first = min(likely.values())
        pair = max((each for each in likely if likely[each] < first + RATE // 5), key=lambda each: heard[each][1])
        number += pair
        position += likely[pair] + len(prompt_samples(f"pair-{pair}"))
    return number


def tone_share(pcm: bytes, hertz: float, width: float = 15.0) -> float:
    """How much of the sound's energy lies within `width` Hz of a tone, 0 to 1."""
    samples = samples_of(pcm)
    if len(samples) < RATE // 10:
        return 0.0
    power = np.abs(np.fft.rfft(samples)) ** 2
    frequency = np.fft.rfftfreq(len(samples), 1 / RATE)
    total = float(power[frequency > 60].sum())
    return float(power[np.abs(frequency - hertz) <= width].sum()) / total if total else 0.0


def dbfs(pcm: bytes) -> float:
    samples = samples_of(pcm)
    square = float(np.mean(samples**2)) if len(samples) else 0.0
    return 10 * float(np.log10(square / 32_768**2)) if square else -100.0


def _first(window: Samples, template: Samples) -> tuple[int, float]:
    """Offset and likeness of the first place that is alike: the same pair may be read twice in a row."""
    likeness = _likeness(window, template)
    over = np.flatnonzero(likeness >= LIKENESS)
    if not len(over):
        return 0, 0.0
    begin = int(over[0])
    best = begin + int(np.argmax(likeness[begin : begin + RATE // 10]))
    return best, float(likeness[best])


def _likeness(sound: Samples, template: Samples) -> Samples:
    """Normalised cross-correlation at every offset where the whole template fits."""
    if len(sound) < len(template):
        return np.zeros(0)
    size = 1 << int(np.ceil(np.log2(len(sound) + len(template))))
    product = np.fft.irfft(np.fft.rfft(sound, size) * np.conj(np.fft.rfft(template, size)), size)
    product = product[: len(sound) - len(template) + 1]
    sums = np.concatenate(([0.0], np.cumsum(sound**2)))
    energy = sums[len(template) :] - sums[: -len(template)]
    scale = np.sqrt(np.maximum(energy, 1e4 * len(template)) * float(np.sum(template**2)))
    return np.asarray(product / scale)
