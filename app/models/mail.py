"""Mails that are to be sent."""

import enum
from datetime import datetime

from sqlalchemy import CheckConstraint, Enum, ForeignKey, Index, String, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from app.engine.register import internal, owned, words
from app.extensions import Model
from app.models.columns import Moment, new_id, now
from app.models.user import User


class MailKind(enum.StrEnum):
    """What a mail tells of; each has a template of this name."""

    REQUESTED = "requested"
    READY = "ready"
    FAILED = "failed"
    REMINDER = "reminder"
    DOWNLOADED = "downloaded"
    SIGNED_IN = "signed_in"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105  # a kind of mail
    FACTOR_ON = "factor_on"
    FACTOR_OFF = "factor_off"
    RECOVERY_CODES_MADE = "recovery_codes_made"
    RESET = "reset"
    SIGN_UP = "sign_up"
    MEMBER = "member"


SUBJECTS = {
    MailKind.REQUESTED: "An archive of your data was requested",
    MailKind.READY: "Your archive is ready",
    MailKind.FAILED: "Your archive could not be made",
    MailKind.REMINDER: "Your archive can be downloaded for one more day",
    MailKind.DOWNLOADED: "Your archive was downloaded",
    MailKind.SIGNED_IN: "There was a new sign-in to your account",
    MailKind.PASSWORD_CHANGED: "Your password was changed",
    MailKind.FACTOR_ON: "The second factor of your account was switched on",
    MailKind.FACTOR_OFF: "The second factor of your account was switched off",
    MailKind.RECOVERY_CODES_MADE: "New recovery codes were made for your account",
    MailKind.RESET: "Choose a new password",
    MailKind.SIGN_UP: "Finish your new account",
    MailKind.MEMBER: "You have an account already",
}
"""As their templates have them."""
WAITING = text("sent_at IS NULL AND given_up_at IS NULL")
_WORK = "Tells workers apart while the mail is being sent."


class Mail(Model):
    """A mail that is to be sent, or was. Written in the transaction of what it tells of; only `outbox` changes it."""

    __table_args__ = (
        Index("ix_mail_waiting", "due_at", sqlite_where=WAITING, postgresql_where=WAITING),
        CheckConstraint("sent_at IS NULL OR given_up_at IS NULL", name="one_end"),
        {
            "info": owned(
                "user_id",
                title="Mails",
                icon="mail",
                purpose="Telling you what happens to your account and your archives.",
                retention="30 days.",
                recipients="You, and whoever carries your mail.",
                source="What you did here, or somebody in your name.",
            )
        },
    )

    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True, default=new_id)
    """It is in the Message-ID: a second try is the same mail."""
    user_id: Mapped[str] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"), index=True)
    kind: Mapped[MailKind] = mapped_column(
        Enum(MailKind, native_enum=False, length=24, values_callable=lambda kind: [each.value for each in kind]),
        info=words(SUBJECTS),
    )
    occasion: Mapped[str] = mapped_column(
        String(64), unique=True, info=internal("A checksum that keeps the same mail from being written twice.")
    )
    """SHA-256 of the kind and of what it tells of."""
    archive_id: Mapped[str | None] = mapped_column(String(64), index=True)
    """Which archive it tells of, if any; that may be gone meanwhile."""
    ip_address: Mapped[str | None] = mapped_column(String(45))
    """Of the browser that did what it tells of. Empty: no browser did."""
    user_agent: Mapped[str | None] = mapped_column(String(400))
    at: Mapped[datetime] = mapped_column(Moment, default=now)
    """When it was written, and its date."""

    due_at: Mapped[datetime] = mapped_column(Moment, default=now, info=internal(_WORK))
    """From then on a worker may take it: at once, after a pause, or when another worker has kept it for too long."""
    rung_at: Mapped[datetime | None] = mapped_column(Moment, info=internal(_WORK))
    """When a worker was last asked to send it."""
    fence: Mapped[str | None] = mapped_column(String(32), info=internal(_WORK))
    """Of the worker that has it; random, and new with each claim."""
    attempt: Mapped[int] = mapped_column(default=0)
    """How often a worker has begun to send it."""
    sent_at: Mapped[datetime | None] = mapped_column(Moment)
    given_up_at: Mapped[datetime | None] = mapped_column(Moment)
    """No server took it, or it was no longer true."""
