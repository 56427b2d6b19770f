"""The units that were proposed to share an order (双派), as the request was sent; an index of flagged tickets."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "tickets", sa.Column("joint_unit_ids", sa.JSON(none_as_null=True), server_default="[]", nullable=False)
    )
    flagged = sa.text("json_array_length(flags) > 0")
    op.create_index("ix_tickets_flagged_id", "tickets", ["id"], sqlite_where=flagged, postgresql_where=flagged)


def downgrade() -> None:
    op.drop_index("ix_tickets_flagged_id", table_name="tickets")
    op.drop_column("tickets", "joint_unit_ids")
