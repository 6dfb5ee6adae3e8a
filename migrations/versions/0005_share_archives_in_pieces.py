"""share archives in pieces"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "archive_piece",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("archive_id", sa.String(length=64), nullable=False),
        sa.Column("attempt", sa.String(length=32), nullable=False),
        sa.Column("snapshot", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("table_name", sa.String(length=200), nullable=False),
        sa.Column("low", sa.Text(), nullable=True),
        sa.Column("high", sa.Text(), nullable=True),
        sa.Column("fence", sa.String(length=32), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["archive_id"], ["archive.id"], name=op.f("fk_archive_piece_archive_id_archive"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_archive_piece")),
        sa.UniqueConstraint("attempt", "number", name=op.f("uq_archive_piece_attempt_number")),
    )
    op.create_index(op.f("ix_archive_piece_archive_id"), "archive_piece", ["archive_id"])


def downgrade() -> None:
    op.drop_table("archive_piece")
