import time

import numpy as np
import pytest

from speech.frames import FRAME_BYTES, FrameCutter, to_pcm
from speech.vad import EnergyVad, SileroVad, Vad, make_vad


def share(vad: Vad, pcm: bytes) -> float:
    answers = [vad.voiced(frame) for frame in FrameCutter().feed(pcm)]
    return sum(answers) / len(answers)


def noise(level: float, seconds: float = 2.0) -> bytes:
    return to_pcm(np.random.default_rng(12345).normal(0, level, int(8000 * seconds)).astype(np.float32))


def test_silero_hears_speech_and_neither_silence_nor_noise(mandarin: bytes) -> None:
    assert share(SileroVad(), mandarin) > 0.5
    assert share(SileroVad(), bytes(32_000)) == 0
    assert share(SileroVad(), noise(0.05)) < 0.05


def test_energy_hears_speech_and_not_silence(mandarin: bytes) -> None:
    assert share(EnergyVad(), mandarin) > 0.4
    assert share(EnergyVad(), bytes(32_000)) == 0


@pytest.mark.parametrize("kind", ["silero", "energy"])
def test_reset_makes_a_detector_like_new(kind: str, mandarin: bytes) -> None:
    vad, fresh = make_vad(kind), make_vad(kind)  # type: ignore[arg-type] # parametrised literal
    share(vad, mandarin[:10_001])
    vad.reset()
    assert [vad.voiced(f) for f in FrameCutter().feed(mandarin)] == [
        fresh.voiced(f) for f in FrameCutter().feed(mandarin)
    ]


@pytest.mark.parametrize("kind", ["silero", "energy"])
def test_a_frame_costs_under_a_millisecond(kind: str) -> None:
    vad = make_vad(kind)  # type: ignore[arg-type] # parametrised literal
    began = time.process_time()
    for _ in range(200):
        vad.voiced(bytes(FRAME_BYTES))
    assert (time.process_time() - began) / 200 < 0.001
