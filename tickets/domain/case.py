"""A ticket under its lock (`Case`), the desk at which somebody acts on it (`Desk`), and what comes of it (`Change`).

All is values: a rule gets a case and gives a new life; nothing is changed in place, so a rule may run again when the
database asks for its transaction to be repeated.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from tickets.domain.clocks import Clocks, Limit, stopped
from tickets.domain.commands import Command
from tickets.domain.errors import IllegalMove, NotAllowed, UnknownUnit
from tickets.domain.history import Event
from tickets.domain.life import Assignment, AssignmentRole, DeadlineKind, Life, changed
from tickets.domain.policy import Policy
from tickets.domain.roles import Principal, Role
from tickets.domain.states import Outcome, allowed
from tickets.domain.ticket import RequestKind, TicketHead
from tickets.domain.units import Unit

NO_CALENDAR: Final = "日历缺失"
"""The flag of a ticket with a time that was reckoned without that year's holiday table (F93)."""

GROUP: Final = "群体性"
"""The flag of a matter that concerns many."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What rules need to know of the request itself; `unit_id` and `unit` are the proposal it came with."""

    kind: RequestKind
    level: int
    unit_id: str | None
    unit: str | None


@dataclass(frozen=True, slots=True)
class Case:
    head: TicketHead
    facts: Facts
    life: Life


@dataclass(frozen=True, slots=True)
class Desk:
    """`units` holds the directory's entries that the command names; `master` the ticket to merge into."""

    now: datetime
    who: Principal
    clocks: Clocks
    policy: Policy
    units: Mapping[str, Unit] = field(default_factory=dict)
    master: Life | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What a move writes: its events in order and the life after them."""

    events: tuple[Event, ...]
    life: Life


@dataclass(frozen=True, slots=True)
class Step:
    """What a rule decided. `data` is added to what the history keeps; `then` is carried out at once after it."""

    life: Life
    outcome: Outcome | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    then: Command | None = None


def refuse(case: Case, why: str) -> IllegalMove:
    """A refusal by a rule rather than by the table."""
    return IllegalMove(why, allowed(case.head.state))


def named_unit(case: Case, desk: Desk, unit_id: str) -> tuple[str, str]:
    """A unit's id and name. The unit that the request was proposed to need not be in the directory."""
    unit = desk.units.get(unit_id)
    if unit is not None:
        if not unit.active:
            raise UnknownUnit(f"the unit {unit_id} is no longer in service; see GET /api/v1/units")
        return unit.id, unit.name
    if unit_id == case.facts.unit_id:
        return unit_id, case.facts.unit or unit_id
    for each in case.life.assignments:
        if each.unit_id == unit_id:
            return unit_id, each.unit_name
    raise UnknownUnit(f"the directory has no unit {unit_id}; see GET /api/v1/units")


def acting_unit(desk: Desk, named: str | None, otherwise: str | None) -> str | None:
    """The unit on whose behalf `desk.who` acts. A unit's own token acts for its own unit only."""
    if desk.who.role is not Role.UNIT:
        return named or otherwise
    if named is not None and named != desk.who.unit_id:
        raise NotAllowed("a unit's token acts for its own unit only")
    return desk.who.unit_id


def acting_order(case: Case, desk: Desk, named: str | None) -> Assignment:
    """The running order on which somebody acts: the named unit's, else the main one."""
    main = case.life.main
    unit_id = acting_unit(desk, named, main.unit_id if main else None)
    order = case.life.order_of(unit_id) if unit_id is not None else None
    if order is None:
        if desk.who.role is Role.UNIT:
            raise NotAllowed("this unit has no running order on this ticket")
        raise refuse(case, f"the unit {unit_id} has no running order on this ticket")
    return order


def main_order(case: Case, desk: Desk, named: str | None) -> Assignment:
    """As `acting_order`, for what only the responsible unit may do."""
    order = acting_order(case, desk, named)
    if order.role is not AssignmentRole.MAIN:
        raise NotAllowed("only the responsible unit may do that; this unit's order is a joint or assisting one")
    return order


def joint(order: Assignment) -> Outcome | None:
    return None if order.role is AssignmentRole.MAIN else Outcome.JOINT


def with_order(life: Life, order: Assignment) -> Life:
    return replace(life, assignments=changed(life.assignments, order))


def begin_clock(
    life: Life,
    desk: Desk,
    kind: DeadlineKind,
    limit: Limit,
    level: int,
    *,
    assignment: int | None = None,
    unit_id: str | None = None,
    at: datetime | None = None,
) -> Life:
    """The life with one more clock; flagged when its end had to be estimated."""
    clock = desk.clocks.start(
        len(life.deadlines) + 1,
        kind,
        at or desk.now,
        limit,
        level=level,
        assignment=assignment,
        unit_id=unit_id,
        round_=life.round,
    )
    life = replace(life, deadlines=(*life.deadlines, clock))
    return life.flagged(NO_CALENDAR) if clock.estimated else life


def stop_clocks(
    life: Life, now: datetime, *kinds: DeadlineKind, assignment: int | None = None, called_off: bool = False
) -> Life:
    """The life with its open clocks of these kinds (none named: all) stopped, of one assignment or of all."""
    if not life.deadlines:
        return life
    deadlines = tuple(
        stopped(each, now, called_off=called_off)
        if each.open and (not kinds or each.kind in kinds) and (assignment is None or each.assignment == assignment)
        else each
        for each in life.deadlines
    )
    return replace(life, deadlines=deadlines)
