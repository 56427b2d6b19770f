"""The tables of the edges and of work that falls due by itself: jobs, subscribers, taxonomy, readings, erasures.

`reporters` holds personal data, like `parties`; `accesses` says who heard or read what, and is only appended to.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, Float, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from tickets.store.models import Base


class JobRow(Base):
    """A job that recurs. `fence` grows with every lease; only the holder of the newest may close a firing."""

    __tablename__ = "jobs"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    schedule: Mapped[str] = mapped_column(String(64))
    next_slot: Mapped[datetime]
    not_before: Mapped[datetime | None]
    """After a failure: when the slot is tried again."""

    fence: Mapped[int] = mapped_column(BigInteger)
    lease_owner: Mapped[str | None] = mapped_column(String(128))
    lease_until: Mapped[datetime | None]
    last_slot: Mapped[datetime | None]
    last_finished: Mapped[datetime | None]
    last_outcome: Mapped[str | None] = mapped_column(String(64))
    failures: Mapped[int] = mapped_column(Integer)


class FiringRow(Base):
    """One line for each slot that was done; the key is why there cannot be two."""

    __tablename__ = "firings"

    job: Mapped[str] = mapped_column(String(64), primary_key=True)
    slot: Mapped[datetime] = mapped_column(primary_key=True)
    fence: Mapped[int] = mapped_column(BigInteger)
    owner: Mapped[str] = mapped_column(String(128))
    finished_at: Mapped[datetime]
    detail: Mapped[dict[str, Any]]


class WebhookRow(Base):
    __tablename__ = "webhooks"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    url: Mapped[str] = mapped_column(String(2048))
    kinds: Mapped[list[Any]]
    secret: Mapped[str] = mapped_column(String(128))
    """Needed in clear to sign with; never shown again after it was made."""

    active: Mapped[bool] = mapped_column(Boolean)
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(64))
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None] = mapped_column(String(128))


class DeliveryRow(Base):
    """A notice to a subscriber. `id` goes out as webhook-id, the same in every attempt."""

    __tablename__ = "deliveries"
    __table_args__ = (
        Index("ix_deliveries_status_next_attempt", "status", "next_attempt"),
        Index("ix_deliveries_webhook_id_id", "webhook_id", "id"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    webhook_id: Mapped[str] = mapped_column(ForeignKey("webhooks.id"))
    kind: Mapped[str] = mapped_column(String(64))
    body: Mapped[str]
    created_at: Mapped[datetime]
    status: Mapped[str] = mapped_column(String(16))
    attempts: Mapped[int] = mapped_column(Integer)
    next_attempt: Mapped[datetime]
    lease_owner: Mapped[str | None] = mapped_column(String(128))
    lease_until: Mapped[datetime | None]
    last_attempt: Mapped[datetime | None]
    last_result: Mapped[str | None] = mapped_column(String(128))


class TaxonomyRow(Base):
    """A version of the services that can be asked for; the newest counts, the older ones say what was offered when."""

    __tablename__ = "taxonomies"

    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    fingerprint: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(64))
    services: Mapped[list[Any]]


class ReporterRow(Base):
    """What a civic app said of the person who reports, and where the matter is. Personal data."""

    __tablename__ = "reporters"

    ticket_id: Mapped[str] = mapped_column(ForeignKey("tickets.id"), primary_key=True)
    service_code: Mapped[str] = mapped_column(String(64))
    filed_by: Mapped[str] = mapped_column(String(64))
    name: Mapped[str | None] = mapped_column(String(128))
    email: Mapped[str | None] = mapped_column(String(254))
    device_id: Mapped[str | None] = mapped_column(String(128))
    account_id: Mapped[str | None] = mapped_column(String(128))
    address: Mapped[str | None] = mapped_column(String(512))
    address_id: Mapped[str | None] = mapped_column(String(128))
    lat: Mapped[float | None] = mapped_column(Float)
    long: Mapped[float | None] = mapped_column(Float)
    media_url: Mapped[str | None] = mapped_column(String(2048))


class AccessRow(Base):
    """Somebody was handed a recording or another file."""

    __tablename__ = "accesses"
    __table_args__ = (Index("ix_accesses_ticket_number_id", "ticket_number", "id"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(64))
    role: Mapped[str] = mapped_column(String(16))
    ticket_number: Mapped[str] = mapped_column(String(12))
    attachment_id: Mapped[str] = mapped_column(String(32))
    part: Mapped[str | None] = mapped_column(String(64))
    """The Range header's words when only a part was asked for."""


class HoldRow(Base):
    """A legal hold: nothing of the ticket is erased while it stands."""

    __tablename__ = "holds"

    ticket_id: Mapped[str] = mapped_column(ForeignKey("tickets.id"), primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str]


class ErasureRow(Base):
    """What was erased of a ticket, by class, once. It stays: it is the proof and the resume point."""

    __tablename__ = "erasures"

    ticket_id: Mapped[str] = mapped_column(ForeignKey("tickets.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(32), primary_key=True)
    at: Mapped[datetime]
    detail: Mapped[dict[str, Any]]


class UnlinkRow(Base):
    """A file whose last row is gone and that must still leave the disk; the line goes when the file has gone."""

    __tablename__ = "unlinks"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[datetime]
