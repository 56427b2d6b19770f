"""The AudioSocket server: legs are announced first, then claimed once.

Strategy: a call announces a fresh UUID, tells Asterisk to connect with it, and waits; the connection that shows the
UUID becomes the call's leg. Invariants: a UUID is random, claimed at most once and forgotten after its life; any other
connection is closed and noted as a security event, without touching the leg that holds the UUID; a connection must
show its UUID, and finish each frame it has begun, within fixed times; audio that runs ahead of real time by more than
a bound is no longer read, so that the kernel holds the sender back; all legs share one pacer.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from uuid import UUID, uuid4

import structlog

from ivr.admission import AdmissionLimits, Visitor
from ivr.audiosocket.codec import (
    BYTES_PER_SECOND,
    AudioFrame,
    AudioSocketDecoder,
    DigitFrame,
    ErrorFrame,
    Event,
    HangupFrame,
    Hello,
    SkippedFrame,
)
from ivr.audiosocket.leg import AudioLeg, EndReason, LegLimits
from ivr.audiosocket.pacer import Pacer, PacerStats
from ivr.door import Door
from ivr.errors import AudioSocketDesync, LegNotClaimed

_CHUNK = 8_192

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class AudioSocketLimits:
    """Seconds: an announcement's life, to show the UUID, to finish a frame, audio ahead of real time, closing."""

    announcement_seconds: float = 10.0
    hello_seconds: float = 2.0
    frame_seconds: float = 2.0
    ahead_seconds: float = 2.0
    linger_seconds: float = 1.0
    max_unknown_frames: int = 10
    max_catch_up_frames: int = 5
    admission: AdmissionLimits = field(default_factory=AdmissionLimits)
    leg: LegLimits = field(default_factory=LegLimits)


class Announcement:
    """A UUID that one connection may claim."""

    def __init__(self, server: "AudioSocketServer", uuid: UUID) -> None:
        self.uuid = uuid
        self._server = server
        self._taken = False
        self._claimed: asyncio.Future[AudioLeg] = asyncio.get_running_loop().create_future()

    async def wait(self, seconds: float) -> AudioLeg:
        """The leg, when it comes within `seconds` and the announcement's life.

        Raises `LegNotClaimed`; the UUID is worthless from then on, and a leg that came too late is hung up.
        """
        try:
            async with asyncio.timeout(seconds):
                leg = await asyncio.shield(self._claimed)
            self._taken = True
            return leg
        except TimeoutError as exc:
            self.withdraw()
            raise LegNotClaimed(f"expected an audio connection within {seconds} s, got none") from exc
        except asyncio.CancelledError:
            expired = self._claimed.cancelled()
            self.withdraw()
            if expired:
                raise LegNotClaimed("expected an audio connection within the announcement's life, got none") from None
            raise

    def withdraw(self) -> None:
        """Forget the UUID; hang up the leg if one has claimed it and nobody took it. Idempotent."""
        self._server.forget(self.uuid)
        if not self._taken and not self._claimed.cancel() and not self._claimed.cancelled():
            self._claimed.result().finish(EndReason.LOCAL)

    def claim(self, leg: AudioLeg) -> None:
        """For the server only."""
        if not self._claimed.done():
            self._claimed.set_result(leg)

    def expire(self) -> None:
        """For the server only: nobody came."""
        self._claimed.cancel()


