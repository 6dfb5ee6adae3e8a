"""People, and the record of their sign-ins."""

from datetime import datetime

from flask_login import UserMixin
from sqlalchemy import ForeignKey, String, Uuid, true
from sqlalchemy.orm import Mapped, mapped_column

from app.engine.register import internal, owned, secret, subject
from app.extensions import Model
from app.models.columns import Moment, new_id, now


class User(UserMixin, Model):
    """A person. `id` is a string in Python whatever the database stores, so tasks pass it on as it is."""

    __table_args__ = (
        {
            "info": subject(
                title="Account",
                icon="user",
                purpose="Signing in, and showing your name beside what you write.",
                retention="As long as your account exists.",
                recipients="Other members see your name.",
                source="You, when you signed up and in your settings.",
            )
        },
    )

    sign_in_token = ""
    """Of the session being begun; not stored."""

    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True, default=new_id)
    email: Mapped[str | None] = mapped_column(String(254), unique=True)
    """Lower case. Empty for people who are only known as authors of imported comments."""
    is_proven: Mapped[bool] = mapped_column(
        default=True, server_default=true(), info=internal("Nobody has an account here before the address is proven.")
    )
    """False: a mail with a link was sent to this address, and nobody has followed it yet. Such a row is no account."""
    name: Mapped[str] = mapped_column(String(80))
    password_hash: Mapped[str | None] = mapped_column(String(255), info=secret())
    """argon2. Empty: this account cannot sign in."""
    language: Mapped[str] = mapped_column(String(16), default="en")
    """A locale, as Babel names it: of the words, dates and numbers of pages, mails and archives."""
    time_zone: Mapped[str] = mapped_column(String(64), default="UTC")
    """An IANA name."""
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)

    @property
    def is_active(self) -> bool:
        """Flask-Login's word: whose account is locked can neither sign in nor stay signed in."""
        return self.password_hash is not None

    def get_id(self) -> str:
        """What Flask-Login keeps in the cookie: not the person's id, but the token of one sign-in."""
        return self.sign_in_token


class SignIn(Model):
    """A successful sign-in, and the session it began: that lasts until it is ended, or nobody uses it any more."""

    __table_args__ = (
        {
            "info": owned(
                "user_id",
                title="Sign-ins",
                icon="key-round",
                purpose="Letting you see whether somebody else has used your account.",
                retention="As long as your account exists.",
                recipients="Nobody but you and the site's operators.",
                source="Your browser, at each sign-in.",
            )
        },
    )

    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True, default=new_id)
    user_id: Mapped[str] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"), index=True)
    token_sha256: Mapped[str | None] = mapped_column(String(64), unique=True, info=secret())
    """Of the token in the browser's cookie. Who reads this table cannot use what it says."""
    at: Mapped[datetime] = mapped_column(Moment, default=now)
    seen_at: Mapped[datetime | None] = mapped_column(Moment)
    """When a page was last asked for, give or take five minutes. Empty: older than sessions that can be ended."""
    confirmed_at: Mapped[datetime | None] = mapped_column(Moment)
    """When the password, or a code of the second factor, was last given."""
    ended_at: Mapped[datetime | None] = mapped_column(Moment)
    """Signed out, here or from another device, or the password was changed."""
    ip_address: Mapped[str] = mapped_column(String(45))
    user_agent: Mapped[str] = mapped_column(String(400))
