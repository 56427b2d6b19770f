"""The counts of the database, on both databases, against a recount of the same lives in plain Python."""

import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random

import pytest

from tests.fakes.tickets import FakeClock
from tests.tickets.postgres import Cluster
from tickets.domain.calendar import WorkingCalendar
from tickets.domain.history import broken_at
from tickets.domain.ids import CHINA
from tickets.domain.life import Assignment, AssignmentRole, DeadlineKind, Life
from tickets.domain.ticket import TicketRecord
from tickets.reports.counts import Counts, Intake
from tickets.reports.desk import Ask, House
from tickets.reports.figures import Figure, Rate
from tickets.reports.periods import Span
from tickets.reports.scoring import Scoring
from tickets.reports.service import BUILDERS, Reports
from tickets.reports.source import By, Listing, Narrow, Topic
from tickets.sample import load
from tickets.sample.directory import make_directory
from tickets.sample.lives import Lives
from tickets.store.assessment import SqlAssessment
from tickets.store.integrity import marker_path
from tickets.store.sql import SqlStore

UNTIL = datetime(2026, 11, 20, tzinfo=CHINA)
AS_OF = UNTIL.astimezone(UTC)
SPAN = Span(date(2026, 8, 1), date(2026, 11, 19))
TICKETS, UNITS, HANDLERS, SEED = 350, 40, 90, 7


@pytest.fixture(scope="session")
def sampled(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path
) -> Callable[[str], str]:
    """A database of samples of each kind, made once for the whole run: these tests only read."""
    made: dict[str, str] = {}

    def give(kind: str) -> str:
        if kind not in made:
            if kind == "sqlite":
                path = tmp_path_factory.mktemp("sampled") / "tickets.db"
                shutil.copy(sqlite_template, path)
                shutil.copy(marker_path(sqlite_template), marker_path(path))
                url = f"sqlite:///{path}"
            else:
                cluster: Cluster = request.getfixturevalue("postgres")
                url = cluster.fresh()
            load(url, tickets=TICKETS, units=UNITS, handlers=HANDLERS, seed=SEED, until=UNTIL)
            made[kind] = url
        return made[kind]

    return give


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, sampled: Callable[[str], str]) -> str:
    return sampled(request.param)


@pytest.fixture
def assessment(store: SqlStore) -> SqlAssessment:
    return SqlAssessment(store.read)


@pytest.fixture(scope="module")
def records() -> list[TicketRecord]:
    """The same lives again, in memory."""
    from tickets.sample.loader import _calendar

    random = Random(SEED)
    directory = make_directory(UNITS, HANDLERS, random)
    calendar: WorkingCalendar = _calendar(UNTIL.date())
    return [each.record for each in Lives(directory, calendar, random, AS_OF).make(TICKETS, 365)]


def recount(records: list[TicketRecord], key: Callable[[TicketRecord, Assignment], object]) -> dict[object, Counts]:
    """What `SqlAssessment.counts` should give, from the lives themselves."""
    found: dict[object, Counts] = {}
    for record in records:
        for order in record.life.assignments:
            if SPAN.start <= order.at < SPAN.end and _counts(record.life, order):
                name = key(record, order)
                found[name] = found.get(name, Counts()) + _facts(record, order)
    return found


def _counts(life: Life, order: Assignment) -> bool:
    if order.role is AssignmentRole.ASSIST or (order.ended_at is not None and order.completed_at is None):
        return False
    sent_back = ("not-satisfied", "reopened")
    return not any(
        each.seq < order.seq and each.unit_id == order.unit_id and each.end_reason in sent_back
        for each in life.assignments
    )


def _facts(record: TicketRecord, order: Assignment) -> Counts:
    life = record.life
    main = order.role is AssignmentRole.MAIN

    def clocks(kind: DeadlineKind) -> tuple[int, int]:
        mine = [each for each in life.deadlines if each.unit_id == order.unit_id and each.kind is kind]
        late = any(each.met is False or (each.open and each.due_at <= AS_OF) for each in mine)
        due = late or any(each.met is not None for each in mine)
        return int(due), int(due and not late)

    said = [each for each in life.visits if each.satisfied is not None] if main else []
    last = said[-1] if said else None
    goes_on = order.end_reason in ("not-satisfied", "reopened")
    done = life.completed_at is not None if goes_on else order.completed_at is not None
    open_late = any(
        each.kind is DeadlineKind.HANDLE and each.open and each.due_at <= AS_OF and each.unit_id == order.unit_id
        for each in life.deadlines
    )
    solved = last is not None and last.resolved is True
    sign, contact, handle = (clocks(each) for each in (DeadlineKind.SIGN, DeadlineKind.CONTACT, DeadlineKind.HANDLE))
    return Counts(
        dispatched=1,
        signed=order.signed_at is not None,
        sign_due=sign[0],
        signed_on_time=sign[1],
        contact_due=contact[0],
        contacted_on_time=contact[1],
        done=done,
        done_due=handle[0],
        done_on_time=handle[1],
        overdue=not done and open_late,
        extended=any(each.approved and each.assignment == order.seq for each in life.extensions),
        visited=last is not None,
        resolved=solved,
        satisfied=last is not None and last.satisfied is True,
        second_round=any(each.satisfied is False for each in said),
        escalated=main and record.state.value == "escalated",
        group_resolved=solved and "群体性" in life.flags,
        long_standing_resolved=solved and "历史遗留" in life.themes,
    )


