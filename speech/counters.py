"""What happened to recognition since the start, for metrics: a recogniser counts, whoever wants to reads. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

__all__ = ["LATE_SECONDS", "RecognitionCounters"]

LATE_SECONDS: Final = 0.5
"""From here on recognition that works while callers speak is late: an emergency is heard late as well (F19)."""


@dataclass(slots=True)
class RecognitionCounters:
    """Counts, except `lag_seconds`: by how much recognition is behind the callers' audio now, at worst."""

    started: int = 0
    crashed: int = 0
    stalled: int = 0
    replayed: int = 0
    lost: int = 0
    refused: int = 0
    late: int = 0
    dropped_bytes: int = 0
    skipped_seconds: float = 0.0
    lag_seconds: float = 0.0

    def figures(self) -> Iterator[tuple[str, str]]:
        """Fields and what each means, for a metrics page."""
        yield "started", "recogniser processes started"
        yield "crashed", "recogniser processes that ended"
        yield "stalled", "recogniser processes that were killed because they hung"
        yield "replayed", "utterances begun again on another recogniser"
        yield "lost", "utterances given up after a second failure"
        yield "refused", "callers sent to the recording because recognition was full or not ready"
        yield "late", "times that recognition fell behind the callers"
        yield "dropped_bytes", "bytes of audio that no recogniser was ever given"
        yield "skipped_seconds", "seconds of audio left out to catch up after a stall"
        yield "lag_seconds", "seconds by which recognition is behind the callers now, at worst"
