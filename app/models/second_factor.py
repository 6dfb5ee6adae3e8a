"""A second factor beside the password: codes of an app, and codes on paper for whoever has lost that."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from app.engine.register import harmless, owned, secret
from app.extensions import Model
from app.models.columns import Moment, new_id, now
from app.models.user import User

_FACTS = {
    "icon": "key-round",
    "purpose": "Making sure that it is you who signs in, also when somebody else knows your password.",
    "recipients": "Nobody but you and the site's operators.",
}


class SecondFactor(Model):
    """The secret that a person's app makes codes of. One row a person: being set up, or on."""

    __table_args__ = (
        {
            "info": owned(
                "user_id",
                title="Second factor",
                retention="Until you switch it off.",
                source="You, when you set it up, and each code that is entered.",
                **_FACTS,
            )
        },
    )

    user_id: Mapped[str] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"), primary_key=True)
    sealed_secret: Mapped[str] = mapped_column(String(200), info=secret())
    """Encrypted: a copy of the database alone makes no codes."""
    hash_name: Mapped[str] = mapped_column(String(10), default="SHA256", server_default="SHA1", info=harmless())
    """What the app makes its codes by: SHA256, or SHA1, which is all that earlier versions knew."""
    begun_at: Mapped[datetime] = mapped_column(Moment, default=now)
    switched_on_at: Mapped[datetime | None] = mapped_column(Moment)
    """Empty: being set up, and not asked for."""
    last_step: Mapped[int] = mapped_column(default=0)
    """The half minute, counted from 1970, of the last code that was accepted. Only later ones are from then on."""
    uses: Mapped[int] = mapped_column(default=0)
    """How many codes, of either kind, were accepted. What was begun before the last of them is void."""
    wrong_codes: Mapped[int] = mapped_column(default=0)
    """Codes of the app since the last right one."""
    next_guess_at: Mapped[datetime | None] = mapped_column(Moment)
    """Before that moment no code of the app is looked at. Codes on paper always are."""


class RecoveryCode(Model):
    """One of ten codes on paper, each good for one sign-in."""

    __table_args__ = (
        {
            "info": owned(
                "user_id",
                title="Recovery codes",
                retention="Until you make new ones, or switch the second factor off.",
                source="Made by the site, and shown to you once.",
                **_FACTS,
            )
        },
    )

    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True, default=new_id)
    user_id: Mapped[str] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"), index=True)
    code_sha256: Mapped[str] = mapped_column(String(64), info=secret())
    made_at: Mapped[datetime] = mapped_column(Moment, default=now)
    used_at: Mapped[datetime | None] = mapped_column(Moment)
