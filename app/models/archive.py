"""Archives: one row for each request, which is the truth about it; its files; and who downloaded what."""

import enum
import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Enum,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    Uuid,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.engine.choices import Choices, from_document
from app.engine.register import excluded, internal, owned, words
from app.extensions import Model
from app.models.columns import Moment, new_id, now
from app.models.user import User


class State(enum.StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    READY = "ready"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    DELETED = "deleted"


class Cause(enum.StrEnum):
    """Stored as text: a version before the one that wrote a new word can still read the row."""

    FAULT = "fault"
    INTERRUPTED = "interrupted"
    TOO_SLOW = "too_slow"
    TOO_LARGE = "too_large"
    DISK_FULL = "disk_full"
    STORE_DOWN = "store_down"
    DAMAGED = "damaged"
    """It was ready, and its files were lost."""


CAUSES: dict[str, str] = {
    Cause.FAULT: "A fault on our side",
    Cause.INTERRUPTED: "The server was restarted too often",
    Cause.TOO_SLOW: "It took too long",
    Cause.TOO_LARGE: "It is larger than this site can keep",
    Cause.DISK_FULL: "The storage disk was full",
    Cause.STORE_DOWN: "The storage could not be reached",
    Cause.DAMAGED: "Its file was damaged on the server",
}
"""What each is to people, where it stands alone."""
STEPS = {
    "reading": "Reading your data",
    "packing": "Packing the file",
    "checking": "Checking the finished file",
}
"""What is done that is about no table."""
ACTIVE = text("state IN ('queued', 'running')")
_WORK = "Tells workers apart while the archive is being made."


class Archive(Model):
    """A request for an archive and what became of it. Only `archives.ledger` changes the state."""

    __table_args__ = (
        # The database holds the rule: check-then-insert made 6 to 25 rows from 100 clicks, this index makes 1.
        Index("uq_archive_active", "user_id", unique=True, sqlite_where=ACTIVE, postgresql_where=ACTIVE),
        Index("ix_archive_user_id_created_at", "user_id", "created_at"),
        Index("ix_archive_state_created_at", "state", "created_at"),
        Index("ix_archive_state_size", "state", "size"),  # what those that are ready take together, read from it alone
        # Not NULL: a condition that comes to NULL passes.
        CheckConstraint("state <> 'ready' OR part_count > 0", name="ready_has_parts"),
        CheckConstraint("state <> 'running' OR fence IS NOT NULL", name="running_has_fence"),
        {
            "info": owned(
                "user_id",
                title="Archives",
                icon="package-open",
                purpose="Making archives of your data and serving them to you.",
                retention="As long as your account exists; the files themselves for the days shown.",
                recipients="Nobody but you and the site's operators.",
                source="Your requests.",
            )
        },
    )

    id: Mapped[str] = mapped_column(String(64), primary_key=True, default=lambda: secrets.token_hex(32))
    """256 random bits: nobody finds an archive by counting."""
    user_id: Mapped[str] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"))
    state: Mapped[State] = mapped_column(
        Enum(State, native_enum=False, length=16, values_callable=lambda kind: [each.value for each in kind]),
        default=State.QUEUED,
        info=words(
            {
                State.QUEUED: "Queued",
                State.RUNNING: "Working",
                State.READY: "Ready",
                State.FAILED: "Failed",
                State.CANCELLED: "Cancelled",
                State.EXPIRED: "Expired",
                State.DELETED: "Deleted",
            }
        ),
    )
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)
    """When it was requested."""
    part_size: Mapped[int | None] = mapped_column(BigInteger)
    """Bytes that each file may have at most, as the person chose; none: everything in one file."""
    chosen: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """What else they chose otherwise than by default, as `choices` reads it; none: everything, in every format."""
    locale: Mapped[str | None] = mapped_column(String(16))
    """The language it is made in, as the person had it when asking."""
    time_zone: Mapped[str | None] = mapped_column(String(64))
    """Where the chosen days begin and end, and moments are told, as the person had it when asking; none: an earlier
    version kept none, and the first attempt notes the person's."""
    again_of: Mapped[str | None] = mapped_column(String(64))
    """Which archive it tries again, where that failed or has gaps; such a request does not count towards the limit."""
    started_at: Mapped[datetime | None] = mapped_column(Moment)
    """When the current or last attempt began; it stays when that is given up. None: no worker has begun it."""
    finished_at: Mapped[datetime | None] = mapped_column(Moment)
    """When it became ready, failed, cancelled or was deleted."""
    expires_at: Mapped[datetime | None] = mapped_column(Moment)
    """From then on it cannot be downloaded."""

    attempt: Mapped[int] = mapped_column(default=0)
    """How often a worker has begun it."""
    fence: Mapped[str | None] = mapped_column(String(32), info=internal(_WORK))
    """Random, new with each claim: only who knows it may write progress or publish."""
    lease_until: Mapped[datetime | None] = mapped_column(Moment, info=internal(_WORK))
    """A running archive whose lease has passed belongs to nobody."""
    dispatched_at: Mapped[datetime | None] = mapped_column(Moment, info=internal(_WORK))
    """When it was last rung for by the reconciler, or by the worker that set it aside as large."""
    not_before: Mapped[datetime | None] = mapped_column(Moment, info=internal(_WORK))
    """The next attempt waits until then."""

    large: Mapped[bool] = mapped_column(default=False, server_default=false(), info=internal(_WORK))
    """It was found to be large, and waits for a worker that makes large ones."""

    step: Mapped[str | None] = mapped_column(String(80), info=words(STEPS))
    """The table being read, or what is done after the last."""
    done: Mapped[int] = mapped_column(default=0)
    """Thousandths of the work of the current attempt."""

    snapshot_at: Mapped[datetime | None] = mapped_column(Moment)
    """The one moment that everything in it was read at."""
    part_count: Mapped[int] = mapped_column(default=0)
    """How many files it has; each has a row of its own."""
    size: Mapped[int | None] = mapped_column(BigInteger)
    """Bytes of all its files."""
    media_size: Mapped[int | None] = mapped_column(BigInteger)
    """Bytes of the person's pictures and files in them."""
    row_count: Mapped[int | None] = mapped_column(BigInteger)
    gap_count: Mapped[int | None]
    """Items that should be in the archive and could not be read."""
    error: Mapped[str | None] = mapped_column(String(40), info=words(CAUSES))
    """Why it failed, or why it waits: a word of `Cause`."""

    @property
    def reference(self) -> str:
        """What a person quotes to the operators; it opens nothing."""
        return self.id[:8].upper()

    @property
    def choices(self) -> Choices:
        """What was asked for."""
        return from_document(self.chosen, self.part_size)

    @property
    def is_active(self) -> bool:
        return self.state in {State.QUEUED, State.RUNNING}

    @property
    def waits_for_space(self) -> bool:
        return self.state == State.QUEUED and self.error == Cause.DISK_FULL

    @property
    def waits_for_storage(self) -> bool:
        return self.state == State.QUEUED and self.error == Cause.STORE_DOWN