@pytest.mark.requirement("SU-1", "TK-5")
@pytest.mark.parametrize(
    ("by", "key"),
    [
        ((), lambda _record, _order: ()),
        ((By.UNIT,), lambda _record, order: (order.unit_id,)),
        ((By.L1, By.PROBLEM), lambda record, _: (record.draft.category.l1, record.draft.category.problem)),
        ((By.AREA,), lambda record, _order: (record.draft.places[0].name,)),
        ((By.DAY,), lambda _record, order: (f"{order.at.astimezone(CHINA):%Y-%m-%d}",)),
        ((By.UNIT, By.HANDLER), lambda _record, order: (order.unit_id, order.handler)),
    ],
)
async def test_grouped_counts_equal_a_recount_of_the_lives(
    assessment: SqlAssessment,
    records: list[TicketRecord],
    by: tuple[By, ...],
    key: Callable[[TicketRecord, Assignment], object],
) -> None:
    groups = await assessment.counts(SPAN, AS_OF, by, Narrow())
    assert {each.key: each.counts for each in groups} == recount(records, key)


async def test_the_sum_over_categories_is_the_total(assessment: SqlAssessment) -> None:
    whole = sum((each.counts for each in await assessment.counts(SPAN, AS_OF, (), Narrow())), Counts())
    received = sum((each.counts for each in await assessment.intake(SPAN, (), Narrow())), Intake())
    for by in (By.L1, By.L2, By.PROBLEM, By.UNIT, By.AREA, By.DAY, By.CHANNEL, By.KIND, By.SPECIAL):
        parts = await assessment.counts(SPAN, AS_OF, (by,), Narrow())
        assert sum((each.counts for each in parts), Counts()) == whole
        taken = await assessment.intake(SPAN, (by,), Narrow())
        assert sum((each.counts for each in taken), Intake()) == received


async def test_narrowing_to_a_unit_gives_that_units_group(assessment: SqlAssessment) -> None:
    groups = await assessment.counts(SPAN, AS_OF, (By.UNIT,), Narrow())
    for each in groups[:3]:
        alone = await assessment.counts(SPAN, AS_OF, (), Narrow(unit_id=each.key[0]))
        assert [one.counts for one in alone] == [each.counts]


@pytest.mark.requirement("RP-5")
async def test_a_topics_share_counts_category_and_words(assessment: SqlAssessment, records: list[TicketRecord]) -> None:
    mine = [each for each in records if SPAN.start <= each.created_at < SPAN.end]
    hits = [each for each in mine if "噪音" in each.draft.summary]
    assert await assessment.share(SPAN, Topic("噪音", words=("噪音",))) == (len(hits), len(mine))
    either = [each for each in mine if each.draft.category.l1 == "教育文体" or "噪音" in each.draft.summary]
    assert (await assessment.share(SPAN, Topic("x", l1="教育文体", words=("噪音",))))[0] == len(either)
    assert await assessment.share(SPAN, Topic("x", words=("100%_",))) == (0, len(mine))


async def test_lists_show_special_and_overdue_requests(assessment: SqlAssessment, records: list[TicketRecord]) -> None:
    special = await assessment.listing(Listing.SPECIAL, SPAN.start, SPAN.end, unit_id=None, limit=1000)
    expected = [each.number for each in records if each.life.special and SPAN.start <= each.created_at < SPAN.end]
    assert [each.number for each in special] == expected
    late = await assessment.listing(Listing.OVERDUE, SPAN.start, AS_OF, unit_id=None, limit=1000)
    assert {each.number for each in late} == {
        each.number for each in records if each.life.due_at is not None and each.life.due_at <= AS_OF
    }


