"""A ticket's life without a store: commands in, states and lives out. For tests of the rules alone."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from tests.fakes.tickets import a_desk, a_draft
from tickets.domain import commands as c
from tickets.domain.calendar import CalendarYear
from tickets.domain.case import Case, Facts
from tickets.domain.history import Event
from tickets.domain.life import Life
from tickets.domain.moves import decide
from tickets.domain.opening import Opening
from tickets.domain.policy import Policy
from tickets.domain.roles import Principal, Role
from tickets.domain.states import State
from tickets.domain.ticket import TicketDraft, TicketHead
from tickets.domain.units import Person, PersonRole, Unit, UnitKind, UnitLevel
from tickets.service.holidays import national_years

NUMBER = "261122010001"
OPERATOR = Principal("desk 3", Role.OPERATOR)
SUPERVISOR = Principal("inspector", Role.SUPERVISOR)
MONDAY = datetime.fromisoformat("2026-11-23T09:00:00+08:00").astimezone(UTC)
YEARS = tuple(national_years(2024))


def a_unit(unit_id: str, name: str | None = None, deputy: str | None = None) -> Unit:
    head = Person(f"{unit_id}-1", unit_id, "李主任", PersonRole.HEAD, "0451-1", 1)
    people = (head, Person(f"{unit_id}-2", unit_id, deputy, PersonRole.DEPUTY_HEAD)) if deputy else (head,)
    return Unit(unit_id, name or unit_id, UnitLevel.COUNTY, UnitKind.DEPARTMENT, people=people)


UNITS = (a_unit("u-7", "城市管理局", deputy="王副局长"), a_unit("u-8", "住建局"), a_unit("u-9", "生态环境局"))


def of_unit(unit_id: str) -> Principal:
    return Principal(f"token of {unit_id}", Role.UNIT, unit_id)


class Played:
    """One ticket; `do` carries out a command at `at`, which moves forward by a minute each time."""

    def __init__(
        self,
        draft: TicketDraft | None = None,
        at: datetime = MONDAY,
        units: Sequence[Unit] = UNITS,
        years: Sequence[CalendarYear] = YEARS,
        policy: Policy | None = None,
    ) -> None:
        self.at, self.units, self.years, self.policy = at, units, years, policy
        self.draft = draft or a_draft(level=3)
        desk = a_desk(at, units=units, years=years, policy=policy)
        record = Opening("0" * 32, self.draft, "ab" * 32, desk).begin(NUMBER)
        self.state: State = record.state
        self.life: Life = record.life
        self.history: list[Event] = list(record.history)

    def case(self) -> Case:
        last = self.history[-1]
        head = TicketHead("0" * 32, NUMBER, self.state, last.seq, last.hash)
        return Case(head, Facts(self.draft.kind, self.draft.level, self.draft.unit_id, self.draft.unit), self.life)

    def do(self, *commands: c.Command, who: Principal = OPERATOR, at: datetime | None = None) -> "Played":
        for command in commands:
            self.at = at or self.at + timedelta(minutes=1)
            desk = a_desk(self.at, who, self.units, self.years, self.policy)
            change = decide(self.case(), command, desk)
            self.life, self.state = change.life, change.events[-1].state
            self.history += change.events
        return self


SIGN = c.Sign("张三")
CONTACT = c.Contact("phone", "张三", "小区门口的垃圾")
ANSWER = c.Answer("phone", "张三", "已经清理")
COMPLETE = c.Complete("已清运", resolved=True, satisfied=True)
SATISFIED = c.ReportVisit(True, "phone", True, True, True, True)
DISSATISFIED = c.ReportVisit(True, "phone", True, True, False, False)
UNREACHED = c.ReportVisit(False, "phone")
ROUND = (CONTACT, ANSWER, COMPLETE)
