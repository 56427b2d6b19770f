"""Sample lives: requests over a year that go through the service's own rules, so every state, clock and hash is one
that the service itself would have written.

The shares are those of the documents: 99.6 % signed for, 98.9 % done, 91.7 % satisfied. Time runs for every request
from its arrival to `until`; what would happen later has not happened yet.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final, TypeVar

from tickets.domain import commands as c
from tickets.domain.calendar import WorkingCalendar
from tickets.domain.case import Desk
from tickets.domain.clocks import ClockRules, Clocks
from tickets.domain.history import fingerprint
from tickets.domain.ids import CHINA, TicketNumber, row_id
from tickets.domain.life import DeadlineKind
from tickets.domain.opening import Opening
from tickets.domain.policy import Policy
from tickets.domain.roles import Principal, Role
from tickets.domain.ticket import (
    Caller,
    Category,
    Channel,
    Completeness,
    Emergency,
    EmergencyLevel,
    Place,
    RequestKind,
    TicketDraft,
    TicketRecord,
    draft_json,
)
from tickets.domain.units import PersonRole, Unit
from tickets.sample.directory import Directory
from tickets.sample.played import Played
from tickets.sample.vocabulary import ESTATES, MATTERS, STREETS, Matter

_Value = TypeVar("_Value")

_NODE: Final = 98
"""Sample tickets have a node of their own in their numbers."""

_HOTLINE = Principal("operator", Role.OPERATOR)
_MACHINE = Principal("machine", Role.MACHINE)
_SUPERVISOR = Principal("supervisor", Role.SUPERVISOR)
LONG_STANDING: Final = "历史遗留"
_ON_THE_SPOT, _CALL_BACK, _DISPATCH = "on-the-spot", "call-back", "dispatch"
_CHANNELS = ((Channel.PHONE, 78), (Channel.WECHAT, 10), (Channel.SMS, 3), (Channel.APP, 5), (Channel.SUPERVISION, 2))
_LINES = (("12345", 85), ("12369", 4), ("12328", 4), ("12317", 3), ("12343", 4))
_HOURS = (2, 1, 1, 1, 1, 2, 4, 12, 30, 40, 38, 30, 20, 22, 34, 36, 32, 26, 20, 16, 12, 9, 6, 3)


@dataclass(frozen=True, slots=True)
class Sampled:
    """A sample ticket with the key and fingerprint that it would have come with."""

    record: TicketRecord
    key: str
    fingerprint: str


class Lives:
    """Makes sample lives. The same seed, directory, span and number make the same lives."""

    def __init__(self, directory: Directory, calendar: WorkingCalendar, random: Random, until: datetime) -> None:
        self._directory = directory
        self._clocks = Clocks(ClockRules(), calendar)
        self._policy = Policy()
        self._random = random
        self._until = until

    def make(self, count: int, days: int) -> Iterator[Sampled]:
        """`count` lives of requests that came in the `days` days before `until`, oldest first."""
        for sequence, at in _numbered(self._arrivals(count, days)):
            yield self._life(at.astimezone(UTC), sequence)

    def _arrivals(self, count: int, days: int) -> list[datetime]:
        """Busy mornings, quieter weekends, and a winter with more requests than the summer."""
        random, end = self._random, self._until.astimezone(CHINA)
        weights = []
        for back in range(days):
            day = end - timedelta(days=back)
            weights.append((0.55 if day.weekday() >= 5 else 1.0) * (1.5 if day.month in (11, 12, 1, 2) else 1.0))
        found = []
        for back in random.choices(range(days), weights, k=count):
            day = (end - timedelta(days=back)).replace(hour=0, minute=0, second=0, microsecond=0)
            hour = random.choices(range(24), _HOURS)[0]
            at = day + timedelta(hours=hour, seconds=random.uniform(0, 3600))
            found.append(min(at, end - timedelta(seconds=random.uniform(1, 600))))
        return sorted(found)

    def _life(self, at: datetime, sequence: int) -> Sampled:
        matter = self._random.choices(MATTERS, [each.weight for each in MATTERS])[0]
        county = self._random.choice(self._directory.counties)
        unit, town = self._unit(matter, county)
        number = str(TicketNumber(at.astimezone(CHINA).date(), _NODE, sequence))
        draft = self._draft(matter, county, unit, town, number)
        joint = self._random.random() < 0.03 and unit.id != town.id
        path = self._path(matter)
        taken = draft if path == _DISPATCH and not joint else replace(draft, unit_id=None, unit=None)
        print_ = fingerprint(draft_json(taken))
        desk = replace(self._desk(_MACHINE, unit), now=at)
        played = Played(Opening(row_id(at, self._random.randbytes(10)), taken, print_, desk).begin(number), self._until)
        if path == _ON_THE_SPOT:
            told = c.Answer("phone", "话务员", "已当场解答")
            played.after(timedelta(seconds=self._random.uniform(20, 200)), told, self._hotline())
        elif path == _CALL_BACK:
            self._call_back(played, unit)
        else:
            if joint:
                played.after(timedelta(minutes=2), c.Dispatch(unit.id, (town.id,)), self._hotline(unit, town))
            self._handle(played, unit, town if joint else None)
        return Sampled(played.record, f"sample-{number}", print_)

    def _path(self, matter: Matter) -> str:
        """Most enquiries are answered on the spot, some by a unit that calls back; all else is dispatched."""
        if matter.kind != "enquiry":
            return _DISPATCH
        return self._random.choices((_ON_THE_SPOT, _CALL_BACK, _DISPATCH), (80, 10, 10))[0]

    def _unit(self, matter: Matter, county: str) -> tuple[Unit, Unit]:
        """The responsible unit and the town or street of the place."""
        directory, random = self._directory, self._random
        towns = directory.towns.get(county) or directory.units
        town = random.choice(towns)
        if matter.target == "town":
            return town, town
        place = county if random.random() < 0.8 else ""
        for key in ((place, matter.target), ("", matter.target), (county, matter.target)):
            if key in directory.responsible:
                return directory.responsible[key], town
        return town, town

    def _draft(self, matter: Matter, county: str, unit: Unit, town: Unit, number: str) -> TicketDraft:
        random = self._random
        spot = f"{random.choice(STREETS)}{random.choice(ESTATES)}"
        words = random.choice(matter.words)
        danger = matter.level == 1 and random.random() < 0.05
        emergency = Emergency(EmergencyLevel.CERTAIN, "hazard", "110", words, ("样例",)) if danger else None
        place = Place(
            town.id, f"{county}县{town.name}" if not town.name.startswith(county) else town.name, "town", spot, 1.0
        )
        return TicketDraft(
            number=number,
            channel=_weighted(random, _CHANNELS),
            source_line=_weighted(random, _LINES),
            call=None,
            request_index=1,
            kind=RequestKind(matter.kind),
            category=Category(matter.l1, matter.l2, matter.problem),
            confidence=round(random.uniform(0.6, 0.99), 3),
            unit=unit.name,
            unit_id=unit.id,
            places=(place,),
            level=matter.level,
            summary=f"诉求人反映{spot}{words},希望尽快处理。",
            transcript=(),
            emergency=emergency,
            caller=Caller(f"1390000{random.randrange(10_000):04d}", random.random() < 0.05),
            completeness=Completeness.COMPLETE,
            reasons=(),
            note=None,
        )

    def _handle(self, played: Played, unit: Unit, joint: Unit | None) -> None:
        """Sign, contact, answer, complete, visit; with the share of requests that stick or go wrong."""
        random = self._random
        if random.random() < 0.0035:
            return
        units = [unit] if joint is None else [unit, joint]
        for each in units:
            self._sign_and_contact(played, each)
        self._marks(played, unit)
        fate = random.random()
        if fate < 0.0055:
            return
        if fate < 0.0085:
            self._on_ledger(played, unit)
        elif fate < 0.04:
            self._extension(played, unit)
        late = random.random() < 0.04 * self._care(unit)
        for each in reversed(units):
            self._finish(played, each, late=late and each is unit)
        self._visits(played, unit)

    def _sign_and_contact(self, played: Played, unit: Unit) -> None:
        random, handler = self._random, self._handler(unit)
        desk = self._as_unit(unit)
        slow = random.random() < 0.012 * self._care(unit)
        share = random.uniform(1.05, 2.0) if slow else random.uniform(0.05, 0.8)
        played.by_clock(DeadlineKind.SIGN, unit, share, c.Sign(handler), desk)
        slow = random.random() < 0.03 * self._care(unit)
        share = random.uniform(1.05, 1.8) if slow else random.uniform(0.05, 0.9)
        contact = c.Contact("phone", handler, "诉求已与诉求人重新确认")
        played.by_clock(DeadlineKind.CONTACT, unit, share, contact, desk)

    def _finish(self, played: Played, unit: Unit, *, late: bool) -> None:
        random, handler = self._random, self._handler(unit)
        share = random.uniform(1.02, 1.6) if late else min(0.97, random.betavariate(1.6, 4.0))
        desk = self._as_unit(unit)
        answer = c.Answer(random.choice(("phone", "in-person", "written")), handler, "已向诉求人说明处理结果")
        played.by_clock(DeadlineKind.HANDLE, unit, share, answer, desk)
        done = c.Complete("已处理完毕", resolved=random.random() < 0.97, satisfied=True)
        played.after(timedelta(minutes=random.uniform(1, 30)), done, desk)

    def _visits(self, played: Played, unit: Unit) -> None:
        random = self._random
        if random.random() < 0.02:
            for _ in range(3):
                missed = c.ReportVisit(reached=False, channel="phone")
                played.after(timedelta(hours=random.uniform(1, 5)), missed, self._hotline())
            return
        if random.random() > 0.15 * self._care(unit):
            self._visit(played, pleased=True)
            return
        self._visit(played, pleased=False)
        self._second_round(played, unit)

    def _second_round(self, played: Played, unit: Unit) -> None:
        handler = self._handler(unit)
        contact = c.Contact("in-person", handler, "上门了解不满意原因")
        played.by_clock(DeadlineKind.CONTACT, unit, self._random.uniform(0.1, 0.9), contact, self._as_unit(unit))
        self._finish(played, unit, late=False)
        pleased = self._random.random() > 0.55
        self._visit(played, pleased=pleased)
        if not pleased:
            meeting = c.Conclude("in-person", handler, "联席会议研究后已当面答复")
            played.after(timedelta(days=self._random.uniform(3, 12)), meeting, self._hotline())

    def _visit(self, played: Played, *, pleased: bool) -> None:
        solved = self._random.random() < (0.97 if pleased else 0.25)
        said = c.ReportVisit(True, "phone", contacted=True, answered=True, resolved=solved, satisfied=pleased)
        played.by_clock(DeadlineKind.VISIT, None, self._random.uniform(0.1, 0.95), said, self._hotline())

    def _marks(self, played: Played, unit: Unit) -> None:
        chance, soon = self._random.random(), timedelta(minutes=self._random.uniform(1, 20))
        if chance < 0.006:
            played.after(soon, c.Mark((), group=True), self._hotline())
        elif chance < 0.009:
            played.after(soon, c.Mark((LONG_STANDING,)), self._hotline())
        elif chance < 0.011:
            played.after(soon, c.Supervise("转督察局跟踪督办"), self._supervisor())
        elif chance < 0.0115:
            played.after(soon, c.Expose("拟转“曝光台”栏目"), self._supervisor())

    def _on_ledger(self, played: Played, unit: Unit) -> None:
        put = c.PutOnLedger("受客观条件制约,须待专项资金下达后实施")
        played.after(timedelta(hours=2), put, self._hotline())
        for _ in range(self._random.randrange(1, 4)):
            played.after(timedelta(days=28), c.ReviewLedger("定期调度,责任单位继续推进"), self._hotline())
        if self._random.random() < 0.915:
            played.after(timedelta(days=self._random.uniform(1, 20)), c.StrikeOff("条件具备,转入办理"), self._hotline())
        else:
            played.stop()

    def _extension(self, played: Played, unit: Unit) -> None:
        due = played.life.due_at
        if due is None:
            return
        ask = c.Extend(due + timedelta(days=self._random.randrange(3, 15)), "需现场勘察并协调多部门")
        played.by_clock(DeadlineKind.HANDLE, unit, 0.5, ask, self._as_unit(unit))
        decision = c.DecideExtension(self._random.random() < 0.85)
        played.after(timedelta(hours=self._random.uniform(0.2, 3)), decision, self._hotline())

    def _call_back(self, played: Played, unit: Unit) -> None:
        random, handler = self._random, self._handler(unit)
        played.after(timedelta(minutes=1), c.HandOver(unit.id, handler), self._hotline(unit))
        share = random.uniform(1.1, 3.0) if random.random() < 0.03 else random.uniform(0.2, 0.95)
        told = c.ReportCallBack(handler, True, "已回电答复")
        played.by_clock(DeadlineKind.CALL_BACK, unit, share, told, self._as_unit(unit))
        asked = c.FollowUp(random.random() < 0.985)
        played.by_clock(DeadlineKind.FOLLOW_UP, unit, 0.9, asked, self._hotline())

    def _handler(self, unit: Unit) -> str:
        working = [each for each in unit.people if each.role is PersonRole.HANDLER] or list(unit.people)
        return self._random.choice(working).name

    def _care(self, unit: Unit) -> float:
        """How careless a unit is: 0.4 to 1.6, always the same for the same unit."""
        return 0.4 + 1.2 * (int(fingerprint(unit.id)[:4], 16) / 0xFFFF)

    def _as_unit(self, unit: Unit) -> Desk:
        return self._desk(Principal(unit.id, Role.UNIT, unit.id), unit)

    def _hotline(self, *units: Unit) -> Desk:
        return self._desk(_HOTLINE, *units)

    def _supervisor(self) -> Desk:
        return self._desk(_SUPERVISOR)

    def _desk(self, who: Principal, *units: Unit) -> Desk:
        return Desk(self._until, who, self._clocks, self._policy, {each.id: each for each in units})


def _numbered(times: list[datetime]) -> Iterator[tuple[int, datetime]]:
    """Each time with its sequence number within its day."""
    day, sequence = None, 0
    for at in times:
        today = at.astimezone(CHINA).date()
        sequence = 1 if today != day else sequence + 1
        day = today
        yield sequence, at


def _weighted(random: Random, pairs: Sequence[tuple[_Value, int]]) -> _Value:
    return random.choices([value for value, _ in pairs], [weight for _, weight in pairs])[0]
