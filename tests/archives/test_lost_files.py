"""An archive whose file was changed or lost on the disk: no byte of it is served, and it is made again."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from app.archives import ledger, making, reconciling, service, storage
from app.extensions import db
from app.models import ArchivePart, State, User
from app.models.columns import database_time
from app.stores import StoreSettingError
from app.stores.local import LocalStore
from tests.archives.conftest import change, files_of, load, paths_of


@pytest.fixture
def ready(ann: User, waiting: str) -> str:
    """Id of Ann's finished archive, some minutes old."""
    making.generate(ann.id)
    change(waiting, created_at=database_time(-300))
    return waiting


def path_of_file(archive_id: str) -> Path:
    (path,) = paths_of(load(archive_id))
    return path


def flip(path: Path) -> None:
    """One bit, in the middle, and the file says that it was not changed."""
    before = path.stat()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


def grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"x")


def replace(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(os.urandom(path.stat().st_size))
    other.replace(path)


CHANGES = (flip, cut, grow, replace, Path.unlink)


@pytest.mark.parametrize("is_known", [False, True], ids=["never served", "served before"])
@pytest.mark.parametrize("harm", CHANGES, ids=lambda harm: harm.__name__)
def test_no_wrong_byte_is_served_and_it_is_made_again(
    ann: User,
    ann_client: FlaskClient,
    ready: str,
    rung: list[str],
    caplog: pytest.LogCaptureFixture,
    harm: Callable[[Path], None],
    is_known: bool,
) -> None:
    ledger.beat_pulse()
    path = f"/archives/{ready}/download"
    if is_known:
        assert ann_client.get(path, buffered=True).status_code == 200
    harm(path_of_file(ready))
    answer = ann_client.get(path, headers={"Range": "bytes=0-3"}, buffered=True)
    assert (answer.status_code, answer.mimetype) == (503, "text/html")
    assert "damaged on the server, so nothing of it was sent." in answer.text
    assert f"archive {load(ready).reference}: it is made again, its file is lost: part 1" in caplog.text
    assert (load(ready).state, service.list_parts(ready), rung) == (State.QUEUED, [], [ann.id])
    assert "so it is made again" in ann_client.get(f"/archives/{ready}").text
    making.generate(ann.id)
    again = ann_client.get(path, buffered=True)
    (part,) = service.list_parts(ready)
    assert (again.status_code, hashlib.sha256(again.data).hexdigest()) == (200, part.sha256)
    assert (load(ready).attempt, load(ready).error) == (1, None)


def test_who_does_not_ask_for_the_sum_reads_wrong_bytes(app: Flask, ready: str) -> None:
    """The control."""
    flip(path_of_file(ready))
    (part,) = service.list_parts(ready)
    with storage.open_published(part.file_name).file as file:
        assert hashlib.sha256(file.read()).hexdigest() != part.sha256


def test_the_damaged_file_is_swept(
    app: Flask, ann: User, ann_client: FlaskClient, ready: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    flip(path_of_file(ready))
    ann_client.get(f"/archives/{ready}/download")
    making.generate(ann.id)
    assert len(files_of(app)) == 2
    monkeypatch.setattr(storage, "SWEEP_AGE", -5)
    reconciling.reconcile()
    assert files_of(app) == [path_of_file(ready).name]


def test_a_file_that_nobody_touches_is_read_once(
    ann_client: FlaskClient, ready: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sums = []
    digest = hashlib.file_digest

    def note(file: Any, name: str) -> object:
        sums.append(file)
        return digest(file, name)

    monkeypatch.setattr(hashlib, "file_digest", note)
    for _ in range(3):
        assert ann_client.get(f"/archives/{ready}/download", buffered=True).status_code == 200
    assert len(sums) == 1
    path_of_file(ready).chmod(0o644)
    assert ann_client.get(f"/archives/{ready}/download", buffered=True).status_code == 200
    assert len(sums) == 2


def test_if_another_one_is_asked_for_already_this_one_has_failed(
    ann: User, ann_client: FlaskClient, ready: str, rung: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    other, _ = service.request_archive(ann.id)
    path_of_file(ready).unlink()
    answer = ann_client.get(f"/archives/{ready}/download")
    assert answer.status_code == 503
    assert "because its file was damaged on the server" in answer.text
    assert (load(ready).state, load(other).state) == (State.FAILED, State.QUEUED)
    assert f"archive {load(ready).reference}: has failed, its file is lost" in caplog.text


def test_a_disk_that_is_not_mounted_loses_nothing(app: Flask, ann_client: FlaskClient, ready: str) -> None:
    folder = path_of_file(ready).parent
    folder.rename(folder.with_name("elsewhere"))
    reconciling.reconcile()
    with pytest.raises(StoreSettingError, match="Mount its disk"):  # nor does a worker that starts make it
        app.extensions["stores"]["archives"].check()
    assert ann_client.get(f"/archives/{ready}/download").status_code == 503
    assert load(ready).state == State.READY
    folder.with_name("elsewhere").rename(folder)
    assert ann_client.get(f"/archives/{ready}/download", buffered=True).status_code == 200


def test_a_folder_that_is_made_in_its_place_would_lose_all(
    app: Flask, ann: User, ann_client: FlaskClient, ready: str, rung: list[str]
) -> None:
    """The control: a store that asks nobody whether there are files."""
    folder = path_of_file(ready).parent
    app.extensions["stores"]["archives"] = LocalStore(folder)
    folder.rename(folder.with_name("elsewhere"))
    reconciling.reconcile()
    assert folder.is_dir()
    assert ann_client.get(f"/archives/{ready}/download").status_code == 503
    assert (load(ready).state, rung) == (State.QUEUED, [ann.id])


def test_one_that_was_made_again_meanwhile_stays(ann: User, ready: str) -> None:
    """Two parts of a download notice it, and the second is slow to say so."""
    noticed = load(ready)
    ledger.make_again(noticed)
    assert load(ready).state == State.QUEUED
    making.generate(ann.id)
    ledger.make_again(noticed)
    assert load(ready).state == State.READY
    ledger.make_again(load(ready))  # the control: it is lost once more
    assert load(ready).state == State.QUEUED


@pytest.mark.parametrize("trouble", [PermissionError("no"), OperationalError("SELECT 1", {}, Exception("away"))])
@pytest.mark.parametrize("step", ["ledger.expire", "storage.sweep_workspaces", "audit.anchor"])
def test_a_part_of_the_turn_that_fails_keeps_nobody_waiting(
    ann: User,
    waiting: str,
    step: str,
    trouble: Exception,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Each bell counts as rung once it is told of, so nothing may come between."""
    change(waiting, created_at=database_time(-300))

    def fail(*_: object) -> None:
        raise trouble

    fail.__name__ = step.rpartition(".")[2]
    monkeypatch.setattr(f"app.archives.reconciling.{step}", fail)
    assert reconciling.reconcile() == [ann.id]
    assert "a part of looking after archives has failed" in caplog.text


def test_one_that_is_deleted_at_that_moment_stays_deleted(
    ann: User, ann_client: FlaskClient, ready: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_download = service.open_download

    def open_late(part: ArchivePart) -> object:
        service.delete(ann.id, ready)
        return open_download(part)

    monkeypatch.setattr(service, "open_download", open_late)
    assert ann_client.get(f"/archives/{ready}/download").status_code == 410
    assert load(ready).state == State.DELETED
    ledger.make_again(load(ready))
    assert load(ready).state == State.DELETED
    assert db.session.scalar(sa.select(ArchivePart.id)) is not None  # the record stays
