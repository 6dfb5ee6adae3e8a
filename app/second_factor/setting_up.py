"""Switching the second factor on and off, and new recovery codes."""

from typing import Any

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.exc import IntegrityError

from app import audit
from app.extensions import begin_write, count_changed, db
from app.models import SecondFactor, What
from app.models.columns import database_time
from app.second_factor import recovery_codes, totp
from app.second_factor.checking import WrongCodeError, is_of_app, read_clock
from app.second_factor.sealing import SealError, open_sealed, seal

PENDING_SECONDS = 3600
"""A secret that was shown and not taken is replaced by another after this time."""


def begin(user_id: str) -> bytes | None:
    """The secret to be set up, for some time the same one. None: a second factor is on."""
    begin_write()
    fresh = SecondFactor.begun_at > database_time(-PENDING_SECONDS)
    if find_pending(user_id, fresh) is None:
        db.session.execute(delete(SecondFactor).where(*_pending(user_id)))
        db.session.add(SecondFactor(user_id=user_id, sealed_secret=seal(totp.new_secret(), user_id)))
    try:
        db.session.commit()
    except IntegrityError:  # it is on, or another window was faster
        db.session.rollback()
    return find_pending(user_id)


def find_pending(user_id: str, *conditions: ColumnElement[bool]) -> bytes | None:
    """None, too, when SECRET_KEY was changed meanwhile."""
    sealed = db.session.scalar(select(SecondFactor.sealed_secret).where(*_pending(user_id), *conditions))
    try:
        return None if sealed is None else open_sealed(sealed, user_id)
    except SealError:
        return None


def switch_on(user_id: str, code: str) -> list[str]:
    """The recovery codes, to be shown once. The app has the secret, as its code shows. Raises WrongCodeError."""
    begin_write()
    secret = find_pending(user_id)
    step = totp.find_step(secret, "".join(code.split()), read_clock()) if secret and is_of_app(code) else None
    on = {"switched_on_at": database_time(), "last_step": step}
    if step is None or not _change(user_id, on):
        db.session.rollback()
        raise WrongCodeError
    codes = recovery_codes.replace(user_id)
    audit.record(What.FACTOR_ON, user_id)
    db.session.commit()
    return codes


def switch_off(user_id: str) -> bool:
    """Whether there was one. Its recovery codes go with it."""
    begin_write()
    was_on = count_changed(delete(SecondFactor).where(SecondFactor.user_id == user_id)) > 0
    recovery_codes.remove(user_id)
    audit.record_all([audit.Event(What.FACTOR_OFF, user_id)] if was_on else [])
    db.session.commit()
    return was_on


def renew_recovery_codes(user_id: str) -> list[str]:
    begin_write()
    codes = recovery_codes.replace(user_id)
    audit.record(What.RECOVERY_CODES_MADE, user_id)
    db.session.commit()
    return codes


def reseal() -> tuple[int, int]:
    """Seals every secret with the present SECRET_KEY: how many, and how many no key opens; those stay as they are."""
    begin_write()
    done = unreadable = 0
    for user_id, sealed in db.session.execute(select(SecondFactor.user_id, SecondFactor.sealed_secret)).all():
        try:
            again = seal(open_sealed(sealed, user_id), user_id)
        except SealError:
            unreadable += 1
        else:
            same = (SecondFactor.user_id == user_id, SecondFactor.sealed_secret == sealed)
            db.session.execute(update(SecondFactor).where(*same).values(sealed_secret=again))
            done += 1
    db.session.commit()
    return done, unreadable


def _change(user_id: str, values: dict[str, Any]) -> bool:
    return count_changed(update(SecondFactor).where(*_pending(user_id)).values(**values)) == 1


def _pending(user_id: str) -> tuple[ColumnElement[bool], ...]:
    return SecondFactor.user_id == user_id, SecondFactor.switched_on_at.is_(None)
