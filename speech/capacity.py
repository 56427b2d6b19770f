"""How many callers one worker can listen to at once, from its own speed: measured, not guessed. Pure.

`rtf` is decoding time over audio time of one utterance alone. A streaming engine works while callers speak, so its
share of real time is what runs out. An engine that needs whole utterances works mostly afterwards, so what runs out is
the patience of the caller whose result is last in the row.
"""

from dataclasses import dataclass
from typing import Final

__all__ = ["UNMEASURED", "Load", "streams_for"]

UNMEASURED: Final = 6
"""Streams of a worker whose speed could not be measured, as its sample was missing."""

_MOST: Final = 1_000
"""Of one worker, however fast it was on a sample of seconds."""

_BUSY_SHARE: Final = 0.85
"""Of real time; the rest is for what the machine does besides."""

_UTTERANCE_SECONDS: Final = 6.0
_PATIENCE_SECONDS: Final = 8.0
"""A caller is told to wait after three seconds and again after three more."""


@dataclass(frozen=True, slots=True)
class Load:
    """Streams that are open, and how many may be."""

    streams: int
    capacity: int

    @property
    def full(self) -> bool:
        return self.streams >= self.capacity


def streams_for(rtf: float, *, streaming: bool) -> int:
    """At least one: a worker that is too slow for a single caller still serves one, late."""
    if rtf <= 0:
        return UNMEASURED
    most = _BUSY_SHARE / rtf if streaming else _PATIENCE_SECONDS / (_UTTERANCE_SECONDS * rtf)
    return max(1, int(min(most, _MOST)))
