"""The life of a ticket through the service, on every store."""

from datetime import datetime, timedelta

import pytest

from tests.fakes.tickets import FakeClock, a_draft
from tests.tickets.lives import (
    ANSWER,
    COMPLETE,
    CONTACT,
    DISSATISFIED,
    OPERATOR,
    SATISFIED,
    SIGN,
    SUPERVISOR,
    UNITS,
    YEARS,
    of_unit,
)
from tickets.domain import commands as c
from tickets.domain.errors import IllegalMove, InvalidValue, KeyReused, NotAllowed, TicketNotFound, UnknownUnit
from tickets.domain.history import broken_at
from tickets.domain.life import LinkKind, Rung
from tickets.domain.roles import Principal, Role
from tickets.domain.states import State, Verb
from tickets.domain.ticket import Channel
from tickets.domain.units import Unit, UnitKind, UnitLevel
from tickets.ports import TicketQuery
from tickets.service.deadlines import DeadlineService
from tickets.service.reference import Reference
from tickets.service.tickets import TicketService
from tickets.store.sql import SqlStore

MONDAY = datetime.fromisoformat("2026-11-23T09:00:00+08:00")


@pytest.fixture(autouse=True)
async def directory(store: SqlStore, clock: FakeClock) -> Reference:
    """The units, the calendar, and a Monday morning."""
    clock.advance((MONDAY - clock.now()).total_seconds())
    reference = Reference(store, clock, 60)
    await reference.put_units(UNITS, replace=True)
    await reference.seed(YEARS)
    return reference


class Desk:
    """Commands on one ticket, each under a key of its own."""

    def __init__(self, service: TicketService, clock: FakeClock, number: str) -> None:
        self.service, self.clock, self.number, self.count = service, clock, number, 0

    async def do(self, *commands: c.Command, who: Principal = OPERATOR) -> None:
        for command in commands:
            self.clock.advance(60)
            self.count += 1
            await self.service.act(self.number, f"key-{self.count}", command, who)


async def taken(service: TicketService, clock: FakeClock, number: str = "261123010001", **changes: object) -> Desk:
    draft = a_draft(number, f"1.{number}", **{"level": 3, **changes})
    clock.advance(1)
    created = await service.take(draft, f"create-{number}", OPERATOR)
    return Desk(service, clock, created.record.number)


@pytest.mark.requirement("TK-4", "DI-7")
async def test_a_whole_life_is_read_back_as_it_was_decided(service: TicketService, clock: FakeClock) -> None:
    desk = await taken(service, clock)
    await desk.do(SIGN, CONTACT, who=of_unit("u-7"))
    await desk.do(c.Whistle(("u-8", "u-9"), "到场"), who=of_unit("u-7"))
    await desk.do(c.ReportIn("钱七"), c.FinishTask("已配合"), who=of_unit("u-8"))
    await desk.do(c.Assist("u-9", "监测"), c.Supervise("督办"), who=SUPERVISOR)
    await desk.do(c.RecordSite(("张三", "李四"), clock.now(), "已到场"), who=of_unit("u-7"))
    await desk.do(c.Extend(clock.now() + timedelta(days=10), "采购"), who=of_unit("u-7"))
    await desk.do(c.DecideExtension(True, "同意"), c.PutOnLedger("待拆"), c.ReviewLedger("仍待"), c.StrikeOff("可办"))
    await desk.do(ANSWER, COMPLETE, who=of_unit("u-7"))
    await desk.do(DISSATISFIED, CONTACT, ANSWER, COMPLETE, c.ReportVisit(False, "phone"), SATISFIED)
    record = await service.get(desk.number)
    assert record.state is State.CLOSED
    assert broken_at(desk.number, record.history) is None
    life = record.life
    assert [(each.unit_id, each.reporter, each.result) for each in life.subtasks] == [
        ("u-8", "钱七", "已配合"),
        ("u-9", None, None),
    ]
    assert [(each.round, each.unit_id, each.end_reason) for each in life.assignments] == [
        (1, "u-7", "not-satisfied"),
        (1, "u-9", None),
        (2, "u-7", None),
    ]
    assert [each.satisfied for each in life.visits] == [False, None, True]
    assert (life.extensions[0].approved, life.ledger[0].result, life.site_records[0].people) == (
        True,
        "可办",
        ("张三", "李四"),
    )
    (line,) = await service.search(TicketQuery(supervised=True))
    assert (line.number, line.round, line.due_at) == (desk.number, 2, None)


