import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech.g711 import alaw_decode, alaw_encode, ulaw_decode, ulaw_encode


def test_every_alaw_code_survives_decoding_and_encoding() -> None:
    codes = bytes(range(256))
    assert alaw_encode(alaw_decode(codes)) == codes


def test_every_ulaw_value_survives_encoding() -> None:
    values = ulaw_decode(bytes(range(256)))
    assert ulaw_decode(ulaw_encode(values)) == values


def test_known_points_of_the_recommendation() -> None:
    # ITU-T G.711: A-law 0xD5 and 0x55 are the smallest steps, 0xAA and 0x2A the largest; mu-law 0xFF is zero.
    assert np.frombuffer(alaw_decode(b"\xd5\x55\xaa\x2a"), "<i2").tolist() == [8, -8, 32256, -32256]
    assert np.frombuffer(ulaw_decode(b"\xff\x80\x00"), "<i2").tolist() == [0, 32124, -32124]


@pytest.mark.parametrize(("encode", "decode"), [(alaw_encode, alaw_decode), (ulaw_encode, ulaw_decode)])
@given(sample=st.integers(-32768, 32767))
def test_the_error_is_a_small_part_of_the_sample(encode, decode, sample: int) -> None:  # type: ignore[no-untyped-def] # pytest parametrises two codecs
    back = int(np.frombuffer(decode(encode(np.array([sample], "<i2").tobytes())), "<i2")[0])
    assert abs(back - sample) <= max(16, abs(sample) * 0.035)
