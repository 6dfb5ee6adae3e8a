"""keep sign-ins as sessions"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Sign-ins of before have no token: everybody signs in once more."""
    with op.batch_alter_table("sign_in", schema=None) as batch_op:
        batch_op.add_column(sa.Column("token_sha256", sa.String(length=64), nullable=True))
        for name in ("seen_at", "confirmed_at", "ended_at"):
            batch_op.add_column(sa.Column(name, sa.DateTime(timezone=True), nullable=True))
        batch_op.create_unique_constraint(batch_op.f("uq_sign_in_token_sha256"), ["token_sha256"])


def downgrade() -> None:
    with op.batch_alter_table("sign_in", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_sign_in_token_sha256"), type_="unique")
        for name in ("ended_at", "confirmed_at", "seen_at", "token_sha256"):
            batch_op.drop_column(name)