@pytest.mark.requirement("TK-5")
async def test_a_verb_under_its_key_happens_once(service: TicketService, clock: FakeClock) -> None:
    desk = await taken(service, clock)
    first = await service.act(desk.number, "s", SIGN, OPERATOR)
    again = await service.act(desk.number, "s", SIGN, OPERATOR)
    assert (first.fresh, again.fresh, again.event) == (True, False, first.event)
    with pytest.raises(KeyReused):
        await service.act(desk.number, "s", CONTACT, OPERATOR)
    with pytest.raises(IllegalMove) as refusal:
        await service.act(desk.number, "v", SATISFIED, OPERATOR)
    assert "contact" in refusal.value.allowed


@pytest.mark.requirement("DI-5")
async def test_two_units_with_the_same_order_have_a_clock_each_and_both_must_be_done(
    service: TicketService, clock: FakeClock
) -> None:
    desk = await taken(service, clock, unit_id=None)
    await desk.do(c.Dispatch("u-7", ("u-8",)))
    await desk.do(SIGN, CONTACT, ANSWER, who=of_unit("u-7"))
    with pytest.raises(IllegalMove, match="u-8"):
        await desk.do(COMPLETE, who=of_unit("u-7"))
    before = (await service.get(desk.number)).state
    await desk.do(SIGN, CONTACT, ANSWER, COMPLETE, who=of_unit("u-8"))
    assert (await service.get(desk.number)).state is before is State.ANSWERED
    await desk.do(COMPLETE, who=of_unit("u-7"))
    life = (await service.get(desk.number)).life
    assert {(each.unit_id, each.kind.value) for each in life.deadlines if each.met} >= {
        (unit, kind) for unit in ("u-7", "u-8") for kind in ("sign", "contact", "handle")
    }


@pytest.mark.requirement("DI-2")
async def test_an_objection_moves_responsibility_only_when_it_is_upheld(
    service: TicketService, clock: FakeClock
) -> None:
    desk = await taken(service, clock)
    await desk.do(c.Object("不属于我局职责", "u-8"), who=of_unit("u-7"))
    await desk.do(c.DecideObjection(False, comment="属于"))
    main = (await service.get(desk.number)).life.main
    assert main is not None
    assert main.unit_id == "u-7"
    with pytest.raises(IllegalMove, match="objected"):
        await desk.do(c.Object("仍然不属于"), who=of_unit("u-7"))
    other = await taken(service, clock, "261123010002")
    await other.do(c.Object("不属于我局职责", "u-8"), who=of_unit("u-7"))
    with pytest.raises(IllegalMove, match="naming the unit"):
        await other.do(c.DecideObjection(True))
    await other.do(c.DecideObjection(True, "u-8"))
    record = await service.get(other.number)
    assert record.life.main is not None
    assert (record.state, record.life.main.unit_id) == (State.DISPATCHED, "u-8")
    assert record.life.objections[0].upheld
    assert [line.unit for line in await service.search(TicketQuery(unit_id="u-8"))] == ["住建局"]


async def test_roles_and_units_do_what_is_theirs_and_nothing_else(service: TicketService, clock: FakeClock) -> None:
    desk = await taken(service, clock)
    refused = [
        (SIGN, SUPERVISOR),
        (SIGN, Principal("ivr", Role.MACHINE)),
        (c.Note("看看"), Principal("mayor", Role.LEADER)),
        (c.Supervise("督办"), OPERATOR),
        (SATISFIED, of_unit("u-7")),
        (c.FallDue(1, Rung.URGE), Principal("root", Role.ADMIN)),
        (SIGN, Principal("nobody's", Role.UNIT)),
        (c.Sign("张三", "u-7"), of_unit("u-8")),
    ]
    for command, who in refused:
        with pytest.raises((NotAllowed, TicketNotFound)):
            await service.act(desk.number, "k", command, who)
    with pytest.raises(TicketNotFound):
        await service.act(desk.number, "k", SIGN, of_unit("u-8"))
    with pytest.raises(UnknownUnit):
        await service.act(desk.number, "k", c.Reassign("u-404", "改派"), OPERATOR)
    assert [event.verb for event in (await service.get(desk.number)).history] == [Verb.ACCEPT, Verb.DISPATCH]


@pytest.mark.fault("F66")
async def test_merged_and_linked_tickets_name_each_other(service: TicketService, clock: FakeClock) -> None:
    master = await taken(service, clock)
    again = await taken(service, clock, "261123010002", unit_id=None)
    third = await taken(service, clock, "261123010003")
    await again.do(c.Merge(master.number))
    await third.do(c.AddLink(master.number, LinkKind.GROUP))
    await service.act(again.number, "key-1", c.Merge(master.number), OPERATOR)
    life = (await service.get(master.number)).life
    assert [(each.kind, each.other) for each in life.links] == [
        (LinkKind.DUPLICATED_BY, again.number),
        (LinkKind.GROUP, third.number),
    ]
    assert (await service.get(again.number)).state is State.MERGED
    assert {line.number for line in await service.search(TicketQuery(flag="群体性"))} == {master.number, third.number}
    with pytest.raises(TicketNotFound):
        await again.do(c.AddLink("261123019999", LinkKind.RELATED))


