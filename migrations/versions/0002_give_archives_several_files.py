"""give archives several files"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NEW_ID = {"sqlite": "lower(hex(randomblob(16)))", "postgresql": "gen_random_uuid()"}
"""In the form that each database keeps them; in SQL, so that no row travels here and back."""


def upgrade() -> None:
    op.create_table(
        "archive_part",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("archive_id", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("file_name", sa.String(length=120), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["archive_id"], ["archive.id"], name=op.f("fk_archive_part_archive_id_archive"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_archive_part")),
        sa.UniqueConstraint("archive_id", "number", name=op.f("uq_archive_part_archive_id_number")),
    )
    with op.batch_alter_table("archive", schema=None) as batch_op:
        batch_op.add_column(sa.Column("part_size", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("snapshot_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("part_count", sa.Integer(), nullable=False, server_default="0"))
    _move_files_to_parts()
    with op.batch_alter_table("archive", schema=None) as batch_op:
        batch_op.alter_column("part_count", existing_type=sa.Integer(), server_default=None)
        batch_op.drop_constraint(op.f("ck_archive_ready_has_file"), type_="check")
        batch_op.create_check_constraint(op.f("ck_archive_ready_has_parts"), "state <> 'ready' OR part_count > 0")
        batch_op.drop_column("file_name")
        batch_op.drop_column("sha256")
    with op.batch_alter_table("archive_download", schema=None) as batch_op:
        batch_op.add_column(sa.Column("part_number", sa.Integer(), nullable=False, server_default="1"))
    with op.batch_alter_table("archive_download", schema=None) as batch_op:
        batch_op.alter_column("part_number", existing_type=sa.Integer(), server_default=None)


def _move_files_to_parts() -> None:
    """Of expired and deleted archives too: their sums stay, so that people can check what they have downloaded."""
    has_file = "file_name IS NOT NULL AND size IS NOT NULL AND sha256 IS NOT NULL"
    op.execute(
        "INSERT INTO archive_part (id, archive_id, number, file_name, size, sha256) "
        f"SELECT {NEW_ID[op.get_context().dialect.name]}, id, 1, file_name, size, sha256 FROM archive WHERE {has_file}"
    )
    # Nobody noted the snapshot's moment; it is opened as soon as an attempt begins.
    op.execute(f"UPDATE archive SET part_count = 1, snapshot_at = started_at WHERE {has_file}")


def downgrade() -> None:
    """An archive of several files cannot be said without parts: it expires, and can be asked for again."""
    with op.batch_alter_table("archive_download", schema=None) as batch_op:
        batch_op.drop_column("part_number")
    with op.batch_alter_table("archive", schema=None) as batch_op:
        batch_op.add_column(sa.Column("file_name", sa.String(length=120), nullable=True))
        batch_op.add_column(sa.Column("sha256", sa.String(length=64), nullable=True))
    _move_parts_to_files()
    with op.batch_alter_table("archive", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_archive_ready_has_parts"), type_="check")
        batch_op.create_check_constraint(
            op.f("ck_archive_ready_has_file"), "state <> 'ready' OR file_name IS NOT NULL"
        )
        batch_op.drop_column("part_count")
        batch_op.drop_column("snapshot_at")
        batch_op.drop_column("part_size")
    op.drop_table("archive_part")


def _move_parts_to_files() -> None:
    for column in ("file_name", "sha256"):
        op.execute(
            f"UPDATE archive SET {column} = (SELECT {column} FROM archive_part "
            "WHERE archive_id = archive.id AND number = 1) WHERE part_count = 1"
        )
    op.execute(
        "UPDATE archive SET state = 'expired', expires_at = CURRENT_TIMESTAMP WHERE state = 'ready' AND part_count > 1"
    )
