"""The counts behind every report, grouped in the database. Implements `tickets.reports.source.AssessmentSource`.

A unit's order on a request becomes one row of facts, whose clocks are folded by `max(case …)` in one pass; the facts
are then summed by group. What the caller sends back stays with the unit: a second round is no second order, and an
order is late when any of its rounds was. An order that was taken back (reassigned, merged) before it was done counts
for nobody: its successor counts. Days are those of Asia/Shanghai on both databases.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Label, Select, String, Text, and_, case, cast, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from tickets.domain.case import GROUP
from tickets.domain.life import AssignmentRole, DeadlineKind, LinkKind
from tickets.domain.states import State
from tickets.domain.ticket import RequestKind
from tickets.reports.counts import COUNT_NAMES, INTAKE_NAMES, Counts, Intake
from tickets.reports.periods import Span
from tickets.reports.source import (
    By,
    CallBackCounts,
    Group,
    IntakeGroup,
    LedgerCounts,
    LedgerLine,
    Listing,
    Narrow,
    TicketLine,
    Topic,
    UnitLine,
)
from tickets.store.models import TicketRow
from tickets.store.models_life import (
    AssignmentRow,
    CallBackRow,
    DeadlineRow,
    ExtensionRow,
    LedgerRow,
    LinkRow,
    PersonRow,
    UnitRow,
    VisitRow,
)

LONG_STANDING: Final = "历史遗留"
"""The theme of a long-standing matter."""

_SENT_BACK: Final = ("not-satisfied", "reopened")
"""Why an order ends that goes on with the same unit in a further round; see `tickets.domain.handling`."""

_DONE: Final = (State.COMPLETED.value, State.VISIT_DUE.value, State.CLOSED.value)
_FOR_ONE_LARGE_QUERY: Final = select(func.set_config("jit", "off", True), func.set_config("work_mem", "64MB", True))
"""For this transaction alone: compiling took a fifth of the query's time, and its sort went to disk."""

_BY_TICKET: Final = {
    By.AREA: TicketRow.area,
    By.L1: TicketRow.category_l1,
    By.L2: TicketRow.category_l2,
    By.PROBLEM: TicketRow.category_problem,
    By.CHANNEL: TicketRow.channel,
    By.KIND: TicketRow.kind,
    By.SPECIAL: TicketRow.special,
}


