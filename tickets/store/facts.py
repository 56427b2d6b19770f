"""One row of facts for each order of a unit on a request, and the conditions that reports share.

The clocks of an order are folded by `max(case …)` in one pass. What the caller sends back stays with the unit: a second
round is no second order, and an order is late when any of its rounds was. An order that was taken back (reassigned,
merged) before it was done counts for nobody: its successor counts. Days are those of Asia/Shanghai on both databases.
"""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Label, Select, String, Text, and_, case, cast, exists, func, or_, select
from sqlalchemy.orm import aliased

from tickets.domain.case import GROUP
from tickets.domain.life import AssignmentRole, DeadlineKind, LinkKind
from tickets.domain.states import State
from tickets.reports.counts import COUNT_NAMES
from tickets.reports.periods import Span
from tickets.reports.source import (
    By,
    Narrow,
)
from tickets.store.models import TicketRow
from tickets.store.models_life import (
    AssignmentRow,
    DeadlineRow,
    ExtensionRow,
    LinkRow,
    VisitRow,
)

LONG_STANDING: Final = "历史遗留"
"""The theme of a long-standing matter."""

_SENT_BACK: Final = ("not-satisfied", "reopened")
"""Why an order ends that goes on with the same unit in a further round; see `tickets.domain.handling`."""

_BY_TICKET: Final = {
    By.AREA: TicketRow.area,
    By.L1: TicketRow.category_l1,
    By.L2: TicketRow.category_l2,
    By.PROBLEM: TicketRow.category_problem,
    By.CHANNEL: TicketRow.channel,
    By.KIND: TicketRow.kind,
    By.SPECIAL: TicketRow.special,
}


def facts(span: Span, as_of: datetime, by: tuple[By, ...], narrow: Narrow, dialect: str) -> Select[Any]:
    """One row for each order of the span: its group keys and, for each of `COUNT_NAMES`, 0 or 1."""
    order, clock, visit = AssignmentRow, DeadlineRow, VisitRow
    main = order.role == AssignmentRole.MAIN.value
    spoken = aliased(VisitRow)
    last = (
        select(func.max(spoken.seq))
        .where(spoken.ticket_id == order.ticket_id, spoken.satisfied.is_not(None))
        .scalar_subquery()
    )
    flags = {
        **_progress(as_of),
        "extended": exists().where(
            ExtensionRow.ticket_id == order.ticket_id,
            ExtensionRow.assignment == order.seq,
            ExtensionRow.approved.is_(True),
        ),
        "visited": visit.satisfied.is_not(None),
        "resolved": visit.resolved.is_(True),
        "satisfied": visit.satisfied.is_(True),
        "second_round": and_(visit.satisfied.is_not(None), _once_dissatisfied()),
        "escalated": and_(main, TicketRow.state == State.ESCALATED.value),
        "group_resolved": and_(visit.resolved.is_(True), _is_group()),
        "long_standing_resolved": and_(visit.resolved.is_(True), marked(TicketRow.themes, LONG_STANDING)),
    }
    columns = [_by(each, dialect) for each in by]
    earlier = aliased(AssignmentRow)
    further_round = exists().where(
        earlier.ticket_id == order.ticket_id,
        earlier.seq < order.seq,
        earlier.unit_id == order.unit_id,
        earlier.end_reason.in_(_SENT_BACK),
    )
    query = (
        select(*columns, order.unit_name.label("unit_name"), *(_flag(flags[name], name) for name in COUNT_NAMES))
        .select_from(order)
        .join(TicketRow, TicketRow.id == order.ticket_id)
        .outerjoin(clock, and_(clock.ticket_id == order.ticket_id, clock.unit_id == order.unit_id))
        .outerjoin(visit, and_(main, visit.ticket_id == order.ticket_id, visit.seq == last))
        .where(
            order.at >= span.start,
            order.at < span.end,
            order.role.in_((AssignmentRole.MAIN.value, AssignmentRole.JOINT.value)),
            or_(order.ended_at.is_(None), order.completed_at.is_not(None)),
            ~further_round,
            *narrowed(narrow, order.unit_id),
        )
    )
    return query.group_by(order.ticket_id, order.seq, TicketRow.id, visit.ticket_id, visit.seq)


