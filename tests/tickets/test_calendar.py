"""Working days and limits in China."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.tickets import FakeClock, InMemoryTickets, a_draft
from tests.tickets.lives import YEARS, Played
from tickets.domain.calendar import CalendarDay, WorkingCalendar, checked_year
from tickets.domain.case import NO_CALENDAR
from tickets.domain.clocks import ClockRules, Clocks, Limit
from tickets.domain.errors import InvalidValue
from tickets.domain.ids import CHINA
from tickets.domain.life import DeadlineKind
from tickets.service.reference import Reference

CALENDAR = WorkingCalendar.of(YEARS)
CLOCKS = Clocks(ClockRules(), CALENDAR)


def china(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


def due(start: str, limit: str) -> str:
    """When a limit ends, Beijing time."""
    return CLOCKS.after(china(start), Limit.parse(limit)).at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")


@pytest.mark.fault("F94")
@pytest.mark.requirement("TK-2")
@pytest.mark.parametrize(
    ("start", "limit", "end"),
    [
        ("2026-11-23T09:00", "5wd", "2026-11-30 17:30"),
        ("2026-11-21T09:00", "5wd", "2026-11-27 17:30"),
        # Spring Festival 2026: 15 to 23 February off; Saturdays 14 and 28 February are worked.
        ("2026-02-13T16:00", "1wd", "2026-02-14 17:30"),
        ("2026-02-13T16:00", "5wd", "2026-02-27 17:30"),
        ("2026-02-24T09:00", "4wd", "2026-02-28 17:30"),
        # National Day 2026: 1 to 7 October off; Sunday 20 September and Saturday 10 October are worked.
        ("2026-09-30T15:00", "5wd", "2026-10-13 17:30"),
        ("2026-09-18T15:00", "1wd", "2026-09-20 17:30"),
        ("2026-10-08T15:00", "2wd", "2026-10-10 17:30"),
        # Year end, and the leap day.
        ("2025-12-31T15:00", "5wd", "2026-01-08 17:30"),
        ("2024-02-28T15:00", "1wd", "2024-02-29 17:30"),
        ("2024-02-29T15:00", "5wd", "2024-03-07 17:30"),
        ("2024-02-28T15:00", "1d", "2024-02-29 15:00"),
        # Round the clock.
        ("2026-02-16T23:50", "15min", "2026-02-17 00:05"),
        ("2026-12-31T23:00", "2h", "2027-01-01 01:00"),
        # Office minutes wait for the office.
        ("2026-11-23T09:00", "10omin", "2026-11-23 09:10"),
        ("2026-11-23T17:25", "10omin", "2026-11-24 08:35"),
        ("2026-11-20T17:30", "10omin", "2026-11-23 08:40"),
        ("2026-02-14T18:00", "60omin", "2026-02-24 09:30"),
        ("2026-11-23T03:00", "600omin", "2026-11-24 09:30"),
    ],
)
def test_limits_end_when_the_calendar_says(start: str, limit: str, end: str) -> None:
    assert due(start, limit) == end


@pytest.mark.fault("F93")
@pytest.mark.requirement("TK-2")
def test_in_a_year_without_a_table_the_weekday_rule_holds_and_the_ticket_is_flagged() -> None:
    assert 2027 not in CALENDAR.years
    reached = CLOCKS.after(china("2026-12-30T09:00"), Limit.parse("5wd"))
    assert (reached.at.astimezone(CHINA).date(), reached.estimated) == (date(2027, 1, 6), True)
    assert not CLOCKS.after(china("2026-12-23T09:00"), Limit.parse("5wd")).estimated
    played = Played(a_draft(level=3), at=china("2026-12-30T09:00"))
    assert NO_CALENDAR in played.life.flags
    handle = next(each for each in played.life.deadlines if each.kind is DeadlineKind.HANDLE)
    assert handle.estimated
    assert NO_CALENDAR not in Played().life.flags


@pytest.mark.fault("F93")
@pytest.mark.parametrize(
    "days",
    [
        [],
        [CalendarDay(date(2028, 1, 1), False, "元旦")],
        [CalendarDay(date(2027, 1, 1), False, "元旦")] * 2,
        [CalendarDay(date(2027, 1, 4), True, "补班")],
        [CalendarDay(date(2027, 1, 2), True, "补班")],
        [CalendarDay(date(2027, 1, 1) + timedelta(days=n), False, "休") for n in range(200)],
    ],
)
def test_a_wrong_table_is_refused_whole(days: list[CalendarDay]) -> None:
    with pytest.raises(InvalidValue):
        checked_year(2027, "a file", days)


@pytest.mark.fault("F93")
async def test_an_import_replaces_a_year_and_a_seed_never_does() -> None:
    store = InMemoryTickets()
    reference = Reference(store, FakeClock(), 60)
    await reference.seed(YEARS)
    assert (await reference.snapshot()).calendar.works(date(2026, 2, 14))
    own = checked_year(2026, "the county's own notice", [CalendarDay(date(2026, 1, 1), False, "元旦")])
    await reference.put_years([own])
    assert not (await reference.snapshot()).calendar.works(date(2026, 2, 14))
    await reference.seed(YEARS)
    assert not (await reference.snapshot()).calendar.works(date(2026, 2, 14))


days = st.dates(date(2024, 1, 1), date(2026, 12, 31))
moments = st.datetimes(datetime(2024, 1, 1), datetime(2026, 11, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants naive bounds
limits = st.sampled_from(["1min", "3h", "2d", "1wd", "5wd", "12wd", "1omin", "90omin", "1000omin"]).map(Limit.parse)


@given(days, st.integers(1, 30))
def test_counting_forth_and_back_comes_to_the_same_working_day(day: date, count: int) -> None:
    end = CALENDAR.after(day, count).day
    assert CALENDAR.works(end)
    between = sum(CALENDAR.works(day + timedelta(days=n)) for n in range(1, (end - day).days + 1))
    assert between == count
    if CALENDAR.works(day):
        assert CALENDAR.before(end, count).day == day


@pytest.mark.fault("F91")
@given(moments, limits)
def test_a_limit_never_ends_before_it_starts_and_later_starts_never_end_sooner(start: datetime, limit: Limit) -> None:
    end = CLOCKS.after(start, limit).at
    assert end > start
    assert end.utcoffset() == timedelta(0)
    assert CLOCKS.after(start + timedelta(minutes=1), limit).at >= end


@pytest.mark.fault("F92")
def test_every_hour_of_a_year_goes_to_the_edge_and_back() -> None:
    hour = datetime(2026, 1, 1, tzinfo=UTC)
    for _ in range(365 * 24):
        local = hour.astimezone(CHINA)
        assert local.utcoffset() == timedelta(hours=8)
        assert local.astimezone(UTC) == hour
        hour += timedelta(hours=1)


@pytest.mark.parametrize("text", ["", "5", "wd", "0wd", "-1h", "5 wd", "5wd ", "1y", "١wd", "999999min"])
def test_what_is_no_limit_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue, match="a limit is"):
        Limit.parse(text)


@given(st.integers(1, 99999), st.sampled_from(["min", "h", "d", "wd", "omin"]))
def test_a_limit_reads_back_as_it_is_written(amount: int, unit: str) -> None:
    assert str(Limit.parse(f"{amount}{unit}")) == f"{amount}{unit}"


def test_the_seeded_years_are_whole_and_named_as_the_notices_name_them() -> None:
    by_year = {each.year: each for each in YEARS}
    assert {2024, 2025, 2026} <= set(by_year)
    assert {day.name for day in by_year[2026].days} == {"元旦", "春节", "清明", "劳动节", "端午", "中秋", "国庆节"}
    assert sum(day.works for day in by_year[2026].days) == 6