class SqlAssessment:
    """Reads through connections that `read` gives; holds nothing."""

    def __init__(self, read: Callable[[], AbstractAsyncContextManager[AsyncConnection]]) -> None:
        self._read = read

    async def counts(self, span: Span, as_of: datetime, by: tuple[By, ...], narrow: Narrow) -> list[Group]:
        async with self._read() as connection:
            if connection.dialect.name == "postgresql":
                await connection.execute(_FOR_ONE_LARGE_QUERY)
            facts = _facts(span, as_of, by, narrow, connection.dialect.name).subquery()
            keys = [facts.c[f"by_{each.value}"] for each in by]
            sums = [func.sum(facts.c[name]).label(name) for name in COUNT_NAMES]
            query = select(*keys, func.max(facts.c.unit_name).label("unit_name"), *sums).group_by(*keys)
            rows = (await connection.execute(query)).mappings().all()
        named = By.UNIT in by
        return [
            Group(
                tuple(row[f"by_{each.value}"] for each in by),
                Counts(*(int(row[name] or 0) for name in COUNT_NAMES)),
                row["unit_name"] if named else None,
            )
            for row in rows
            if row["dispatched"]
        ]

    async def intake(self, span: Span, by: tuple[By, ...], narrow: Narrow) -> list[IntakeGroup]:
        async with self._read() as connection:
            dialect = connection.dialect.name
            keys = [_ticket_key(each, dialect) for each in by]
            flags: dict[str, ColumnElement[Any]] = {
                "dispatched": TicketRow.dispatched_at.is_not(None),
                "closed": TicketRow.closed_at.is_not(None),
                "special": TicketRow.special.is_not(None),
                "emergency": TicketRow.emergency_level == "certain",
                "enquiries": TicketRow.kind == RequestKind.ENQUIRY.value,
                "on_the_spot": and_(
                    TicketRow.kind == RequestKind.ENQUIRY.value,
                    TicketRow.closed_at.is_not(None),
                    TicketRow.answered_at.is_not(None),
                    TicketRow.dispatched_at.is_(None),
                    ~_marked(TicketRow.parts, "call_backs"),
                ),
            }
            sums = [func.count().label("received"), *(_one(flag, name) for name, flag in flags.items())]
            query = select(*keys, *sums).where(*_received(span), *_narrowed(narrow, TicketRow.main_unit_id))
            rows = (await connection.execute(query.group_by(*keys))).mappings().all()
        return [
            IntakeGroup(
                tuple(row[f"by_{each.value}"] for each in by), Intake(*(int(row[name] or 0) for name in INTAKE_NAMES))
            )
            for row in rows
            if row["received"]
        ]

    async def share(self, span: Span, topic: Topic) -> tuple[int, int]:
        query = select(_one(_on_topic(topic), "hits"), func.count().label("whole")).where(*_received(span))
        async with self._read() as connection:
            row = (await connection.execute(query)).one()
        return int(row.hits or 0), int(row.whole)

    async def units(self) -> list[UnitLine]:
        head = _person_of(UnitRow.id, "head")
        query = select(UnitRow, head.label("head")).where(UnitRow.active).order_by(UnitRow.id)
        async with self._read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [UnitLine(row["id"], row["name"], row["level"], row["kind"], row["trade"], row["head"]) for row in rows]

    async def listing(
        self, which: Listing, since: datetime, until: datetime, *, unit_id: str | None, limit: int
    ) -> list[TicketLine]:
        deputy = _person_of(TicketRow.main_unit_id, "deputy-head")
        query = select(TicketRow.__table__, deputy.label("deputy")).where(*_listed(which, since, until))
        if unit_id is not None:
            query = query.where(TicketRow.main_unit_id == unit_id)
        order = TicketRow.due_at if which is Listing.OVERDUE else TicketRow.created_at
        async with self._read() as connection:
            rows = (await connection.execute(query.order_by(order, TicketRow.id).limit(limit))).mappings().all()
        return [_line(row) for row in rows]

    async def call_backs(self, span: Span, as_of: datetime, unit_id: str | None) -> list[CallBackCounts]:
        row = CallBackRow
        due = or_(row.called_at.is_not(None), row.due_at <= as_of)
        query = (
            select(
                row.unit_id,
                func.max(row.unit_name).label("unit_name"),
                func.count().label("handed"),
                _one(due, "due"),
                _one(row.called_at <= row.due_at, "on_time"),
                _one(row.satisfied.is_not(None), "followed"),
                _one(row.satisfied.is_(True), "satisfied"),
            )
            .where(row.at >= span.start, row.at < span.end)
            .group_by(row.unit_id)
            .order_by(row.unit_id)
        )
        if unit_id is not None:
            query = query.where(row.unit_id == unit_id)
        async with self._read() as connection:
            rows = (await connection.execute(query)).all()
        return [CallBackCounts(each[0], each[1], *(int(value or 0) for value in each[2:])) for each in rows]

    async def ledger(self, as_of: datetime, unit_id: str | None) -> LedgerCounts:
        opened = LedgerRow.struck_off_at.is_(None)
        query = select(
            func.count().label("listed"),
            _one(LedgerRow.struck_off_at.is_not(None), "struck_off"),
            _one(and_(opened, LedgerRow.review_due <= as_of), "review_overdue"),
        ).join_from(LedgerRow, TicketRow, TicketRow.id == LedgerRow.ticket_id)
        if unit_id is not None:
            query = query.where(TicketRow.main_unit_id == unit_id)
        async with self._read() as connection:
            found = (await connection.execute(query)).one()
        return LedgerCounts(*(int(value or 0) for value in found))

    async def ledger_open(self, unit_id: str | None, limit: int) -> list[LedgerLine]:
        query = (
            select(
                TicketRow.number,
                TicketRow.main_unit,
                TicketRow.category_problem,
                LedgerRow.reason,
                LedgerRow.at,
                LedgerRow.review_due,
                LedgerRow.reviews,
            )
            .join_from(LedgerRow, TicketRow, TicketRow.id == LedgerRow.ticket_id)
            .where(LedgerRow.struck_off_at.is_(None))
            .order_by(LedgerRow.review_due, LedgerRow.ticket_id, LedgerRow.seq)
            .limit(limit)
        )
        if unit_id is not None:
            query = query.where(TicketRow.main_unit_id == unit_id)
        async with self._read() as connection:
            return [LedgerLine(*row) for row in (await connection.execute(query)).all()]


