"""The life of a ticket: directory, calendar, orders, clocks, visits, ledger and links; figures of it on the ticket."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "calendar_years",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("source", sa.String(length=128), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_calendar_years")),
    )
    op.create_table(
        "units",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("level", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("parent_id", sa.String(length=64), nullable=True),
        sa.Column("trade", sa.String(length=64), nullable=True),
        sa.Column("areas", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["parent_id"], ["units.id"], name=op.f("fk_units_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_units")),
    )
    op.create_index("ix_units_parent_id", "units", ["parent_id"], unique=False)
    op.create_table(
        "assignments",
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("unit_id", sa.String(length=64), nullable=False),
        sa.Column("unit_name", sa.String(length=128), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("handler", sa.String(length=64), nullable=True),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("contacted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.Column("ticket_id", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_assignments_ticket_id")),
        sa.PrimaryKeyConstraint("ticket_id", "seq", name=op.f("pk_assignments")),
    )
    op.create_index("ix_assignments_unit_id_at", "assignments", ["unit_id", "at"], unique=False)
    op.create_table(
        "calendar_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("works", sa.Boolean(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["year"], ["calendar_years.year"], name=op.f("fk_calendar_days_year")),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_calendar_days")),
    )
    op.create_index("ix_calendar_days_year", "calendar_days", ["year"], unique=False)
    op.create_table(
        "call_backs",
        sa.Column("unit_id", sa.String(length=64), nullable=False),
        sa.Column("unit_name", sa.String(length=128), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("receiver", sa.String(length=64), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("called_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("called_by", sa.String(length=64), nullable=True),
        sa.Column("answered", sa.Boolean(), nullable=True),
        sa.Column("followed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("followed_by", sa.String(length=64), nullable=True),
        sa.Column("satisfied", sa.Boolean(), nullable=True),
        sa.Column("ticket_id", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_call_backs_ticket_id")),
        sa.PrimaryKeyConstraint("ticket_id", "seq", name=op.f("pk_call_backs")),
    )
    op.create_index("ix_call_backs_unit_id_at", "call_backs", ["unit_id", "at"], unique=False)
    op.create_table(
        "deadlines",
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("assignment", sa.Integer(), nullable=True),
        sa.Column("unit_id", sa.String(length=64), nullable=True),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("estimated", sa.Boolean(), nullable=False),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("met", sa.Boolean(), nullable=True),
        sa.Column("next_rung", sa.String(length=16), nullable=True),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ticket_id", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_deadlines_ticket_id")),
        sa.PrimaryKeyConstraint("ticket_id", "seq", name=op.f("pk_deadlines")),
    )
    op.create_index("ix_deadlines_next_at", "deadlines", ["next_at"], unique=False)
    op.create_index("ix_deadlines_unit_id_kind_due_at", "deadlines", ["unit_id", "kind", "due_at"], unique=False)
    op.create_table(
        "extensions",
        sa.Column("assignment", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(length=64), nullable=True),
        sa.Column("approved", sa.Boolean(), nullable=True),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("ticket_id", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_extensions_ticket_id")),
        sa.PrimaryKeyConstraint("ticket_id", "seq", name=op.f("pk_extensions")),
    )
    op.create_table(
        "feedbacks",
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("resolved", sa.Boolean(), nullable=False),
        sa.Column("satisfied", sa.Boolean(), nullable=True),
        sa.Column("ticket_id", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_feedbacks_ticket_id")),
        sa.PrimaryKeyConstraint("ticket_id", "seq", name=op.f("pk_feedbacks")),
    )
    op.create_index("ix_feedbacks_unit_id_at", "feedbacks", ["unit_id", "at"], unique=False)
    op.create_table(
        "ledger",
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("review_due", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reviews", sa.Integer(), nullable=False),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("struck_off_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("struck_off_by", sa.String(length=64), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("ticket_id", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_ledger_ticket_id")),
        sa.PrimaryKeyConstraint("ticket_id", "seq", name=op.f("pk_ledger")),
    )
    op.create_index("ix_ledger_review_due", "ledger", ["review_due"], unique=False)
    op.create_table(
        "links",
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("other", sa.String(length=12), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("ticket_id", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_links_ticket_id")),
        sa.PrimaryKeyConstraint("ticket_id", "seq", name=op.f("pk_links")),
    )
    op.create_index("ix_links_other_kind", "links", ["other", "kind"], unique=False)
    op.create_table(
        "objections",
        sa.Column("assignment", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("proposed_unit_id", sa.String(length=64), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(length=64), nullable=True),
        sa.Column("upheld", sa.Boolean(), nullable=True),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("ticket_id", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_objections_ticket_id")),
        sa.PrimaryKeyConstraint("ticket_id", "seq", name=op.f("pk_objections")),
    )
    op.create_table(
        "people",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("unit_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("phone", sa.String(length=32), nullable=True),
        sa.Column("escalation", sa.Integer(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_people_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
    )
    op.create_index("ix_people_unit_id", "people", ["unit_id"], unique=False)
    op.create_table(
        "site_records",
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("unit_id", sa.String(length=64), nullable=True),
        sa.Column("people", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("visited_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_site_records_ticket_id")),
        sa.PrimaryKeyConstraint("ticket_id", "seq", name=op.f("pk_site_records")),
    )
    op.create_table(
        "subtasks",
        sa.Column("unit_id", sa.String(length=64), nullable=False),
        sa.Column("unit_name", sa.String(length=128), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.String(length=64), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reporter", sa.String(length=64), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("ticket_id", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_subtasks_ticket_id")),
        sa.PrimaryKeyConstraint("ticket_id", "seq", name=op.f("pk_subtasks")),
    )
    op.create_index("ix_subtasks_unit_id_at", "subtasks", ["unit_id", "at"], unique=False)
    op.create_table(
        "visits",
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.String(length=64), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("reached", sa.Boolean(), nullable=False),
        sa.Column("contacted", sa.Boolean(), nullable=True),
        sa.Column("answered", sa.Boolean(), nullable=True),
        sa.Column("resolved", sa.Boolean(), nullable=True),
        sa.Column("satisfied", sa.Boolean(), nullable=True),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("ticket_id", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_visits_ticket_id")),
        sa.PrimaryKeyConstraint("ticket_id", "seq", name=op.f("pk_visits")),
    )
    op.create_index("ix_visits_unit_id_at", "visits", ["unit_id", "at"], unique=False)
    op.add_column("tickets", sa.Column("main_unit_id", sa.String(length=64), nullable=True))
    op.add_column("tickets", sa.Column("main_unit", sa.String(length=128), nullable=True))
    op.add_column("tickets", sa.Column("area_id", sa.String(length=128), nullable=True))
    op.add_column("tickets", sa.Column("area", sa.String(length=128), nullable=True))
    op.add_column("tickets", sa.Column("round", sa.Integer(), server_default="1", nullable=False))
    op.add_column("tickets", sa.Column("accountable", sa.String(length=64), nullable=True))
    op.add_column("tickets", sa.Column("special", sa.String(length=32), nullable=True))
    op.add_column("tickets", sa.Column("supervised", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("tickets", sa.Column("exposed", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("tickets", sa.Column("flags", sa.JSON(none_as_null=True), server_default="[]", nullable=False))
    op.add_column("tickets", sa.Column("themes", sa.JSON(none_as_null=True), server_default="[]", nullable=False))
    op.add_column("tickets", sa.Column("parts", sa.JSON(none_as_null=True), server_default="[]", nullable=False))
    op.add_column("tickets", sa.Column("due_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("tickets", sa.Column("dispatched_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("tickets", sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("tickets", sa.Column("contacted_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("tickets", sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("tickets", sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("tickets", sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_tickets_due_at", "tickets", ["due_at"], unique=False)
    op.create_index("ix_tickets_main_unit_id_id", "tickets", ["main_unit_id", "id"], unique=False)
    op.add_column("tokens", sa.Column("unit_id", sa.String(length=64), nullable=True))
    op.execute("UPDATE tickets SET main_unit_id = unit_id, main_unit = unit")


def downgrade() -> None:
    op.drop_column("tokens", "unit_id")
    op.drop_index("ix_tickets_main_unit_id_id", table_name="tickets")
    op.drop_index("ix_tickets_due_at", table_name="tickets")
    op.drop_column("tickets", "closed_at")
    op.drop_column("tickets", "completed_at")
    op.drop_column("tickets", "answered_at")
    op.drop_column("tickets", "contacted_at")
    op.drop_column("tickets", "signed_at")
    op.drop_column("tickets", "dispatched_at")
    op.drop_column("tickets", "due_at")
    op.drop_column("tickets", "parts")
    op.drop_column("tickets", "themes")
    op.drop_column("tickets", "flags")
    op.drop_column("tickets", "exposed")
    op.drop_column("tickets", "supervised")
    op.drop_column("tickets", "special")
    op.drop_column("tickets", "accountable")
    op.drop_column("tickets", "round")
    op.drop_column("tickets", "area")
    op.drop_column("tickets", "area_id")
    op.drop_column("tickets", "main_unit")
    op.drop_column("tickets", "main_unit_id")
    op.drop_index("ix_visits_unit_id_at", table_name="visits")
    op.drop_table("visits")
    op.drop_index("ix_subtasks_unit_id_at", table_name="subtasks")
    op.drop_table("subtasks")
    op.drop_table("site_records")
    op.drop_index("ix_people_unit_id", table_name="people")
    op.drop_table("people")
    op.drop_table("objections")
    op.drop_index("ix_links_other_kind", table_name="links")
    op.drop_table("links")
    op.drop_index("ix_ledger_review_due", table_name="ledger")
    op.drop_table("ledger")
    op.drop_index("ix_feedbacks_unit_id_at", table_name="feedbacks")
    op.drop_table("feedbacks")
    op.drop_table("extensions")
    op.drop_index("ix_deadlines_unit_id_kind_due_at", table_name="deadlines")
    op.drop_index("ix_deadlines_next_at", table_name="deadlines")
    op.drop_table("deadlines")
    op.drop_index("ix_call_backs_unit_id_at", table_name="call_backs")
    op.drop_table("call_backs")
    op.drop_index("ix_calendar_days_year", table_name="calendar_days")
    op.drop_table("calendar_days")
    op.drop_index("ix_assignments_unit_id_at", table_name="assignments")
    op.drop_table("assignments")
    op.drop_index("ix_units_parent_id", table_name="units")
    op.drop_table("units")
    op.drop_table("calendar_years")
