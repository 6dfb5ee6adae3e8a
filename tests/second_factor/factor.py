"""A second factor as a person has it: the app, and the codes on paper. Inside an application context."""

import time
from typing import NamedTuple

from sqlalchemy import update

from app.accounts import credentials
from app.accounts.second_factor import setting_up, totp
from app.extensions import db
from app.models import SecondFactor, User


class Factor(NamedTuple):
    secret: bytes
    recovery_codes: list[str]
    hash_name: str = totp.OFFERED

    def code(self, later: int = 0) -> str:
        """What the app shows, so many half minutes from now."""
        return self.code_at(time.time(), later)

    def code_at(self, at: float, later: int = 0) -> str:
        return totp.code_at(self.secret, totp.step_at(at) + later, self.hash_name)

    def wrong(self) -> str:
        """No code of the app for minutes."""
        near = {self.code(later) for later in range(-10, 10)}
        return next(code for code in map("{:06}".format, range(100)) if code not in near)


def switch_on(person: User) -> Factor:
    """Every code from now on is as good as if none had been used yet."""
    secret = setting_up.begin(person.id)
    assert secret
    factor = Factor(secret, [])
    factor = Factor(secret, credentials.switch_on_factor(person.id, factor.code()))
    forget_step(person)
    return factor


def forget_step(person: User) -> None:
    change(person, last_step=0)


def change(person: User, **values: object) -> None:
    db.session.execute(update(SecondFactor).where(SecondFactor.user_id == person.id).values(**values))
    db.session.commit()
