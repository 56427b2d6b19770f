"""What stores promise about lives, the directory, the calendar and clocks: the one in memory and both databases."""

import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Protocol

import pytest
from sqlalchemy.dialects.sqlite import dialect as sqlite_dialect

from tests.fakes.tickets import InMemoryTickets, a_desk, a_draft, a_new_ticket
from tests.tickets.conftest import held
from tests.tickets.lives import (
    ANSWER,
    COMPLETE,
    CONTACT,
    DISSATISFIED,
    MONDAY,
    OPERATOR,
    ROUND,
    SATISFIED,
    SIGN,
    SUPERVISOR,
    UNITS,
    YEARS,
)
from tickets.domain import commands as c
from tickets.domain.calendar import CalendarDay, CalendarYear
from tickets.domain.case import Case, Change
from tickets.domain.errors import IllegalMove
from tickets.domain.history import fingerprint
from tickets.domain.life import LISTS, LinkKind
from tickets.domain.moves import decide
from tickets.domain.roles import Principal
from tickets.domain.ticket import Caller, Channel, Place
from tickets.ports import Action, DeadlineStore, ReferenceStore, TicketQuery, TicketStore
from tickets.store.sql import StoreOptions, list_query, open_store


class Store(TicketStore, ReferenceStore, DeadlineStore, Protocol):
    pass


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    if request.param == "memory":
        yield InMemoryTickets()
        return
    url = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    async with held(open_store(url, StoreOptions(readers=1))) as opened:
        yield opened


NUMBERS = ("261123010001", "261123010002", "261123010003", "261123010004")
LATER = MONDAY + timedelta(days=9)
LIVES: dict[str, list[tuple[c.Command, Principal]]] = {
    NUMBERS[0]: [
        *((each, OPERATOR) for each in (SIGN, CONTACT)),
        (c.Whistle(("u-8", "u-9"), "到场"), OPERATOR),
        (c.ReportIn("钱七", "u-8"), OPERATOR),
        (c.FinishTask("已配合", "u-8"), OPERATOR),
        (c.Assist("u-8", "协助"), SUPERVISOR),
        (c.Expose("曝光"), SUPERVISOR),
        (c.Mark(("幼有所育", "老有所养"), group=True), SUPERVISOR),
        (c.AddLink("261123010009", LinkKind.RELATED), OPERATOR),
        (c.RecordSite(("张三", "李四"), MONDAY, "已到场", "u-7"), OPERATOR),
        (c.Extend(LATER, "采购"), OPERATOR),
        (c.DecideExtension(True, "同意"), SUPERVISOR),
        (c.PutOnLedger("待拆"), OPERATOR),
        (c.ReviewLedger("仍待"), OPERATOR),
        (c.StrikeOff("可办"), OPERATOR),
        *((each, OPERATOR) for each in (ANSWER, COMPLETE, DISSATISFIED, *ROUND, SATISFIED)),
        (c.Reopen("再查"), OPERATOR),
    ],
    NUMBERS[1]: [
        (c.Object("不归我管", "u-8"), OPERATOR),
        (c.DecideObjection(True, "u-8", "改派"), OPERATOR),
        (SIGN, OPERATOR),
        (c.Escalate("重大"), OPERATOR),
        (c.Dispatch("u-9", ("u-7",)), OPERATOR),
    ],
    NUMBERS[2]: [(c.Review(True), OPERATOR), (c.Reassign("u-9", "改派"), OPERATOR)],
    NUMBERS[3]: [
        (c.HandOver("u-8", "赵六"), OPERATOR),
        (c.ReportCallBack("赵六", True, "已答复"), OPERATOR),
        (c.FollowUp(False, "没说清"), OPERATOR),
    ],
}
DRAFTS = {
    NUMBERS[0]: a_draft(NUMBERS[0], "1.1"),
    NUMBERS[1]: a_draft(NUMBERS[1], "1.2", level=1),
    NUMBERS[2]: a_draft(NUMBERS[2], "1.3", channel=Channel.WEB),
    NUMBERS[3]: a_draft(NUMBERS[3], "1.4", unit_id=None, unit=None),
}


async def live(store: Store) -> None:
    """Creates the tickets and carries out what happens to each."""
    for order, (number, draft) in enumerate(DRAFTS.items(), start=1):
        await store.create(a_new_ticket(f"k{order}", draft, order=order, at=MONDAY))
        for minute, (command, who) in enumerate(LIVES[number], start=1):
            await store.act(an_action(number, f"c{minute}", command, who, minute))


def an_action(number: str, key: str, command: c.Command, who: Principal, minute: int) -> Action:
    desk = a_desk(MONDAY + timedelta(minutes=minute), who, UNITS, YEARS)
    body = {"verb": command.verb.value, **c.data_of(command)}

    def decided(case: Case) -> Change:
        return decide(case, command, desk)

    return Action(number, key, fingerprint(body), body, desk.now, decided)


async def test_lives_are_kept_to_the_last_field(store: Store) -> None:
    expected = InMemoryTickets()
    await live(expected)
    await live(store)
    for number in NUMBERS:
        assert await store.get(number) == await expected.get(number)
    touched = {name for record in expected.records.values() for name in LISTS if getattr(record.life, name)}
    assert touched == set(LISTS)