def _progress(as_of: datetime) -> dict[str, ColumnElement[Any]]:
    """What the order and its clocks say. A clock is due when it was stopped or has run out, late when too late."""
    order, clock = AssignmentRow, DeadlineRow
    run_out = and_(clock.stopped_at.is_(None), clock.due_at <= as_of)
    due, late = or_(clock.met.is_not(None), run_out), or_(clock.met.is_(False), run_out)
    # The order that was sent back is done when the request is done again.
    sent_back = and_(order.end_reason.in_(_SENT_BACK), TicketRow.main_unit_id == order.unit_id)
    done = case((sent_back, TicketRow.completed_at), else_=order.completed_at).is_not(None)

    def any_of(kind: DeadlineKind, condition: ColumnElement[bool]) -> ColumnElement[bool]:
        return func.max(case((and_(clock.kind == kind.value, condition), 1), else_=0)) == 1

    def in_time(kind: DeadlineKind) -> ColumnElement[bool]:
        return and_(any_of(kind, due), ~any_of(kind, late))

    return {
        "dispatched": order.at.is_not(None),
        "signed": order.signed_at.is_not(None),
        "sign_due": any_of(DeadlineKind.SIGN, due),
        "signed_on_time": in_time(DeadlineKind.SIGN),
        "contact_due": any_of(DeadlineKind.CONTACT, due),
        "contacted_on_time": in_time(DeadlineKind.CONTACT),
        "done": done,
        "done_due": any_of(DeadlineKind.HANDLE, due),
        "done_on_time": in_time(DeadlineKind.HANDLE),
        "overdue": and_(~done, any_of(DeadlineKind.HANDLE, run_out)),
    }


def _once_dissatisfied() -> ColumnElement[bool]:
    visit = aliased(VisitRow)
    return exists().where(visit.ticket_id == AssignmentRow.ticket_id, visit.satisfied.is_(False))


def _is_group() -> ColumnElement[bool]:
    linked = exists().where(LinkRow.ticket_id == AssignmentRow.ticket_id, LinkRow.kind == LinkKind.GROUP.value)
    return or_(marked(TicketRow.flags, GROUP), linked)


def marked(column: Any, mark: str) -> ColumnElement[bool]:
    # A JSON list of plain words; both databases keep its text as it was written.
    return cast(column, Text).like(f'%"{mark}"%')


def _flag(condition: ColumnElement[Any], name: str) -> Label[int]:
    return case((condition, 1), else_=0).label(name)


def how_many(condition: ColumnElement[Any], name: str) -> Label[Any]:
    """How many rows fit."""
    return func.sum(case((condition, 1), else_=0)).label(name)


def _by(by: By, dialect: str) -> Label[Any]:
    """The key of an order."""
    return _key(by, dialect, unit=AssignmentRow.unit_id, handler=AssignmentRow.handler, at=AssignmentRow.at)


def ticket_key(by: By, dialect: str) -> Label[Any]:
    """The key of a ticket."""
    return _key(by, dialect, unit=TicketRow.main_unit_id, handler=TicketRow.accountable, at=TicketRow.created_at)


def _key(by: By, dialect: str, *, unit: Any, handler: Any, at: Any) -> Label[Any]:
    column: Any
    if by is By.UNIT:
        column = unit
    elif by is By.HANDLER:
        column = handler
    elif by is By.DAY:
        column = _china_day(at, dialect)
    else:
        column = _BY_TICKET[by]
    label: Label[Any] = column.label(f"by_{by.value}")
    return label


def _china_day(column: Any, dialect: str) -> ColumnElement[Any]:
    if dialect == "postgresql":
        return func.to_char(func.timezone("Asia/Shanghai", column), "YYYY-MM-DD", type_=String)
    return func.date(column, "+8 hours", type_=String)


def received(span: Span) -> tuple[ColumnElement[bool], ...]:
    return TicketRow.created_at >= span.start, TicketRow.created_at < span.end


def narrowed(narrow: Narrow, unit_column: Any) -> list[ColumnElement[bool]]:
    pairs: list[tuple[Any, str | None]] = [
        (unit_column, narrow.unit_id),
        (TicketRow.area_id, narrow.area_id),
        (TicketRow.category_l1, narrow.l1),
        (TicketRow.category_l2, narrow.l2),
        (TicketRow.category_problem, narrow.problem),
    ]
    return [column == value for column, value in pairs if value is not None]
