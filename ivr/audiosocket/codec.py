"""AudioSocket frames as pure bytes in, events out, and back: a 3-byte header (type, big-endian length), a payload.

Invariants of the receiving half: the first frame must be the 16-byte UUID and is judged at its first bytes; no other
UUID may follow; audio is never empty and never half a sample; an unknown type is skipped by its length and counted,
more than the allowed number of them is refused; at most one frame is ever buffered. After an error it stays failed.
The sending half knows two frames only, because Asterisk drops the socket on any other: audio of exactly 20 ms and
hang-up.

Source: Asterisk 22.10 `res/res_audiosocket.c`, `apps/app_audiosocket.c`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Final
from uuid import UUID

from ivr.errors import AudioSocketDesync, LocalFault

FRAME_BYTES: Final = 320
"""20 ms of signed 16-bit little-endian mono at 8,000 Hz."""

BYTES_PER_SECOND: Final = 16_000
SILENCE: Final = bytes(FRAME_BYTES)
_HEADER: Final = 3
_DIGITS: Final = frozenset("0123456789*#")


class Kind(IntEnum):
    """The frame types of the first generation; 0x11 to 0x18 (other rates) are never sent to the application form."""

    HANGUP = 0x00
    UUID = 0x01
    DTMF = 0x03
    AUDIO = 0x10
    ERROR = 0xFF


@dataclass(frozen=True, slots=True)
class Hello:
    """The first frame: who this is."""

    uuid: UUID


@dataclass(frozen=True, slots=True)
class AudioFrame:
    """Audio as it came: whole samples, any length."""

    pcm: bytes


@dataclass(frozen=True, slots=True)
class DigitFrame:
    """A key: one of `0`-`9`, `*`, `#`. Personal data."""

    char: str


@dataclass(frozen=True, slots=True)
class HangupFrame:
    """The far end is done."""


@dataclass(frozen=True, slots=True)
class ErrorFrame:
    """Asterisk reports an error of its own; the code is its first byte, 0 when it gave none."""

    code: int


@dataclass(frozen=True, slots=True)
class SkippedFrame:
    """A frame of unknown type, or a key that no telephone for callers has."""

    kind: int


Event = Hello | AudioFrame | DigitFrame | HangupFrame | ErrorFrame | SkippedFrame


class AudioSocketDecoder:
    """The receiving half of one leg. `max_unknown` frames of unknown type are let pass."""

    def __init__(self, *, max_unknown: int = 10) -> None:
        self._buffer = bytearray()
        self._max_unknown = max_unknown
        self._unknown = 0
        self._greeted = False
        self._failure: str | None = None

    @property
    def mid_frame(self) -> bool:
        """True when a frame has begun and not ended."""
        return bool(self._buffer)

    @property
    def unknown(self) -> int:
        """How many frames of unknown type were skipped."""
        return self._unknown

    def feed(self, data: bytes) -> Iterator[Event]:
        """Take bytes; iterate over the result for the frames that are complete.

        Raises `AudioSocketDesync` from the iteration at the place where the bytes stop being AudioSocket.
        """
        self._buffer += data
        return self._events()

    def _events(self) -> Iterator[Event]:
        if self._failure is not None:
            raise AudioSocketDesync(self._failure)
        while self._buffer:
            if not self._greeted and self._buffer[0] != Kind.UUID:
                raise self._fail(f"expected a UUID frame first, got type 0x{self._buffer[0]:02x}")
            if len(self._buffer) < _HEADER:
                return
            kind, length = self._buffer[0], int.from_bytes(self._buffer[1:_HEADER], "big")
            self._judge(kind, length)
            if len(self._buffer) < _HEADER + length:
                return
            payload = bytes(self._buffer[_HEADER : _HEADER + length])
            del self._buffer[: _HEADER + length]
            yield self._event(kind, payload)

    def _judge(self, kind: int, length: int) -> None:
        """Refuse a frame by its header, before its payload is waited for."""
        if kind == Kind.UUID:
            if self._greeted:
                raise self._fail("expected one UUID frame, got a second")
            if length != 16:
                raise self._fail(f"expected a UUID of 16 bytes, got {length}")
        elif kind == Kind.AUDIO and (length == 0 or length % 2):
            raise self._fail(f"expected audio of whole samples, got {length} bytes")

    def _event(self, kind: int, payload: bytes) -> Event:
        match kind:
            case Kind.UUID:
                self._greeted = True
                return Hello(UUID(bytes=payload))
            case Kind.AUDIO:
                return AudioFrame(payload)
            case Kind.DTMF if len(payload) == 1 and chr(payload[0]) in _DIGITS:
                return DigitFrame(chr(payload[0]))
            case Kind.HANGUP:
                return HangupFrame()
            case Kind.ERROR:
                return ErrorFrame(payload[0] if payload else 0)
            case Kind.DTMF:
                return SkippedFrame(kind)
        self._unknown += 1
        if self._unknown > self._max_unknown:
            raise self._fail(f"expected at most {self._max_unknown} frames of unknown type, got more")
        return SkippedFrame(kind)

    def _fail(self, message: str) -> AudioSocketDesync:
        self._failure = message
        return AudioSocketDesync(message)


def encode_audio(pcm: bytes) -> bytes:
    """One audio frame; less than 20 ms is padded with silence. Raises `LocalFault` on none or more."""
    if not 0 < len(pcm) <= FRAME_BYTES:
        raise LocalFault(f"expected 1 to {FRAME_BYTES} bytes of audio, got {len(pcm)}")
    return bytes((Kind.AUDIO,)) + FRAME_BYTES.to_bytes(2, "big") + pcm.ljust(FRAME_BYTES, b"\0")


HANGUP: Final = bytes((Kind.HANGUP, 0, 0))
SILENT_FRAME: Final = encode_audio(SILENCE)
