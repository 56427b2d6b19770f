"""The sample command's function, and reports on a database that has nothing in it."""

from datetime import UTC, date, datetime

import pytest

from tests.fakes.tickets import FakeClock
from tickets.domain.ids import CHINA
from tickets.reports.desk import Ask, House
from tickets.reports.service import BUILDERS, Reports
from tickets.sample import NotEmpty, load
from tickets.store.assessment import SqlAssessment
from tickets.store.sql import SqlStore

UNTIL = datetime(2026, 11, 20, tzinfo=CHINA)
AS_OF = UNTIL.astimezone(UTC)


async def test_an_empty_database_gives_reports_without_values(store: SqlStore) -> None:
    reports = Reports(SqlAssessment(store.read), FakeClock(AS_OF), House())
    for name in set(BUILDERS) - {"notice"}:
        report = await reports.build(name, Ask(date(2026, 10, 15), words=("x",)))
        figures = [each for section in report.sections for each in section.figures]
        assert all(each.value is None and each.reason for each in figures)


def test_samples_are_refused_where_there_is_something(database_url: str) -> None:
    load(database_url, tickets=1, units=8, handlers=8, until=UNTIL)
    with pytest.raises(NotEmpty, match="empty database"):
        load(database_url, tickets=1, units=8, handlers=8, until=UNTIL)


def test_a_sample_says_how_far_it_is(sqlite_url: str) -> None:
    seen: list[tuple[int, int]] = []
    loaded = load(sqlite_url, tickets=9, units=8, handlers=20, until=UNTIL, progress=lambda *step: seen.append(step))
    assert seen == [(9, 9)]
    assert (loaded.tickets, loaded.units, loaded.people) == (9, 8, 20)
    with pytest.raises(ValueError, match="at least 1 ticket"):
        load(sqlite_url, tickets=0)
