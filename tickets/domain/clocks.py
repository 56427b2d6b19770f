"""Limits and the times that they end: round-the-clock minutes, hours and days, working days, and office minutes.

A limit in working days leaves the first day out and ends when the office closes on the last one; office minutes run
only while the office is open. All reckoning is in Asia/Shanghai, which has one offset and no summer time (F92); all
times in and out are aware UTC, so a wall clock that steps changes what is due, never a limit (F91).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final, Self

from tickets.domain.calendar import WorkingCalendar
from tickets.domain.errors import InvalidValue
from tickets.domain.ids import CHINA
from tickets.domain.life import Deadline, DeadlineKind, Rung


class LimitUnit(StrEnum):
    MINUTES = "min"
    HOURS = "h"
    DAYS = "d"
    WORKING_DAYS = "wd"
    OFFICE_MINUTES = "omin"


_SHAPE: Final = re.compile(r"([1-9][0-9]{0,4})(min|h|d|wd|omin)", re.ASCII)
_PLAIN: Final = {LimitUnit.MINUTES: "minutes", LimitUnit.HOURS: "hours", LimitUnit.DAYS: "days"}


@dataclass(frozen=True, slots=True)
class Limit:
    """A length of time as rules state it: `15min`, `2h`, `7d`, `5wd` (working days), `10omin` (office minutes)."""

    amount: int
    unit: LimitUnit

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises InvalidValue for anything but a whole number and one of the units."""
        match = _SHAPE.fullmatch(text)
        if match is None:
            raise InvalidValue(f"a limit is a whole number and one of min, h, d, wd, omin, like 5wd; {text!r} came")
        return cls(int(match.group(1)), LimitUnit(match.group(2)))

    def __str__(self) -> str:
        return f"{self.amount}{self.unit.value}"


@dataclass(frozen=True, slots=True)
class OfficeHours:
    """When the office is open on a working day, local time."""

    opens: time = time(8, 30)
    closes: time = time(17, 30)


@dataclass(frozen=True, slots=True)
class Reckoned:
    """A time in UTC; `estimated` when a year on the way to it is not in the calendar."""

    at: datetime
    estimated: bool


@dataclass(frozen=True, slots=True)
class LevelLimits:
    """The limits of one response level (四级响应). `urge` is how long before the end of `handle` the unit is urged."""

    sign: Limit
    contact: Limit
    handle: Limit
    urge: Limit


def _limits(*texts: str) -> LevelLimits:
    return LevelLimits(*map(Limit.parse, texts))


DEFAULT_LEVELS: Final[Mapping[int, LevelLimits]] = {
    1: _limits("15min", "30min", "2h", "30min"),
    2: _limits("30min", "2h", "24h", "4h"),
    3: _limits("1wd", "1wd", "5wd", "1wd"),
    4: _limits("1wd", "1wd", "15d", "2wd"),
}
"""Sign-in as in Tianjin; handling 2 h, 24 h and 15 days as in Beijing, level 3 the documents' own 5 working days."""


@dataclass(frozen=True, slots=True)
class ClockRules:
    """Every limit in one place."""

    levels: Mapping[int, LevelLimits] = field(default_factory=lambda: DEFAULT_LEVELS)
    review: Limit = Limit(2, LimitUnit.HOURS)
    dispatch: Limit = Limit(30, LimitUnit.MINUTES)
    visit: Limit = Limit(1, LimitUnit.WORKING_DAYS)
    subtask: Limit = Limit(1, LimitUnit.WORKING_DAYS)
    call_back: Limit = Limit(10, LimitUnit.OFFICE_MINUTES)
    follow_up: Limit = Limit(60, LimitUnit.OFFICE_MINUTES)
    ledger_review: Limit = Limit(30, LimitUnit.DAYS)
    extension_most: Limit = Limit(20, LimitUnit.WORKING_DAYS)
    written_urge: Limit = Limit(1, LimitUnit.WORKING_DAYS)
    """From the end of the handling time to the written urge."""

    criticism: Limit = Limit(5, LimitUnit.WORKING_DAYS)
    """From the written urge to the circulated criticism."""

    visit_attempts: int = 3
    office: OfficeHours = OfficeHours()


