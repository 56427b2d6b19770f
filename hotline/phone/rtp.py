"""RTP packets and key events as bytes: RFC 3550 section 5.1 and RFC 4733, without input or output.

`Packet.parse` and `KeyEvent.parse` raise `RtpError` for anything else. `SequenceWatch` keeps the counts of lost, late
and repeated packets over the 16-bit wrap, as RFC 3550 appendix A.1 extends the sequence number. `KeyCollector` turns
the many packets of one key press into one key.
"""

import struct
from dataclasses import dataclass
from typing import Final, Self

SAMPLE_RATE: Final = 8_000
SAMPLES_PER_PACKET: Final = 160
PACKET_SECONDS: Final = 0.02
KEYS: Final = "0123456789*#ABCD"

_HEADER: Final = struct.Struct("!BBHII")
_EVENT: Final = struct.Struct("!BBH")
_HALF: Final = 1 << 15


class RtpError(ValueError):
    """Bytes that are not an RTP packet or not a key event."""


@dataclass(frozen=True, slots=True)
class Packet:
    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes
    marker: bool = False

    @classmethod
    def parse(cls, data: bytes) -> Self:
        if len(data) < _HEADER.size:
            raise RtpError(f"expected at least {_HEADER.size} bytes, got {len(data)}")
        first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(data)
        if first >> 6 != 2:
            raise RtpError(f"expected RTP version 2, got {first >> 6}")
        start, end = _HEADER.size + 4 * (first & 0x0F), len(data)
        if first & 0x10:
            if start + 4 > end:
                raise RtpError("expected a header extension, got the end of the packet")
            start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4], "big")
        if first & 0x20:
            end -= data[-1] or len(data)
        if start > end:
            raise RtpError("expected a payload, got a header or padding longer than the packet")
        return cls(second & 0x7F, sequence, timestamp, ssrc, data[start:end], bool(second & 0x80))

    def to_bytes(self) -> bytes:
        second = self.payload_type | (0x80 if self.marker else 0)
        return _HEADER.pack(0x80, second, self.sequence, self.timestamp, self.ssrc) + self.payload


@dataclass(frozen=True, slots=True)
class KeyEvent:
    """One telephone-event payload; `duration` in samples of 1/8000 s, `volume` in -dBm0."""

    key: str
    end: bool
    duration: int
    volume: int = 10

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        if len(payload) < _EVENT.size:
            raise RtpError(f"expected {_EVENT.size} bytes of a key event, got {len(payload)}")
        event, flags, duration = _EVENT.unpack_from(payload)
        if event >= len(KEYS):
            raise RtpError(f"expected an event below {len(KEYS)}, got {event}")
        return cls(KEYS[event], bool(flags & 0x80), duration, flags & 0x3F)

    def to_bytes(self) -> bytes:
        return _EVENT.pack(KEYS.index(self.key), (0x80 if self.end else 0) | self.volume, self.duration)


def key_press(key: str, *, packets: int = 8) -> list[KeyEvent]:
    """The events of one key press, one for each 20 ms, the end told three times (RFC 4733 section 2.5.1.4)."""
    running = [KeyEvent(key, False, SAMPLES_PER_PACKET * (index + 1)) for index in range(packets)]
    return running + [KeyEvent(key, True, SAMPLES_PER_PACKET * (packets + 1))] * 3


class KeyCollector:
    """Gives each key once: at its first end packet, or, when those were lost, as the next key begins."""

    def __init__(self) -> None:
        self._timestamp: int | None = None
        self._pending: str | None = None

    def take(self, packet: Packet) -> str:
        """The keys, usually none or one, that this packet completes. Raises RtpError for a malformed event."""
        event = KeyEvent.parse(packet.payload)
        keys = ""
        if packet.timestamp != self._timestamp:
            keys = self._pending or ""
            self._timestamp, self._pending = packet.timestamp, event.key
        if event.end and self._pending is not None:
            keys += self._pending
            self._pending = None
        return keys


class SequenceWatch:
    """Counts over one source. `take` tells whether the packet is new; a repeated one is not."""

    def __init__(self) -> None:
        self.received = 0
        self.late = 0
        self.repeated = 0
        self._first: int | None = None
        self._highest = 0
        self._recent: set[int] = set()

    @property
    def lost(self) -> int:
        """Packets that should have come between the first and the latest one and have not."""
        return 0 if self._first is None else max(0, self._highest - self._first + 1 - self.received)

    def take(self, sequence: int) -> bool:
        if self._first is None:
            self._first = self._highest = sequence
        step = ((sequence - self._highest + _HALF) & 0xFFFF) - _HALF
        extended = self._highest + step
        if extended in self._recent:
            self.repeated += 1
            return False
        if step < 0:
            self.late += 1
            self._first = min(self._first, extended)
        self._highest = max(self._highest, extended)
        self._recent.add(extended)
        if len(self._recent) > 1024:
            self._recent = {number for number in self._recent if number > self._highest - 512}
        self.received += 1
        return True
