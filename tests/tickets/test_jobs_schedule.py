"""Slots of schedules: every instance must name them alike, whatever the moment at which it asks."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets.domain.ids import CHINA
from tickets.jobs.schedule import Daily, Every, Monthly, Schedule, Weekly

MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2032, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds
TIMES = st.times().map(lambda at: at.replace(microsecond=0))
SCHEDULES = st.one_of(
    st.builds(Every, st.integers(1, 86400)),
    st.builds(Daily, TIMES),
    st.builds(Weekly, st.integers(1, 7), TIMES),
    st.builds(Monthly, st.integers(1, 31), TIMES),
)


@given(SCHEDULES, MOMENTS)
def test_the_latest_slot_has_come_and_the_one_after_it_has_not(schedule: Schedule, now: datetime) -> None:
    latest = schedule.latest(now)
    assert latest <= now < schedule.after(latest)


@given(SCHEDULES, MOMENTS)
def test_a_slot_is_its_own_latest_slot(schedule: Schedule, now: datetime) -> None:
    latest = schedule.latest(now)
    assert schedule.latest(latest) == latest
    assert schedule.latest(schedule.after(latest)) == schedule.after(latest)


@pytest.mark.requirement("RP-1")
def test_the_brief_is_made_before_half_past_five_in_the_afternoon() -> None:
    slot = Daily(time(17, 20)).after(datetime(2026, 11, 22, 0, 0, tzinfo=UTC))
    assert slot.astimezone(CHINA).time() == time(17, 20)


@pytest.mark.fault("F94")
@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2028-02-29T12:00+08:00", "2028-02-29T07:00+08:00"),
        ("2027-02-28T12:00+08:00", "2027-02-28T07:00+08:00"),
        ("2027-01-01T00:30+08:00", "2026-12-31T07:00+08:00"),
        ("2026-05-01T06:59+08:00", "2026-04-30T07:00+08:00"),
    ],
)
def test_the_last_of_a_month_is_found_in_short_months_and_over_the_year_end(now: str, expected: str) -> None:
    assert Monthly(31, time(7)).latest(datetime.fromisoformat(now)) == datetime.fromisoformat(expected)


def test_a_week_begins_on_its_weekday() -> None:
    monday = Weekly(1, time(7)).latest(datetime(2026, 11, 22, 12, tzinfo=UTC))
    assert monday.astimezone(CHINA) == datetime(2026, 11, 16, 7, tzinfo=CHINA)
    assert Weekly(1, time(7)).after(monday) - monday == timedelta(days=7)


def test_schedules_have_one_spelling() -> None:
    spelled = [str(each) for each in (Every(30), Daily(time(17, 20)), Weekly(1, time(7, 10)), Monthly(1, time(7, 20)))]
    assert spelled == ["every 30 s", "daily 17:20", "weekly 1 07:10", "monthly 1 07:20"]
