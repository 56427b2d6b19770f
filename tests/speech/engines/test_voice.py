import numpy as np
import pytest

from speech.engines.voice import VoiceMap, cut_points, level
from speech.frames import dbfs


class Written:
    """A voice detector that answers from a list."""

    def __init__(self, answers: list[bool]) -> None:
        self._answers = iter(answers)

    def voiced(self, pcm: bytes) -> bool:
        return next(self._answers)

    def reset(self) -> None:
        raise AssertionError("a map never resets its detector")


def test_a_map_knows_how_much_voice_and_how_long_since() -> None:
    voice = VoiceMap(Written([False] * 5 + [True] * 10 + [False] * 10), 8_000)
    for block in np.split(np.zeros(160 * 25, dtype=np.float32), 50):
        voice.feed(block)
    assert voice.voiced() == pytest.approx(0.2)
    assert voice.voiced(0.2) == pytest.approx(0.1)
    assert voice.spoken(0.0, 0.5) == pytest.approx(0.2)
    assert voice.spoken(0.4, 0.5) == 0.0
    assert voice.quiet_tail == pytest.approx(0.2)
    assert voice.bounds() == pytest.approx((0.1, 0.3))


def test_long_audio_is_cut_in_its_pauses() -> None:
    frames = [True] * 3000
    frames[1200:1240] = [False] * 40
    frames[2300:2330] = [False] * 30
    cuts = cut_points(tuple(frames), 28.0, lambda at: 1.0)
    assert cuts == [pytest.approx(24.4, abs=0.3), pytest.approx(46.3, abs=0.3)]


def test_audio_without_a_pause_is_cut_where_it_is_softest() -> None:
    cuts = cut_points((True,) * 2000, 28.0, lambda at: 0.0 if at == 1000 else 1.0)
    assert cuts == [pytest.approx(20.0)]


def test_the_voiced_part_is_brought_to_the_level() -> None:
    rng = np.random.default_rng(1)
    quiet, voice = rng.normal(0, 0.0001, 16_000), rng.normal(0, 0.01, 16_000)
    samples = np.concatenate([quiet, voice]).astype(np.float32)
    frames = (False,) * 50 + (True,) * 50
    assert dbfs(level(samples, frames, 16_000, -22.0)[16_000:]) == pytest.approx(-22.0, abs=0.5)
    assert level(np.zeros(0, np.float32), (), 16_000, -22.0).size == 0
