import numpy as np
import pytest

from speech.frames import dbfs, to_float
from speech.phoneband import band_pass, to_phone


def gain(hertz: float) -> float:
    samples = (0.25 * np.sin(2 * np.pi * hertz * np.arange(16_000) / 8_000)).astype(np.float32)
    return dbfs(band_pass(samples)[2000:-2000]) - dbfs(samples[2000:-2000])


@pytest.mark.parametrize("hertz", [360, 1_000, 2_000, 3_300])
def test_the_voice_band_passes(hertz: float) -> None:
    assert abs(gain(hertz)) < 0.2


@pytest.mark.parametrize("hertz", [50, 100, 200, 3_550, 3_900])
def test_outside_it_is_gone(hertz: float) -> None:
    assert gain(hertz) < -40


def test_a_recording_keeps_its_length_and_takes_alaw_steps() -> None:
    samples = (0.25 * np.sin(2 * np.pi * 1_000 * np.arange(32_000) / 16_000)).astype(np.float32)
    phone = to_phone(samples, 16_000)
    assert abs(len(phone) - 32_000) <= 4
    assert len(np.unique(to_float(phone))) <= 256
    assert band_pass(np.zeros(0, np.float32)).size == 0
