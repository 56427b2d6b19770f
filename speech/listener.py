"""One caller's ear: frames in, listener events out. It joins the voice detector, the endpointer and the recogniser.

`feed` never blocks and is called for every 20 ms frame of the call, so listener time is the audio time of the call. A
recogniser stream is opened at speech onset and gets the audio from a little before it. Events that nobody reads do not
pile up: an unread `Hearing` is replaced by the next.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass
from typing import Any

import structlog

from speech.endpoint import Ended, EndedBy, Endpoint, NothingSaid, Onset
from speech.errors import Overloaded
from speech.frames import FRAME_BYTES, FRAME_SECONDS
from speech.ports import Bias, Final, Lost, Partial, Recogniser, RecognitionStream
from speech.settings import SpeechSettings
from speech.turns import wording
from speech.vad import Vad

__all__ = [
    "Hearing",
    "Listener",
    "ListenerEvent",
    "NoSpeech",
    "RecognitionLost",
    "SpeechEnded",
    "SpeechStarted",
    "Utterance",
]

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """The caller began to speak at `at`; announced `onset` seconds later, as soon as it is certain."""

    at: float


@dataclass(frozen=True, slots=True)
class Hearing:
    """The words so far, which cover the audio up to `at`."""

    text: str
    at: float


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """The utterance is over; its result is being worked out and follows as `Utterance`."""

    at: float


@dataclass(frozen=True, slots=True)
class Utterance:
    """One utterance. `final` may be without text: that is a no-match. `started` and `ended` bound the voice."""

    final: Final
    started: float
    ended: float
    ended_by: EndedBy


@dataclass(frozen=True, slots=True)
class NoSpeech:
    """Nobody spoke within the `after` seconds that were allowed."""

    after: float


@dataclass(frozen=True, slots=True)
class RecognitionLost:
    """The utterance cannot be recognised; the audio still flows and the call goes on by keys and recording."""

    reason: str


ListenerEvent = SpeechStarted | Hearing | SpeechEnded | Utterance | NoSpeech | RecognitionLost


@dataclass(slots=True)
class _Take:
    """The utterance in progress, or the one whose result is awaited."""

    stream: RecognitionStream
    opened: float
    started: float
    pump: asyncio.Task[None]
    ended: Ended | None = None


class Listener:
    """One per call. Not for several tasks, except that one task may iterate `events` while another feeds."""

    def __init__(self, recogniser: Recogniser, settings: SpeechSettings, stream_id: str, vad: Vad) -> None:
        times = settings.endpoint
        self._recogniser = recogniser
        self._stream_id = stream_id
        self._vad = vad
        self._endpoint = Endpoint(times.times())
        # One window of the voice detector lies between a sound and the frame that is called voiced.
        keep = times.preroll + times.onset + 2 * FRAME_SECONDS
        self._recent: deque[bytes] = deque(maxlen=round(keep / FRAME_SECONDS))
        self._now = 0.0
        self._frames = 0
        self._bias: Bias | None = None
        self._take: _Take | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._events: deque[ListenerEvent] = deque(maxlen=256)
        self._news = asyncio.Event()
        self._closed = False

    @property
    def now(self) -> float:
        """Seconds of audio fed so far."""
        return self._now

    def listen(self, *, bias: Bias | None = None) -> None:
        """Arm for one utterance; one in progress is given up. The no-speech time starts with `expect_speech`."""
        self.stop()
        self._bias = bias
        self._endpoint.arm(closed=bias is not None and bool(bias.grammar))

    def expect_speech(self, seconds: float) -> None:
        """From now on the caller has `seconds` of audio time to begin."""
        self._endpoint.expect(self._now, seconds)

    def stop(self) -> None:
        """Disarm. An utterance whose result is not there yet is given up."""
        self._endpoint.disarm()
        take, self._take = self._take, None
        if take is not None:
            take.pump.cancel()
            # A pump cancelled before its first step never reaches its own clean-up.
            self._own(take.stream.aclose())

    def feed(self, frame: bytes) -> None:
        """Take one 20 ms frame (320 bytes), armed or not."""
        if len(frame) != FRAME_BYTES:
            raise ValueError(f"a frame has {FRAME_BYTES} bytes; got {len(frame)}")
        start = self._now
        self._frames += 1
        self._now = round(self._frames * FRAME_SECONDS, 3)
        self._recent.append(frame)
        if self._take is not None and self._take.ended is None:
            self._take.stream.feed(frame)
        self._react(self._endpoint.frame(self._vad.voiced(frame), start, self._now))

    def finish(self) -> None:
        """The caller pressed the finish key: end the utterance, or answer NoSpeech when none has begun."""
        self._react(self._endpoint.key(self._now))

    async def events(self) -> AsyncIterator[ListenerEvent]:
        """What happens, in order, until `aclose`."""
        while True:
            while self._events:
                yield self._events.popleft()
            if self._closed:
                return
            self._news.clear()
            await self._news.wait()

    async def aclose(self) -> None:
        """Give everything back and end `events`. Idempotent."""
        self.stop()
        self._closed = True
        self._news.set()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _react(self, event: Onset | Ended | NothingSaid | None) -> None:
        match event:
            case Onset(started):
                self._announce(SpeechStarted(round(started, 3)))
                self._begin(started)
            case Ended() if self._take is not None:
                self._take.ended = event
                self._announce(SpeechEnded(self._now))
                self._take.stream.finish()
            case NothingSaid(after):
                self._announce(NoSpeech(after))
            case _:
                pass

    def _begin(self, started: float) -> None:
        """Open the stream with the audio from before the onset."""
        try:
            stream = self._recogniser.open(self._stream_id, self._bias)
        except Overloaded as exc:
            self._endpoint.disarm()
            self._announce(RecognitionLost(str(exc)))
            return
        opened = self._now - len(self._recent) * FRAME_SECONDS
        self._take = _Take(stream, opened, started, self._own(self._pump(stream)))
        for frame in self._recent:
            stream.feed(frame)

    def _own(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """A task of this listener, awaited in `aclose`."""
        task = asyncio.get_running_loop().create_task(work, name=f"listen-{self._stream_id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _pump(self, stream: RecognitionStream) -> None:
        """Carry the stream's events over for as long as its utterance is the present one."""
        try:
            async for event in stream.events():
                take = self._take
                if take is None or take.stream is not stream:
                    return
                match event:
                    case Partial(text, at):
                        self._hear(text, round(take.opened + at, 3))
                    case Final():
                        self._deliver(take, event)
                    case Lost(reason):
                        self._endpoint.disarm()
                        self._take = None
                        self._announce(RecognitionLost(reason))
        finally:
            await stream.aclose()

    def _hear(self, text: str, at: float) -> None:
        """A partial. A streaming engine gives another as soon as it knows more, so its latest is never out of date."""
        answers = self._bias.grammar if self._bias is not None else ()
        streaming = self._recogniser.capabilities.streaming
        self._endpoint.hear(wording(text, answers), None if streaming else at)
        self._announce(Hearing(text, at))

    def _deliver(self, take: _Take, final: Final) -> None:
        # A final can only follow our own `finish`; `ended` says why it was called.
        ended = take.ended or Ended(self._now, "limit")
        self._take = None
        self._announce(Utterance(final, round(take.started, 3), round(ended.ended, 3), ended.by))

    def _announce(self, event: ListenerEvent) -> None:
        if isinstance(event, Hearing) and self._events and isinstance(self._events[-1], Hearing):
            self._events.pop()
        self._events.append(event)
        self._news.set()
