"""keep what was chosen"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Earlier requests were for everything, in the language of their person."""
    with op.batch_alter_table("archive") as batch_op:
        batch_op.add_column(sa.Column("chosen", sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column("locale", sa.String(length=16), nullable=True))
        batch_op.add_column(sa.Column("again_of", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("media_size", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("archive") as batch_op:
        for name in ("media_size", "again_of", "locale", "chosen"):
            batch_op.drop_column(name)
