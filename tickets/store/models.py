"""The tables. Uniqueness lives here, as constraints: ticket number, idempotency key, call and request index.

Personal data of callers is in `parties` alone, apart from the words of the request; `conflicts` holds whole bodies for
a person to look at and is personal data too. Times are UTC. `events` is only ever appended to.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


FLAGGED = text("json_array_length(flags) > 0")
"""Of the few tickets with a flag. An index of them is used when a query says the same in the same words."""


class UtcDateTime(TypeDecorator[datetime]):
    """Aware in, UTC in the table, aware UTC out. SQLite keeps no offset, so it is put back on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without an offset cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's declared hook, never written to
        datetime: UtcDateTime,
        dict[str, Any]: JSON(none_as_null=True),
        list[Any]: JSON(none_as_null=True),
        str: Text,
    }


class TicketRow(Base):
    __tablename__ = "tickets"
    __table_args__ = (
        UniqueConstraint("call_node", "call_id", "request_index"),
        Index("ix_tickets_state_id", "state", "id"),
        Index("ix_tickets_category_l1_id", "category_l1", "id"),
        Index("ix_tickets_unit_id_id", "unit_id", "id"),
        Index("ix_tickets_unit_name_id", "unit", "id"),
        Index("ix_tickets_created_at", "created_at"),
        Index("ix_tickets_call_id", "call_id"),
        Index("ix_tickets_main_unit_id_id", "main_unit_id", "id"),
        Index("ix_tickets_due_at", "due_at"),
        Index("ix_tickets_flagged_id", "id", sqlite_where=FLAGGED, postgresql_where=FLAGGED),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    number: Mapped[str] = mapped_column(String(12), unique=True)
    idempotency_key: Mapped[str] = mapped_column(String(128), unique=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    channel: Mapped[str] = mapped_column(String(32))
    source_line: Mapped[str] = mapped_column(String(32))
    call_id: Mapped[str | None] = mapped_column(String(64))
    call_linkedid: Mapped[str | None] = mapped_column(String(64))
    call_started_at: Mapped[datetime | None]
    call_node: Mapped[int | None] = mapped_column(Integer)
    request_index: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(String(16))
    category_l1: Mapped[str | None] = mapped_column(String(64))
    category_l2: Mapped[str | None] = mapped_column(String(64))
    category_problem: Mapped[str | None] = mapped_column(String(128))
    confidence: Mapped[float | None] = mapped_column(Float)
    unit: Mapped[str | None] = mapped_column(String(128))
    unit_id: Mapped[str | None] = mapped_column(String(64))
    places: Mapped[list[Any]]
    level: Mapped[int] = mapped_column(Integer)
    summary: Mapped[str]
    transcript: Mapped[list[Any]]
    emergency: Mapped[dict[str, Any] | None]
    emergency_level: Mapped[str] = mapped_column(String(16))
    completeness: Mapped[str] = mapped_column(String(32))
    reasons: Mapped[list[Any]]
    note: Mapped[str | None]
    state: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    last_seq: Mapped[int] = mapped_column(Integer)
    last_hash: Mapped[str] = mapped_column(String(64))
    main_unit_id: Mapped[str | None] = mapped_column(String(64))
    """The responsible unit now; before the dispatch the one that was proposed. `unit_id` stays the proposal."""

    main_unit: Mapped[str | None] = mapped_column(String(128))
    area_id: Mapped[str | None] = mapped_column(String(128))
    area: Mapped[str | None] = mapped_column(String(128))
    round: Mapped[int] = mapped_column(Integer, server_default="1")
    accountable: Mapped[str | None] = mapped_column(String(64))
    special: Mapped[str | None] = mapped_column(String(32))
    supervised: Mapped[bool] = mapped_column(Boolean, server_default=false())
    exposed: Mapped[bool] = mapped_column(Boolean, server_default=false())
    flags: Mapped[list[Any]] = mapped_column(server_default="[]")
    themes: Mapped[list[Any]] = mapped_column(server_default="[]")
    parts: Mapped[list[Any]] = mapped_column(server_default="[]")
    """Which lists of its life have entries: the others need not be read."""

    joint_unit_ids: Mapped[list[Any]] = mapped_column(server_default="[]")
    due_at: Mapped[datetime | None]
    """When the responsible unit must be done; NULL while that clock does not run."""

    dispatched_at: Mapped[datetime | None]
    signed_at: Mapped[datetime | None]
    contacted_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]


class PartyRow(Base):
    """Caller data, apart from the ticket."""

    __tablename__ = "parties"
    __table_args__ = (UniqueConstraint("ticket_id"), Index("ix_parties_number_tail", "number_tail"))

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    ticket_id: Mapped[str] = mapped_column(ForeignKey("tickets.id"))
    number: Mapped[str | None] = mapped_column(String(64))
    number_tail: Mapped[str | None] = mapped_column(String(4))
    confidential: Mapped[bool] = mapped_column(Boolean)


class EventRow(Base):
    __tablename__ = "events"

    ticket_id: Mapped[str] = mapped_column(ForeignKey("tickets.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    verb: Mapped[str] = mapped_column(String(32))
    state: Mapped[str] = mapped_column(String(32))
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(64))
    data: Mapped[dict[str, Any]]
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class ActionRow(Base):
    """One line for each action taken under an idempotency key, so that a repetition finds its event again."""

    __tablename__ = "actions"

    ticket_id: Mapped[str] = mapped_column(ForeignKey("tickets.id"), primary_key=True)
    idempotency_key: Mapped[str] = mapped_column(String(128), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    seq: Mapped[int] = mapped_column(Integer)
    attachment_id: Mapped[str | None] = mapped_column(String(32))
    body: Mapped[dict[str, Any]]


class AttachmentRow(Base):
    __tablename__ = "attachments"
    __table_args__ = (Index("ix_attachments_ticket_id", "ticket_id"), Index("ix_attachments_sha256", "sha256"))

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    ticket_id: Mapped[str] = mapped_column(ForeignKey("tickets.id"))
    kind: Mapped[str] = mapped_column(String(16))
    media_type: Mapped[str] = mapped_column(String(64))
    bytes: Mapped[int] = mapped_column(Integer)
    sha256: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]


class ConflictRow(Base):
    """Two different bodies that claim one identity: kept for a person (F23). The same pair is kept once."""

    __tablename__ = "conflicts"
    __table_args__ = (
        UniqueConstraint("reason", "ticket_number", "idempotency_key", "second_fingerprint", name="uq_conflicts_pair"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(String(32))
    ticket_number: Mapped[str] = mapped_column(String(12))
    idempotency_key: Mapped[str] = mapped_column(String(128))
    first_body: Mapped[dict[str, Any]]
    second_body: Mapped[dict[str, Any]]
    second_fingerprint: Mapped[str] = mapped_column(String(64))
    resolved_at: Mapped[datetime | None]


class CounterRow(Base):
    """The last sequence given by a node on a day (`YYMMDD`)."""

    __tablename__ = "counters"

    day: Mapped[str] = mapped_column(String(6), primary_key=True)
    node: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    last: Mapped[int] = mapped_column(Integer)


class RoleRow(Base):
    __tablename__ = "roles"

    name: Mapped[str] = mapped_column(String(16), primary_key=True)


class TokenRow(Base):
    __tablename__ = "tokens"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    role: Mapped[str] = mapped_column(ForeignKey("roles.name"))
    digest: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    unit_id: Mapped[str | None] = mapped_column(String(64))
    """The unit that a unit's token acts for."""


class IdentityRow(Base):
    """Who this database is; the marker file beside a SQLite database says the same (F29)."""

    __tablename__ = "identity"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    created_at: Mapped[datetime]
