from dataclasses import replace

import numpy as np

from hotline.twins.listening import Listener, in_noise
from hotline.twins.takes import Take
from speech.engines import Reading
from speech.frames import Float32
from speech.ports import Alternative, Bias, Capabilities

TAKE = Take("any", 1.0, 20.0, 7)
RATE = 24_000


class ToneVoice:
    name = "tone"
    sample_rate = RATE

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def synthesise(self, text: str) -> Float32:
        at = np.arange(round(self._seconds * RATE)) / RATE
        return (0.3 * np.sin(2 * np.pi * 1_000 * at)).astype(np.float32)


class MeasuringEngine:
    """Its reading is how many milliseconds of telephone audio came."""

    capabilities = Capabilities(streaming=False, grammar=False, confidence=True, sample_rate=8_000)

    def __init__(self) -> None:
        self._bytes = 0

    def open(self, rate: int = 8_000, bias: Bias | None = None) -> "MeasuringEngine":
        assert rate == 8_000
        return self

    def accept(self, pcm: bytes) -> None:
        self._bytes += len(pcm)

    def partial(self) -> str | None:
        return None

    def final(self) -> Reading:
        return Reading((Alternative(str(self._bytes // 16), 1.0), Alternative("other", 0.5)), 0.0, 0.0)


def test_noise_is_as_far_below_the_voice_as_asked_and_surrounds_it() -> None:
    said = ToneVoice(2.0).synthesise("")
    audio = in_noise(said, RATE, TAKE)
    assert len(audio) == len(said) + RATE
    before = audio[: round(0.4 * RATE)]
    ratio = 10 * np.log10(np.mean(said**2) / np.mean(before**2))
    assert 17 < ratio < 23


def test_the_same_take_makes_the_same_noise() -> None:
    said = ToneVoice(0.5).synthesise("")
    assert np.array_equal(in_noise(said, RATE, TAKE), in_noise(said, RATE, TAKE))


def test_a_listener_gives_the_recogniser_telephone_audio() -> None:
    listener = Listener(lambda _: ToneVoice(1.0), MeasuringEngine())
    assert listener.hear("喂", [TAKE]) == (("2000", "other"),)


def test_a_text_without_sound_is_heard_as_nothing() -> None:
    listener = Listener(lambda _: ToneVoice(0.0), MeasuringEngine())
    assert listener.hear("…", [TAKE, TAKE]) == ((), ())


def test_further_takes_share_the_rendering_and_are_played_faster_or_slower() -> None:
    rendered: list[str] = []

    class CountingVoice(ToneVoice):
        def synthesise(self, text: str) -> Float32:
            rendered.append(text)
            return super().synthesise(text)

    listener = Listener(lambda _: CountingVoice(1.0), MeasuringEngine())
    engine_total = [int(readings[0]) for readings in listener.hear("喂", [TAKE, replace(TAKE, stretch=1.25)])]
    assert rendered == ["喂"]
    # The engine of this test adds up what it got: two seconds, then four fifths of them.
    assert engine_total == [2_000, 3_600]
