"""prove addresses"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Accounts of before count as proven, and what was asked for was a new password."""
    op.add_column("user", sa.Column("is_proven", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.add_column("reset_request", sa.Column("wish", sa.String(length=16), server_default="password", nullable=False))


def downgrade() -> None:
    op.execute(sa.text('DELETE FROM "user" WHERE NOT is_proven'))
    op.drop_column("reset_request", "wish")
    op.drop_column("user", "is_proven")
