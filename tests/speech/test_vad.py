import time

import numpy as np
import pytest

from speech.frames import FRAME_BYTES, FrameCutter, dbfs, to_float, to_pcm
from speech.vad import EnergyVad, SileroVad, Steady, Vad, make_vad


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


@pytest.mark.parametrize("level", [-10.0, -30.0, -45.0])
def test_silero_hears_a_soft_caller_for_as_long_as_a_loud_one(mandarin: bytes, level: float) -> None:
    samples = to_float(mandarin)
    loud = samples * np.float32(10 ** ((-20 - dbfs(samples)) / 20))
    turned = samples * np.float32(10 ** ((level - dbfs(samples)) / 20))
    assert share(SileroVad(), to_pcm(turned)) > 0.9 * share(SileroVad(), to_pcm(loud))


@pytest.mark.parametrize("kind", ["silero", "energy"])
def test_a_direct_current_on_the_line_changes_nothing(mandarin: bytes, kind: str) -> None:
    shifted = to_pcm(0.5 * to_float(mandarin) + np.float32(0.1))
    plain = share(make_vad(kind), to_pcm(0.5 * to_float(mandarin)))  # type: ignore[arg-type] # parametrised literal
    assert share(make_vad(kind), shifted) == pytest.approx(plain, abs=0.05)  # type: ignore[arg-type] # likewise
    assert share(make_vad(kind), to_pcm(np.full(16_000, 0.1, np.float32))) == 0  # type: ignore[arg-type] # likewise


def test_the_offset_is_followed_without_steps() -> None:
    steady = Steady()
    blocks = [steady.feed(np.full(160, 0.1 if n < 50 else 0.2, np.float32)) for n in range(100)]
    assert np.abs(np.concatenate(blocks[:50])).max() < 1e-6
    assert abs(float(blocks[-1].mean())) < 0.01
    assert steady.feed(np.zeros(0, np.float32)).size == 0


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
