"""The dead-man switch of a live call: Asterisk takes the caller back unless this loop says every few seconds "alive".

Asterisk has no read timeout on FastAGI, so a hung application would hold a caller for ever. `TIMEOUT(absolute)` on the
channel is re-armed from outside, over AMI, by the event loop that must be alive to do it (tried on Asterisk 22.10: it
works while the channel sits in AudioSocket). Where AMI is away the call carries one long timer, set over AGI.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from ivr.ami.ports import CallControl
from ivr.errors import RemoteFault

log = structlog.get_logger()


class Heartbeat:
    """Re-arms one channel's timer until stopped. `on_lost` is called once when AMI has failed for too long."""

    def __init__(
        self,
        control: CallControl,
        channel: str,
        *,
        dead_man_seconds: float,
        rearm_seconds: float,
        on_lost: Callable[[], Awaitable[None]],
    ) -> None:
        self._control = control
        self._channel = channel
        self._dead_man = dead_man_seconds
        self._rearm = rearm_seconds
        self._on_lost = on_lost
        self._stopping = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    async def run(self) -> None:
        """Beat until `stop`. A beat that fails is tried again while the timer still has room for it."""
        since_armed = 0.0
        told = False
        while not self._stopping.is_set():
            armed = await self._beat()
            since_armed = 0.0 if armed else since_armed + self._rearm
            told = told and not armed
            if since_armed >= self._dead_man / 2 and not told:
                told = True
                log.warning("heartbeat_lost")
                await self._on_lost()
            try:
                async with asyncio.timeout(self._rearm):
                    await self._stopping.wait()
            except TimeoutError:
                continue

    async def stop(self) -> None:
        """No beat is under way when this returns: one that came after the hand-over would cut a live bridge."""
        self._stopping.set()
        await self._idle.wait()

    async def _beat(self) -> bool:
        if not self._control.connected or self._stopping.is_set():
            return False
        self._idle.clear()
        try:
            return await self._control.set_timeout(self._channel, self._dead_man)
        except RemoteFault as exc:
            log.info("heartbeat_missed", reason=type(exc).__name__)
            return False
        finally:
            self._idle.set()
