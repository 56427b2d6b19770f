"""One sentence through a voice, a noisy room, the telephone band and the recogniser with the settings of live calls.

The noise is pink (equal power in every octave), as rooms and streets roughly are, and lasts from before the first word
until after the last, so the voice detector works as it does in a call.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from hotline.twins.takes import Take
from speech import engines
from speech.engines.whole import decode_pcm
from speech.frames import RATE, Float32
from speech.phoneband import to_phone
from speech.settings import SpeechSettings
from speech.voices import Voice, load
from speech.voices.kokoro import KokoroModel

__all__ = ["Ear", "Listener", "ListenerSpec", "Readings", "in_noise"]

Readings = tuple[str, ...]

_BEFORE, _AFTER = 0.4, 0.6


class Ear(Protocol):
    """What makes a twin; `Listener` is one."""

    def hear(self, text: str, takes: Sequence[Take]) -> tuple[Readings, ...]:
        """For each take its readings, best first; none when nothing was understood. The takes share a rendering."""
        ...


@dataclass(frozen=True, slots=True)
class ListenerSpec:
    """What a process needs to open a `Listener` of its own; calling it blocks for seconds.

    Raises `speech.voices.VoiceError` or `speech.errors.ModelError` when a model is missing.
    """

    models: Path
    speech: SpeechSettings

    def __call__(self) -> "Listener":
        model = KokoroModel.load(self.models / "kokoro", threads=1)
        engine = engines.load(engines.choose(self.speech, self.models), self.speech)
        return Listener(lambda take: load(take.voice, self.models, speed=take.speed, model=model), engine)


class Listener:
    """Not to be shared between threads: the engine's decoders are not."""

    def __init__(self, voice_of: Callable[[Take], Voice], engine: engines.Engine) -> None:
        self._voice_of = voice_of
        self._engine = engine

    def hear(self, text: str, takes: Sequence[Take]) -> tuple[Readings, ...]:
        voice = self._voice_of(takes[0])
        said = np.asarray(voice.synthesise(text), dtype=np.float32)
        if not said.size or not np.any(said):
            return tuple(() for _ in takes)
        return tuple(self._understood(said, voice.sample_rate, take) for take in takes)

    def _understood(self, said: Float32, rate: int, take: Take) -> Readings:
        audio = to_phone(in_noise(said, rate, take), round(rate * take.stretch))
        return tuple(each.text for each in decode_pcm(self._engine, audio, RATE, pause=True).alternatives)


def in_noise(said: Float32, rate: int, take: Take) -> Float32:
    """`said` with pink noise at `take.snr_db` below its mean power, and a little of the room before and after."""
    before, after = round(_BEFORE * rate), round(_AFTER * rate)
    audio = np.pad(said, (before, after))
    noise = _pink(len(audio), take.seed)
    power = float(np.mean(np.square(said, dtype=np.float64)))
    loudness = np.sqrt(power / 10 ** (take.snr_db / 10))
    return np.clip(audio + noise * np.float32(loudness), -1.0, 1.0).astype(np.float32)


def _pink(samples: int, seed: int) -> Float32:
    """Pink noise of mean power 1, shaped in the frequency domain; nothing below the first harmonic."""
    white = np.fft.rfft(np.random.default_rng(seed).standard_normal(samples))
    shape = np.zeros(len(white))
    shape[1:] = 1.0 / np.sqrt(np.arange(1, len(white)))
    noise = np.fft.irfft(white * shape, samples)
    return np.asarray(noise / np.sqrt(np.mean(np.square(noise))), dtype=np.float32)
