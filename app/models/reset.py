"""Who has asked for a link by mail, and the links: to replace a forgotten password, or to finish a new account."""

import enum
from datetime import datetime

from sqlalchemy import Enum, ForeignKey, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from app.engine.register import excluded, owned, secret
from app.extensions import Model
from app.models.columns import Moment, new_id, now
from app.models.user import User


class Wish(enum.StrEnum):
    """What a link is asked for."""

    PASSWORD = "password"  # noqa: S105  # a code
    ACCOUNT = "account"


class ResetRequest(Model):
    """Somebody has typed an address and asked for a new password or an account. Beat looks whose it is."""

    __table_args__ = (
        {"info": excluded("Addresses that a link was asked for; they go as soon as they are looked up.")},
    )

    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True, default=new_id)
    wish: Mapped[Wish] = mapped_column(
        Enum(Wish, native_enum=False, length=16, values_callable=lambda wish: [each.value for each in wish]),
        default=Wish.PASSWORD,
        server_default=Wish.PASSWORD,
    )
    email: Mapped[str] = mapped_column(String(254))
    locale: Mapped[str | None] = mapped_column(String(16))
    """The language of the page it was typed on; none: an earlier version kept none."""
    ip_address: Mapped[str] = mapped_column(String(45))
    user_agent: Mapped[str] = mapped_column(String(400))


class PasswordReset(Model):
    """A link by which a password is chosen, once and soon. It goes when it is used or too old."""

    __table_args__ = (
        {
            "info": owned(
                "user_id",
                title="Links for a new password",
                icon="key-round",
                purpose="Letting you in when you have forgotten your password.",
                retention="Until one is used, or two hours at most.",
                recipients="Nobody but you and the site's operators.",
                source="The form for forgotten passwords.",
            )
        },
    )

    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True, default=new_id)
    user_id: Mapped[str] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"), index=True)
    token_sha256: Mapped[str] = mapped_column(String(64), unique=True, info=secret())
    """Of the token in the link. Who reads this table cannot use what it says."""
    at: Mapped[datetime] = mapped_column(Moment, default=now)
