"""What a recognition engine is inside a worker: synchronous, blocking, one utterance per decoder, no asyncio.

Live calls reach an engine through `speech.worker` in a process of its own; file recognition calls the same decoders
directly. Only the thread that made a decoder may use it.
"""

from dataclasses import dataclass
from typing import Protocol

from speech.ports import Alternative, Bias, Capabilities

__all__ = ["NOTHING", "Decoder", "Engine", "Reading"]


@dataclass(frozen=True, slots=True)
class Reading:
    """The result for one utterance: normalised alternatives, best first, none when nothing was understood.

    `guard` names the rule that kept text back, or is empty. `start` and `end` bound the speech, in seconds of audio.
    """

    alternatives: tuple[Alternative, ...]
    start: float
    end: float
    confidence: float | None = None
    guard: str = ""

    @property
    def text(self) -> str:
        """The best reading, or the empty string."""
        return self.alternatives[0].text if self.alternatives else ""


NOTHING = Reading((), 0.0, 0.0)


class Decoder(Protocol):
    """One utterance in the making."""

    def accept(self, pcm: bytes) -> None:
        """Take 16-bit mono PCM at the rate the decoder was opened with."""

    def partial(self) -> str | None:
        """The words so far, or None when there is nothing newer than last time (or it is not yet worth the cost)."""

    def final(self) -> Reading:
        """The result; the decoder is used up."""


class Engine(Protocol):
    """A loaded model."""

    @property
    def capabilities(self) -> Capabilities: ...

    def open(self, rate: int = 8_000, bias: Bias | None = None) -> Decoder:
        """A decoder for one utterance of `rate` Hz audio."""
