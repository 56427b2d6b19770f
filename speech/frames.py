"""Frame arithmetic of the telephone side: 20 ms of signed 16-bit little-endian mono at 8,000 Hz. Pure; no I/O.

`FrameCutter` turns audio of any chunking into whole frames; feeding one byte at a time or all at once gives the
same frames (property-tested).
"""

from typing import Final

import numpy as np
import numpy.typing as npt

RATE: Final = 8_000
FRAME_SECONDS: Final = 0.02
FRAME_SAMPLES: Final = 160
FRAME_BYTES: Final = 320
BYTES_PER_SAMPLE: Final = 2
SILENCE: Final = bytes(FRAME_BYTES)

Float32 = npt.NDArray[np.float32]


def seconds_of(pcm_bytes: int, rate: int = RATE) -> float:
    """How long `pcm_bytes` bytes of 16-bit mono last, in seconds."""
    return pcm_bytes / (BYTES_PER_SAMPLE * rate)


def bytes_of(seconds: float, rate: int = RATE) -> int:
    """How many bytes `seconds` of 16-bit mono take, a whole number of samples."""
    return BYTES_PER_SAMPLE * round(seconds * rate)


def to_float(pcm: bytes) -> Float32:
    """16-bit little-endian PCM as float32 in -1..1. An odd last byte is not a sample and is left out."""
    return np.frombuffer(pcm, dtype="<i2", count=len(pcm) // BYTES_PER_SAMPLE).astype(np.float32) / np.float32(32768.0)


def to_pcm(samples: Float32) -> bytes:
    """Float samples as 16-bit little-endian PCM, clipped to full scale."""
    return bytes(np.clip(np.rint(samples * 32768.0), -32768, 32767).astype("<i2").tobytes())


def dbfs(samples: Float32) -> float:
    """RMS level in dB relative to full scale; -120 for digital silence or no samples."""
    if samples.size == 0:
        return -120.0
    power = float(np.mean(np.square(samples, dtype=np.float64)))
    return max(-120.0, 10.0 * float(np.log10(power))) if power > 0 else -120.0


class FrameCutter:
    """Cuts a byte stream into frames of `size` bytes and keeps the remainder (always less than one frame)."""

    def __init__(self, size: int = FRAME_BYTES) -> None:
        self._size = size
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The whole frames that are complete now, in order."""
        data = self._rest + data
        whole = len(data) - len(data) % self._size
        self._rest = data[whole:]
        return [data[at : at + self._size] for at in range(0, whole, self._size)]

    def flush(self) -> bytes | None:
        """The last frame, padded with silence, or None when nothing is left."""
        if not self._rest:
            return None
        last, self._rest = self._rest.ljust(self._size, b"\0"), b""
        return last
