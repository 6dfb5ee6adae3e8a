"""Sign-ins and the sessions they begin. A cookie holds a random token; the database knows its SHA-256, and ends it.

Flask's own session lies in the cookie alone: a copy of it would still work after signing out.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

from flask import current_app
from sqlalchemy import ColumnElement, Select, and_, bindparam, func, select, update

from app import audit, outbox
from app.extensions import begin_write, count_changed, db
from app.models import MailKind, SignIn, User, What
from app.models.columns import database_time, fit_origin

MOST_ADDRESSES = 20
SEEN_SECONDS = 300
"""No page writes more often than this when its reader was last seen: a thousand that watch would be writing always."""


@dataclass(frozen=True)
class Known:
    """Who asks, and by which sign-in."""

    user: User
    sign_in: SignIn
    is_confirmed: bool
    """The password was given of late."""


def begin(person: User, ip_address: str, user_agent: str) -> str | None:
    """The token of a new sign-in. The person is told by mail.

    None: the password is another one than `person` was loaded with, and was checked against; or there is none.
    """
    token = new_token()
    begin_write()
    if not hold_password(person):
        db.session.commit()
        return None
    moments = dict.fromkeys(("at", "seen_at", "confirmed_at"), database_time())
    origin = fit_origin(ip_address, user_agent)
    begun = SignIn(user_id=person.id, token_sha256=hash_token(token), **moments, **origin)
    db.session.add(begun)
    db.session.flush()
    outbox.put(MailKind.SIGNED_IN, person.id, **origin)
    audit.record(What.SIGNED_IN, person.id, object_id=begun.id, by=audit.Acting(person.id, begun.id))
    db.session.commit()
    return token


def hold_password(person: User) -> bool:
    """Whether the account still has the password that `person` was loaded with. Nobody changes it until the commit.

    Checking takes a tenth of a second, in which a reset, a lock or another password may come: whoever gave the old
    one gets nothing by it. Say `begin_write` before.
    """
    same = (User.id == person.id, User.password_hash.is_not(None), User.password_hash == person.password_hash)
    return db.session.scalar(select(User.id).where(*same).with_for_update(key_share=True)) is not None


def find(token: str) -> Known | None:
    """None: it was ended, it is too old, or nobody has used it for too long."""
    settings = tuple(current_app.config[name] for name in _SETTINGS)
    found = db.session.execute(_question(settings), {"token_sha256": hash_token(token)}).one_or_none()
    if found is None:
        return None
    if found[3]:
        begin_write()
        _set(found[1].id, seen_at=database_time())
        db.session.commit()
    return Known(found[0], found[1], bool(found[2]))


_SETTINGS = ("CONFIRM_SECONDS", "SIGN_IN_IDLE_DAYS", "SIGN_IN_DAYS")
"""What the question depends on, besides the token."""


@cache
def _question(settings: tuple[Any, ...]) -> Select[User, SignIn, bool, bool]:
    """Put together once, since every page asks it."""
    is_confirmed = SignIn.confirmed_at > database_time(-settings[0])
    is_stale = SignIn.seen_at < database_time(-SEEN_SECONDS)
    mine = select(User, SignIn, is_confirmed, is_stale).join(SignIn, SignIn.user_id == User.id)
    return mine.where(SignIn.token_sha256 == bindparam("token_sha256"), _is_open())


def confirm(person: User, sign_in_id: str) -> str | None:
    """The password or a code was given again. From here on the token is a new one, and the old one worth nothing.

    None: the sign-in was ended meanwhile, or the password is another one, as in `begin`.
    """
    token = new_token()
    begin_write()
    moments = dict.fromkeys(("confirmed_at", "seen_at"), database_time())
    is_done = hold_password(person) and _set(sign_in_id, token_sha256=hash_token(token), **moments)
    audit.record_all([audit.Event(What.CONFIRMED, person.id, sign_in_id)] if is_done else [])
    db.session.commit()
    return token if is_done else None


def list_open(user_id: str) -> Sequence[SignIn]:
    """Those that can be used, the one used last before the others."""
    mine = select(SignIn).where(SignIn.user_id == user_id, _is_open())
    return db.session.scalars(mine.order_by(SignIn.seen_at.desc(), SignIn.id)).all()


def past_addresses(email: str) -> Sequence[str]:
    """From where people have signed in to the account with this address, if there is one: the last so many, each once.

    Few, since whoever is refused could else tell by the time whether there is an account that is much used.
    """
    mine = select(SignIn.ip_address).join(User, User.id == SignIn.user_id).where(User.email == email)
    latest = mine.group_by(SignIn.ip_address).order_by(func.max(SignIn.at).desc())
    return db.session.scalars(latest.limit(MOST_ADDRESSES)).all()


def end(user_id: str, sign_in_id: str) -> bool:
    """Whether there was one of this person's to end."""
    what = What.SIGNED_OUT if audit.acting().sign_in_id == sign_in_id else What.SIGN_IN_ENDED
    db.session.commit()
    ended = _end(audit.Event(what, user_id, sign_in_id), SignIn.user_id == user_id, SignIn.id == sign_in_id)
    db.session.commit()
    return ended == 1


def end_all(user_id: str, *, but: str | None = None) -> None:
    """`but`: the id of the one that goes on."""
    db.session.commit()
    mark_ended(user_id, but=but)
    db.session.commit()


def mark_ended(user_id: str, *, but: str | None = None) -> None:
    """As `end_all`, but the commit is the caller's, who has more to change in the same transaction."""
    others = [] if but is None else [SignIn.id != but]
    _end(audit.Event(What.OTHERS_ENDED, user_id), SignIn.user_id == user_id, *others)


def _end(event: audit.Event, *conditions: ColumnElement[bool]) -> int:
    ended = update(SignIn).where(*conditions, SignIn.ended_at.is_(None))
    count = count_changed(ended.values(ended_at=database_time(), token_sha256=None))
    audit.record_all([event] if count else [])
    return count


def _set(sign_in_id: str, **values: Any) -> bool:
    """Whether it was still open."""
    still_open = update(SignIn).where(SignIn.id == sign_in_id, SignIn.ended_at.is_(None))
    return count_changed(still_open.values(**values)) == 1


def _is_open() -> ColumnElement[bool]:
    idle, most = (timedelta(days=current_app.config[name]) for name in ("SIGN_IN_IDLE_DAYS", "SIGN_IN_DAYS"))
    return and_(
        SignIn.ended_at.is_(None),
        SignIn.seen_at > database_time(-idle.total_seconds()),
        SignIn.at > database_time(-most.total_seconds()),
    )


def new_token() -> str:
    """256 random bits, for a cookie or a link."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """What the database keeps of a token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
