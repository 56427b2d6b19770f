"""The 20 ms grid on a hand-driven clock."""

import asyncio

import pytest

from ivr.audiosocket.pacer import Pacer


class Counter:
    def __init__(self) -> None:
        self.ticks = 0
        self._ticked = asyncio.Event()

    def tick(self) -> None:
        self.ticks += 1
        self._ticked.set()

    async def reached(self, ticks: int) -> None:
        while self.ticks < ticks:
            self._ticked.clear()
            await self._ticked.wait()


class HandClock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("late", "frames", "skipped"), [(0.0, 1, 0), (0.019, 1, 0), (0.041, 3, 0), (0.1, 5, 1), (2.0, 5, 96)]
)
def test_a_late_tick_sends_what_is_owed_up_to_a_bound(late: float, frames: int, skipped: int) -> None:
    clock, leg = HandClock(), Counter()
    pacer = Pacer(clock)
    pacer.add(leg)
    due = clock.now
    clock.now += late + 1e-9
    following = pacer.advance(due)
    assert leg.ticks == 1 + frames  # one at once on being added
    assert pacer.stats.skipped == skipped
    assert due + 0.02 <= following
    assert clock.now < following + 1e-6


def test_an_early_wake_up_sends_nothing() -> None:
    clock, leg = HandClock(), Counter()
    pacer = Pacer(clock)
    pacer.add(leg)
    assert pacer.advance(clock.now + 0.01) == clock.now + 0.01
    assert leg.ticks == 1


def test_the_grid_does_not_drift_with_small_lateness() -> None:
    clock, leg = HandClock(), Counter()
    pacer = Pacer(clock)
    pacer.add(leg)
    due = start = clock.now
    for _ in range(500):
        clock.now = due + 0.003
        due = pacer.advance(due)
    assert due == pytest.approx(start + 10.0)
    assert leg.ticks == 501


async def test_legs_come_and_go_and_the_ticker_ends_when_cancelled() -> None:
    first, second = Counter(), Counter()
    pacer = Pacer(asyncio.get_running_loop().time)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(pacer.run())
        pacer.add(first)
        await first.reached(5)
        pacer.discard(first)
        pacer.add(second)
        seen = first.ticks
        await second.reached(5)
        assert first.ticks == seen
        pacer.discard(second)
        pacer.add(first)
        await first.reached(seen + 3)
        task.cancel()