@pytest.mark.fault("F91")
async def test_due_steps_are_found_taken_once_and_then_gone(
    service: TicketService, clock: FakeClock, store: SqlStore
) -> None:
    desk = await taken(service, clock)
    deadlines = DeadlineService(store, service)
    assert await deadlines.due_work(clock.now(), 10) == []
    clock.advance(30 * 24 * 3600)
    taken_steps = []
    while work := await deadlines.due_work(clock.now(), 10):
        results = [await deadlines.perform(each) for each in work]
        assert all(results)
        assert [await deadlines.perform(each) for each in work] == [False] * len(work)
        taken_steps += [(each.kind.value, each.rung.value) for each in work]
    assert taken_steps == [
        ("sign", "overdue"),
        ("handle", "urge"),
        ("handle", "overdue"),
        ("handle", "written-urge"),
        ("handle", "criticism"),
    ]
    record = await service.get(desk.number)
    assert record.state is State.DISPATCHED
    assert [event.actor for event in record.history if event.verb is Verb.URGE] == ["clock"] * 5
    assert [line.number for line in await service.search(TicketQuery(overdue=True))] == [desk.number]
    clock.advance(-60 * 24 * 3600)
    assert await service.search(TicketQuery(overdue=True)) == []


@pytest.mark.requirement("RV-1")
async def test_a_return_visit_falls_due_on_its_last_day(
    service: TicketService, clock: FakeClock, store: SqlStore
) -> None:
    desk = await taken(service, clock)
    await desk.do(SIGN, CONTACT, ANSWER, COMPLETE)
    clock.advance(24 * 3600)
    deadlines = DeadlineService(store, service)
    (work,) = await deadlines.due_work(clock.now(), 10)
    assert await deadlines.perform(work)
    assert (await service.get(desk.number)).state is State.VISIT_DUE
    await desk.do(SATISFIED)
    assert await deadlines.due_work(clock.now() + timedelta(days=30), 10) == []


async def test_lists_are_asked_by_what_a_ticket_is_about(service: TicketService, clock: FakeClock) -> None:
    await taken(service, clock, "261123010001", level=1, summary="路灯 100%_坏了")
    await taken(service, clock, "261123010002", unit_id="u-8", unit="住建局")
    web = await taken(service, clock, "261123010003", channel=Channel.WEB)

    async def found(**query: object) -> list[str]:
        return [line.number[-1] for line in await service.search(TicketQuery(**query))]  # type: ignore[arg-type]  # checked by what comes back

    assert await found(level=1) == ["1"]
    assert await found(channel=Channel.WEB, state=State.UNDER_REVIEW) == ["3"]
    assert await found(text="100%_坏") == ["1"]
    assert await found(text="%坏") == []
    assert await found(special="卫生创建") == ["3", "2", "1"]
    assert await found(concerns="u-8") == ["2"]
    assert await found(unit_id="u-7") == ["3", "1"]
    assert await found(overdue=False) == ["3", "2", "1"]
    await web.do(c.Review(True))
    assert await found(concerns="u-7") == ["3", "1"]


async def test_the_directory_is_imported_whole_or_not_at_all(directory: Reference) -> None:
    county = Unit("c", "县政府", UnitLevel.COUNTY, UnitKind.OFFICE)
    town = Unit("t", "城关镇", UnitLevel.TOWN, UnitKind.TOWN, "c", areas=("p1",))
    assert await directory.put_units([town, county], replace=False) == 2
    known = (await directory.snapshot()).units
    assert known["t"] == town
    assert known["u-7"] == UNITS[0]
    for wrong in (
        [town, town],
        [Unit("x", "无", UnitLevel.TOWN, UnitKind.TOWN, "nowhere")],
        [Unit("a", "甲", UnitLevel.TOWN, UnitKind.TOWN, "b"), Unit("b", "乙", UnitLevel.TOWN, UnitKind.TOWN, "a")],
        [Unit("x", "大", UnitLevel.CITY, UnitKind.OFFICE, "t")],
    ):
        with pytest.raises(InvalidValue):
            await directory.put_units(wrong, replace=False)
    await directory.put_units([Unit("a", "甲", UnitLevel.TOWN, UnitKind.TOWN)], replace=False)
    await directory.put_units([Unit("b", "乙", UnitLevel.TOWN, UnitKind.TOWN, "a")], replace=False)
    with pytest.raises(InvalidValue, match="circle"):
        await directory.put_units([Unit("a", "甲", UnitLevel.TOWN, UnitKind.TOWN, "b")], replace=False)
    assert await directory.put_units([county], replace=True) == 1
    assert [unit.id for unit in (await directory.snapshot()).units.values() if unit.active] == ["c"]
