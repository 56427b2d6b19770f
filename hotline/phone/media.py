"""The audio of one call: plays and hears G.711 over RTP, sends and hears keys (RFC 4733).

A `Media` owns one UDP socket. One `Ticker` for a whole phone calls `tick` on each of its calls every 20 ms; each tick
sends exactly one packet: a key event if one is under way, else the next 20 ms of what is to be played, else silence. So
the far end always gets a steady stream, as from a real telephone, and a late tick is made up by the next ones. Only
packets from the address in the far end's session description are heard, and from loopback: an Asterisk on this machine
that names another of its addresses there still sends to loopback from loopback.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import Callable
from typing import Final, Self

import structlog

from hotline.phone.clock import Clock
from hotline.phone.recorder import Recorder
from hotline.phone.rtp import (
    KEYS,
    PACKET_SECONDS,
    SAMPLES_PER_PACKET,
    KeyCollector,
    KeyEvent,
    Packet,
    RtpError,
    SequenceWatch,
    key_press,
)
from hotline.phone.sdp import Codec, Sdp
from speech.g711 import alaw_decode, alaw_encode, ulaw_decode, ulaw_encode

FRAME_BYTES: Final = 2 * SAMPLES_PER_PACKET
KEY_GAP_PACKETS: Final = 5
"""100 ms between two keys; Asterisk's `res_rtp_asterisk.c` drops nothing at that pace."""

MAX_CATCH_UP: Final = 25
"""A ticker that is later than so many packets (half a second) gives the rest up instead of sending a burst."""

MAX_SOURCES: Final = 64

_log: Final = structlog.get_logger()


