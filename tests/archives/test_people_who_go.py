"""People who are deleted, locked out or get another address, and archives that expire: in the middle of anything."""

from collections.abc import Callable
from itertools import islice

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app.accounts.credentials import change_password
from app.accounts.people import create_user, find_user
from app.archives import ledger, making, reconciling, service, storage
from app.extensions import db
from app.models import Archive, ArchiveDownload, ArchivePart, State, User
from app.models.columns import database_time
from tests.archives.conftest import change, files_of, load, paths_of, sign_in
from tests.archives.parts import claim, publish_parts
from tests.archives.test_service import read
from tests.conftest import PASSWORD

Finish = Callable[[], object]
STATES = ("queued", "running", "ready")


@pytest.fixture(params=STATES)
def goes_on(request: pytest.FixtureRequest, app: Flask, ann: User, waiting: str) -> Finish:
    """Ann's archive is in this state. Calling it: what a worker still does about it."""
    if request.param == "queued":
        user_id = ann.id
        return lambda: making.generate(user_id)
    if request.param == "ready":
        making.generate(ann.id)
        ledger.record_download(load(waiting), 1, "127.0.0.1", "a browser")
        return lambda: None
    held = claim(ann.id)
    names, built = publish_parts(held)

    def finish() -> None:
        try:
            ledger.finish(held, names, built)
        except ledger.LeaseLostError:
            storage.discard(names)

    return finish


def set_password(password: str | None) -> None:
    user = find_user("ann@example.org")
    assert user
    change_password(user, password)


def move(person: User) -> None:
    """To another address."""
    db.session.execute(sa.update(User).where(User.id == person.id).values(email="ann@example.com"))
    db.session.commit()


def test_of_a_deleted_person_nothing_stays(
    app: Flask, ann: User, goes_on: Finish, monkeypatch: pytest.MonkeyPatch
) -> None:
    db.session.execute(sa.delete(User).where(User.id == ann.id))
    db.session.commit()
    db.session.expunge_all()
    goes_on()
    monkeypatch.setattr(storage, "SWEEP_AGE", -5)
    assert reconciling.reconcile() == []
    assert files_of(app) == []
    for table in (Archive, ArchivePart, ArchiveDownload):
        assert db.session.scalar(sa.select(sa.func.count()).select_from(table)) == 0


def test_a_locked_account_gets_nothing_and_loses_nothing(
    app: Flask, ann: User, ann_client: FlaskClient, waiting: str, goes_on: Finish
) -> None:
    set_password(None)
    goes_on()
    assert load(waiting).state == State.READY
    for path in ("", f"{waiting}", f"{waiting}/status", f"{waiting}/download"):
        with app.app_context():  # of its own: it remembers who was signed in
            assert ann_client.get(f"/archives/{path}").location.startswith("/sign-in")
    with app.app_context():
        assert ann_client.post("/sign-in", data={"email": ann.email, "password": PASSWORD}).status_code == 422
    set_password(PASSWORD)
    with app.app_context():
        client = sign_in(app.test_client(), "ann@example.org")
        assert client.get(f"/archives/{waiting}/download", buffered=True).status_code == 200


def test_another_address_changes_nothing_and_the_old_one_opens_nothing(
    app: Flask, ann: User, ann_client: FlaskClient, waiting: str, goes_on: Finish
) -> None:
    move(ann)
    goes_on()
    assert ann_client.get(f"/archives/{waiting}/download", buffered=True).status_code == 200
    create_user("ann@example.org", PASSWORD)  # somebody else has it now
    with app.app_context():
        other = sign_in(app.test_client(), "ann@example.org")
        assert other.get(f"/archives/{waiting}/download").status_code == 404


def test_the_archive_has_the_address_of_its_own_moment(ann: User, waiting: str) -> None:
    move(ann)
    making.generate(ann.id)
    assert [user["email"] for user in read(waiting)["user"]] == ["ann@example.com"]


@pytest.mark.parametrize("deed", ["expires", "is deleted"])
def test_a_download_that_has_begun_is_finished(
    app: Flask, ann: User, ann_client: FlaskClient, waiting: str, monkeypatch: pytest.MonkeyPatch, deed: str
) -> None:
    """The open file outlives its name. Whoever comes later, or resumes, is told that it is gone."""
    making.generate(ann.id)
    (path,) = paths_of(load(waiting))
    content = path.read_bytes()
    monkeypatch.setattr("app.web.serving.BLOCK", 1000)
    answer = ann_client.get(f"/archives/{waiting}/download")
    chunks = answer.iter_encoded()
    taken = b"".join(islice(chunks, 3))
    assert 0 < len(taken) < len(content)
    if deed == "expires":
        change(waiting, expires_at=database_time(-1))
        monkeypatch.setattr(storage, "SWEEP_AGE", -5)
        reconciling.reconcile()
    else:
        service.delete(ann.id, waiting)
    assert not path.exists()
    assert taken + b"".join(chunks) == content
    answer.close()
    rest = {"Range": f"bytes={len(taken)}-"}
    assert ann_client.get(f"/archives/{waiting}/download", headers=rest).status_code == 410
