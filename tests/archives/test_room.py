"""What finds no room waits and says so, costs no attempt, and keeps nobody else waiting."""

import errno
import io
import logging
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.archives import ledger, making, reconciling, room, service
from app.archives.choices import EVERYTHING
from app.archives.ledger import Claim
from app.config import SettingError
from app.journal.attachments import Upload
from app.journal.entries import Draft, add_entry
from app.models import Cause, Entry, State, User
from app.models.columns import database_time
from tests.archives.conftest import change, files_of, load

VAST = 2**60
"""Bytes that no disk of a test has."""


@pytest.fixture
def vast_last(ann: User) -> str:
    """Id of an earlier archive of Ann's, which was larger than any disk."""
    earlier, _ = ledger.insert(ann.id)
    change(earlier, state=State.EXPIRED, size=VAST, row_count=1, media_size=0)
    return earlier


@pytest.fixture
def others_bytes(bob: User) -> int:
    """How many bytes Bob's archive has, which is ready."""
    archive_id, _ = ledger.insert(bob.id)
    making.generate(bob.id)
    size = load(archive_id).size
    assert size
    return size


def try_again(archive_id: str) -> None:
    change(archive_id, not_before=None)
    making.generate(load(archive_id).user_id)


def test_without_room_it_waits_and_costs_no_attempt(
    app: Flask, ann: User, waiting: str, caplog: pytest.LogCaptureFixture
) -> None:
    app.config["ARCHIVE_RESERVE_BYTES"] = VAST
    for _ in range(7):  # more than the attempts that an archive has
        try_again(waiting)
    archive = load(waiting)
    assert (archive.state, archive.error, archive.attempt) == (State.QUEUED, Cause.DISK_FULL, 0)
    assert ledger.claim(ann.id) is None  # not at once
    assert files_of(app) == []
    said = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert all(archive.reference in record.getMessage() for record in said)
    assert "bytes of disk are wanted" in said[0].getMessage()
    app.config["ARCHIVE_RESERVE_BYTES"] = 0
    try_again(waiting)
    assert (load(waiting).state, load(waiting).attempt, load(waiting).error) == (State.READY, 1, None)


def test_the_last_archive_tells_how_much_is_wanted_and_smaller_ones_go_on(
    ann: User, bob: User, vast_last: str, waiting: str
) -> None:
    other, _ = ledger.insert(bob.id)
    making.generate(ann.id)
    making.generate(bob.id)
    assert load(waiting).waits_for_space
    assert load(other).state == State.READY
    change(vast_last, size=1000)
    try_again(waiting)
    assert load(waiting).state == State.READY


def test_people_and_operators_read_it(
    app: Flask, ann_client: FlaskClient, ann: User, vast_last: str, waiting: str
) -> None:
    words = "Waiting for space on the server. Your request is kept, and starts by itself."
    ledger.beat_pulse()
    assert words not in ann_client.get(f"/archives/{waiting}").text
    making.generate(ann.id)
    status = ann_client.get(f"/archives/{waiting}/status").json
    assert status is not None
    assert (status["state"], status["detail_text"], status["done"]) == ("queued", words, False)
    for page in ("/archives/", f"/archives/{waiting}"):
        assert words in ann_client.get(page).text
    listed = app.test_cli_runner().invoke(args=["archives", "list", "--user", "ann@example.org"]).output
    assert listed.splitlines()[0].split(maxsplit=4)[3:] == ["queued", "waiting for space"]


def test_the_reconciler_rings_again(ann: User, vast_last: str, waiting: str) -> None:
    making.generate(ann.id)
    change(waiting, created_at=database_time(-60))
    assert reconciling.reconcile() == []
    change(waiting, not_before=database_time(-1))
    assert reconciling.reconcile() == [ann.id]


@pytest.mark.parametrize("are_due", [False, True], ids=["waiting", "due"])
def test_those_who_wait_for_space_are_not_the_head_of_the_line(
    ann: User, bob: User, waiting: str, are_due: bool
) -> None:
    """The control: those who are due are."""
    other, _ = ledger.insert(bob.id)
    change(waiting, created_at=database_time(-60), not_before=database_time(-1 if are_due else 60))
    change(other, created_at=database_time(-30))
    assert ledger.take_unheard(None, 1) == [ann.id if are_due else bob.id]


