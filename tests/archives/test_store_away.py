"""Storage that is away is waited for and costs no attempt; a fault that repeats ends the archive after five."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.archives import keys, ledger, making
from app.models import State, User
from tests.archives.conftest import change, files_of, load

pytestmark = pytest.mark.usefixtures("journal")

WORDS = "The server’s storage cannot be reached at the moment. Your request is kept, and starts by itself."


def unmount_uploads(app: Flask) -> Callable[[], None]:
    """Returns what mounts them again."""
    folder = Path(app.config["UPLOAD_DIR"])
    folder.rmdir()
    return folder.mkdir


def spoil_workspaces(app: Flask) -> Callable[[], None]:
    """No folder can be made in `tmp`, not even by root. Returns what mends that."""
    place = Path(app.config["ARCHIVE_DIR"]) / "tmp"
    place.parent.mkdir(exist_ok=True)
    place.touch()
    return place.unlink


def try_often(user: User, archive_id: str) -> None:
    """More often than the attempts that an archive has."""
    for _ in range(7):
        change(archive_id, not_before=None)
        making.generate(user.id)


@pytest.mark.parametrize("take_away", [unmount_uploads, spoil_workspaces], ids=["uploads", "workspaces"])
def test_storage_that_is_away_costs_no_attempt(
    app: Flask,
    ann: User,
    waiting: str,
    caplog: pytest.LogCaptureFixture,
    take_away: Callable[[Flask], Callable[[], None]],
) -> None:
    bring_back = take_away(app)
    try_often(ann, waiting)
    archive = load(waiting)
    assert (archive.state, archive.error, archive.attempt) == (State.QUEUED, "store_down", 0)
    assert ledger.claim(ann.id) is None  # not at once
    said = [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]
    assert f"archive {archive.reference}: waits for storage, for 10.0 s at the least: [Errno" in said[0]
    bring_back()
    change(waiting, not_before=None)
    making.generate(ann.id)
    assert (load(waiting).state, load(waiting).attempt, load(waiting).error) == (State.READY, 1, None)


def test_a_fault_that_repeats_ends_it(app: Flask, ann: User, waiting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: what is not the storage's counts."""

    def fail() -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(keys, "signer", fail)
    try_often(ann, waiting)
    assert (load(waiting).state, load(waiting).error, load(waiting).attempt) == (State.FAILED, "fault", 5)
    assert files_of(app) == []


def test_people_and_operators_read_it(app: Flask, ann: User, ann_client: FlaskClient, waiting: str) -> None:
    unmount_uploads(app)
    ledger.beat_pulse()
    assert WORDS not in ann_client.get(f"/archives/{waiting}").text
    making.generate(ann.id)
    for page in ("/archives/", f"/archives/{waiting}"):
        assert WORDS in ann_client.get(page).text
    listed = app.test_cli_runner().invoke(args=["archives", "list", "--user", "ann@example.org"]).output
    assert listed.splitlines()[0].split(maxsplit=4)[3:] == ["queued", "waiting for storage"]
