"""A recogniser whose answers are written down beforehand: the fake on `speech.ports`, for dialogue and call tests."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from speech.capacity import Load
from speech.counters import RecognitionCounters
from speech.errors import ModelError, Overloaded
from speech.frames import seconds_of
from speech.ports import Alternative, Bias, Capabilities, Final, Lost, Partial, RecognitionEvent

__all__ = ["FakeRecogniser", "FakeStream", "Script"]


@dataclass(frozen=True, slots=True)
class Script:
    """What one stream will answer: `partials` as (seconds of audio needed, text), then `final`; or lost at once."""

    final: str = ""
    partials: Sequence[tuple[float, str]] = ()
    confidence: float | None = 0.9
    alternatives: Sequence[str] = ()
    lost: str = ""


class FakeStream:
    """Answers by its script; keeps what it was fed for the test to look at."""

    def __init__(self, owner: "FakeRecogniser", stream_id: str, bias: Bias | None, script: Script) -> None:
        self.stream_id, self.bias, self.script = stream_id, bias, script
        self.fed = bytearray()
        self.finished = self.closed = False
        self._owner = owner
        self._to_say = list(script.partials)
        self._queue: asyncio.Queue[RecognitionEvent | None] = asyncio.Queue()
        if script.lost:
            self._queue.put_nowait(Lost(script.lost))

    def feed(self, pcm: bytes) -> None:
        if self.finished or self.closed:
            return
        self.fed += pcm
        at = seconds_of(len(self.fed))
        while self._to_say and self._to_say[0][0] <= at:
            self._queue.put_nowait(Partial(self._to_say.pop(0)[1], at))

    def finish(self) -> None:
        if self.finished or self.script.lost:
            return
        self.finished = True
        texts = [self.script.final, *self.script.alternatives] if self.script.final else []
        readings = tuple(Alternative(text, round(0.9**rank, 3)) for rank, text in enumerate(texts))
        confidence = self.script.confidence if readings else None
        self._queue.put_nowait(Final(readings[:5], 0.0, seconds_of(len(self.fed)), confidence))

    async def events(self) -> AsyncIterator[RecognitionEvent]:
        while (event := await self._queue.get()) is not None:
            yield event
            if not isinstance(event, Partial):
                return

    async def aclose(self) -> None:
        if not self.closed:
            self.closed = True
            self._owner.open_streams.remove(self)
            self._queue.put_nowait(None)


class FakeRecogniser:
    """Gives `scripts` to its streams in order; the last is used again when they run out."""

    def __init__(self, *scripts: Script, capacity: int = 100, model_error: str = "") -> None:
        self._scripts = list(scripts) or [Script()]
        self._capacity = capacity
        self._model_error = model_error
        self._ready = False
        self.counters = RecognitionCounters()
        self.open_streams: list[FakeStream] = []
        self.streams: list[FakeStream] = []

    @property
    def name(self) -> str:
        return "fake"

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(streaming=True, grammar=True, confidence=True, sample_rate=8_000)

    @property
    def ready(self) -> bool:
        return self._ready

    @property
    def load(self) -> Load:
        return Load(len(self.open_streams), self._capacity if self._ready else 0)

    async def start(self) -> None:
        if self._model_error:
            raise ModelError(self._model_error)
        self._ready = True

    def open(self, stream_id: str, bias: Bias | None = None) -> FakeStream:
        if not self._ready or len(self.open_streams) >= self._capacity:
            self.counters.refused += 1
            raise Overloaded(f"no capacity: {len(self.open_streams)} of {self._capacity} streams")
        script = self._scripts[min(len(self.streams), len(self._scripts) - 1)]
        stream = FakeStream(self, stream_id, bias, script)
        self.streams.append(stream)
        self.open_streams.append(stream)
        return stream

    async def aclose(self) -> None:
        self._ready = False
        for stream in list(self.open_streams):
            await stream.aclose()
