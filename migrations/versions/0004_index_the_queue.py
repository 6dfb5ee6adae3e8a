"""index the queue"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_archive_state_created_at"), "archive", ["state", "created_at"])
    op.drop_index(op.f("ix_archive_state"), table_name="archive")


def downgrade() -> None:
    op.create_index(op.f("ix_archive_state"), "archive", ["state"])
    op.drop_index(op.f("ix_archive_state_created_at"), table_name="archive")