@pytest.mark.requirement("TK-7", "IN-8")
async def test_ledger_and_call_backs_are_counted(assessment: SqlAssessment, records: list[TicketRecord]) -> None:
    entries = [entry for each in records for entry in each.life.ledger]
    found = await assessment.ledger(AS_OF, None)
    assert (found.listed, found.struck_off) == (len(entries), sum(each.struck_off_at is not None for each in entries))
    assert len(await assessment.ledger_open(None, 1000)) == found.listed - found.struck_off
    year = Span(date(2025, 11, 1), SPAN.last)
    handed = [entry for each in records for entry in each.life.call_backs]
    units = await assessment.call_backs(year, AS_OF, None)
    assert sum(each.handed for each in units) == len(handed)
    assert sum(each.on_time for each in units) == sum(
        each.called_at is not None and each.called_at <= each.due_at for each in handed
    )
    assert sum(each.satisfied for each in units) == sum(each.satisfied is True for each in handed)


@pytest.mark.requirement("RP-1", "RP-2", "RP-3", "SU-2", "SU-3", "SU-4", "SU-5", "SU-6")
async def test_every_report_can_be_made_and_all_its_rates_can_be_checked(assessment: SqlAssessment) -> None:
    clock = FakeClock(AS_OF)
    house = House(scoring=Scoring(least_cases=1))
    reports = Reports(assessment, clock, house)
    unit = (await assessment.counts(SPAN, AS_OF, (By.UNIT,), Narrow()))[0].key[0]
    directory = {each.id for each in await assessment.units()}
    assert unit in directory
    for name in BUILDERS:
        ask = Ask(
            date(2026, 10, 15),
            unit=unit if name == "notice" else None,
            words=("噪音",) if name == "topic" else (),
        )
        report = await reports.build(name, ask)
        assert report.sections
        for section in report.sections:
            rows = section.table.rows if section.table else ()
            for each in [*section.figures, *(cell for row in rows for cell in row if isinstance(cell, Figure))]:
                assert 0 <= each.numerator <= each.denominator
                assert (each.value is None) == (each.denominator == 0)
                assert each.formula


async def test_rates_grouped_by_anything_end_with_the_same_total(assessment: SqlAssessment) -> None:
    reports = Reports(assessment, FakeClock(AS_OF), House())
    totals = set()
    for by in By:
        table = (await reports.build("rates", Ask(date(2026, 10, 15), by=by))).section("rates").table
        assert table is not None
        assert sum(int(str(row[1])) for row in table.rows[:-1]) == table.rows[-1][1]
        totals.add(table.rows[-1])
    assert len(totals) == 1


@pytest.mark.requirement("SU-1")
async def test_the_ranking_has_every_unit_with_orders_once(assessment: SqlAssessment) -> None:
    report = await Reports(assessment, FakeClock(AS_OF), House()).build("ranking", Ask(date(2026, 10, 15)))
    named = [
        row[1] for each in report.sections if each.key.startswith("rank-") and each.table for row in each.table.rows
    ]
    groups = await assessment.counts(Span.month(date(2026, 10, 1)), AS_OF, (By.UNIT,), Narrow())
    assert len(named) == len(groups)
    whole = sum((each.counts for each in groups), Counts())
    levels = report.section("levels").table
    assert levels is not None
    assert levels.rows[-1][1] == whole.dispatched
    assert whole.rate(Rate.RESPONSE) in levels.rows[-1]


@pytest.mark.requirement("RP-1")
async def test_each_brief_goes_on_where_the_one_before_ended(
    assessment: SqlAssessment, records: list[TicketRecord]
) -> None:
    """Over a week of briefs every special request is new in exactly one of them."""
    reports = Reports(assessment, FakeClock(AS_OF), House())
    shown: list[str] = []
    for day in range(10, 17):
        at = datetime.combine(date(2026, 11, day), House().brief_at, CHINA)
        table = (await reports.brief(at)).section("fresh").table
        assert table is not None
        shown += [str(row[0]) for row in table.rows]
    start = datetime.combine(date(2026, 11, 9), House().brief_at, CHINA)
    end = datetime.combine(date(2026, 11, 16), House().brief_at, CHINA)
    assert shown == [each.number for each in records if each.life.special and start <= each.created_at < end]


async def test_every_sample_chain_holds_as_the_service_reads_it(store: SqlStore, records: list[TicketRecord]) -> None:
    for record in records[::25]:
        kept = await store.get(record.number)
        assert kept is not None
        assert broken_at(kept.number, kept.history) is None
        assert kept.life == record.life
        assert kept.history == record.history
