"""Is this code right? Accepts each once, and bounds how many can be tried.

Codes of the app have a million values, of which one is right at a time. After five wrong ones in a row none is
looked at for a quarter of an hour, after five more for an hour, then four, then a day: some 1,840 guesses in a year,
and a chance of 0.2 % for a guesser who knows the password. A quarter of an hour each time would give 16 %. A right
code of either kind begins the count anew. Whoever is made to wait by somebody else's guesses enters with a recovery
code, and takes another password.
"""

from datetime import datetime
from functools import partial
from typing import Any

from flask import current_app
from sqlalchemy import ColumnElement, case, null, or_, select, update

from app import audit
from app.accounts.second_factor import recovery_codes, totp
from app.accounts.second_factor.sealing import SealError, open_sealed
from app.extensions import begin_write, count_changed, db
from app.models import SecondFactor, What
from app.models.columns import database_time

GUESSES = 5
PAUSES = (15 * 60, 3600, 4 * 3600, 24 * 3600)
"""Seconds, after each five; the last stays."""
NEAR = 20
"""Of so many steps it is said how far a clock is off: ten minutes."""


class WrongCodeError(Exception):
    """Not a code, not yet, not any more, or used before."""


class OtherTimeError(WrongCodeError):
    """The code of another half minute: so many `steps` ago; below 0, of one to come."""

    def __init__(self, steps: int) -> None:
        super().__init__(steps)
        self.steps = steps


class WaitError(Exception):
    """Too many codes were wrong: until the moment `until` none of the app is looked at."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until)
        self.until = until


def find_on(user_id: str) -> SecondFactor | None:
    """None: this person signs in with the password alone."""
    mine = select(SecondFactor).where(*_on(user_id)).execution_options(populate_existing=True)
    return db.session.scalar(mine)


def is_on(user_id: str) -> bool:
    return find_on(user_id) is not None


def accept(user_id: str, typed: str, *, uses: int | None = None) -> None:
    """Spends a code of the app or a recovery code. Commits. Raises WrongCodeError, WaitError.

    `uses`: what SecondFactor.uses has been since this attempt began; any code accepted meanwhile ends the attempt.
    """
    try:
        if is_of_app(typed):
            _accept_code(user_id, "".join(typed.split()), uses)
        else:
            _accept_recovery_code(user_id, typed, uses)
    except WrongCodeError:
        begin_write()
        audit.record(What.CODE_REFUSED, user_id)
        db.session.commit()
        raise


def is_of_app(typed: str) -> bool:
    """Whether it looks like a code of the app; otherwise it is taken for a recovery code."""
    return totp.CODE.fullmatch("".join(typed.split())) is not None


def _accept_code(user_id: str, code: str, uses: int | None) -> None:
    factor = _take_guess(user_id)
    secret, now = _unseal(factor.sealed_secret, user_id), totp.step_at(read_clock())
    find = partial(totp.find_step, secret, code, hash_name=factor.hash_name)
    step = find(accepted_steps(now))
    begin_write()
    is_right = step is not None and _spend(user_id, uses, _is_later(step), last_step=step)
    db.session.commit()
    if step is None:
        # Those that are over are worth nothing to anybody; of one to come nobody is told that it is a code.
        over = find(range(now - NEAR, now))
        raise WrongCodeError if over is None else OtherTimeError(now - over)
    if not is_right:
        raise WrongCodeError


def accepted_steps(now: int) -> range:
    leeway = int(current_app.config["SECOND_FACTOR_LEEWAY"])
    return range(now - leeway, now + leeway + 1)


def _accept_recovery_code(user_id: str, code: str, uses: int | None) -> None:
    begin_write()
    if recovery_codes.spend(user_id, code) and _spend(user_id, uses):
        db.session.commit()
    else:
        db.session.rollback()
        raise WrongCodeError


def _take_guess(user_id: str) -> SecondFactor:
    """What a code is compared with. Counted before it is known whether it is right: guesses at once count, too."""
    begin_write()
    may_guess = or_(SecondFactor.next_guess_at.is_(None), SecondFactor.next_guess_at <= database_time())
    nth = SecondFactor.wrong_codes + 1
    counted = {"wrong_codes": nth, "next_guess_at": _pause_after(nth)}
    has_one = _update(user_id, may_guess, **counted)
    db.session.commit()
    factor = find_on(user_id)
    if factor is None:
        raise WrongCodeError
    if not has_one and factor.next_guess_at is not None:
        raise WaitError(factor.next_guess_at)
    return factor


def _pause_after(nth: ColumnElement[int]) -> ColumnElement[datetime]:
    """The moment of the next guess after this many wrong ones in a row; NULL: at once."""
    last = len(PAUSES) * GUESSES
    ladder = [(nth == GUESSES * rung, database_time(seconds)) for rung, seconds in enumerate(PAUSES, 1)]
    return case(*ladder, ((nth > last) & (nth % GUESSES == 0), database_time(PAUSES[-1])), else_=null())


def _is_later(step: int) -> ColumnElement[bool]:
    """A code that somebody has looked at over a shoulder, or caught on its way, is worth nothing once it was used."""
    return SecondFactor.last_step < step


def _spend(user_id: str, uses: int | None, *conditions: ColumnElement[bool], **values: Any) -> bool:
    if uses is not None:
        conditions = (*conditions, SecondFactor.uses == uses)
    right = {"uses": SecondFactor.uses + 1, "wrong_codes": 0, "next_guess_at": None}
    return _update(user_id, *conditions, **right, **values)


def _update(user_id: str, *conditions: ColumnElement[bool], **values: Any) -> bool:
    changed = update(SecondFactor).where(*_on(user_id), *conditions).values(**values)
    return count_changed(changed.execution_options(synchronize_session=False)) == 1


def _on(user_id: str) -> tuple[ColumnElement[bool], ...]:
    return SecondFactor.user_id == user_id, SecondFactor.switched_on_at.is_not(None)


def _unseal(sealed: str, user_id: str) -> bytes:
    try:
        return open_sealed(sealed, user_id)
    except SealError:
        current_app.logger.error(  # noqa: TRY400  # there is nothing else to know
            "the second factor of %s cannot be read: SECRET_KEY is another one, and the earlier one is not in "
            "SECRET_KEY_FALLBACKS; recovery codes work all the same",
            user_id,
        )
        raise WrongCodeError from None


def read_clock() -> float:
    """The database's, as for everything that several machines compare."""
    at: datetime = db.session.execute(select(database_time())).scalar_one()
    return at.timestamp()