class ArchivePart(Model):
    """One file of an archive. Written once, together with the state that says it is ready; it stays as a record."""

    __table_args__ = (
        UniqueConstraint("archive_id", "number"),
        {
            "info": owned(
                "archive_id.user_id",
                title="Files of archives",
                icon="package-open",
                purpose="Serving your archives, and letting you check what you have downloaded.",
                retention="As long as your account exists; the files themselves for the days shown.",
                recipients="Nobody but you and the site's operators.",
                source="The making of your archives.",
            )
        },
    )

    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True, default=new_id)
    archive_id: Mapped[str] = mapped_column(ForeignKey(Archive.id, ondelete="CASCADE"))
    number: Mapped[int]
    """From 1 on."""
    file_name: Mapped[str] = mapped_column(String(120), info=internal("A name on our disk."))
    size: Mapped[int] = mapped_column(BigInteger)
    """Bytes."""
    sha256: Mapped[str] = mapped_column(String(64))


class ArchivePiece(Model):
    """A range of one table's rows, that another worker may read for an archive while it is being made."""

    __table_args__ = (
        UniqueConstraint("attempt", "number"),
        {"info": excluded("Notes by which workers share the making of an archive; they go when it is made.")},
    )

    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True, default=new_id)
    archive_id: Mapped[str] = mapped_column(ForeignKey(Archive.id, ondelete="CASCADE"), index=True)
    attempt: Mapped[str] = mapped_column(String(32))
    """The archive's fence when it was offered: with the attempt its pieces end."""
    snapshot: Mapped[str] = mapped_column(String(64))
    """By which PostgreSQL shows other workers what the archive's own worker sees."""
    number: Mapped[int]
    """In the order of the archive, from 1 on."""
    table_name: Mapped[str] = mapped_column(String(200))
    low: Mapped[str | None] = mapped_column(Text)
    """The key that the range begins with; none: it begins with the table."""
    high: Mapped[str | None] = mapped_column(Text)
    """The first key that is not in it any more; none: it ends with the table."""

    fence: Mapped[str | None] = mapped_column(String(32))
    """Of the worker that has it; random, and new with each claim."""
    lease_until: Mapped[datetime | None] = mapped_column(Moment)
    """None for the archive's own worker, whose lease is the archive's."""
    sha256: Mapped[str | None] = mapped_column(String(64))
    """Of its file, once that is published."""


class ArchiveDownload(Model):
    """One download of one file begun, by whom and from where."""

    __table_args__ = (
        {
            "info": owned(
                "archive_id.user_id",
                title="Downloads",
                icon="download",
                purpose="Letting you see whether somebody else has taken your archive.",
                retention="As long as your account exists.",
                recipients="Nobody but you and the site's operators.",
                source="Your browser, at each download.",
            )
        },
    )

    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True, default=new_id)
    archive_id: Mapped[str] = mapped_column(ForeignKey(Archive.id, ondelete="CASCADE"), index=True)
    part_number: Mapped[int]
    """Which of its files."""
    at: Mapped[datetime] = mapped_column(Moment, default=now)
    ip_address: Mapped[str] = mapped_column(String(45))
    user_agent: Mapped[str] = mapped_column(String(400))


class Pulse(Model):
    """When the site last did something that it does now and then.

    `reconcile`: beat, broker and worker are alive as long as it is young. Others are turns, taken by one of many.
    """

    __table_args__ = ({"info": excluded("Rows about the site's own machinery, about nobody.")},)

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    at: Mapped[datetime] = mapped_column(Moment)
