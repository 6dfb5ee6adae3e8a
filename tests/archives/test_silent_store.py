"""A bucket that takes connections and never answers: who asks it holds no connection of the database meanwhile."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.archives import making, storage
from app.extensions import db
from app.journal import uploads
from app.models import Attachment, Entry, User
from app.stores import make_stores
from app.web.policy import POLICY, Access
from tests.conftest import PASSWORD
from tests.listener import HOST, Listener
from tests.test_database_away import is_busy

SECONDS = 30
"""Until somebody has asked."""
TRIES = 3
"""The client's, for each question."""


@pytest.fixture
def settings(postgresql_settings: dict[str, Any]) -> dict[str, Any]:
    return postgresql_settings


class SilentStore:
    def __init__(self) -> None:
        self.is_asked = threading.Event()
        self.times = 0
        self._listener = Listener(self._meet)
        self.url = f"s3://bucket?endpoint=http://{HOST}:{self._listener.port}&region=nowhere&timeout=60"

    def _meet(self, _: object) -> None:
        self.times += 1
        self.is_asked.set()

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[SilentStore]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "anything")
    store = SilentStore()
    yield store
    store.close()


@pytest.fixture
def paths(app: Flask, ann: User, journal: Entry, waiting: str) -> dict[str, str]:
    """Of an archive that is ready, and lacks a picture, and of that picture."""
    making.generate(ann.id)
    picture = db.session.scalars(sa.select(Attachment)).one()
    db.session.commit()
    entry = f"/journal/{picture.entry_id}"
    return {"archive": f"/archives/{waiting}", "picture": f"/files/{picture.id}", "entry": entry}


@pytest.fixture
def site(settings: dict[str, Any], store: SilentStore) -> Iterator[Flask]:
    """With two connections to the database, one of which the tests hold."""
    few = {"DATABASE_POOL_SIZE": 2, "DATABASE_POOL_OVERFLOW": 0, "DATABASE_POOL_WAIT_SECONDS": 0.5}
    off = {"WTF_CSRF_ENABLED": False, "RATELIMIT_ENABLED": False}
    site = create_app({**settings, **few, **off, "STORAGE_URL": store.url})
    yield site
    with site.app_context():
        db.engine.dispose()


def sign_in(site: Flask, ann: User) -> FlaskClient:
    client = site.test_client()
    assert client.post("/sign-in", data={"email": ann.email, "password": PASSWORD}).status_code == 302
    return client


@contextmanager
def asked(client: FlaskClient, store: SilentStore, method: str, path: str) -> Iterator[None]:
    """While that request waits for the store; until the end, when the store is gone."""
    waiting = threading.Thread(target=client.open, args=(path,), kwargs={"method": method})
    waiting.start()
    try:
        assert store.is_asked.wait(SECONDS)
        yield
    finally:
        store.close()
        waiting.join()


ASKING = {
    "shows a picture": ("GET", "picture", ""),
    "removes a picture": ("POST", "picture", "/remove"),
    "deletes an entry": ("POST", "entry", "/delete"),
    "downloads": ("GET", "archive", "/download"),
    "reads what is missing": ("GET", "archive", ""),
    "deletes an archive": ("POST", "archive", "/delete"),
}


@pytest.mark.parametrize("deed", ASKING)
def test_other_pages_are_answered_meanwhile(
    site: Flask, ann: User, paths: dict[str, str], store: SilentStore, deed: str
) -> None:
    method, thing, rest = ASKING[deed]
    one, other = sign_in(site, ann), sign_in(site, ann)
    with site.app_context(), db.engine.connect(), asked(one, store, method, paths[thing] + rest):
        assert other.get("/archives/").status_code == 200


def test_in_a_transaction_it_would_hold_the_others_up(
    site: Flask, ann: User, store: SilentStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control."""
    monkeypatch.setitem(POLICY, "held", Access.ANYONE)

    @site.get("/held")
    def held() -> str:
        db.session.execute(sa.text("SELECT 1"))
        uploads.discard(["a" * 32])
        return "done"

    one, other = site.test_client(), sign_in(site, ann)
    with site.app_context(), db.engine.connect(), asked(one, store, "GET", "/held"):
        assert is_busy(other.get("/archives/"))


@pytest.mark.parametrize("discard", [uploads.discard, storage.discard], ids=["uploads", "archives"])
def test_of_many_files_only_the_first_is_waited_for(
    app: Flask, store: SilentStore, discard: Callable[[list[str]], None]
) -> None:
    """An entry may have a hundred. The sweeper takes them later. The control: asked one by one, each is."""
    url = store.url.replace("timeout=60", "timeout=0.1")
    app.extensions["stores"] = make_stores(url, archives=Path(), uploads=Path())
    names = ["a" * 32, "b" * 32, "c" * 32]
    discard(names)
    assert store.times == TRIES
    for name in names:
        discard([name])
    assert store.times == 4 * TRIES
