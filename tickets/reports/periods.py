"""Spans of whole days in Asia/Shanghai, as reports are asked for; stored times are UTC, so a span gives both ends."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Self

from tickets.domain.errors import InvalidValue
from tickets.domain.ids import CHINA

LONGEST_DAYS = 3700
"""Ten years: a longer span is a slip of the pen."""


@dataclass(frozen=True, slots=True)
class Span:
    """Days from `first` to `last`, both counted in."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise InvalidValue(f"a span ends on or after its first day; from {self.first} to {self.last} does not")
        if (self.last - self.first).days >= LONGEST_DAYS:
            raise InvalidValue(f"a span has at most {LONGEST_DAYS} days")

    @classmethod
    def day(cls, day: date) -> Self:
        return cls(day, day)

    @classmethod
    def week(cls, day: date) -> Self:
        """Monday to Sunday around `day`."""
        monday = day - timedelta(days=day.weekday())
        return cls(monday, monday + timedelta(days=6))

    @classmethod
    def month(cls, day: date) -> Self:
        following = (day.replace(day=28) + timedelta(days=4)).replace(day=1)
        return cls(day.replace(day=1), following - timedelta(days=1))

    @property
    def start(self) -> datetime:
        """The first moment, UTC."""
        return _midnight(self.first)

    @property
    def end(self) -> datetime:
        """The first moment after, UTC."""
        return _midnight(self.last + timedelta(days=1))

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def label(self) -> str:
        if self.first == self.last:
            return chinese_date(self.first)
        if self == Span.month(self.first):
            return f"{self.first.year}年{self.first.month}月"
        return f"{chinese_date(self.first)}至{chinese_date(self.last)}"

    def before(self) -> "Span":
        """The span to compare with: the month before a whole month, else as many days just before."""
        if self == Span.month(self.first):
            return Span.month(self.first - timedelta(days=1))
        return Span(self.first - timedelta(days=self.days), self.first - timedelta(days=1))

    def __iter__(self) -> Iterator[date]:
        return (self.first + timedelta(days=each) for each in range(self.days))


def chinese_date(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def china_day(at: datetime) -> date:
    return at.astimezone(CHINA).date()


def china_time(at: datetime) -> str:
    """`2026-11-22 17:30`, as shown to people."""
    return f"{at.astimezone(CHINA):%Y-%m-%d %H:%M}"


def at_clock(day: date, clock: time) -> datetime:
    """That time of that day in Asia/Shanghai, as UTC."""
    return datetime.combine(day, clock, CHINA).astimezone(UTC)


def _midnight(day: date) -> datetime:
    return at_clock(day, time())
