"""When a job fires. A slot is a moment that follows from the schedule alone, so that every instance names it alike.

Clock times are those of Asia/Shanghai, slots are aware UTC. Slots that went by while nobody ran are not made up one by
one: the newest one stands for all of them, because a job does all that is due, however long it has been.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Protocol

from tickets.domain.ids import CHINA

_EPOCH: Final = datetime(2020, 1, 1, tzinfo=UTC)


class Schedule(Protocol):
    def latest(self, now: datetime) -> datetime:
        """The newest slot at or before `now`."""
        ...

    def after(self, slot: datetime) -> datetime:
        """The slot that follows `slot`."""
        ...

    def __str__(self) -> str:
        """One spelling for one schedule: a change of it in the settings is noticed by this."""
        ...


@dataclass(frozen=True, slots=True)
class Every:
    """Every so many seconds, counted from a fixed moment."""

    seconds: int

    def latest(self, now: datetime) -> datetime:
        passed = (now - _EPOCH) // timedelta(seconds=self.seconds)
        return _EPOCH + passed * timedelta(seconds=self.seconds)

    def after(self, slot: datetime) -> datetime:
        return self.latest(slot) + timedelta(seconds=self.seconds)

    def __str__(self) -> str:
        return f"every {self.seconds} s"


@dataclass(frozen=True, slots=True)
class Daily:
    at: time

    def latest(self, now: datetime) -> datetime:
        today = now.astimezone(CHINA).date()
        slot = _moment(today, self.at)
        return slot if slot <= now else _moment(today - timedelta(days=1), self.at)

    def after(self, slot: datetime) -> datetime:
        return self.latest(slot) + timedelta(days=1)

    def __str__(self) -> str:
        return f"daily {self.at:%H:%M}"


@dataclass(frozen=True, slots=True)
class Weekly:
    """`weekday` 1 is Monday, 7 Sunday."""

    weekday: int
    at: time

    def latest(self, now: datetime) -> datetime:
        today = now.astimezone(CHINA).date()
        day = today - timedelta(days=(today.isoweekday() - self.weekday) % 7)
        slot = _moment(day, self.at)
        return slot if slot <= now else _moment(day - timedelta(days=7), self.at)

    def after(self, slot: datetime) -> datetime:
        return self.latest(slot) + timedelta(days=7)

    def __str__(self) -> str:
        return f"weekly {self.weekday} {self.at:%H:%M}"


@dataclass(frozen=True, slots=True)
class Monthly:
    """On `day`, or on the last day of a month that is shorter."""

    day: int
    at: time

    def latest(self, now: datetime) -> datetime:
        today = now.astimezone(CHINA).date()
        slot = self._in(today.year, today.month)
        if slot <= now:
            return slot
        before = today.replace(day=1) - timedelta(days=1)
        return self._in(before.year, before.month)

    def after(self, slot: datetime) -> datetime:
        this = self.latest(slot).astimezone(CHINA).date()
        following = this.replace(day=1) + timedelta(days=32)
        return self._in(following.year, following.month)

    def _in(self, year: int, month: int) -> datetime:
        return _moment(date(year, month, min(self.day, monthrange(year, month)[1])), self.at)

    def __str__(self) -> str:
        return f"monthly {self.day} {self.at:%H:%M}"


def _moment(day: date, at: time) -> datetime:
    return datetime.combine(day, at, tzinfo=CHINA).astimezone(UTC)
