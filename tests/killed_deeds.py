"""`python -m tests.killed_deeds`: deeds that change what lets a person in, each killed at each of its statements.

Prints a line of JSON for each: the deed, at which statement it was killed, what of it is there, how many sign-ins of
before still work. With the settings of the environment, as any program of ours.
"""

import itertools
import json
import os
import signal
from collections.abc import Callable
from typing import NamedTuple

import sqlalchemy as sa
from argon2 import PasswordHasher

from app import create_app
from app.accounts import credentials, people, sign_ins
from app.accounts.second_factor import checking
from app.extensions import begin_write, db
from app.models import SignIn, User
from tests.second_factor.factor import switch_on

OLD, NEW = "$argon2id$v=19$m=8,t=1,p=1$b2xkb2xkb2xk$b2xkb2xkb2xkb2xk", "a password that is new here"


class Case(NamedTuple):
    person: User
    here: str
    """The id of the sign-in in which it is done; there is another."""


def change_apart(case: Case) -> None:
    """The control: two transactions."""
    begin_write()
    db.session.execute(sa.update(User).where(User.id == case.person.id).values(password_hash=NEW))
    db.session.commit()
    sign_ins.end_all(case.person.id)


DEEDS: dict[str, Callable[[Case], object]] = {
    "lock": lambda case: credentials.change_password(case.person, None),
    "operator": lambda case: credentials.change_password(case.person, NEW),
    "drop factor": lambda case: credentials.change_password(case.person, NEW, drop_factor=True),
    "settings": lambda case: credentials.change_password(case.person, NEW, checked=True, but=case.here),
    "switch off": lambda case: credentials.switch_off_factor(case.person, but=case.here),
    "apart": change_apart,
}


def prepare(name: str) -> Case:
    person = User(name="Ann", email=f"{name}@example.org".replace(" ", "-"), password_hash=OLD)
    db.session.add(person)
    db.session.commit()
    switch_on(person)
    for browser in ("one", "two"):
        sign_ins.begin(person, "192.0.2.1", browser)
    here = db.session.scalars(sa.select(SignIn.id).where(SignIn.user_id == person.id).limit(1)).one()
    db.session.commit()
    return Case(person, here)


def do_until(deed: Callable[[Case], object], case: Case, number: int) -> bool:
    """Whether a process of its own was killed before its statement of this number, commits counted as one."""
    db.session.remove()
    db.engine.dispose()
    child = os.fork()
    if child == 0:
        left = itertools.count(number, -1)

        def strike(*_: object) -> None:
            if next(left) == 1:
                os.kill(os.getpid(), signal.SIGKILL)

        sa.event.listen(db.engine, "before_cursor_execute", strike)
        sa.event.listen(db.engine, "commit", strike)
        deed(case)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    return os.WIFSIGNALED(status)


def tell(name: str, number: int, case: Case) -> None:
    user = db.session.get_one(User, case.person.id, populate_existing=True)
    is_done = user.password_hash != OLD or not checking.is_on(user.id)
    print(json.dumps([name, number, is_done, len(sign_ins.list_open(user.id))]))  # noqa: T201  # that is what it is for


def main() -> None:
    app = create_app()
    setattr(people, "password_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))  # noqa: B010  # a quick one, as tests have
    for name, deed in DEEDS.items():
        for number in itertools.count(1):
            with app.app_context():
                case = prepare(f"{name}{number}")
                was_killed = do_until(deed, case, number)
                tell(name, number, case)
            if not was_killed:
                break


if __name__ == "__main__":
    main()
