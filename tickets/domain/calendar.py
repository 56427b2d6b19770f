"""Working days in China: what the yearly notice of the State Council says, and the weekday rule where it says nothing.

A year is known when its table was imported: days off (休) and Saturdays and Sundays that are worked (调休). In a year
that is not known the weekday rule holds and whatever was reckoned is marked as estimated (F93). Days are dates in
Asia/Shanghai. Counting leaves the first day out and ends with the last, as limits in days are counted in China.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from tickets.domain.errors import InvalidValue

_ONE: Final = timedelta(days=1)
_MOST_DAYS_OFF: Final = 150
"""No year has so many exceptions; a table with more was made for something else."""


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """A day that is not what its weekday says."""

    day: date
    works: bool
    name: str


@dataclass(frozen=True, slots=True)
class CalendarYear:
    """The table of one year, checked: see `checked_year`."""

    year: int
    source: str
    days: tuple[CalendarDay, ...]


@dataclass(frozen=True, slots=True)
class Reached:
    """A day that counting came to; `estimated` when it went through a year that is not known."""

    day: date
    estimated: bool


@dataclass(frozen=True, slots=True)
class WorkingCalendar:
    """All known years. `exceptions` says of a day whether it works."""

    years: frozenset[int] = frozenset()
    exceptions: Mapping[date, bool] = field(default_factory=dict)

    @classmethod
    def of(cls, years: Iterable[CalendarYear]) -> "WorkingCalendar":
        table = list(years)
        return cls(frozenset(each.year for each in table), {day.day: day.works for each in table for day in each.days})

    def knows(self, day: date) -> bool:
        return day.year in self.years

    def works(self, day: date) -> bool:
        return self.exceptions.get(day, day.weekday() < 5)

    def after(self, day: date, count: int) -> Reached:
        """The working day that is `count` (1 or more) working days after `day`."""
        return self._walk(day, count, _ONE)

    def before(self, day: date, count: int) -> Reached:
        return self._walk(day, count, -_ONE)

    def first(self, day: date) -> Reached:
        """`day` itself if it works, else the next working day."""
        return Reached(day, not self.knows(day)) if self.works(day) else self._walk(day, 1, _ONE)

    def _walk(self, day: date, count: int, pace: timedelta) -> Reached:
        if count < 1:
            raise ValueError(f"a count of working days is 1 or more; {count} came")
        estimated = not self.knows(day)
        while count:
            day += pace
            estimated = estimated or not self.knows(day)
            count -= self.works(day)
        return Reached(day, estimated)


def checked_year(year: int, source: str, days: Iterable[CalendarDay]) -> CalendarYear:
    """A year's table, sorted. Raises InvalidValue that names the first thing wrong; a table is taken whole or not."""
    table = sorted(days, key=lambda each: each.day)
    if not table:
        raise InvalidValue(f"the table of {year} has no days; expected at least the public holidays")
    if len(table) > _MOST_DAYS_OFF:
        raise InvalidValue(f"the table of {year} has {len(table)} days; expected at most {_MOST_DAYS_OFF}")
    seen: set[date] = set()
    for each in table:
        if each.day.year != year:
            raise InvalidValue(f"{each.day} is not in {year}; give each year's table on its own")
        if each.day in seen:
            raise InvalidValue(f"{each.day} is in the table twice")
        if each.works and each.day.weekday() < 5:
            raise InvalidValue(f"{each.day} is no Saturday or Sunday, so it cannot be a make-up working day")
        seen.add(each.day)
    if all(each.works for each in table):
        raise InvalidValue(f"the table of {year} has no day off; expected at least the public holidays")
    return CalendarYear(year, source, tuple(table))
