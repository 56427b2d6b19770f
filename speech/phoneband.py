"""What a telephone makes of a recording: 8,000 Hz, 300 to 3,400 Hz, G.711 A-law. For measuring only.

The band filter is a linear-phase FIR of 255 taps at 8,000 Hz (Hamming window): flat within 0.1 dB from 350 to 3,350 Hz,
more than 40 dB down at 200 Hz and 3,500 Hz, as the send side of ITU-T G.712 asks for.
"""

from typing import Final

import numpy as np

from speech.frames import RATE, Float32, to_pcm
from speech.g711 import alaw_decode, alaw_encode
from speech.resample import resample

__all__ = ["band_pass", "to_phone"]

_TAPS: Final = 255
_LOW: Final = 300.0
_HIGH: Final = 3_400.0


def _band_taps() -> Float32:
    """The windowed-sinc filter: a low pass at the upper edge minus a low pass at the lower one."""
    at = np.arange(_TAPS) - (_TAPS - 1) / 2
    high, low = (2 * edge / RATE * np.sinc(2 * edge / RATE * at) for edge in (_HIGH, _LOW))
    taps: Float32 = ((high - low) * np.hamming(_TAPS)).astype(np.float32)
    return taps


def band_pass(samples: Float32) -> Float32:
    """8,000 Hz samples limited to the telephone band; same length, no delay."""
    if samples.size == 0:
        return samples
    filtered = np.convolve(samples, _band_taps(), mode="full")
    return filtered[_TAPS // 2 : _TAPS // 2 + samples.size].astype(np.float32)


def to_phone(samples: Float32, rate: int) -> bytes:
    """A recording as it arrives over the telephone: 8,000 Hz PCM16 that went through the band filter and A-law."""
    return alaw_decode(alaw_encode(to_pcm(band_pass(resample(samples, rate, RATE)))))
