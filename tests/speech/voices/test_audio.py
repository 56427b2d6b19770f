"""Loudness, peaks and silence of telephone audio."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech.voices.audio import (
    PEAK_CEILING,
    TARGET_LUFS,
    faded,
    from_pcm16,
    levelled,
    loudness,
    pcm16,
    speak_8k,
    to_8k,
    trimmed,
)
from speech.voices.ports import Samples, VoiceError


def sine(hertz: float, seconds: float, rate: int = 8_000, level: float = 0.1) -> Samples:
    time = np.arange(round(seconds * rate)) / rate
    return (level * np.sin(2 * np.pi * hertz * time)).astype(np.float32)


class Hum:
    """A voice that hums."""

    name = "hum"
    sample_rate = 24_000

    def __init__(self, audio: Samples) -> None:
        self.audio = audio

    def synthesise(self, text: str) -> Samples:
        return self.audio


@pytest.mark.parametrize("rate", [8_000, 24_000, 48_000])
def test_the_reference_tone_has_the_loudness_that_the_recommendation_gives(rate: int) -> None:
    # ITU-R BS.1770-4: a 997 Hz sine at 0 dBFS in one channel reads -3.01 LUFS.
    assert loudness(sine(997, 3, rate, 1.0), rate) == pytest.approx(-3.01, abs=0.15)


def test_silence_between_words_does_not_lower_the_loudness() -> None:
    tone = sine(500, 2)
    spaced = np.concatenate((tone, np.zeros(16_000, np.float32), tone))
    assert loudness(spaced) == pytest.approx(loudness(tone), abs=0.5)


def test_silence_has_no_loudness_and_is_left_alone() -> None:
    silence = np.zeros(8_000, np.float32)
    assert loudness(silence) == -math.inf
    assert loudness(silence[:0]) == -math.inf
    assert not levelled(silence).any()


@given(st.floats(min_value=0.001, max_value=1.0), st.floats(min_value=0.15, max_value=2.0))
def test_any_level_and_length_comes_out_at_the_target(level: float, seconds: float) -> None:
    out = levelled(sine(400, seconds, level=level))
    assert loudness(out) == pytest.approx(TARGET_LUFS, abs=0.3)


def test_peaks_are_held_below_the_ceiling_without_losing_the_loudness() -> None:
    audio = sine(300, 2, level=0.05)
    audio[::800] = 1.0
    out = levelled(audio)
    assert np.abs(out).max() <= PEAK_CEILING + 1e-6
    assert loudness(out) > TARGET_LUFS - 3


def test_resampling_keeps_the_telephone_band_and_drops_what_is_above() -> None:
    speech, hiss = to_8k(sine(1_000, 1, 24_000), 24_000), to_8k(sine(6_000, 1, 24_000), 24_000)
    assert len(speech) == pytest.approx(8_000, abs=20)
    assert np.abs(speech[1_000:7_000]).max() == pytest.approx(0.1, rel=0.05)
    assert np.abs(hiss[1_000:7_000]).max() < 0.001


def test_trimming_leaves_the_asked_for_silence() -> None:
    audio = np.concatenate((np.zeros(4_000, np.float32), sine(500, 1), np.zeros(8_000, np.float32)))
    assert len(trimmed(audio, lead=0.03, tail=0.08)) / 8_000 == pytest.approx(1.11, abs=0.03)
    assert not trimmed(np.zeros(800, np.float32)).size


def test_fades_begin_and_end_at_nothing() -> None:
    out = faded(np.ones(800, np.float32))
    assert out[0] < 0.001
    assert out[-1] < 0.001
    assert out[400] == 1.0
    assert not faded(np.zeros(0, np.float32)).size


@given(st.binary(max_size=400).filter(lambda raw: len(raw) % 2 == 0))
def test_pcm_survives_the_way_to_floats_and_back(raw: bytes) -> None:
    lowest = b"\x00\x80"  # -32768 has no counterpart above zero and comes back one higher
    words = [raw[i : i + 2] for i in range(0, len(raw), 2)]
    clean = b"".join(b"\x01\x80" if word == lowest else word for word in words)
    assert pcm16(from_pcm16(clean)) == clean


def test_a_voice_is_brought_to_telephone_audio() -> None:
    pcm = speak_8k(Hum(sine(440, 1, 24_000)), "哼")
    assert len(pcm) == pytest.approx(16_000, abs=40)
    assert loudness(from_pcm16(pcm)) == pytest.approx(TARGET_LUFS, abs=0.3)


def test_a_voice_that_gives_nothing_is_an_error_without_the_text_in_it() -> None:
    with pytest.raises(VoiceError, match="hum gave no sound for a text of 2 characters"):
        speak_8k(Hum(np.zeros(0, np.float32)), "秘密")
