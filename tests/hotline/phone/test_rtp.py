"""RTP packets, key events, counting."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.phone.rtp import KEYS, KeyCollector, KeyEvent, Packet, RtpError, SequenceWatch, key_press

packets = st.builds(
    Packet,
    payload_type=st.integers(0, 127),
    sequence=st.integers(0, 0xFFFF),
    timestamp=st.integers(0, 0xFFFFFFFF),
    ssrc=st.integers(0, 0xFFFFFFFF),
    payload=st.binary(max_size=200),
    marker=st.booleans(),
)


@given(packets)
def test_a_packet_survives_the_wire(packet: Packet):
    assert Packet.parse(packet.to_bytes()) == packet


@given(st.binary(max_size=60))
def test_garbage_gives_a_packet_or_the_one_error(data: bytes):
    try:
        Packet.parse(data)
        KeyEvent.parse(data)
    except RtpError:
        return


def test_sources_extension_and_padding_are_taken_off():
    data = bytes([0x80 | 0x20 | 0x10 | 1, 8]) + bytes(10) + bytes(4) + b"\xbe\xde\x00\x01" + bytes(4) + b"abc\0\0\3"
    assert Packet.parse(data).payload == b"abc"


@given(st.text(st.sampled_from(KEYS), min_size=1, max_size=8), st.data())
def test_each_key_is_heard_once_when_packets_are_lost(keys: str, data: st.DataObject):
    collector = KeyCollector()
    heard = ""
    for index, key in enumerate(keys):
        events = key_press(key)
        kept = data.draw(st.sets(st.integers(0, len(events) - 2)), label="kept")
        for number, event in enumerate(events):
            if number in kept or number == len(events) - 1:
                heard += collector.take(Packet(101, number, index * 2000, 1, event.to_bytes()))
    assert heard == keys


def test_a_key_whose_end_was_lost_is_heard_as_the_next_begins():
    collector = KeyCollector()
    assert collector.take(Packet(101, 1, 0, 1, KeyEvent("1", False, 160).to_bytes())) == ""
    assert collector.take(Packet(101, 2, 900, 1, KeyEvent("2", True, 160).to_bytes())) == "12"


def test_the_end_of_a_key_is_told_three_times():
    ends = [event.end for event in key_press("5")]
    assert ends == [False] * 8 + [True] * 3


@given(st.integers(0, 0xFFFF), st.integers(2, 500), st.data())
def test_counts_hold_over_the_wrap(start: int, count: int, data: st.DataObject):
    missing = data.draw(st.sets(st.integers(1, count - 2), max_size=20)) if count > 2 else set()
    watch = SequenceWatch()
    for number in range(count):
        if number not in missing:
            assert watch.take((start + number) & 0xFFFF)
    assert (watch.received, watch.lost, watch.late, watch.repeated) == (count - len(missing), len(missing), 0, 0)


def test_a_late_packet_is_not_lost_and_a_repeated_one_not_new():
    watch = SequenceWatch()
    assert [watch.take(number) for number in (65_534, 0, 65_535, 0)] == [True, True, True, False]
    assert (watch.received, watch.lost, watch.late, watch.repeated) == (3, 0, 1, 1)


def test_an_unknown_event_is_refused():
    with pytest.raises(RtpError, match="event below 16"):
        KeyEvent.parse(bytes([16, 0, 0, 160]))