def test_the_reserve_is_kept_while_an_archive_grows(
    app: Flask, ann: User, journal: Entry, waiting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others fill the disk meanwhile, as far as the system says."""
    left = iter([VAST] * 4)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=next(left, 0)))
    making.generate(ann.id)
    assert (load(waiting).waits_for_space, load(waiting).attempt, files_of(app)) == (True, 0, [])
    monkeypatch.undo()
    try_again(waiting)
    assert load(waiting).state == State.READY


def test_what_is_written_already_is_not_given_up(app: Flask, tmp_path: Path) -> None:
    app.config["ARCHIVE_RESERVE_BYTES"] = VAST
    told: list[tuple[str, int]] = []
    tell = room.guard(lambda step, done: told.append((step, done)), tmp_path)
    tell("checking", 820)
    with pytest.raises(OSError, match="kept free") as full:
        tell("packing", 819)
    assert room.is_full(full.value)
    assert told == [("checking", 820), ("packing", 819)]


def test_all_archives_together_have_a_quota(app: Flask, ann: User, bob: User, others_bytes: int, waiting: str) -> None:
    app.config["ARCHIVE_QUOTA_BYTES"] = others_bytes + 100
    making.generate(ann.id)
    assert (load(waiting).waits_for_space, load(waiting).attempt) == (True, 0)
    assert len(files_of(app)) == 1
    (other,) = service.list_archives(bob.id)
    service.delete(bob.id, other.id)
    app.config["ARCHIVE_QUOTA_BYTES"] = 2 * others_bytes
    try_again(waiting)
    assert load(waiting).state == State.READY


def test_no_attempt_begins_that_must_end_over_the_quota(
    app: Flask, ann: User, others_bytes: int, vast_last: str, waiting: str, caplog: pytest.LogCaptureFixture
) -> None:
    change(vast_last, size=others_bytes)
    app.config["ARCHIVE_QUOTA_BYTES"] = 2 * others_bytes - 1
    making.generate(ann.id)
    assert load(waiting).waits_for_space
    assert f"{others_bytes} of {2 * others_bytes - 1} are taken" in caplog.text
    assert "Traceback" not in caplog.text


def test_one_that_is_larger_than_the_quota_has_failed_in_words(
    app: Flask, ann: User, ann_client: FlaskClient, vast_last: str, waiting: str
) -> None:
    """The last one was larger, too, but may have been about more; it is tried."""
    change(vast_last, size=1001)
    app.config["ARCHIVE_QUOTA_BYTES"] = 1000
    making.generate(ann.id)
    assert (load(waiting).state, load(waiting).error, files_of(app)) == (State.FAILED, "too_large", [])
    assert "because it would be larger than 1,000 bytes" in ann_client.get(f"/archives/{waiting}").text


def test_nor_does_it_wait_for_others_that_are_kept(
    app: Flask, ann: User, others_bytes: int, vast_last: str, waiting: str
) -> None:
    """It waited for ever: there is always somebody's archive."""
    change(vast_last, size=10 * others_bytes)
    app.config["ARCHIVE_QUOTA_BYTES"] = others_bytes // 2
    making.generate(ann.id)
    assert (load(waiting).state, load(waiting).error, len(files_of(app))) == (State.FAILED, "too_large", 1)


@pytest.mark.parametrize("is_beside", [True, False], ids=["fits", "waits"])
def test_one_that_is_only_estimated_to_be_larger_is_made_and_then_judged(
    app: Flask,
    ann: User,
    bob: User,
    others_bytes: int,
    waiting: str,
    caplog: pytest.LogCaptureFixture,
    is_beside: bool,
) -> None:
    """Its files are texts, which are packed: what they have in the table is no measure either."""
    text = b"x" * (8 * others_bytes)
    entry = add_entry(ann.id, Draft(title="Notes", body=""), [Upload("notes.txt", io.BytesIO(text))])
    assert entry.attachments[0].size > 4 * others_bytes
    quota = app.config["ARCHIVE_QUOTA_BYTES"] = (4 if is_beside else 2) * others_bytes - 1
    making.generate(ann.id)
    if is_beside:
        assert load(waiting).state == State.READY
        return
    assert (load(waiting).waits_for_space, load(waiting).attempt, len(files_of(app))) == (True, 0, 1)
    assert f"{others_bytes} of {quota} bytes are taken" in caplog.text
    [other] = service.list_archives(bob.id)
    service.delete(bob.id, other.id)
    try_again(waiting)
    assert load(waiting).state == State.READY


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_every_way_to_say_that_a_disk_is_full_is_understood(number: int) -> None:
    assert room.is_full(OSError(number, "full"))


@pytest.mark.parametrize("error", [OSError(errno.EIO, "broken"), ValueError("full")], ids=["broken", "no disk"])
def test_another_fault_is_none_of_the_space(error: Exception) -> None:
    assert not room.is_full(error)


def test_one_that_never_fits_is_tried_less_and_less_often(app: Flask) -> None:
    def pause_after(waited: float) -> float:
        return room.pause_after(Claim("id", "REF", "fence", 1, EVERYTHING, None, None, waited, "person"))

    pauses = [pause_after(waited) for waited in (0, 39, 41, 3600, 12_000, 10**9)]
    assert pauses == [10, 10, 20, 1280, 3600, 3600]
    app.config["ARCHIVE_RETRY_SECONDS"] = 0
    assert pause_after(0) == 1


@pytest.mark.parametrize("given", [{"ARCHIVE_RESERVE_BYTES": "1GB"}, {"ARCHIVE_QUOTA_BYTES": -1}], ids=str)
def test_a_setting_that_is_no_number_of_bytes_is_said(tmp_path: Path, given: dict[str, Any]) -> None:
    with pytest.raises(SettingError, match=next(iter(given))):
        create_app({"INSTANCE_PATH": tmp_path, **given})
