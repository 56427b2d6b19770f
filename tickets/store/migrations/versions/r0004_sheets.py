"""The print log of hand-over sheets, and what reports look up by time."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sheet_prints",
        sa.Column("code", sa.String(length=10), nullable=False),
        sa.Column("ticket_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.String(length=12), nullable=False),
        sa.Column("copy", sa.Integer(), nullable=False),
        sa.Column("printed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("printed_by", sa.String(length=64), nullable=False),
        sa.Column("unit_id", sa.String(length=64), nullable=True),
        sa.Column("unit", sa.String(length=128), nullable=True),
        sa.Column("content", sa.String(length=64), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("chain", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_sheet_prints_ticket_id")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_sheet_prints")),
        sa.UniqueConstraint("ticket_id", "copy", name=op.f("uq_sheet_prints_ticket_id_copy")),
    )
    op.create_index(op.f("ix_assignments_at"), "assignments", ["at"])


def downgrade() -> None:
    op.drop_index(op.f("ix_assignments_at"), table_name="assignments")
    op.drop_table("sheet_prints")
