"""The one reader and writer of telephone WAVs."""

import io
import wave

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech.errors import AudioError
from speech.wavfile import WrongFormat, pcm_of, wav_bytes


@given(st.binary(max_size=2_000).filter(lambda data: len(data) % 2 == 0))
def test_what_is_written_is_read_back(pcm: bytes) -> None:
    assert pcm_of(wav_bytes(pcm)) == pcm


@pytest.mark.parametrize(
    ("rate", "channels", "width", "what"),
    [(16_000, 1, 2, "16000 Hz"), (8_000, 2, 2, r"2 channel\(s\)"), (8_000, 1, 1, "8 bit")],
)
def test_another_kind_is_refused_and_named(rate: int, channels: int, width: int, what: str) -> None:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setframerate(rate)
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.writeframes(bytes(100 * channels * width))
    with pytest.raises(WrongFormat, match=f"{what}.*expected 8000 Hz, 1, 16 bit"):
        pcm_of(out.getvalue())


@given(st.binary(max_size=200))
def test_garbage_is_the_one_error(data: bytes) -> None:
    with pytest.raises(AudioError, match="not a PCM WAV file"):
        pcm_of(data)
