"""The audio path of a call: AudioSocket run inside the FastAGI session, rebuilt when it breaks while the call is up.

While `EXEC AudioSocket` runs, the FastAGI session belongs to it: it answers when the leg has ended. A leg that ends
although nobody asked for it is attached anew (F18), so a broken path costs the caller a moment and not the call.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from ivr.agi.session import AgiSession
from ivr.audiosocket.leg import Audio, AudioLeg, Digit
from ivr.audiosocket.server import AudioSocketServer
from ivr.errors import CallerHungUp, LegNotClaimed

log = structlog.get_logger()

REATTACHMENTS = 3
"""How often a broken audio path is rebuilt before the call goes to the dialplan's recording."""


class AudioPathBroken(Exception):
    """The channel is up, but its audio cannot be had."""


class MediaPath:
    """Frames and digits of one caller, over as many legs as it takes."""

    def __init__(
        self,
        session: AgiSession,
        server: AudioSocketServer,
        *,
        wait_seconds: float,
        before_attach: Callable[[], Awaitable[None]],
        on_attached: Callable[[AudioLeg], None],
        on_frame: Callable[[bytes], None],
        on_digit: Callable[[str], None],
    ) -> None:
        self._session = session
        self._server = server
        self._wait_seconds = wait_seconds
        self._before_attach = before_attach
        self._on_attached = on_attached
        self._on_frame = on_frame
        self._on_digit = on_digit
        self._leg: AudioLeg | None = None
        self._closing = False

    async def run(self) -> None:
        """Attach and pump until `close`. Raises CallerHungUp when the caller goes, AudioPathBroken when all fails."""
        for attempt in range(1 + REATTACHMENTS):
            await self._before_attach()
            await self._one_leg()
            if self._closing:
                return
            if self._session.hung_up.is_set():
                raise CallerHungUp
            log.warning("audio_path_lost", attempt=attempt)
        raise AudioPathBroken(f"AudioSocket ended {1 + REATTACHMENTS} times while the call was up")

    async def close(self) -> None:
        """End the leg for good; `run` returns once Asterisk has taken the channel back."""
        self._closing = True
        await self.reattach()

    async def reattach(self) -> None:
        """End the present leg; `run` makes a new one unless the path was closed."""
        if self._leg is not None:
            await self._leg.hangup()

    async def _one_leg(self) -> None:
        announcement = self._server.announce()
        address = f"{self._server.host}:{self._server.port}"
        hung_up = False
        try:
            async with asyncio.TaskGroup() as tasks:
                pump = tasks.create_task(self._attach_and_pump(announcement.wait(self._wait_seconds)))
                await self._session.execute("AudioSocket", str(announcement.uuid), address)
                # Asterisk has left the application: nothing more will come over this leg.
                if self._leg is None:
                    pump.cancel()
                else:
                    await self._leg.hangup()
        except* CallerHungUp:
            hung_up = True
        finally:
            if self._leg is not None:
                await self._leg.hangup()
            self._leg = None
        if hung_up:
            raise CallerHungUp

    async def _attach_and_pump(self, attached: Awaitable[AudioLeg]) -> None:
        try:
            leg = await attached
        except LegNotClaimed:
            log.warning("audio_path_not_attached")
            return
        self._leg = leg
        self._on_attached(leg)
        if self._closing:
            await leg.hangup()
        async for event in leg.events():
            match event:
                case Audio(pcm=pcm):
                    self._on_frame(pcm)
                case Digit(char=char):
                    self._on_digit(char)
