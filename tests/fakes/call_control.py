"""Asterisk's management interface behind its port, in memory."""

import asyncio
from collections.abc import Mapping

from ivr.ami.ports import LiveChannel
from ivr.errors import AmiUnavailable


class FakeCallControl:
    """Keeps the timers that were set. `hold` makes a beat wait until `release` is set, to catch it under way."""

    def __init__(self, *, connected: bool = True) -> None:
        self.connected = connected
        self.timeouts: list[tuple[str, float]] = []
        self.failing = False
        self.hold = False
        self.beating = asyncio.Event()
        self.release = asyncio.Event()
        self.beat = asyncio.Event()

    async def start(self) -> None:
        """Nothing to connect to."""

    async def aclose(self) -> None:
        self.connected = False

    async def set_timeout(self, channel: str, seconds: float) -> bool:
        if self.hold:
            self.beating.set()
            await self.release.wait()
        if self.failing:
            raise AmiUnavailable("the fake link is down")
        self.timeouts.append((channel, seconds))
        self.beat.set()
        return True

    async def set_variable(self, channel: str, name: str, value: str) -> bool:
        return True

    async def live_channels(self) -> tuple[LiveChannel, ...]:
        return ()

    async def originate(
        self, place: str, extension: str, *, then: str, caller_id: str, seconds: float, variables: Mapping[str, str]
    ) -> str:
        return "fake-1"
