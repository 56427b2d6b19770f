"""The real clock and the source of row ids; both are handed in, so that tests can move time."""

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime

from tickets.domain.ids import row_id
from tickets.ports import Clock


class SystemClock:
    """Implements Clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


class Ids:
    """Row ids that sort by time."""

    def __init__(self, clock: Clock, randomness: Callable[[int], bytes] = os.urandom) -> None:
        self._clock = clock
        self._randomness = randomness

    def next(self) -> str:
        return row_id(self._clock.now(), self._randomness(10))
