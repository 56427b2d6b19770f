"""vosk-server for whole files: the live recogniser behind the blocking port of `speech.engines.port`.

Each utterance has an event loop of its own in the thread that decodes it, so nothing here touches a loop that serves
calls.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any

from speech.engines.port import NOTHING, Reading
from speech.errors import ModelError
from speech.frames import RATE, to_float, to_pcm
from speech.ports import Bias, Capabilities, Lost
from speech.ports import Final as FinalEvent
from speech.resample import StreamResampler
from speech.settings import SpeechSettings
from speech.voskserver.recogniser import VoskServerRecogniser

__all__ = ["VoskServerEngine"]


class VoskServerEngine:
    """The servers of the settings, asked one utterance at a time."""

    def __init__(self, urls: tuple[str, ...], settings: SpeechSettings) -> None:
        self._urls = urls
        self._settings = settings

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(streaming=True, grammar=True, confidence=True, sample_rate=RATE)

    def open(self, rate: int = 8_000, bias: Bias | None = None) -> "VoskServerDecoder":
        return VoskServerDecoder(self._urls, self._settings, rate, bias)


class VoskServerDecoder:
    """One utterance, sent as a whole when its result is asked for."""

    def __init__(self, urls: tuple[str, ...], settings: SpeechSettings, rate: int, bias: Bias | None) -> None:
        self._urls = urls
        self._settings = settings
        self._bias = bias
        self._resampler = None if rate == RATE else StreamResampler(rate, RATE)
        self._pieces: list[bytes] = []

    def accept(self, pcm: bytes) -> None:
        self._pieces.append(pcm if self._resampler is None else to_pcm(self._resampler.feed(to_float(pcm))))

    def partial(self) -> str | None:
        return None

    def final(self) -> Reading:
        if self._resampler is not None:
            self._pieces.append(to_pcm(self._resampler.flush()))
        return _run(self._recognise(b"".join(self._pieces)))

    async def _recognise(self, pcm: bytes) -> Reading:
        # Nothing may fall out of the replay buffer: the whole file is given at once.
        keep = max(self._settings.replay_seconds, len(pcm) / (2 * RATE) + 1)
        recogniser = VoskServerRecogniser(self._urls, self._settings.model_copy(update={"replay_seconds": keep}))
        await recogniser.start()
        try:
            stream = recogniser.open("file", self._bias)
            stream.feed(pcm)
            stream.finish()
            async for event in stream.events():
                match event:
                    case FinalEvent(alternatives, start, end, confidence):
                        return Reading(alternatives, start, end, confidence)
                    case Lost(reason):
                        raise ModelError(reason)
            return NOTHING
        finally:
            await recogniser.aclose()


def _run(work: Coroutine[Any, Any, Reading]) -> Reading:
    with asyncio.Runner() as runner:
        return runner.run(work)
