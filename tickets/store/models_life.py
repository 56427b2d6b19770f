"""The tables of a ticket's life: directory, calendar, and one table for each list of `tickets.domain.life.Life`.

A list's table has the columns that its entries have fields, under the key (ticket, seq); entries are updated and never
deleted. The figures of a life that lists of tickets are asked by are columns of `tickets`.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Boolean, Date, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from tickets.store.models import Base


class UnitRow(Base):
    __tablename__ = "units"
    __table_args__ = (Index("ix_units_parent_id", "parent_id"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(128))
    level: Mapped[str] = mapped_column(String(16))
    kind: Mapped[str] = mapped_column(String(16))
    parent_id: Mapped[str | None] = mapped_column(ForeignKey("units.id"))
    trade: Mapped[str | None] = mapped_column(String(64))
    areas: Mapped[list[Any]]
    active: Mapped[bool] = mapped_column(Boolean)


class PersonRow(Base):
    __tablename__ = "people"
    __table_args__ = (Index("ix_people_unit_id", "unit_id"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    unit_id: Mapped[str] = mapped_column(ForeignKey("units.id"))
    name: Mapped[str] = mapped_column(String(64))
    role: Mapped[str] = mapped_column(String(16))
    phone: Mapped[str | None] = mapped_column(String(32))
    escalation: Mapped[int | None] = mapped_column(Integer)
    active: Mapped[bool] = mapped_column(Boolean)


class CalendarYearRow(Base):
    """A year whose days off are known."""

    __tablename__ = "calendar_years"

    year: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    source: Mapped[str] = mapped_column(String(128))
    imported_at: Mapped[datetime]


class CalendarDayRow(Base):
    """A day that is not what its weekday says: a day off, or a Saturday or Sunday that is worked (调休)."""

    __tablename__ = "calendar_days"
    __table_args__ = (Index("ix_calendar_days_year", "year"),)

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    year: Mapped[int] = mapped_column(ForeignKey("calendar_years.year"))
    works: Mapped[bool] = mapped_column(Boolean)
    name: Mapped[str] = mapped_column(String(64))


class _Entry(Base):
    __abstract__ = True

    ticket_id: Mapped[str] = mapped_column(ForeignKey("tickets.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)


class AssignmentRow(_Entry):
    __tablename__ = "assignments"
    __table_args__ = (Index("ix_assignments_unit_id_at", "unit_id", "at"),)

    role: Mapped[str] = mapped_column(String(16))
    unit_id: Mapped[str] = mapped_column(String(64))
    unit_name: Mapped[str] = mapped_column(String(128))
    at: Mapped[datetime]
    round: Mapped[int] = mapped_column(Integer)
    handler: Mapped[str | None] = mapped_column(String(64))
    signed_at: Mapped[datetime | None]
    contacted_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None]


class DeadlineRow(_Entry):
    __tablename__ = "deadlines"
    __table_args__ = (
        Index("ix_deadlines_next_at", "next_at"),
        Index("ix_deadlines_unit_id_kind_due_at", "unit_id", "kind", "due_at"),
    )

    kind: Mapped[str] = mapped_column(String(16))
    started_at: Mapped[datetime]
    due_at: Mapped[datetime]
    assignment: Mapped[int | None] = mapped_column(Integer)
    unit_id: Mapped[str | None] = mapped_column(String(64))
    round: Mapped[int] = mapped_column(Integer)
    estimated: Mapped[bool] = mapped_column(Boolean)
    stopped_at: Mapped[datetime | None]
    met: Mapped[bool | None] = mapped_column(Boolean)
    next_rung: Mapped[str | None] = mapped_column(String(16))
    next_at: Mapped[datetime | None]


class SubTaskRow(_Entry):
    __tablename__ = "subtasks"
    __table_args__ = (Index("ix_subtasks_unit_id_at", "unit_id", "at"),)

    unit_id: Mapped[str] = mapped_column(String(64))
    unit_name: Mapped[str] = mapped_column(String(128))
    task: Mapped[str]
    at: Mapped[datetime]
    asked_by: Mapped[str] = mapped_column(String(64))
    due_at: Mapped[datetime]
    reported_at: Mapped[datetime | None]
    reporter: Mapped[str | None] = mapped_column(String(64))
    finished_at: Mapped[datetime | None]
    result: Mapped[str | None]


class ExtensionRow(_Entry):
    __tablename__ = "extensions"

    assignment: Mapped[int] = mapped_column(Integer)
    at: Mapped[datetime]
    asked_by: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str]
    until: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None] = mapped_column(String(64))
    approved: Mapped[bool | None] = mapped_column(Boolean)
    comment: Mapped[str | None]


class ObjectionRow(_Entry):
    __tablename__ = "objections"

    assignment: Mapped[int] = mapped_column(Integer)
    unit_id: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str]
    proposed_unit_id: Mapped[str | None] = mapped_column(String(64))
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None] = mapped_column(String(64))
    upheld: Mapped[bool | None] = mapped_column(Boolean)
    comment: Mapped[str | None]


class FeedbackRow(_Entry):
    """The handling unit's own word, apart from `visits` (RV-4)."""

    __tablename__ = "feedbacks"
    __table_args__ = (Index("ix_feedbacks_unit_id_at", "unit_id", "at"),)

    round: Mapped[int] = mapped_column(Integer)
    unit_id: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(64))
    result: Mapped[str]
    resolved: Mapped[bool] = mapped_column(Boolean)
    satisfied: Mapped[bool | None] = mapped_column(Boolean)


