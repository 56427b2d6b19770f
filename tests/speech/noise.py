"""Sixty clips of sounds that nobody said, each 3 to 6 s at 8,000 Hz: what a recogniser must answer with nothing.

Twelve each of silence (digital, comfort noise), mains hum, music (tunes with envelopes and harmony), babble (many
voices at once, played backwards, so that no word is in it), and keys. The same seed gives the same clips.
"""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from speech.frames import RATE, to_pcm
from tests.e2e.ear import prompt_samples

__all__ = ["KINDS", "clips"]

Samples = np.ndarray[Any, np.dtype[np.float64]]

KINDS: Final = ("silence", "hum", "music", "babble", "keys")
_EACH: Final = 12
_ROWS: Final = (697.0, 770.0, 852.0, 941.0)
_COLUMNS: Final = (1209.0, 1336.0, 1477.0, 1633.0)
_SPEAKERS: Final = ("greeting", "clarify", "ask-place", "no-input-1", "anything-else", "go-ahead", "goodbye", "record")


def clips(seed: int = 0) -> Iterator[tuple[str, bytes]]:
    """Name and PCM of every clip; another seed gives others of the same kinds."""
    for kind in KINDS:
        for number in range(_EACH):
            chance = np.random.default_rng([seed, KINDS.index(kind), number])
            at = np.arange(int(RATE * chance.uniform(3, 6))) / RATE
            made = {"silence": _silence, "hum": _hum, "music": _music, "babble": _babble, "keys": _keys}[kind]
            sound = made(at, chance, number) + chance.normal(0, 10 ** (-62 / 20), len(at)) * (number > 0)
            yield f"{kind}-{number}", to_pcm(np.clip(sound, -1, 1).astype(np.float32))


def _silence(at: Samples, chance: np.random.Generator, number: int) -> Samples:
    """The first is digital silence, the last as loud as a bad line."""
    return np.asarray(chance.normal(0, 10 ** ((-75 + 3 * number) / 20), len(at)) * (number > 0))


def _hum(at: Samples, chance: np.random.Generator, number: int) -> Samples:
    sound = np.zeros(len(at))
    for harmonic in range(1, 12):
        sound += chance.uniform(0, 1 / harmonic) * np.sin(2 * np.pi * 50 * harmonic * at + chance.uniform(0, 6))
    return 10 ** (chance.uniform(-40, -14) / 20) * sound


def _music(at: Samples, chance: np.random.Generator, number: int) -> Samples:
    """A tune on a pentatonic scale with overtones and a second voice."""
    sound, position = np.zeros(len(at)), 0
    scale = 220 * 2 ** (np.array([0, 2, 4, 7, 9, 12, 14, 16]) / 12)
    while position < len(at):
        length = min(len(at) - position, int(RATE * chance.choice([0.2, 0.3, 0.4, 0.6])))
        time = np.arange(length) / RATE
        envelope = np.minimum(1, time / 0.02) * np.exp(-time * chance.uniform(1, 5))
        for pitch in chance.choice(scale, 2):
            for overtone in range(1, 5):
                sound[position : position + length] += envelope * np.sin(2 * np.pi * pitch * overtone * time) / overtone
        position += length
    return 0.12 * sound


def _babble(at: Samples, chance: np.random.Generator, number: int) -> Samples:
    sound = np.zeros(len(at))
    for _ in range(8):
        voice = prompt_samples(str(chance.choice(_SPEAKERS)))[::-1] / 32_768
        sound += chance.uniform(0.4, 1) * np.roll(np.resize(voice, len(at)), int(chance.integers(0, RATE * 4)))
    return 0.25 * sound


def _keys(at: Samples, chance: np.random.Generator, number: int) -> Samples:
    sound, position = np.zeros(len(at)), RATE // 2
    while position + RATE // 4 < len(at):
        time = at[: int(RATE * chance.uniform(0.08, 0.2))]
        pair = chance.choice(_ROWS), chance.choice(_COLUMNS)
        sound[position : position + len(time)] = sum(0.2 * np.sin(2 * np.pi * each * time) for each in pair)
        position += int(RATE * chance.uniform(0.25, 0.5))
    return sound