def _facts(span: Span, as_of: datetime, by: tuple[By, ...], narrow: Narrow, dialect: str) -> Select[Any]:
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
        "long_standing_resolved": and_(visit.resolved.is_(True), _marked(TicketRow.themes, LONG_STANDING)),
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
            *_narrowed(narrow, order.unit_id),
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
    return or_(_marked(TicketRow.flags, GROUP), linked)


def _marked(column: Any, mark: str) -> ColumnElement[bool]:
    # A JSON list of plain words; both databases keep its text as it was written.
    return cast(column, Text).like(f'%"{mark}"%')


def _flag(condition: ColumnElement[Any], name: str) -> Label[int]:
    return case((condition, 1), else_=0).label(name)


def _one(condition: ColumnElement[Any], name: str) -> Label[Any]:
    """How many rows fit."""
    return func.sum(case((condition, 1), else_=0)).label(name)


def _by(by: By, dialect: str) -> Label[Any]:
    column: Any
    if by is By.UNIT:
        column = AssignmentRow.unit_id
    elif by is By.HANDLER:
        column = AssignmentRow.handler
    elif by is By.DAY:
        column = _china_day(AssignmentRow.at, dialect)
    else:
        column = _BY_TICKET[by]
    label: Label[Any] = column.label(f"by_{by.value}")
    return label


def _ticket_key(by: By, dialect: str) -> Label[Any]:
    column: Any
    if by is By.UNIT:
        column = TicketRow.main_unit_id
    elif by is By.HANDLER:
        column = TicketRow.accountable
    elif by is By.DAY:
        column = _china_day(TicketRow.created_at, dialect)
    else:
        column = _BY_TICKET[by]
    label: Label[Any] = column.label(f"by_{by.value}")
    return label


def _china_day(column: Any, dialect: str) -> ColumnElement[Any]:
    if dialect == "postgresql":
        return func.to_char(func.timezone("Asia/Shanghai", column), "YYYY-MM-DD", type_=String)
    return func.date(column, "+8 hours", type_=String)


def _received(span: Span) -> tuple[ColumnElement[bool], ...]:
    return TicketRow.created_at >= span.start, TicketRow.created_at < span.end


def _narrowed(narrow: Narrow, unit_column: Any) -> list[ColumnElement[bool]]:
    pairs: list[tuple[Any, str | None]] = [
        (unit_column, narrow.unit_id),
        (TicketRow.area_id, narrow.area_id),
        (TicketRow.category_l1, narrow.l1),
        (TicketRow.category_l2, narrow.l2),
        (TicketRow.category_problem, narrow.problem),
    ]
    return [column == value for column, value in pairs if value is not None]


def _on_topic(topic: Topic) -> ColumnElement[bool]:
    named = [
        (TicketRow.category_l1, topic.l1),
        (TicketRow.category_l2, topic.l2),
        (TicketRow.category_problem, topic.problem),
    ]
    categories = [column == value for column, value in named if value is not None]
    words = [TicketRow.summary.contains(word, autoescape=True) for word in topic.words]
    either = [*([and_(*categories)] if categories else []), *words]
    if not either:
        raise ValueError("a topic needs a category or a word")
    return or_(*either)


def _listed(which: Listing, since: datetime, until: datetime) -> list[ColumnElement[bool]]:
    row = TicketRow
    received = [row.created_at >= since, row.created_at < until]
    open_ = or_(row.completed_at.is_(None), row.state.not_in(_DONE))
    if which is Listing.SPECIAL:
        return [row.special.is_not(None), *received]
    if which is Listing.SPECIAL_OPEN:
        return [row.special.is_not(None), row.created_at < since, row.state.not_in(_DONE)]
    if which is Listing.OVERDUE:
        return [row.due_at <= until, open_]
    return [or_(row.exposed.is_(True), row.supervised.is_(True)), *received]


def _person_of(unit_id: Any, role: str) -> Any:
    person = aliased(PersonRow)
    return (
        select(func.min(person.name))
        .where(person.unit_id == unit_id, person.role == role, person.active)
        .scalar_subquery()
    )


def _line(row: Any) -> TicketLine:
    return TicketLine(
        number=row["number"],
        created_at=row["created_at"],
        unit_id=row["main_unit_id"],
        unit=row["main_unit"] or row["unit"],
        deputy=row["deputy"],
        area=row["area"],
        problem=row["category_problem"],
        special=row["special"],
        state=row["state"],
        level=row["level"],
        summary=row["summary"],
        due_at=row["due_at"],
        completed_at=row["completed_at"],
        supervised=row["supervised"],
        round=row["round"],
    )
