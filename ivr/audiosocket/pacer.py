"""One ticker for all legs: every 20 ms of the loop's monotonic clock, each leg sends one frame.

Strategy: tick n is due at start + n * 20 ms, so lateness never adds up. A late loop catches up by sending the frames it
owes, but never more than a bound at once: Asterisk does not pace what it is sent and the telephone's jitter buffer is
short, so older debts are forgotten and counted. Without legs the ticker sleeps and takes a new grid on waking.
Source: Asterisk 22.10 `apps/app_audiosocket.c` ends the application after 2,000 ms without traffic.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

FRAME_SECONDS: Final = 0.02


class Ticked(Protocol):
    """Something that sends 20 ms of audio when told to."""

    def tick(self) -> None: ...


@dataclass(frozen=True, slots=True)
class PacerStats:
    """`late_seconds_max`: the worst tick; `late_ticks`: those later than one frame; `skipped`: frames forgotten."""

    ticks: int
    late_ticks: int
    skipped: int
    late_seconds_max: float


class Pacer:
    """Run `run()` in a task of the server; `add` and `discard` at any time from the loop's thread."""

    def __init__(self, clock: Callable[[], float], *, max_catch_up: int = 5) -> None:
        self._clock = clock
        self._max_catch_up = max_catch_up
        self._legs: dict[Ticked, None] = {}
        self._wanted = asyncio.Event()
        self._ticks = 0
        self._late_ticks = 0
        self._skipped = 0
        self._late_max = 0.0

    def add(self, leg: Ticked) -> None:
        """From now on `leg` is ticked; its first tick is at once, so that Asterisk hears from us without delay."""
        leg.tick()
        self._legs[leg] = None
        self._wanted.set()

    def discard(self, leg: Ticked) -> None:
        """`leg` is ticked no more. Idempotent."""
        self._legs.pop(leg, None)

    @property
    def stats(self) -> PacerStats:
        return PacerStats(self._ticks, self._late_ticks, self._skipped, self._late_max)

    async def run(self) -> None:
        """Tick until cancelled."""
        while True:
            self._wanted.clear()
            if not self._legs:
                await self._wanted.wait()
            due = self._clock() + FRAME_SECONDS
            while self._legs:
                await asyncio.sleep(max(0.0, due - self._clock()))
                due = self.advance(due)

    def advance(self, due: float) -> float:
        """Send what is owed for the tick that was due at `due`; returns when the next one is due."""
        late = self._clock() - due
        if late < 0:
            return due  # woken a little early; nothing is owed yet
        owed = 1 + int(late / FRAME_SECONDS)
        frames = min(owed, self._max_catch_up)
        self._ticks += 1
        self._late_max = max(self._late_max, late)
        self._late_ticks += owed > 1
        self._skipped += owed - frames
        for _ in range(frames):
            for leg in tuple(self._legs):
                leg.tick()
        return due + owed * FRAME_SECONDS
