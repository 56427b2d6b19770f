from hypothesis import given
from hypothesis import strategies as st

from speech.replay import ReplayBuffer


@given(st.lists(st.binary(min_size=2, max_size=40).map(lambda b: b[: len(b) // 2 * 2]), max_size=20))
def test_what_is_replayed_is_the_end_of_what_came(chunks: list[bytes]) -> None:
    buffer = ReplayBuffer(100)
    for chunk in chunks:
        buffer.append(chunk)
        buffer.take(1000)
    start = buffer.rewind()
    assert buffer.take(1000) == b"".join(chunks)[start:]
    assert start == max(0, sum(map(len, chunks)) - 100)
    assert buffer.dropped == 0


def test_audio_that_no_worker_took_is_counted_when_it_goes() -> None:
    buffer = ReplayBuffer(100)
    buffer.append(bytes(80))
    assert buffer.take(20) == bytes(20)
    buffer.append(bytes(60))
    assert (buffer.dropped, buffer.unsent, buffer.received) == (20, 100, 140)
