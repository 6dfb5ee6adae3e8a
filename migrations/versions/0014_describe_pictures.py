"""describe pictures"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody has described those that are there."""
    op.add_column("attachment", sa.Column("description", sa.String(length=500), nullable=True))


def downgrade() -> None:
    op.drop_column("attachment", "description")