@dataclass(frozen=True, slots=True)
class Clocks:
    """The rules with the calendar of the day: makes deadlines and says what their ladders bring next."""

    rules: ClockRules
    calendar: WorkingCalendar

    def after(self, start: datetime, limit: Limit) -> Reckoned:
        """When a limit that starts at `start` ends."""
        if limit.unit in _PLAIN:
            return Reckoned(start + timedelta(**{_PLAIN[limit.unit]: limit.amount}), estimated=False)
        if limit.unit is LimitUnit.OFFICE_MINUTES:
            return self._office_minutes(start, limit.amount)
        reached = self.calendar.after(_day(start), limit.amount)
        return Reckoned(_at(reached.day, self.rules.office.closes), reached.estimated)

    def morning_after(self, start: datetime, limit: Limit) -> datetime:
        """When a step is taken that is due `limit` after `start`: for working days, when the office opens."""
        if limit.unit is not LimitUnit.WORKING_DAYS:
            return self.after(start, limit).at
        return _at(self.calendar.after(_day(start), limit.amount).day, self.rules.office.opens)

    def before(self, end: datetime, limit: Limit) -> datetime:
        """The time that lies `limit` before `end`; for working and office time, when the office opens that day."""
        if limit.unit in _PLAIN:
            return end - timedelta(**{_PLAIN[limit.unit]: limit.amount})
        count = limit.amount if limit.unit is LimitUnit.WORKING_DAYS else 1
        return _at(self.calendar.before(_day(end), count).day, self.rules.office.opens)

    def office_from(self, start: datetime) -> datetime:
        """`start` itself while the office is open, else when it opens next: hand-overs wait for that (IN-8)."""
        return self._office_minutes(start, 0).at

    def start(
        self,
        seq: int,
        kind: DeadlineKind,
        at: datetime,
        limit: Limit,
        *,
        level: int,
        assignment: int | None = None,
        unit_id: str | None = None,
        round_: int = 1,
    ) -> Deadline:
        """A clock that starts at `at`, with the first step of its ladder."""
        end = self.after(at, limit)
        rung, next_at = self._next(kind, at, end.at, None, level)
        return Deadline(
            seq,
            kind,
            at,
            end.at,
            assignment=assignment,
            unit_id=unit_id,
            round=round_,
            estimated=end.estimated,
            next_rung=rung,
            next_at=next_at,
        )

    def armed(self, deadline: Deadline, taken: Rung | None, level: int) -> Deadline:
        """The deadline with the step that follows `taken` (None: the first) and lies after the clock's start."""
        rung, at = self._next(deadline.kind, deadline.started_at, deadline.due_at, taken, level)
        return replace(deadline, next_rung=rung, next_at=at)

    def _next(
        self, kind: DeadlineKind, started_at: datetime, due_at: datetime, taken: Rung | None, level: int
    ) -> tuple[Rung | None, datetime | None]:
        ladder = LADDERS[kind]
        remaining = ladder if taken is None else ladder[ladder.index(taken) + 1 :]
        for rung in remaining:
            at = self._rung_at(kind, due_at, rung, level)
            if at > started_at:
                return rung, at
        return None, None

    def _rung_at(self, kind: DeadlineKind, due_at: datetime, rung: Rung, level: int) -> datetime:
        match rung:
            case Rung.URGE if kind is DeadlineKind.VISIT:
                return _at(_day(due_at), self.rules.office.opens)
            case Rung.URGE:
                return self.before(due_at, self.rules.levels[level].urge)
            case Rung.OVERDUE:
                return due_at
            case Rung.WRITTEN_URGE:
                return self.morning_after(due_at, self.rules.written_urge)
            case Rung.CRITICISM:
                written = self.morning_after(due_at, self.rules.written_urge)
                return self.morning_after(written, self.rules.criticism)

    def _office_minutes(self, start: datetime, amount: int) -> Reckoned:
        office, local = self.rules.office, start.astimezone(CHINA)
        day, estimated = local.date(), not self.calendar.knows(local.date())
        begin = local if self.calendar.works(day) else None
        left = timedelta(minutes=amount)
        while True:
            if begin is not None:
                opened = max(begin, datetime.combine(day, office.opens, CHINA))
                closes = datetime.combine(day, office.closes, CHINA)
                if opened < closes and opened + left <= closes:
                    return Reckoned((opened + left).astimezone(UTC), estimated)
                left -= max(closes - opened, timedelta(0))
            reached = self.calendar.after(day, 1)
            day, estimated = reached.day, estimated or reached.estimated
            begin = datetime.combine(day, office.opens, CHINA)


LADDERS: Final[Mapping[DeadlineKind, tuple[Rung, ...]]] = dict.fromkeys(DeadlineKind, (Rung.OVERDUE,)) | {
    DeadlineKind.HANDLE: (Rung.URGE, Rung.OVERDUE, Rung.WRITTEN_URGE, Rung.CRITICISM),
    DeadlineKind.VISIT: (Rung.URGE, Rung.OVERDUE),
}
"""What each kind of clock brings about, in order."""


def stopped(deadline: Deadline, at: datetime, *, called_off: bool = False) -> Deadline:
    """The clock stopped at `at`: in time or not; one that is called off counts only when it was overdue already."""
    late = at > deadline.due_at
    met = (False if late else None) if called_off else not late
    return replace(deadline, next_rung=None, next_at=None, stopped_at=at, met=met)


def _day(moment: datetime) -> date:
    return moment.astimezone(CHINA).date()


def _at(day: date, hour: time) -> datetime:
    return datetime.combine(day, hour, CHINA).astimezone(UTC)
