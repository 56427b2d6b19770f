"""Empties the spool into the ticket service: tickets first, recordings when their files are whole, with back-off.

The relay owns no state but the spool's files, so it can be killed anywhere: what was not moved to `sent/` is sent again
under the same key, and the service answers the same ticket (F20 to F22).
"""

import asyncio
import random
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from ivr.outbox.api import ApiNotYet, ApiRefused, ApiUnavailable, TicketApi
from ivr.outbox.spool import Item, Spool

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class RelayLimits:
    """Seconds. The idle wait bounds how long a recording waits for its file to be finished."""

    first_wait: float = 0.5
    longest_wait: float = 30.0
    idle_wait: float = 1.0
    recording_patience: float = 4 * 3600.0


class Relay:
    """One per node. `poke` wakes it after something was put into the spool."""

    def __init__(self, spool: Spool, api: TicketApi, limits: RelayLimits, clock: Callable[[], float]) -> None:
        self._spool = spool
        self._api = api
        self._limits = limits
        self._clock = clock
        self._wake = asyncio.Event()
        self._wait = limits.first_wait
        self._waiting_since: dict[str, float] = {}
        """Recordings by key whose file or ticket is not there, and since when this process knows it."""
        self.sent = 0
        self.available = True

    def poke(self) -> None:
        self._wake.set()

    async def run(self) -> None:
        """Send for ever; ends only by cancellation."""
        while True:
            self._wake.clear()
            try:
                delivered = await self.deliver()
            except OSError as exc:
                # A full disk is no reason to end: the calls that go on need this process (F25).
                log.error("spool_not_writable", reason=type(exc).__name__)
                delivered = False
            if delivered:
                self._wait = self._limits.first_wait
                pause = self._limits.idle_wait
            else:
                pause = self._wait * random.uniform(0.5, 1.0)
                self._wait = min(self._wait * 2, self._limits.longest_wait)
            try:
                async with asyncio.timeout(pause):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def deliver(self) -> bool:
        """Send all that can be sent now. False when the service was not to be had."""
        for item in await asyncio.to_thread(lambda: list(self._spool.pending())):
            if not await asyncio.to_thread(self._is_due, item):
                continue
            try:
                answer = await self._send(item)
            except ApiUnavailable as exc:
                if isinstance(exc, ApiNotYet) and not item.is_ticket:
                    # One ticket that never comes must not hold up everybody else's recordings.
                    if self._has_waited_long(item.key):
                        await asyncio.to_thread(self._spool.refuse, item, str(exc))
                    continue
                if self.available:
                    log.warning("ticket_service_unavailable", reason=str(exc), pending=self._spool.count())
                self.available = False
                return False
            except ApiRefused as exc:
                log.error("ticket_service_refused", status=exc.status, code=exc.code)
                await asyncio.to_thread(self._spool.refuse, item, str(exc))
                continue
            except OSError as exc:
                log.error("recording_unreadable", reason=type(exc).__name__)
                await asyncio.to_thread(self._spool.refuse, item, f"recording unreadable: {exc}")
                continue
            self.available = True
            self._waiting_since.pop(item.key, None)
            self.sent += 1
            await asyncio.to_thread(self._spool.sent, item, answer)
        return True

    async def _send(self, item: Item) -> dict[str, object]:
        if item.is_ticket:
            return await self._api.open_ticket(item.key, item.body)
        if item.event:
            return await self._api.act(item.key, item.number, item.event)
        return await self._api.attach(item.key, item.number, Path(item.recording), item.recording_kind)

    def _is_due(self, item: Item) -> bool:
        if not item.recording:
            return True
        path = Path(item.recording)
        return wav_is_whole(path) or self._is_given_up(item.key, path)

    def _is_given_up(self, key: str, path: Path) -> bool:
        """A file that stopped growing long ago is taken as it is: half a recording is better than none."""
        try:
            return self._clock() - path.stat().st_mtime > self._limits.recording_patience
        except FileNotFoundError:
            return self._has_waited_long(key)

    def _has_waited_long(self, key: str) -> bool:
        now = self._clock()
        long = now - self._waiting_since.setdefault(key, now) > self._limits.recording_patience
        if long:
            del self._waiting_since[key]
        return long


def wav_is_whole(path: Path) -> bool:
    """Whether a WAV's header tells its true length.

    Asterisk writes the header's lengths when it closes a recording (`formats/format_wav.c`, 22.10), so a header that
    agrees with the file's size means that the recording is finished.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(44)
    except OSError:
        return False
    if len(head) < 44 or head[:4] != b"RIFF" or head[36:40] != b"data":
        return False
    (data_bytes,) = struct.unpack_from("<I", head, 40)
    return bool(data_bytes) and 44 + data_bytes in (size, size - 1)
