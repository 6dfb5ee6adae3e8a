"""Between the right password and the right code. It lies in the signed cookie, opens nothing but the page of the code,
and lasts five minutes.

It belongs to one attempt: it carries how many codes the account has accepted and a mark of the password, and is void
as soon as either is another, so that a copy of it is worth nothing after the sign-in that it was made for.
"""

import hashlib
import time
from typing import NamedTuple

from flask import session

from app.accounts.second_factor import checking
from app.extensions import db
from app.models import SecondFactor, User

SECONDS = 300
KEY = "half_session"


class HalfSession(NamedTuple):
    user: User
    uses: int
    """As `checking.accept` wants it."""


def begin_half_session(user: User, factor: SecondFactor) -> None:
    session.clear()
    session[KEY] = {"user": user.id, "uses": factor.uses, "password": _mark(user), "at": time.time()}


def find_half_session() -> HalfSession | None:
    kept = session.get(KEY)
    if not kept or time.time() - kept["at"] > SECONDS:
        return None
    user = db.session.get(User, kept["user"])
    if user is None or not user.is_active or _mark(user) != kept["password"]:
        return None
    factor = checking.find_on(user.id)
    if factor is None or factor.uses != kept["uses"]:
        return None
    return HalfSession(user, factor.uses)


def _mark(user: User) -> str:
    """Tells nothing: what it is made of has 128 random bits of salt, and never leaves."""
    return hashlib.sha256((user.password_hash or "").encode()).hexdigest()
