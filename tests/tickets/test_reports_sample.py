"""The sample command's function, and reports on a database that has nothing in it."""

from datetime import UTC, date, datetime

import pytest

from tests.fakes.tickets import FakeClock, a_draft
from tickets.domain import commands as c
from tickets.domain.ids import CHINA
from tickets.domain.roles import Principal, Role
from tickets.domain.ticket import RequestKind
from tickets.reports.desk import Ask, House
from tickets.reports.periods import Span
from tickets.reports.service import BUILDERS, Reports
from tickets.reports.source import Narrow
from tickets.sample import NotEmpty, load
from tickets.service.tickets import TicketService
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


@pytest.mark.requirement("IN-5")
async def test_only_enquiries_answered_without_a_unit_count_as_answered_on_the_spot(
    service: TicketService, store: SqlStore
) -> None:
    machine, operator = Principal("machine", Role.MACHINE), Principal("operator", Role.OPERATOR)
    kinds = {"1.1": RequestKind.ENQUIRY, "1.2": RequestKind.ENQUIRY, "1.3": RequestKind.COMPLAINT}
    for index, (call, kind) in enumerate(kinds.items(), start=1):
        number = f"26112201000{index}"
        draft = a_draft(number, call, kind=kind, unit_id=None, unit=None)
        await service.take(draft, f"k{call}", machine)
        if call != "1.2":
            await service.act(number, "a", c.Answer("phone", "话务员", "已解答"), operator)
    groups = await SqlAssessment(store.read).intake(Span.day(date(2026, 11, 22)), (), Narrow())
    assert [(each.counts.enquiries, each.counts.on_the_spot) for each in groups] == [(2, 1)]
