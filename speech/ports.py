"""What the call sees of speech recognition: events and the two ports, `Recogniser` (an engine) and its streams.

Audio is everywhere signed 16-bit little-endian mono at 8,000 Hz, in frames of 20 ms (320 bytes), unless a name says
otherwise. Times are seconds of audio since the stream was opened, so they do not depend on how fast audio arrives.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from speech.capacity import Load
from speech.counters import RecognitionCounters


@dataclass(frozen=True, slots=True)
class Alternative:
    """One reading of an utterance. `score` is in 0..1, comparable only within one engine."""

    text: str
    score: float


@dataclass(frozen=True, slots=True)
class Partial:
    """The words so far; may be revised by the next partial."""

    text: str
    at: float


@dataclass(frozen=True, slots=True)
class Final:
    """An utterance's result: at most five alternatives, best first; none when nothing was understood.

    `confidence` is the engine's own for the best reading, 0..1, or None where the engine gives none.
    """

    alternatives: tuple[Alternative, ...]
    start: float
    end: float
    confidence: float | None = None

    @property
    def text(self) -> str:
        """The best reading, or the empty string."""
        return self.alternatives[0].text if self.alternatives else ""


@dataclass(frozen=True, slots=True)
class Lost:
    """The stream cannot go on (engine gone twice, overload); the call continues without recognition."""

    reason: str


RecognitionEvent = Partial | Final | Lost


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an engine can do. `sample_rate` is the rate it decodes at, in Hz."""

    streaming: bool
    grammar: bool
    confidence: bool
    sample_rate: int


@dataclass(frozen=True, slots=True)
class Bias:
    """What is likely to be said in the present dialogue state: `grammar` are whole answers, `terms` words in them.

    Both only favour. `closed` lets nothing but the answers be heard, where the engine can do that. It is no way for a
    call: asked whether that is right, a caller may cry for help, and a closed vocabulary makes of the cry the answer
    that sounds nearest.
    """

    grammar: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()
    closed: bool = False


class RecognitionStream(Protocol):
    """One caller's utterance stream. Not shared between tasks."""

    def feed(self, pcm: bytes) -> None:
        """Take audio; never blocks. What cannot be held is dropped by the written policy and counted."""

    def finish(self) -> None:
        """End the utterance: exactly one `Final` (or `Lost`) follows, after which the stream is ended."""

    def events(self) -> AsyncIterator[RecognitionEvent]:
        """Partials, then one `Final` or `Lost`."""

    async def aclose(self) -> None:
        """Give everything back, whatever state the stream is in. Idempotent."""


class Recogniser(Protocol):
    """An engine behind a worker pool: one object for the life of the process."""

    @property
    def name(self) -> str: ...

    @property
    def capabilities(self) -> Capabilities: ...

    @property
    def ready(self) -> bool:
        """False while loading and when degraded: calls then go the keys-and-recording way."""

    @property
    def load(self) -> Load:
        """Streams open now and how many may be; the capacity is 0 until something is ready."""

    @property
    def counters(self) -> RecognitionCounters:
        """What happened since the start, for metrics."""

    async def start(self) -> None:
        """Load the engine. Raises `speech.errors.ModelError` with the mend when its model cannot be used."""

    def open(self, stream_id: str, bias: Bias | None = None) -> RecognitionStream:
        """A new stream. Raises `speech.errors.Overloaded` when capacity is spent."""

    async def aclose(self) -> None: ...
