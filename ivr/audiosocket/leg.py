"""One caller's audio: what is played to them, what they say and which keys they press.

Strategy: outbound, a queue of playbacks is one stream of bytes; the pacer takes 20 ms from it per tick, across the
border of two playbacks without a gap, and silence when there is nothing. Inbound, audio is cut into frames of 20 ms and
put into a bounded queue. Policy when the reader is late: the oldest audio is dropped and counted, never a key; keys
have a bound of their own (a waiting buffer and a rate), beyond which new keys are dropped and counted. Invariants:
every playback gets its result, also when the leg ends; only audio of 320 bytes and one hang-up frame are ever written,
each with one write (Asterisk drops a socket whose frame arrives in two parts).
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol
from uuid import UUID

import structlog

from ivr.audiosocket.codec import BYTES_PER_SECOND, FRAME_BYTES, HANGUP, SILENCE, SILENT_FRAME, encode_audio
from ivr.errors import LocalFault

log = structlog.get_logger()


class EndReason(StrEnum):
    """Why a leg ended; a closed list."""

    HANGUP = "hangup"  # the far end sent 0x00
    CLOSED = "closed"  # the far end closed the socket
    ERROR = "error"  # the far end sent an error frame
    PROTOCOL = "protocol"  # what came was not AudioSocket
    STALLED = "stalled"  # a frame was begun and not finished
    OVERFLOW = "overflow"  # the far end stopped reading
    LOCAL = "local"  # we hung up
    SHUTDOWN = "shutdown"  # the server was closed


@dataclass(frozen=True, slots=True)
class Audio:
    """20 ms of the caller: 320 bytes, signed 16-bit little-endian, 8,000 Hz."""

    pcm: bytes


@dataclass(frozen=True, slots=True)
class Digit:
    """A key, `0`-`9`, `*` or `#`. Personal data."""

    char: str


LegEvent = Audio | Digit


@dataclass(frozen=True, slots=True)
class PlayResult:
    """`cut` is True when the playback was cut or the leg ended before its last sample was sent."""

    played_seconds: float
    cut: bool


@dataclass(frozen=True, slots=True)
class LegLimits:
    """Bounds of one leg: inbound frames (30 s), keys waiting, keys a second, bytes the far end may leave unread."""

    inbound_frames: int = 1_500
    digits_waiting: int = 20
    digits_per_second: float = 10.0
    unread_bytes: int = 32_768


class Wire(Protocol):
    """The part of `asyncio.WriteTransport` that a leg needs."""

    def write(self, data: bytes) -> None: ...
    def get_write_buffer_size(self) -> int: ...
    def is_closing(self) -> bool: ...
    def close(self) -> None: ...
    def abort(self) -> None: ...


class Playback:
    """One piece of audio on its way to the caller."""

    __slots__ = ("_done", "_pcm", "_position", "_result")

    def __init__(self, pcm: bytes) -> None:
        self._pcm = pcm
        self._position = 0
        self._done = asyncio.Event()
        self._result: PlayResult | None = None

    @property
    def result(self) -> PlayResult | None:
        """None while it waits or plays."""
        return self._result

    async def wait(self) -> PlayResult:
        """Until the last sample was sent, or it was cut, or the leg ended. Any number of tasks may wait."""
        while self._result is None:
            await self._done.wait()
        return self._result

    def cut(self) -> None:
        """Stop at the next frame; what stands behind it in the queue follows at once. Idempotent."""
        self.end(cut=True)

    def take(self, wanted: int) -> bytes:
        """At most `wanted` bytes of what is left; for the leg only."""
        if self._result is not None:
            return b""
        piece = self._pcm[self._position : self._position + wanted]
        self._position += len(piece)
        if self._position == len(self._pcm):
            self.end(cut=False)
        return piece

    def end(self, *, cut: bool) -> None:
        """Fix the result; for the leg only."""
        if self._result is None:
            self._result = PlayResult(self._position / BYTES_PER_SECOND, cut)
            self._done.set()


class AudioLeg:
    """One claimed AudioSocket connection. `events` has one reader; everything else may be called from any task."""

    def __init__(self, uuid: UUID, wire: Wire, limits: LegLimits, clock: Callable[[], float]) -> None:
        self.uuid = uuid
        self.end_reason: EndReason | None = None
        self.played_pcm: Callable[[bytes], None] | None = None
        """Called with each 320 bytes sent to the caller, silence included; must not block."""
        self.dropped_frames = 0
        self.dropped_digits = 0
        self._wire = wire
        self._limits = limits
        self._clock = clock
        self._playbacks: deque[Playback] = deque()
        self._inbound: deque[LegEvent] = deque()
        self._inbound_audio = 0
        self._inbound_digits = 0
        self._arrived = asyncio.Event()
        self._ended = asyncio.Event()
        self._partial = b""
        self._digit_credit = float(limits.digits_waiting)
        self._digit_at = clock()

    async def events(self) -> AsyncIterator[LegEvent]:
        """What the caller says and presses, in order, until the leg ends; then see `end_reason`."""
        while True:
            while self._inbound:
                event = self._inbound.popleft()
                if isinstance(event, Audio):
                    self._inbound_audio -= 1
                else:
                    self._inbound_digits -= 1
                yield event
            if self.end_reason is not None:
                return
            self._arrived.clear()
            await self._arrived.wait()

    def play(self, pcm: bytes) -> Playback:
        """Queue audio behind what already plays, without a gap. On an ended leg the result is there at once, cut."""
        if len(pcm) % 2:
            raise LocalFault(f"expected whole 16-bit samples, got {len(pcm)} bytes")
        playback = Playback(pcm)
        if self.end_reason is not None:
            playback.end(cut=True)
        elif not pcm and not self._playbacks:
            playback.end(cut=False)
        else:
            self._playbacks.append(playback)
        return playback

    def cut_all(self) -> None:
        """Cut what plays and all that waits: a barge-in."""
        while self._playbacks:
            self._playbacks.popleft().cut()

    @property
    def playing(self) -> bool:
        """True while something is queued or played that is not cut."""
        return any(playback.result is None for playback in self._playbacks)

    async def hangup(self) -> None:
        """Tell Asterisk that we are done, so that its dialplan or AGI goes on. Idempotent."""
        self.finish(EndReason.LOCAL)

    async def wait_ended(self) -> EndReason:
        """Until the leg has ended, by whomever."""
        while self.end_reason is None:
            await self._ended.wait()
        return self.end_reason

    def tick(self) -> None:
        """Send 20 ms; for the pacer only."""
        if self.end_reason is not None:
            return
        if self._wire.is_closing():
            self.finish(EndReason.CLOSED)
        elif self._wire.get_write_buffer_size() > self._limits.unread_bytes:
            self.finish(EndReason.OVERFLOW)
        else:
            pcm = self._next_pcm()
            self._wire.write(SILENT_FRAME if pcm is SILENCE else encode_audio(pcm))
            self._show(pcm)

    def hear(self, pcm: bytes) -> None:
        """Take the caller's audio as it came; for the server only."""
        data = self._partial + pcm
        whole = len(data) - len(data) % FRAME_BYTES
        self._partial = data[whole:]
        for start in range(0, whole, FRAME_BYTES):
            if self._inbound_audio >= self._limits.inbound_frames:
                self._drop_oldest_audio()
            self._inbound.append(Audio(data[start : start + FRAME_BYTES]))
            self._inbound_audio += 1
        if whole:
            self._arrived.set()

    def press(self, char: str) -> None:
        """Take a key; for the server only."""
        now, limit = self._clock(), self._limits.digits_waiting
        self._digit_credit = min(limit, self._digit_credit + (now - self._digit_at) * self._limits.digits_per_second)
        self._digit_at = now
        if self._digit_credit < 1 or self._inbound_digits >= limit:
            self.dropped_digits += 1
            return
        self._digit_credit -= 1
        self._inbound.append(Digit(char))
        self._inbound_digits += 1
        self._arrived.set()

    def finish(self, reason: EndReason) -> None:
        """End the leg once; for the server and the pacer. The events that came before are still delivered."""
        if self.end_reason is not None:
            return
        self.end_reason = reason
        self.cut_all()
        if reason is EndReason.OVERFLOW:
            self._wire.abort()
        elif not self._wire.is_closing():
            if reason in (EndReason.LOCAL, EndReason.SHUTDOWN):
                self._wire.write(HANGUP)
            self._wire.close()
        self._ended.set()
        self._arrived.set()

    def _show(self, pcm: bytes) -> None:
        if self.played_pcm is None:
            return
        try:
            self.played_pcm(pcm)
        except Exception as exc:  # foreign code inside the pacer's tick: it must not silence every other call
            self.played_pcm = None
            log.error("played_pcm_failed", error=type(exc).__name__)

    def _next_pcm(self) -> bytes:
        """320 bytes across as many playbacks as it takes, padded; `SILENCE` itself when there is nothing."""
        pcm = b""
        while self._playbacks and len(pcm) < FRAME_BYTES:
            pcm += self._playbacks[0].take(FRAME_BYTES - len(pcm))
            if self._playbacks[0].result is not None:
                self._playbacks.popleft()
        return pcm.ljust(FRAME_BYTES, b"\0") if pcm else SILENCE

    def _drop_oldest_audio(self) -> None:
        """The keys stay, in their order: they are few, so looking past them is cheap."""
        for index, event in enumerate(self._inbound):
            if isinstance(event, Audio):
                del self._inbound[index]
                self._inbound_audio -= 1
                self.dropped_frames += 1
                return
