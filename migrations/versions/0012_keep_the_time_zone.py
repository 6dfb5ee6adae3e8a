"""keep the time zone"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Of requests that wait, the first attempt notes it."""
    with op.batch_alter_table("archive") as batch_op:
        batch_op.add_column(sa.Column("time_zone", sa.String(length=64), nullable=True))
        batch_op.create_index("ix_archive_state_size", ["state", "size"])


def downgrade() -> None:
    with op.batch_alter_table("archive") as batch_op:
        batch_op.drop_index("ix_archive_state_size")
        batch_op.drop_column("time_zone")
