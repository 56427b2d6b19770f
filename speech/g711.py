"""G.711 A-law and mu-law (ITU-T G.711) as numpy table look-ups: `audioop` left the standard library with Python 3.13.

Encoding takes the code whose decoded value lies nearest, so that `decode` after `encode` is the identity on codes.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ["alaw_decode", "alaw_encode", "ulaw_decode", "ulaw_encode"]

_Table = npt.NDArray[np.int16]


def _alaw_value(code: int) -> int:
    code ^= 0x55
    exponent, mantissa = (code >> 4) & 7, code & 15
    magnitude = (mantissa << 4) + 8 if exponent == 0 else ((mantissa << 4) + 0x108) << (exponent - 1)
    return magnitude if code & 0x80 else -magnitude


def _ulaw_value(code: int) -> int:
    code = ~code & 0xFF
    magnitude = ((((code & 15) << 3) + 0x84) << ((code >> 4) & 7)) - 0x84
    return -magnitude if code & 0x80 else magnitude


def _nearest(values: _Table) -> npt.NDArray[np.uint8]:
    """For every 16-bit sample (index = sample + 32768) the code that decodes nearest to it."""
    order = np.argsort(values, kind="stable")
    ordered = values[order].astype(np.int32)
    samples = np.arange(-32768, 32768, dtype=np.int32)
    borders = (ordered[1:] + ordered[:-1]) / 2
    return order[np.searchsorted(borders, samples, side="left")].astype(np.uint8)


_ALAW: Final[_Table] = np.array([_alaw_value(code) for code in range(256)], dtype=np.int16)
_ULAW: Final[_Table] = np.array([_ulaw_value(code) for code in range(256)], dtype=np.int16)
_TO_ALAW: Final = _nearest(_ALAW)
_TO_ULAW: Final = _nearest(_ULAW)


def _encode(pcm: bytes, table: npt.NDArray[np.uint8]) -> bytes:
    samples = np.frombuffer(pcm, dtype="<i2", count=len(pcm) // 2).astype(np.int32)
    return table[samples + 32768].tobytes()


def _decode(codes: bytes, table: _Table) -> bytes:
    return table[np.frombuffer(codes, dtype=np.uint8)].astype("<i2").tobytes()


def alaw_encode(pcm: bytes) -> bytes:
    """16-bit little-endian PCM to A-law, one byte a sample."""
    return _encode(pcm, _TO_ALAW)


def alaw_decode(codes: bytes) -> bytes:
    """A-law to 16-bit little-endian PCM."""
    return _decode(codes, _ALAW)


def ulaw_encode(pcm: bytes) -> bytes:
    """16-bit little-endian PCM to mu-law, one byte a sample."""
    return _encode(pcm, _TO_ULAW)


def ulaw_decode(codes: bytes) -> bytes:
    """Mu-law to 16-bit little-endian PCM. Positive and negative zero both decode to 0."""
    return _decode(codes, _ULAW)