class AudioSocketServer:
    """`async with AudioSocketServer("127.0.0.1", 9092) as server:`; `server.port` is the port really bound."""

    def __init__(self, host: str, port: int, limits: AudioSocketLimits | None = None) -> None:
        self._limits = limits or AudioSocketLimits()
        self._door = Door(
            "audio",
            host,
            port,
            self._serve,
            limits=self._limits.admission,
            linger_seconds=self._limits.linger_seconds,
        )
        self._clock = asyncio.get_running_loop().time
        self._pacer = Pacer(self._clock, max_catch_up=self._limits.max_catch_up_frames)
        self._pacing: asyncio.Task[None] | None = None
        self._legs: set[AudioLeg] = set()
        self._announced: dict[UUID, tuple[Announcement, asyncio.TimerHandle]] = {}

    @property
    def host(self) -> str:
        """The address that Asterisk is to connect to."""
        return self._door.host

    @property
    def port(self) -> int:
        """The bound TCP port."""
        return self._door.port

    @property
    def announced(self) -> int:
        """How many UUIDs are announced and not yet claimed."""
        return len(self._announced)

    @property
    def pacing(self) -> PacerStats:
        """How well the 20 ms grid is kept."""
        return self._pacer.stats

    async def __aenter__(self) -> Self:
        await self._door.__aenter__()
        self._pacing = self._door.group.create_task(self._pacer.run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self.close(0)
        finally:
            await self._door.__aexit__(None, None, None)

    def announce(self) -> Announcement:
        """A fresh UUID; nothing else lets a connection in."""
        announcement = Announcement(self, uuid4())
        expiry = asyncio.get_running_loop().call_later(
            self._limits.announcement_seconds, self._expire, announcement.uuid
        )
        self._announced[announcement.uuid] = (announcement, expiry)
        return announcement

    def forget(self, uuid: UUID) -> None:
        """For announcements only: `uuid` lets nobody in from now on."""
        if (known := self._announced.pop(uuid, None)) is not None:
            known[1].cancel()

    async def close(self, grace_seconds: float) -> None:
        """Accept no more, let running legs end for `grace_seconds`, then hang them up. Idempotent."""
        await self._door.shut(grace_seconds if self._legs else 0)
        for announcement, expiry in self._announced.values():
            expiry.cancel()
            announcement.expire()
        self._announced.clear()
        for leg in tuple(self._legs):
            leg.finish(EndReason.SHUTDOWN)
        await self._door.clear()
        if self._pacing is not None:
            self._pacing.cancel()

    def _expire(self, uuid: UUID) -> None:
        announcement, _ = self._announced.pop(uuid)
        announcement.expire()
        log.info("audio_announcement_expired")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, visitor: Visitor) -> None:
        link = _Link(reader, self._limits, self._clock)
        try:
            leg = await self._welcome(link, writer, visitor)
            if leg is not None:
                await self._carry(link, leg)
        except AudioSocketDesync as exc:
            log.warning("audio_hello_refused", reason=str(exc), security=True)
        except TimeoutError:
            log.info("audio_hello_too_slow")

    async def _welcome(self, link: "_Link", writer: asyncio.StreamWriter, visitor: Visitor) -> AudioLeg | None:
        """Read the UUID and give the connection to whoever announced it; None when nobody did."""
        async with asyncio.timeout(self._limits.hello_seconds):
            hello = await link.next()
        if not isinstance(hello, Hello):
            return None  # closed before it said who it was: a port probe
        announced = self._announced.get(hello.uuid)
        if announced is None:
            log.warning("audio_uuid_unknown", security=True)
            return None
        if not visitor.promote():
            log.warning("audio_full", active=self._door.admission.active)
            return None
        self.forget(hello.uuid)
        leg = AudioLeg(hello.uuid, writer.transport, self._limits.leg, self._clock)
        self._legs.add(leg)
        self._pacer.add(leg)
        announced[0].claim(leg)
        return leg

    async def _carry(self, link: "_Link", leg: AudioLeg) -> None:
        """Give the leg what comes until it ends."""
        reason = EndReason.CLOSED
        try:
            while leg.end_reason is None and (event := await link.next()) is not None:
                if (ended := _deliver(event, leg)) is not None:
                    reason = ended
                    break
        except AudioSocketDesync as exc:
            log.warning("audio_desync", reason=str(exc))
            reason = EndReason.PROTOCOL
        except TimeoutError:
            reason = EndReason.STALLED
        finally:
            leg.finish(reason)
            self._pacer.discard(leg)
            self._legs.discard(leg)
            log.info(
                "audio_leg_ended",
                reason=leg.end_reason,
                dropped_frames=leg.dropped_frames,
                dropped_digits=leg.dropped_digits,
                skipped=link.skipped,
            )


class _Link:
    """Frames one by one, with a time limit inside a frame and none between frames, never far ahead of real time."""

    def __init__(self, reader: asyncio.StreamReader, limits: AudioSocketLimits, clock: Callable[[], float]) -> None:
        self._reader = reader
        self._limits = limits
        self._clock = clock
        self._decoder = AudioSocketDecoder(max_unknown=limits.max_unknown_frames)
        self._events = self._decoder.feed(b"")
        self._begun: float | None = None
        self._ahead = 0.0
        self._ahead_at = clock()
        self.skipped = 0

    async def next(self) -> Event | None:
        """The next frame, or None at the end. Raises `AudioSocketDesync`; `TimeoutError` on a frame never finished."""
        while True:
            for event in self._events:
                self._begun = None
                if isinstance(event, AudioFrame):
                    await self._hold_back(len(event.pcm) / BYTES_PER_SECOND)
                return event
            data = await self._read()
            if not data:
                return None
            self._events = self._decoder.feed(data)

    async def _read(self) -> bytes:
        if not self._decoder.mid_frame:
            self._begun = None
            return await self._reader.read(_CHUNK)
        if self._begun is None:
            self._begun = self._clock()
        async with asyncio.timeout_at(self._begun + self._limits.frame_seconds):
            return await self._reader.read(_CHUNK)

    async def _hold_back(self, seconds: float) -> None:
        """A leaky bucket of audio: what is more than `ahead_seconds` early waits, and the sender with it."""
        now = self._clock()
        self._ahead = max(0.0, self._ahead - (now - self._ahead_at)) + seconds
        self._ahead_at = now
        if self._ahead > self._limits.ahead_seconds:
            await asyncio.sleep(self._ahead - self._limits.ahead_seconds)


def _deliver(event: Event, leg: AudioLeg) -> EndReason | None:
    match event:
        case AudioFrame(pcm):
            leg.hear(pcm)
        case DigitFrame(char):
            leg.press(char)
        case HangupFrame():
            return EndReason.HANGUP
        case ErrorFrame():
            return EndReason.ERROR
        case SkippedFrame() | Hello():
            pass
    return None
