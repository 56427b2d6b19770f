"""The print log of hand-over sheets (交办单): who printed which copy of which ticket, and what it stood for."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tickets.store.models import Base
from tickets.store.models_life import AssignmentRow


class SheetPrintRow(Base):
    """`content` is the digest of what the sheet shows, `seq` and `chain` where the history stood. No personal data."""

    __tablename__ = "sheet_prints"
    __table_args__ = (UniqueConstraint("ticket_id", "copy"),)

    code: Mapped[str] = mapped_column(String(10), primary_key=True)
    ticket_id: Mapped[str] = mapped_column(ForeignKey("tickets.id"))
    number: Mapped[str] = mapped_column(String(12))
    copy: Mapped[int] = mapped_column(Integer)
    printed_at: Mapped[datetime]
    printed_by: Mapped[str] = mapped_column(String(64))
    unit_id: Mapped[str | None] = mapped_column(String(64))
    unit: Mapped[str | None] = mapped_column(String(128))
    content: Mapped[str] = mapped_column(String(64))
    seq: Mapped[int] = mapped_column(Integer)
    chain: Mapped[str] = mapped_column(String(64))


Index("ix_assignments_at", AssignmentRow.at)
"""Reports ask for the orders of a period."""
