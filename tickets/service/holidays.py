"""The days off and make-up working days that the package `chinesecalendar` knows, as years of our own calendar.

The package follows the State Council's yearly notice, which appears in November; a year that it does not know yet is
imported over the API when the notice is out.
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from typing import Final

from chinese_calendar import constants

from tickets.domain.calendar import CalendarDay, CalendarYear, checked_year

SOURCE: Final = "chinesecalendar"
NAMES: Final = {holiday.value: holiday.chinese for holiday in constants.Holiday}
"""The package's English names, which its tables use, with the Chinese ones."""

FIRST_YEAR: Final = 2020
"""Tickets older than that are not reckoned again."""


def national_years(first: int = FIRST_YEAR) -> list[CalendarYear]:
    """Every year that the package knows, from `first`."""
    days: defaultdict[int, list[CalendarDay]] = defaultdict(list)
    for works, table in ((False, constants.holidays), (True, constants.workdays)):
        known: Mapping[date, str] = table
        for day, name in known.items():
            days[day.year].append(CalendarDay(day, works, NAMES.get(name, name)))
    return [checked_year(year, SOURCE, table) for year, table in sorted(days.items()) if year >= first]
