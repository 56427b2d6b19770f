"""What the caller hears from us: prompts queued onto the audio leg, cut at once when asked, a word when all is said."""

import asyncio
from collections.abc import Callable
from typing import Protocol

import structlog

from ivr.audiosocket.leg import AudioLeg, Playback
from speech.prompts import PromptMissing

log = structlog.get_logger()


class Prompts(Protocol):
    """Where prompts come from; `speech.prompts.PromptLibrary` in production."""

    def pcm(self, prompt_id: str) -> bytes:
        """The prompt as 8 kHz signed 16-bit mono. Raises PromptMissing."""


class Speaker:
    """One caller's ear. `on_done` is called when everything queued has been played to its end, never after a cut."""

    def __init__(self, prompts: Prompts, on_done: Callable[[], None]) -> None:
        self._prompts = prompts
        self._on_done = on_done
        self._leg: AudioLeg | None = None
        self._queued: list[Playback] = []
        self._changed = asyncio.Event()

    def attach(self, leg: AudioLeg) -> None:
        """Speak onto this leg from now on."""
        self._leg = leg
        self._queued.clear()

    def say(self, prompt_ids: tuple[str, ...]) -> None:
        """Queue prompts. One that has no audio is left out and reported: the call goes on (F97)."""
        if self._leg is None:
            return
        for prompt_id in prompt_ids:
            try:
                pcm = self._prompts.pcm(prompt_id)
            except PromptMissing:
                log.error("prompt_missing", prompt=prompt_id)
                continue
            self._queued.append(self._leg.play(pcm))
        if not self._queued:
            # Nothing of it can be heard: the caller's turn begins all the same.
            self._on_done()
        self._changed.set()

    def hush(self) -> None:
        """Stop speaking at once and forget what was queued."""
        for playback in self._queued:
            playback.cut()
        self._queued.clear()

    async def run(self) -> None:
        """Watch the queue empty itself; ends by cancellation."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            while self._queued:
                last = self._queued[-1]
                result = await last.wait()
                if not self._queued or self._queued[-1] is not last:
                    continue
                self._queued.clear()
                if not result.cut:
                    self._on_done()