class VisitRow(_Entry):
    __tablename__ = "visits"
    __table_args__ = (Index("ix_visits_unit_id_at", "unit_id", "at"),)

    round: Mapped[int] = mapped_column(Integer)
    unit_id: Mapped[str | None] = mapped_column(String(64))
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(64))
    channel: Mapped[str] = mapped_column(String(16))
    reached: Mapped[bool] = mapped_column(Boolean)
    contacted: Mapped[bool | None] = mapped_column(Boolean)
    answered: Mapped[bool | None] = mapped_column(Boolean)
    resolved: Mapped[bool | None] = mapped_column(Boolean)
    satisfied: Mapped[bool | None] = mapped_column(Boolean)
    comment: Mapped[str | None]


class LedgerRow(_Entry):
    __tablename__ = "ledger"
    __table_args__ = (Index("ix_ledger_review_due", "review_due"),)

    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str]
    review_due: Mapped[datetime]
    reviews: Mapped[int] = mapped_column(Integer)
    reviewed_at: Mapped[datetime | None]
    struck_off_at: Mapped[datetime | None]
    struck_off_by: Mapped[str | None] = mapped_column(String(64))
    result: Mapped[str | None]


class LinkRow(_Entry):
    __tablename__ = "links"
    __table_args__ = (Index("ix_links_other_kind", "other", "kind"),)

    kind: Mapped[str] = mapped_column(String(16))
    other: Mapped[str] = mapped_column(String(12))
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(64))


class SiteRecordRow(_Entry):
    __tablename__ = "site_records"

    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(64))
    unit_id: Mapped[str | None] = mapped_column(String(64))
    people: Mapped[list[Any]]
    visited_at: Mapped[datetime]
    result: Mapped[str]


class CallBackRow(_Entry):
    __tablename__ = "call_backs"
    __table_args__ = (Index("ix_call_backs_unit_id_at", "unit_id", "at"),)

    unit_id: Mapped[str] = mapped_column(String(64))
    unit_name: Mapped[str] = mapped_column(String(128))
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(64))
    receiver: Mapped[str] = mapped_column(String(64))
    due_at: Mapped[datetime]
    called_at: Mapped[datetime | None]
    called_by: Mapped[str | None] = mapped_column(String(64))
    answered: Mapped[bool | None] = mapped_column(Boolean)
    followed_at: Mapped[datetime | None]
    followed_by: Mapped[str | None] = mapped_column(String(64))
    satisfied: Mapped[bool | None] = mapped_column(Boolean)
