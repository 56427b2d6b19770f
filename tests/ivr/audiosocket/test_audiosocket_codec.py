"""The AudioSocket codec: frames, limits and every kind of garbage."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.audiosocket.codec import (
    HANGUP,
    AudioFrame,
    AudioSocketDecoder,
    DigitFrame,
    ErrorFrame,
    Event,
    HangupFrame,
    Hello,
    SkippedFrame,
    encode_audio,
)
from ivr.errors import AudioSocketDesync, LocalFault

ID = UUID("12345678-1234-5678-1234-567812345678")
HELLO = b"\x01\x00\x10" + ID.bytes


def frame(kind: int, payload: bytes = b"") -> bytes:
    return bytes((kind,)) + len(payload).to_bytes(2, "big") + payload


def decode(data: bytes, step: int = 0) -> tuple[list[Event], str | None]:
    decoder = AudioSocketDecoder()
    events: list[Event] = []
    try:
        for at in range(0, len(data), step or len(data) or 1):
            events.extend(decoder.feed(data[at : at + (step or len(data))]))
    except AudioSocketDesync as exc:
        return events, str(exc)
    return events, None


def test_every_frame_of_a_call_is_read() -> None:
    data = HELLO + frame(0x10, b"ab") + frame(0x03, b"5") + frame(0xFF, b"\x02") + frame(0x00)
    events, error = decode(data)
    assert error is None
    assert events == [Hello(ID), AudioFrame(b"ab"), DigitFrame("5"), ErrorFrame(2), HangupFrame()]


@pytest.mark.fault("F41")
@pytest.mark.parametrize("data", [b"\x10", b"G", frame(0x00), b"\x01\x00\x11", b"\x01\x00\x00"])
def test_a_first_frame_that_is_no_uuid_is_refused_at_its_first_bytes(data: bytes) -> None:
    assert decode(data)[1] is not None


def test_a_second_uuid_is_refused() -> None:
    assert decode(HELLO + HELLO)[1] is not None


@pytest.mark.fault("F43")
def test_unknown_types_are_skipped_by_length_ten_times() -> None:
    events, error = decode(HELLO + frame(0x7F, b"\x10\x00\x02xx") * 10 + frame(0x10, b"ab"))
    assert error is None
    assert events[-1] == AudioFrame(b"ab")
    assert decode(HELLO + frame(0x02) * 11)[1] is not None


@pytest.mark.fault("F44")
@pytest.mark.parametrize("header", [b"\x10\x00\x00", b"\x10\x01\x41", b"\x10\xff\xff"])
def test_audio_that_is_empty_or_half_a_sample_is_refused_before_it_comes(header: bytes) -> None:
    assert decode(HELLO + header)[1] is not None


@pytest.mark.fault("F38")
@pytest.mark.parametrize("payload", [b"A", b"", b"12", b"\xff"])
def test_keys_that_callers_do_not_have_are_skipped(payload: bytes) -> None:
    assert decode(HELLO + frame(0x03, payload)) == ([Hello(ID), SkippedFrame(0x03)], None)


@pytest.mark.fault("F45")
@given(
    st.lists(
        st.builds(frame, st.sampled_from([0x00, 0x03, 0x10, 0x11, 0x7F, 0xFF]), st.binary(max_size=40)), max_size=20
    ),
    st.integers(1, 9),
)
def test_bytes_in_pieces_equal_bytes_at_once(frames: list[bytes], step: int) -> None:
    data = HELLO + b"".join(frames)
    assert decode(data, step) == decode(data)


@given(st.binary(max_size=1_000))
def test_garbage_gives_events_or_the_one_error(data: bytes) -> None:
    decode(data)
    decode(HELLO + data)


@pytest.mark.fault("F48")
@given(st.binary(min_size=1, max_size=320))
def test_sent_audio_is_always_one_frame_of_20_ms(pcm: bytes) -> None:
    sent = encode_audio(pcm)
    assert sent[:3] == b"\x10\x01\x40"
    assert sent[3:] == pcm.ljust(320, b"\0")


@pytest.mark.parametrize("size", [0, 321])
def test_audio_of_another_length_is_not_sent(size: int) -> None:
    with pytest.raises(LocalFault):
        encode_audio(bytes(size))


def test_the_hang_up_frame_is_three_zeros() -> None:
    assert HANGUP == b"\0\0\0"
