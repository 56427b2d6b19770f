import numpy as np
import pytest

from speech.frames import RATE, Float32, dbfs
from speech.pauses import mark


def sentence(rest: float = 0.1, noise: float = 0.001) -> Float32:
    """Half a second of room, two bursts of a voice with `rest` between them, half a second of room."""
    chance = np.random.default_rng(1)
    voice = chance.normal(0, 0.1, RATE)
    gap = np.zeros(round(rest * RATE))
    room = np.zeros(RATE // 2)
    whole = np.concatenate([room, voice, gap, voice, room])
    return (whole + chance.normal(0, noise, len(whole))).astype(np.float32)


def test_a_sentence_is_marked_where_it_begins_ends_and_is_softest() -> None:
    found = mark(sentence())
    assert found is not None
    assert (found.start, found.end) == (pytest.approx(0.5, abs=0.03), pytest.approx(2.6, abs=0.03))
    assert found.cut == pytest.approx(1.55, abs=0.06)
    assert found.rest == pytest.approx(0.1, abs=0.03)


@pytest.mark.parametrize("pause", [0.3, 1.0, 1.5])
def test_the_pause_is_as_long_as_asked_for_and_sounds_like_the_room(pause: float) -> None:
    found = mark(sentence())
    assert found is not None
    samples, end = found.interrupted(pause, 1.0, np.random.default_rng(0))
    assert end == pytest.approx(2.6 + pause - found.rest, abs=0.05)
    assert len(samples) == pytest.approx((end + 1.0) * RATE, abs=200)
    frames = samples[: len(samples) // 160 * 160].reshape(-1, 160)
    middle = [dbfs(frame) for frame in frames[75 : round((1.5 + pause) * 50) - 2]]
    # The room of this recording has 0.001 of full scale, which is -60 dB.
    assert np.median(middle) == pytest.approx(-60, abs=1.5)
    assert max(middle) < -50


def test_a_rest_that_is_there_is_not_shortened() -> None:
    found = mark(sentence(rest=0.5))
    assert found is not None
    samples, end = found.interrupted(0.3, 0.0, np.random.default_rng(0))
    assert end == found.end
    assert len(samples) == round(found.end * RATE)


@pytest.mark.parametrize("seconds", [0.0, 0.5, 3.0])
def test_what_is_no_sentence_is_not_marked(seconds: float) -> None:
    steady = np.random.default_rng(2).normal(0, 0.01, round(seconds * RATE)).astype(np.float32)
    assert mark(steady) is None


def test_one_word_has_no_middle() -> None:
    assert mark(sentence()[: RATE + RATE // 4]) is None
