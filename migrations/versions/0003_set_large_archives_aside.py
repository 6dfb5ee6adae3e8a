"""set large archives aside"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("archive", schema=None) as batch_op:
        # Archives that wait at this moment are counted by the first worker that takes them. The default stays: a web
        # server that has not been restarted yet knows nothing of this column.
        batch_op.add_column(sa.Column("large", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    with op.batch_alter_table("archive", schema=None) as batch_op:
        batch_op.drop_column("large")
