import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech.frames import FRAME_BYTES, FrameCutter, bytes_of, dbfs, seconds_of, to_float, to_pcm


@pytest.mark.fault("F45")
@given(st.binary(max_size=2000), st.lists(st.integers(1, 700), max_size=20))
def test_any_chunking_gives_the_same_frames(data: bytes, sizes: list[int]) -> None:
    whole = FrameCutter()
    expected = [*whole.feed(data), whole.flush()]
    cutter, got, rest = FrameCutter(), [], data
    for size in sizes:
        got += cutter.feed(rest[:size])
        rest = rest[size:]
    got += cutter.feed(rest)
    assert [*got, cutter.flush()] == expected


def test_the_last_frame_is_padded_with_silence() -> None:
    cutter = FrameCutter()
    assert cutter.feed(b"\x01\x02") == []
    assert cutter.flush() == b"\x01\x02" + bytes(FRAME_BYTES - 2)
    assert cutter.flush() is None


@given(st.binary(max_size=400))
def test_pcm_survives_the_way_to_float_and_back(pcm: bytes) -> None:
    pcm = pcm[: len(pcm) // 2 * 2]
    assert to_pcm(to_float(pcm)) == pcm


def test_loud_samples_are_clipped_and_not_wrapped() -> None:
    assert to_float(to_pcm(np.array([2.0, -2.0], dtype=np.float32))).tolist() == [32767 / 32768, -1.0]


def test_seconds_and_bytes_agree() -> None:
    assert bytes_of(0.02) == FRAME_BYTES
    assert seconds_of(FRAME_BYTES) == pytest.approx(0.02)


def test_full_scale_square_is_zero_dbfs_and_silence_the_floor() -> None:
    assert dbfs(np.ones(100, dtype=np.float32)) == pytest.approx(0.0)
    assert dbfs(np.zeros(100, dtype=np.float32)) == -120.0
    assert dbfs(np.zeros(0, dtype=np.float32)) == -120.0