async def test_lists_and_due_clocks_are_those_of_the_lives(store: Store) -> None:
    expected = InMemoryTickets()
    await live(expected)
    await live(store)
    queries = [
        TicketQuery(),
        TicketQuery(concerns="u-8"),
        TicketQuery(unit_id="u-9"),
        TicketQuery(flag="群体性"),
        TicketQuery(special="卫生创建", supervised=True),
        TicketQuery(overdue=True, now=LATER + timedelta(days=20)),
        TicketQuery(overdue=False, now=MONDAY),
        TicketQuery(text="垃圾", level=1),
    ]
    for query in queries:
        assert await store.search(query) == await expected.search(query)
    for days in (0, 1, 10, 60):
        now = MONDAY + timedelta(days=days)
        found, wanted = await store.due(now, 100), await expected.due(now, 100)
        assert sorted(found, key=repr) == sorted(wanted, key=repr)
        assert [each.due_at for each in found] == sorted(each.due_at for each in found)
    assert len(await store.due(MONDAY + timedelta(days=60), 2)) == 2


async def test_a_refused_move_leaves_nothing_behind(store: Store) -> None:
    await live(store)
    before = await store.get(NUMBERS[1])
    with pytest.raises(IllegalMove):
        await store.act(an_action(NUMBERS[1], "never", SATISFIED, OPERATOR, 99))
    assert await store.get(NUMBERS[1]) == before


@pytest.mark.fault("F66")
async def test_repetitions_are_found_by_caller_and_by_matter_while_they_are_open(store: Store) -> None:
    here, there = (Place(name, name, "street", name, 1.0) for name in ("解放路", "人民路"))
    other = Caller("13900000001", False)
    drafts = [
        a_draft(NUMBERS[0], "1.1", places=(here,)),
        a_draft(NUMBERS[1], "1.2", places=(here,), caller=other),
        a_draft(NUMBERS[2], "1.3", places=(there,)),
        a_draft(NUMBERS[3], "1.4", places=(there,), caller=other),
        a_draft("261123010005", "1.5", places=(), caller=Caller(None, False)),
    ]
    for order, draft in enumerate(drafts, start=1):
        await store.create(a_new_ticket(f"k{order}", draft, order=order, at=MONDAY))

    async def found(number: str, since: datetime = MONDAY) -> list[tuple[str, bool, bool]]:
        return [
            (each.ticket.number[-1], each.same_caller, each.same_matter)
            for each in await store.similar(number, since, 5)
        ]

    assert await found(NUMBERS[0]) == [("3", True, False), ("2", False, True)]
    assert await found("261123010005") == await found("261123019999") == []
    assert await found(NUMBERS[0], MONDAY + timedelta(seconds=1)) == []
    assert len(await store.similar(NUMBERS[0], MONDAY, 1)) == 1
    merge = an_action(NUMBERS[2], "m", c.Merge(NUMBERS[0]), OPERATOR, 1)
    master = await store.get(NUMBERS[0])
    assert master is not None
    desk = replace(a_desk(MONDAY, OPERATOR, UNITS, YEARS), master=master.life)
    await store.act(replace(merge, decide=lambda case: decide(case, c.Merge(NUMBERS[0]), desk)))
    assert await found(NUMBERS[0]) == [("2", False, True)]


async def test_the_directory_is_added_to_replaced_and_taken_out_of_service(store: Store) -> None:
    await store.put_units(UNITS, replace=True)
    assert await store.units() == list(UNITS)
    changed = replace(UNITS[0], name="综合执法局", people=UNITS[0].people[:1])
    await store.put_units([changed], replace=False)
    assert (await store.units())[0] == changed
    await store.put_units([UNITS[1]], replace=True)
    assert [(unit.id, unit.active, bool(unit.people)) for unit in await store.units()] == [
        ("u-7", False, False),
        ("u-8", True, True),
        ("u-9", False, False),
    ]


async def test_years_are_kept_as_they_were_imported(store: Store) -> None:
    def year(name: str) -> Sequence[CalendarYear]:
        return [CalendarYear(2027, name, (CalendarDay(date(2027, 1, 1), False, name),))]

    await store.put_years(YEARS, MONDAY, replace=True)
    assert await store.years() == list(YEARS)
    await store.put_years(year("甲"), MONDAY, replace=False)
    await store.put_years(year("乙"), MONDAY, replace=False)
    assert (await store.years())[-1] == year("甲")[0]
    await store.put_years(year("乙"), MONDAY, replace=True)
    assert (await store.years())[-1] == year("乙")[0]


def test_flagged_tickets_are_found_by_an_index_of_theirs(sqlite_url: str) -> None:
    query = list_query(TicketQuery(flag="群体性"))
    wanted = query.compile(dialect=sqlite_dialect(), compile_kwargs={"literal_binds": True})
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as connection:
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {wanted}")]
    assert plan == ["SCAN tickets USING INDEX ix_tickets_flagged_id"]
