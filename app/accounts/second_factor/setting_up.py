"""Switching the second factor on and off, and new recovery codes. Of each the person is told by mail."""

from datetime import datetime
from typing import Any

from flask import current_app
from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.exc import IntegrityError

from app import audit, outbox
from app.accounts.second_factor import recovery_codes, totp
from app.accounts.second_factor.checking import (
    NEAR,
    OtherTimeError,
    WrongCodeError,
    accepted_steps,
    is_of_app,
    read_clock,
)
from app.accounts.second_factor.sealing import SealError, open_sealed, seal
from app.extensions import begin_write, count_changed, db
from app.models import MailKind, SecondFactor, What
from app.models.columns import database_time


class LegacyHashError(WrongCodeError):
    """The app makes codes by SHA-1, and SECOND_FACTOR_SHA1 is off."""


def begin(user_id: str, confirmed_at: datetime | None = None) -> bytes | None:
    """The secret to be set up. None: a second factor is on.

    It stays the same until the person confirms again: what was shown before `confirmed_at`, somebody else may have
    seen, with a cookie that was good then.
    """
    begin_write()
    fresh = [SecondFactor.begun_at >= confirmed_at] if confirmed_at else []
    if find_pending(user_id, *fresh) is None:
        forget_pending(user_id)
        sealed = seal(totp.new_secret(), user_id)
        db.session.add(SecondFactor(user_id=user_id, sealed_secret=sealed, begun_at=database_time()))
    try:
        db.session.commit()
    except IntegrityError:  # it is on, or another window was faster
        db.session.rollback()
    return find_pending(user_id)


def find_pending(user_id: str, *conditions: ColumnElement[bool]) -> bytes | None:
    """None, too, when SECRET_KEY was changed meanwhile."""
    return _open(_find_sealed(user_id, *conditions), user_id)


def forget_pending(user_id: str) -> None:
    """Does not commit."""
    db.session.execute(delete(SecondFactor).where(*_pending(user_id)))


def mark_on(user_id: str, code: str) -> list[str]:
    """The recovery codes. Raises WrongCodeError, of a kind that says why where that can be known. The commit is the
    caller's, as `credentials.switch_on_factor`.
    """
    sealed = _find_sealed(user_id)
    secret = _open(sealed, user_id)
    if secret is None or not is_of_app(code):
        raise WrongCodeError
    step, hash_name = _recognise(secret, "".join(code.split()))
    on = {"switched_on_at": database_time(), "last_step": step, "hash_name": hash_name}
    # Another window may have begun anew since: its secret is one that this app does not have.
    if not _change(user_id, on, SecondFactor.sealed_secret == sealed):
        raise WrongCodeError
    outbox.put(MailKind.FACTOR_ON, user_id)
    return recovery_codes.replace(user_id)


def _recognise(secret: bytes, code: str) -> tuple[int, str]:
    """Its step, and the hash that the app makes codes by. Whoever sets it up sees the secret: all may be told."""
    now = totp.step_at(read_clock())
    for hash_name in (totp.OFFERED, totp.LEGACY):
        step = totp.find_step(secret, code, range(now - NEAR, now + NEAR + 1), hash_name)
        if step is None:
            continue
        if hash_name == totp.LEGACY and not current_app.config["SECOND_FACTOR_SHA1"]:
            raise LegacyHashError
        if step not in accepted_steps(now):
            raise OtherTimeError(now - step)
        return step, hash_name
    raise WrongCodeError


def remove(user_id: str) -> bool:
    """Whether there was one. Its recovery codes go with it. The commit is the caller's, as in `credentials`."""
    on = (SecondFactor.user_id == user_id, SecondFactor.switched_on_at.is_not(None))
    was_on = count_changed(delete(SecondFactor).where(*on)) == 1
    if was_on:
        recovery_codes.remove(user_id)
        outbox.put(MailKind.FACTOR_OFF, user_id)
    return was_on


def renew_recovery_codes(user_id: str) -> list[str]:
    begin_write()
    codes = recovery_codes.replace(user_id)
    outbox.put(MailKind.RECOVERY_CODES_MADE, user_id)
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


def _find_sealed(user_id: str, *conditions: ColumnElement[bool]) -> str | None:
    return db.session.scalar(select(SecondFactor.sealed_secret).where(*_pending(user_id), *conditions))


def _open(sealed: str | None, user_id: str) -> bytes | None:
    try:
        return None if sealed is None else open_sealed(sealed, user_id)
    except SealError:
        return None


def _change(user_id: str, values: dict[str, Any], *conditions: ColumnElement[bool]) -> bool:
    return count_changed(update(SecondFactor).where(*_pending(user_id), *conditions).values(**values)) == 1


def _pending(user_id: str) -> tuple[ColumnElement[bool], ...]:
    return SecondFactor.user_id == user_id, SecondFactor.switched_on_at.is_(None)
