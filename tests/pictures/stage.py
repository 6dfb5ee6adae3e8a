"""The site that is looked at: `flask serve` with its demo account, and our own hand on its database."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import Context
from dataclasses import dataclass
from pathlib import Path
from signal import SIGCONT, SIGSTOP
from typing import Any, TypeVar

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from app import create_app
from app.accounts.people import find_user
from app.extensions import begin_write, db
from app.models import Archive, Pulse, State, User
from app.models.columns import database_time
from tests.programs import PYTHON, ROOT, environment, pids_with_environment, signal_all, wait_until
from tests.site import run_site

HOUR = 3600
GENEROUS = {
    "CONFIRM_SECONDS": 24 * HOUR,
    "RATELIMIT_ENABLED": False,
    "ARCHIVES_PER_DAY": None,
    "ARCHIVE_LEASE_SECONDS": 24 * HOUR,
    "SECOND_FACTOR_LEEWAY": True,
}
"""Nobody waits, is asked again, or loses an archive while pictures are taken."""
Done = TypeVar("Done")
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@dataclass(frozen=True)
class Account:
    email: str
    password: str


@dataclass(frozen=True)
class Stage:
    """A running site."""

    url: str
    demo: Account
    folder: Path
    app: Flask
    """The same site in this process, whose context is pushed: for deeds, not for pages."""

    def run(self, *words: str) -> str:
        """What `flask WORDS…` prints on this site."""
        command = [*PYTHON, "flask", *words]
        settings = environment(_settings(self.folder))
        done = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"flask {' '.join(words)}: {done.stderr or done.stdout}")
        return done.stdout

    def visit(self, account: Account, code: str | None = None) -> FlaskClient:
        """Somebody who has typed the password, and the code if one is given. For `apart`."""
        client = self.app.test_client()
        client.environ_base["HTTP_USER_AGENT"] = BROWSER
        client.post("/sign-in", data={"email": account.email, "password": account.password})
        if code:
            client.post("/sign-in/code", data={"code": code})
        return client

    def sign_in(self, account: Account, code: str | None = None) -> list[dict[str, str]]:
        """The cookies of such a visitor, for a browser."""
        name = self.app.config["SESSION_COOKIE_NAME"]
        cookie = apart(lambda: self.visit(account, code).get_cookie(name))
        if cookie is None:
            raise RuntimeError(f"{account.email} could not sign in")
        return [{"name": name, "value": cookie.value, "url": self.url}]

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Workers and beat stand still: what waits goes on waiting, what is being made is not finished."""
        stopped = wait_until(lambda: _freeze(self.folder), what="workers that hold no lock")
        try:
            yield
        finally:
            signal_all(stopped, SIGCONT)

    def speak(self, language: str) -> None:
        """All people have chosen this language."""
        db.session.execute(sa.update(User).values(language=language))
        db.session.commit()


@contextmanager
def open_stage(folder: Path) -> Iterator[Stage]:
    """`folder`: an empty one, for all that the site keeps."""
    settings = _settings(folder)
    subprocess.run([*PYTHON, "flask", "db", "upgrade"], cwd=ROOT, env=environment(settings), check=True)
    with run_site(folder, folder.with_suffix(".log"), seconds=300, **GENEROUS) as site:
        app = create_app(settings | {"TESTING": True, "WTF_CSRF_ENABLED": False})
        with app.app_context():
            yield Stage(site.url, Account(site.email, site.password), folder, app)
            db.session.remove()
            db.engine.dispose()


def apart(deed: Callable[[], Done]) -> Done:
    """Requests must not find the context that is pushed here: they would share its `g`, and so who is signed in."""
    return Context().run(deed)


def _settings(folder: Path) -> dict[str, Any]:
    return {"INSTANCE_PATH": folder, **GENEROUS}


def _freeze(instance: Path) -> list[int] | None:
    """Its workers and beat, which stand still from now on; None: one of them was writing, and goes on."""
    found = [pid for pid in pids_with_environment("FLASK_INSTANCE_PATH", instance) if _is_celery(pid)]
    signal_all(found, SIGSTOP)
    try:
        begin_write()
    except OperationalError:
        signal_all(found, SIGCONT)
        return None
    finally:
        db.session.rollback()
    return found


def _is_celery(pid: int) -> bool:
    with suppress(OSError):
        return b"\0celery\0" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


def person(email: str) -> User:
    found = find_user(email)
    assert found, email
    return found


def newest(user_id: str) -> Archive:
    """Somebody's last request."""
    mine = sa.select(Archive).where(Archive.user_id == user_id).order_by(Archive.created_at.desc()).limit(1)
    found = db.session.scalars(mine, execution_options={"populate_existing": True}).one()
    db.session.commit()
    return found


def newest_ready(user_id: str) -> Archive:
    mine = sa.select(Archive).where(Archive.user_id == user_id, Archive.state == State.READY)
    found = db.session.scalars(mine.order_by(Archive.created_at.desc()).limit(1)).one()
    db.session.commit()
    return found


def let_pass(archive_id: str, **columns: float) -> None:
    """As if it were later: these moments of an archive are so many seconds from now."""
    moments = {name: database_time(seconds) for name, seconds in columns.items()}
    db.session.execute(sa.update(Archive).where(Archive.id == archive_id).values(**moments))
    db.session.commit()


def silence_pulse() -> None:
    """As if nobody had looked after archives for an hour."""
    db.session.execute(sa.update(Pulse).values(at=database_time(-HOUR)))
    db.session.commit()


def describe(found: Any) -> str:
    """For a message: one line."""
    return " ".join(str(found).split())[:300]