class Ticker:
    """Calls every registered function once per 20 ms of the loop's clock."""

    def __init__(self) -> None:
        self._functions: set[Callable[[], None]] = set()
        self._wanted = asyncio.Event()

    def add(self, function: Callable[[], None]) -> None:
        self._functions.add(function)
        self._wanted.set()

    def remove(self, function: Callable[[], None]) -> None:
        self._functions.discard(function)

    async def run(self) -> None:
        """Runs until cancelled; sleeps for good while nobody is registered."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            if not self._functions:
                self._wanted.clear()
                await self._wanted.wait()
                due = loop.time()
            due = max(due + PACKET_SECONDS, loop.time() - MAX_CATCH_UP * PACKET_SECONDS)
            await asyncio.sleep(max(0.0, due - loop.time()))
            for function in tuple(self._functions):
                function()


class Media(asyncio.DatagramProtocol):
    """Made by `Media.open`; the call's `connect` gives it the far end, `close` ends it."""

    def __init__(self, clock: Clock, ticker: Ticker, heard: Recorder) -> None:
        self.heard = heard
        self.digits_heard: list[tuple[str, float]] = []
        self.packets_sent = 0
        self.longest_gap = 0.0
        """Seconds between two packets sent: what a telephone keeps at 0.02 and a busy machine does not."""
        self._sent_at: float | None = None
        self._clock = clock
        self._ticker = ticker
        self._transport: asyncio.DatagramTransport | None = None
        self._remote: Sdp | None = None
        self._muted = False
        self._clips: deque[tuple[asyncio.Future[bool], memoryview]] = deque()
        self._keys: deque[tuple[asyncio.Future[bool] | None, KeyEvent | None]] = deque()
        self._new_digit = asyncio.Event()
        self._digits_read = 0
        self._collector = KeyCollector()
        self._watches: dict[int, SequenceWatch] = {}
        self._ssrc = secrets.randbits(32)
        self._sequence = secrets.randbits(15)
        self._timestamp = secrets.randbits(31)
        self._event_timestamp = 0
        self._marker = True

    @classmethod
    async def open(cls, host: str, clock: Clock, ticker: Ticker, *, record_seconds: float = 3600.0) -> Self:
        loop = asyncio.get_running_loop()
        _, media = await loop.create_datagram_endpoint(
            lambda: cls(clock, ticker, Recorder(record_seconds)), local_addr=(host, 0)
        )
        return media

    @property
    def port(self) -> int:
        return int(self._open_transport().get_extra_info("sockname")[1])

    @property
    def closed(self) -> bool:
        return self._open_transport().is_closing()

    @property
    def received(self) -> int:
        return sum(watch.received for watch in self._watches.values())

    @property
    def lost(self) -> int:
        return sum(watch.lost for watch in self._watches.values())

    @property
    def late(self) -> int:
        return sum(watch.late for watch in self._watches.values())

    def connect(self, remote: Sdp) -> None:
        """Where to send and how; called again when the far end changes its session description."""
        self._remote = remote
        if not self._ended:
            self._ticker.add(self.tick)

    def mute(self) -> None:
        """Sends and hears nothing any more, the socket stays: as when a telephone loses its power."""
        self._muted = True
        self._stop()

    def close(self) -> None:
        self._stop()
        if self._transport is not None:
            self._transport.close()

    def play(self, pcm8k: bytes) -> asyncio.Future[bool]:
        """Queues PCM16 mono 8 kHz; the result is True once all of it was sent, False when stopped or hung up.

        Playing begins at once, awaited or not; cancelling the future drops what is left of this clip.
        """
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        if len(pcm8k) % 2:
            raise ValueError(f"expected 16-bit samples, got an odd number of bytes ({len(pcm8k)})")
        if self._ended or not pcm8k:
            future.set_result(not pcm8k)
            return future
        self._clips.append((future, memoryview(pcm8k)))
        return future

    def stop_playing(self) -> None:
        while self._clips:
            _settle(self._clips.popleft()[0], False)

    def send_digits(self, digits: str) -> asyncio.Future[bool]:
        """Queues key presses of 180 ms with 100 ms between; True once all were sent. Sound waits meanwhile."""
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        if unknown := sorted(set(digits.upper()) - set(KEYS)):
            raise ValueError(f"expected keys out of {KEYS}, got {unknown}")
        if self._ended or not digits:
            future.set_result(not digits)
            return future
        for key in digits.upper():
            self._keys.extend((None, event) for event in key_press(key))
            self._keys.extend((None, None) for _ in range(KEY_GAP_PACKETS))
        self._keys.append((future, None))
        return future

    @property
    def _ended(self) -> bool:
        return self._muted or self._open_transport().is_closing()

    async def next_digit(self) -> str | None:
        """The next key that the far end pressed; None when the call's audio has ended."""
        while self._digits_read == len(self.digits_heard):
            if self._ended:
                return None
            self._new_digit.clear()
            await self._new_digit.wait()
        self._digits_read += 1
        return self.digits_heard[self._digits_read - 1][0]

    def _stop(self) -> None:
        self._ticker.remove(self.tick)
        self.stop_playing()
        self._drop_keys()
        self._new_digit.set()

    def _drop_keys(self) -> None:
        while self._keys:
            _settle(self._keys.popleft()[0], False)

    def tick(self) -> None:
        """Sends the packet of these 20 ms."""
        if self._remote is None or self._ended:
            return
        now = asyncio.get_running_loop().time()
        if self._sent_at is not None:
            self.longest_gap = max(self.longest_gap, now - self._sent_at)
        self._sent_at = now
        if self._remote.event_payload is None and self._keys:
            _log.warning("phone_keys_not_negotiated")
            self._drop_keys()
        if self._keys:
            future, event = self._keys.popleft()
            self._send_event(event)
            _settle(future, True)
        else:
            self._send_audio(self._next_frame())
        self._timestamp = (self._timestamp + SAMPLES_PER_PACKET) & 0xFFFFFFFF

    def _send_event(self, event: KeyEvent | None) -> None:
        if event is None or self._remote is None or self._remote.event_payload is None:
            self._event_timestamp = 0
            self._send_audio(None)
            return
        first = not event.end and event.duration == SAMPLES_PER_PACKET
        if first:
            self._event_timestamp = self._timestamp
        self._send(self._remote.event_payload, self._event_timestamp, event.to_bytes(), marker=first)

    def _send_audio(self, frame: bytes | None) -> None:
        if self._remote is None:
            return
        codec: Codec = self._remote.codecs[0]
        payload = _encode(codec, bytes(FRAME_BYTES) if frame is None else frame)
        self._send(int(codec), self._timestamp, payload, marker=self._marker)
        self._marker = False

    def _next_frame(self) -> bytes | None:
        """The next 20 ms, running over from one clip into the next; None when there is nothing to play."""
        frame = b""
        while self._clips and len(frame) < FRAME_BYTES:
            future, rest = self._clips.popleft()
            if future.cancelled():
                continue
            room = FRAME_BYTES - len(frame)
            frame += rest[:room].tobytes()
            if len(rest) > room:
                self._clips.appendleft((future, rest[room:]))
            else:
                _settle(future, True)
        return frame.ljust(FRAME_BYTES, b"\0") if frame else None

    def _send(self, payload_type: int, timestamp: int, payload: bytes, *, marker: bool) -> None:
        if self._remote is None or self._remote.port == 0:
            return
        packet = Packet(payload_type, self._sequence, timestamp, self._ssrc, payload, marker)
        self._open_transport().sendto(packet.to_bytes(), (self._remote.host, self._remote.port))
        self._sequence = (self._sequence + 1) & 0xFFFF
        self.packets_sent += 1

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        # typeshed types the argument as BaseTransport; for datagram endpoints asyncio passes a DatagramTransport.
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str | object, int]) -> None:
        if self._muted or (self._remote is not None and not _is_from(addr[0], self._remote.host)):
            return
        try:
            packet = Packet.parse(data)
            self._take(packet, self._clock())
        except RtpError as exc:
            _log.info("phone_rtp_ignored", reason=str(exc))

    def error_received(self, exc: Exception) -> None:
        _log.info("phone_rtp_error", reason=str(exc))

    def _take(self, packet: Packet, now: float) -> None:
        is_event = self._remote is not None and packet.payload_type == self._remote.event_payload
        if not is_event and packet.payload_type not in (Codec.PCMA, Codec.PCMU):
            return  # RTCP of another call may land on this port: its payload types read as 72 to 76
        if packet.ssrc not in self._watches and len(self._watches) >= MAX_SOURCES:
            return
        if not self._watches.setdefault(packet.ssrc, SequenceWatch()).take(packet.sequence):
            return
        if is_event:
            for key in self._collector.take(packet):
                self.digits_heard.append((key, now))
                self._new_digit.set()
        else:
            pcm = _decode(Codec(packet.payload_type), packet.payload)
            self.heard.add(now, packet.ssrc, packet.timestamp, pcm)

    def _open_transport(self) -> asyncio.DatagramTransport:
        if self._transport is None:
            raise RuntimeError("expected Media.open to have made this object")
        return self._transport


def _is_from(source: str | object, host: str) -> bool:
    return source == host or str(source).startswith("127.")


def _encode(codec: Codec, pcm: bytes) -> bytes:
    return alaw_encode(pcm) if codec is Codec.PCMA else ulaw_encode(pcm)


def _decode(codec: Codec, payload: bytes) -> bytes:
    return alaw_decode(payload) if codec is Codec.PCMA else ulaw_decode(payload)


def _settle(future: asyncio.Future[bool] | None, result: bool) -> None:
    if future is not None and not future.done():
        future.set_result(result)
