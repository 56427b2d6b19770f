"""The counts behind every report, grouped in the database. Implements `tickets.reports.source.AssessmentSource`."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

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
from tickets.store.facts import facts, how_many, marked, narrowed, received, ticket_key
from tickets.store.models import TicketRow
from tickets.store.models_life import (
    CallBackRow,
    LedgerRow,
    PersonRow,
    UnitRow,
)

_DONE: Final = (State.COMPLETED.value, State.VISIT_DUE.value, State.CLOSED.value)
_FOR_ONE_LARGE_QUERY: Final = select(func.set_config("jit", "off", True), func.set_config("work_mem", "64MB", True))
"""For this transaction alone: compiling took a fifth of the query's time, and its sort went to disk."""


class SqlAssessment:
    """Reads through connections that `read` gives; holds nothing."""

    def __init__(self, read: Callable[[], AbstractAsyncContextManager[AsyncConnection]]) -> None:
        self._read = read

    async def counts(self, span: Span, as_of: datetime, by: tuple[By, ...], narrow: Narrow) -> list[Group]:
        async with self._read() as connection:
            if connection.dialect.name == "postgresql":
                await connection.execute(_FOR_ONE_LARGE_QUERY)
            orders = facts(span, as_of, by, narrow, connection.dialect.name).subquery()
            keys = [orders.c[f"by_{each.value}"] for each in by]
            sums = [func.sum(orders.c[name]).label(name) for name in COUNT_NAMES]
            query = select(*keys, func.max(orders.c.unit_name).label("unit_name"), *sums).group_by(*keys)
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
            keys = [ticket_key(each, dialect) for each in by]
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
                    ~marked(TicketRow.parts, "call_backs"),
                ),
            }
            sums = [func.count().label("received"), *(how_many(flag, name) for name, flag in flags.items())]
            query = select(*keys, *sums).where(*received(span), *narrowed(narrow, TicketRow.main_unit_id))
            rows = (await connection.execute(query.group_by(*keys))).mappings().all()
        return [
            IntakeGroup(
                tuple(row[f"by_{each.value}"] for each in by), Intake(*(int(row[name] or 0) for name in INTAKE_NAMES))
            )
            for row in rows
            if row["received"]
        ]

    async def share(self, span: Span, topic: Topic) -> tuple[int, int]:
        query = select(how_many(_on_topic(topic), "hits"), func.count().label("whole")).where(*received(span))
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
                how_many(due, "due"),
                how_many(row.called_at <= row.due_at, "on_time"),
                how_many(row.satisfied.is_not(None), "followed"),
                how_many(row.satisfied.is_(True), "satisfied"),
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
            how_many(LedgerRow.struck_off_at.is_not(None), "struck_off"),
            how_many(and_(opened, LedgerRow.review_due <= as_of), "review_overdue"),
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
