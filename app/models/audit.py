"""The audit: who did what, and when. Rows are added and never changed; each is chained to the one before it.

Only `audit.record` adds rows. They hold ids and codes, no names and no addresses, so they may outlive the person.
"""

import enum
from datetime import datetime

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, Integer, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from app.engine.register import excluded, internal, owned, words
from app.extensions import UNENFORCED, Model
from app.models.archive import CAUSES
from app.models.columns import Moment
from app.models.user import User

_NUMBER = BigInteger().with_variant(Integer, "sqlite")
_CHAIN = "Shows whether a row of this record was changed; it says nothing about you."


class What(enum.StrEnum):
    """Stored as text: a word more needs no migration, only its sentence in DEEDS."""

    ACCOUNT_MADE = "account_made"
    SIGNED_IN = "signed_in"
    SIGN_IN_REFUSED = "sign_in_refused"
    CONFIRMATION_REFUSED = "confirmation_refused"
    CODE_REFUSED = "code_refused"
    CONFIRMED = "confirmed"
    SIGNED_OUT = "signed_out"
    SIGN_IN_ENDED = "sign_in_ended"
    OTHERS_ENDED = "others_ended"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105  # a code
    RESET_REQUESTED = "reset_requested"
    FACTOR_ON = "factor_on"
    FACTOR_OFF = "factor_off"
    RECOVERY_CODES_MADE = "recovery_codes_made"
    ACCOUNT_LOCKED = "account_locked"
    FILE_REFUSED = "file_refused"
    ARCHIVE_REQUESTED = "archive_requested"
    ARCHIVE_MADE = "archive_made"
    ARCHIVE_FAILED = "archive_failed"
    ARCHIVE_DOWNLOADED = "archive_downloaded"
    ARCHIVE_CANCELLED = "archive_cancelled"
    ARCHIVE_DELETED = "archive_deleted"
    ARCHIVE_EXPIRED = "archive_expired"


DEEDS: dict[str, str] = {
    What.ACCOUNT_MADE: "The account was made",
    What.SIGNED_IN: "Signed in",
    What.SIGN_IN_REFUSED: "Somebody gave a wrong password, and was not signed in",
    What.CONFIRMATION_REFUSED: "A wrong password was given while signed in",
    What.CODE_REFUSED: "A wrong code was given, after the right password",
    What.CONFIRMED: "The password or a code was given again",
    What.SIGNED_OUT: "Signed out",
    What.SIGN_IN_ENDED: "Another browser was signed out",
    What.OTHERS_ENDED: "Other browsers were signed out",
    What.PASSWORD_CHANGED: "The password was changed",
    What.RESET_REQUESTED: "A mail to replace the password was asked for",
    What.FACTOR_ON: "The second factor was switched on",
    What.FACTOR_OFF: "The second factor was switched off",
    What.RECOVERY_CODES_MADE: "New recovery codes were made",
    What.ACCOUNT_LOCKED: "The account was locked",
    What.FILE_REFUSED: "A file was refused, since the virus scanner warned of it",
    What.ARCHIVE_REQUESTED: "An archive was requested",
    What.ARCHIVE_MADE: "An archive was made",
    What.ARCHIVE_FAILED: "An archive could not be made",
    What.ARCHIVE_DOWNLOADED: "An archive was downloaded",
    What.ARCHIVE_CANCELLED: "A request for an archive was cancelled",
    What.ARCHIVE_DELETED: "An archive was deleted from the server",
    What.ARCHIVE_EXPIRED: "An archive expired",
}
"""What each is to people."""
ACTORS: dict[str, str] = {
    "operator": "The site’s operators",
    "system": "The site",
    "nobody": "Somebody not signed in",
}
"""Who did it, where no person with an account did."""


class AuditRow(Model):
    """One deed. The database refuses to change or delete it."""

    __tablename__ = "audit"
    __table_args__ = (
        # The archive follows it; the database does not know it, so that a person can go and the chain stays whole.
        ForeignKeyConstraint(["subject_id"], [User.id], info=UNENFORCED),
        Index("ix_audit_subject_id_number", "subject_id", "number"),
        {
            "info": owned(
                "subject_id",
                title="Account activity",
                icon="key-round",
                purpose="Letting you see what was done with your account, and proving what was not.",
                retention="Always; when your account is gone, these rows hold ids that lead nowhere.",
                recipients="Nobody but you and the site's operators.",
                source="What you, the site and its operators do with your account.",
            )
        },
    )

    number: Mapped[int] = mapped_column(_NUMBER, primary_key=True, autoincrement=False)
    """From 1 on, without a gap."""
    at: Mapped[datetime] = mapped_column(Moment)
    """By the database's clock."""
    actor: Mapped[str] = mapped_column(String(36), info=words(ACTORS))
    """A person's id; or a word of `ACTORS`."""
    subject_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))
    """The person it was done to. Empty: nobody we know."""
    what: Mapped[str] = mapped_column(String(40), info=words(DEEDS))
    """A word of `What`."""
    object_id: Mapped[str | None] = mapped_column(String(64))
    """The archive or sign-in that it was done with; of a file that was refused, the reference in the log."""
    sign_in_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))
    """The session it was done in: that row knows the browser and its address."""
    result: Mapped[str | None] = mapped_column(String(40), info=words(CAUSES))
    """A code: why an archive failed, which of its files was downloaded, what the virus scanner has found."""
    mac: Mapped[str] = mapped_column(String(64), info=internal(_CHAIN))
    """HMAC-SHA256 of the row before this one and of every column above."""


class AuditHead(Model):
    """The chain's last row, said again. Whoever appends changes this one row first, and so waits for others."""

    __table_args__ = ({"info": excluded("The end of the record of account activity, about nobody.")},)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """Always 1."""
    number: Mapped[int] = mapped_column(_NUMBER)
    mac: Mapped[str] = mapped_column(String(64))
