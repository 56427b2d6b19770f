"""Time and dates that move only when told."""

from datetime import date, timedelta


class FakeTime:
    """A clock as a callable: seconds."""

    def __init__(self, seconds: float = 1_000.0) -> None:
        self.seconds = seconds

    def __call__(self) -> float:
        return self.seconds

    def advance(self, seconds: float) -> None:
        self.seconds += seconds


class FakeToday:
    """A calendar as a callable."""

    def __init__(self, day: date = date(2026, 11, 22)) -> None:
        self.day = day

    def __call__(self) -> date:
        return self.day

    def advance(self, days: int = 1) -> None:
        self.day += timedelta(days=days)
