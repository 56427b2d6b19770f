"""G.711 A-law and mu-law as tables: 8-bit code words to 16-bit samples and back (ITU-T G.711).

Decoding tables are built from the standard's segment rule; encoding picks the code word whose value is nearest, by a
table over all 65,536 samples, so that decode(encode(x)) is the quantiser itself.
"""

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hotline.phone.sdp import Codec

SAMPLE_RATE: Final = 8_000
SILENCE: Final = {Codec.PCMA: b"\xd5", Codec.PCMU: b"\xff"}


def decode(codec: Codec, payload: bytes) -> bytes:
    """G.711 bytes to PCM16 little-endian, twice as long."""
    return _decoding(codec)[np.frombuffer(payload, np.uint8)].astype("<i2").tobytes()


def encode(codec: Codec, pcm: bytes) -> bytes:
    """PCM16 little-endian to G.711 bytes, half as long. `pcm` has an even number of bytes."""
    return _encoding(codec)[np.frombuffer(pcm, "<i2").astype(np.int32) + 32_768].tobytes()


@cache
def _decoding(codec: Codec) -> NDArray[np.int16]:
    rule = _alaw_value if codec is Codec.PCMA else _ulaw_value
    return np.array([rule(code) for code in range(256)], np.int16)


@cache
def _encoding(codec: Codec) -> NDArray[np.uint8]:
    values = _decoding(codec).astype(np.int32)
    order = np.argsort(values, kind="stable")
    ranked = values[order]
    borders = (ranked[1:] + ranked[:-1]) / 2
    return order[np.searchsorted(borders, np.arange(-32_768, 32_768), side="right")].astype(np.uint8)


def _alaw_value(code: int) -> int:
    """Even bits are inverted on the wire (0x55); a set sign bit means positive."""
    code ^= 0x55
    segment, step = (code >> 4) & 7, code & 0x0F
    magnitude = (step << 4) + 8 if segment == 0 else ((step << 4) + 0x108) << (segment - 1)
    return magnitude if code & 0x80 else -magnitude


def _ulaw_value(code: int) -> int:
    """All bits are inverted on the wire; the bias of 33 (132 at 16 bits) is taken off again."""
    code = ~code & 0xFF
    magnitude = ((((code & 0x0F) << 3) + 0x84) << ((code >> 4) & 7)) - 0x84
    return -magnitude if code & 0x80 else magnitude
