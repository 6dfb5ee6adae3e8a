"""note what codes are made by"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """All apps so far were told SHA-1. Who is just setting one up, has scanned that, and begins anew."""
    op.add_column("second_factor", sa.Column("hash_name", sa.String(length=10), server_default="SHA1", nullable=False))
    op.execute("DELETE FROM second_factor WHERE switched_on_at IS NULL")


def downgrade() -> None:
    """Apps that make codes by SHA-256 are asked for others from then on: those people need a recovery code."""
    op.drop_column("second_factor", "hash_name")
