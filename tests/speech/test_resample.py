import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from speech.frames import Float32
from speech.resample import StreamResampler, resample


def tone(rate: int, seconds: float = 1.0) -> Float32:
    return (0.5 * np.sin(2 * np.pi * 440 * np.arange(int(rate * seconds)) / rate)).astype(np.float32)


def test_a_stream_comes_out_steadily_and_whole() -> None:
    stream = StreamResampler(8_000, 16_000)
    sizes = [len(stream.feed(block)) for block in np.split(tone(8_000), 50)]
    assert 16_000 <= sum(sizes) + len(stream.flush()) <= 16_000 + 2 * 40
    # After the filter has filled, 20 ms in are 20 ms out: no bursts that would delay a partial.
    assert set(sizes[2:]) <= {319, 320, 321}


@given(st.lists(st.integers(1, 400), min_size=1, max_size=30))
def test_how_a_stream_is_cut_does_not_change_what_comes_out(sizes: list[int]) -> None:
    samples = tone(8_000, sum(sizes) / 8_000 + 0.001)[: sum(sizes)]
    whole, pieces = StreamResampler(8_000, 16_000), StreamResampler(8_000, 16_000)
    once = np.concatenate([whole.feed(samples), whole.flush()])
    cut = np.concatenate([*(pieces.feed(block) for block in np.split(samples, np.cumsum(sizes)[:-1])), pieces.flush()])
    assert abs(len(once) - len(cut)) <= 1
    shared = min(len(once), len(cut))
    assert np.allclose(once[:shared], cut[:shared], atol=1e-4)


def test_a_tone_keeps_its_pitch_and_level() -> None:
    high = resample(tone(8_000), 8_000, 16_000)
    assert int(np.argmax(np.abs(np.fft.rfft(high[:16_000])))) == 440
    assert abs(float(np.sqrt(np.mean(high**2))) - 0.5 / np.sqrt(2)) < 0.01


def test_equal_rates_pass_through() -> None:
    block = tone(8_000, 0.02)
    assert StreamResampler(8_000, 8_000).feed(block) is block
    assert resample(block, 8_000, 8_000) is block
