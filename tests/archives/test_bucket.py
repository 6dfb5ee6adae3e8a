"""Archives and their pictures in a real bucket: the same rules as on a disk, and no disk in common."""

import io
import json
import os
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app.archives import ledger, making, reconciling, service, storage
from app.archives.gaps import list_missing
from app.extensions import db
from app.journal import attachments, uploads
from app.journal.attachments import Upload, UploadRefusedError
from app.models import Attachment, Entry, Pulse, State, User
from app.models.columns import database_time, now
from app.stores import StoreChangedError, make_stores
from tests.archives.conftest import change, let_lease_pass, load
from tests.archives.parts import build_parts
from tests.object_store import ObjectStore

JPEG = b"\xff\xd8\xff"
PICTURE = JPEG + os.urandom(3_000_000)
NOWHERE = "s3://bucket?endpoint=http://127.0.0.1:1&region=nowhere&timeout=1"


@pytest.fixture
def settings(sqlite_settings: dict[str, Any], storage_url: str) -> dict[str, Any]:
    return {**sqlite_settings, "STORAGE_URL": storage_url}


def add_picture(ann: User, content: bytes) -> Attachment:
    with attachments.stored([Upload("sea.jpg", io.BytesIO(content))]) as rows:
        db.session.add(Entry(author_id=ann.id, title="By the sea", body="Waves", attachments=rows))
        db.session.commit()
    return rows[0]


@pytest.fixture
def picture(app: Flask, ann: User) -> Attachment:
    return add_picture(ann, PICTURE)


def take_away_the_store(app: Flask) -> None:
    app.extensions["stores"] = make_stores(NOWHERE, archives=Path(), uploads=Path())


def local_files(app: Flask) -> list[Path]:
    folders = [Path(app.config[name]) for name in ("ARCHIVE_DIR", "UPLOAD_DIR")]
    return [path for folder in folders for path in folder.rglob("*") if path.is_file()]


def gaps(archive_id: str) -> list[str]:
    with service.open_download(service.list_parts(archive_id)[0]) as file, zipfile.ZipFile(file) as package:
        (name,) = (name for name in package.namelist() if name.endswith("data/coverage.json"))
        found = json.loads(package.read(name))["gaps"]
        return [gap["reason"] for gap in found]


def test_a_whole_life_without_a_disk_in_common(
    app: Flask, ann: User, ann_client: FlaskClient, waiting: str, picture: Attachment, bucket: str,
    object_store: ObjectStore,
) -> None:  # fmt: skip
    making.generate(ann.id)
    (part,) = service.list_parts(waiting)
    folder = "some/prefix"
    assert object_store.keys(bucket) == {
        f"{folder}/uploads/{picture.stored_name}",
        f"{folder}/archives/{part.file_name}",
    }
    assert local_files(app) == []
    assert service.places_of(load(waiting)) == [f"s3://{bucket}/{folder}/archives/{part.file_name}"]
    path = f"/archives/{waiting}/download"
    whole = ann_client.get(path, buffered=True)
    assert (whole.status_code, len(whole.data), whole.headers["ETag"]) == (200, part.size, f'"{part.sha256}"')
    with zipfile.ZipFile(io.BytesIO(whole.data)) as package:
        (member,) = (name for name in package.namelist() if "/data/media/" in name)
        assert package.read(member) == PICTURE
    _check_conditions(ann_client, path, whole.data, part.sha256)
    assert service.delete(ann.id, waiting)
    assert object_store.keys(bucket) == {f"{folder}/uploads/{picture.stored_name}"}
    assert ann_client.get(path).status_code == 410


def _check_conditions(client: FlaskClient, path: str, data: bytes, sha256: str) -> None:
    size = len(data)
    for start, end in ((0, 9), (1_500_000, 2_600_000), (size - 5, size - 1)):
        answer = client.get(path, buffered=True, headers={"Range": f"bytes={start}-{end}"})
        assert (answer.status_code, answer.data) == (206, data[start : end + 1])
    head = client.head(path)
    assert (head.status_code, head.headers["Content-Length"], head.data) == (200, str(size), b"")
    resumed = client.get(path, buffered=True, headers={"Range": "bytes=100-", "If-Range": f'"{sha256}"'})
    assert (resumed.status_code, resumed.data) == (206, data[100:])
    other = client.get(path, buffered=True, headers={"Range": "bytes=100-", "If-Range": '"another"'})
    assert (other.status_code, other.data) == (200, data)
    assert client.get(path, headers={"If-None-Match": f'"{sha256}"'}).status_code == 304
    assert client.get(path, headers={"If-Match": '"another"'}).status_code == 412
    assert client.get(path, headers={"Range": f"bytes={size}-"}).status_code == 416


@pytest.mark.parametrize("changed", [b"something else", None])
def test_an_archive_that_somebody_changed_is_not_served(
    ann: User, ann_client: FlaskClient, waiting: str, bucket: str, object_store: ObjectStore, changed: bytes | None
) -> None:
    """Cut short, or of the same size and with other bytes."""
    making.generate(ann.id)
    (part,) = service.list_parts(waiting)
    key = f"some/prefix/archives/{part.file_name}"
    body = changed or os.urandom(part.size)
    object_store.client.put_object(Bucket=bucket, Key=key, Body=body)
    path = f"/archives/{waiting}/download"
    assert ann_client.get(path, headers={"Range": "bytes=5-9"}).status_code == 503
    assert load(waiting).state == State.QUEUED  # it is made again
    with storage.open_published(part.file_name).file as file:  # the control: who does not say what it must be
        assert file.read() == body


def test_a_picture_of_the_entry_is_shown(ann_client: FlaskClient, picture: Attachment) -> None:
    answer = ann_client.get(f"/files/{picture.id}", buffered=True)
    assert (answer.status_code, answer.data) == (200, PICTURE)


def test_a_picture_that_another_tool_has_brought_is_shown(
    ann_client: FlaskClient, picture: Attachment, bucket: str, object_store: ObjectStore
) -> None:
    """Who moves to a bucket copies the old folder there; such objects carry no sum of ours."""
    key = f"some/prefix/uploads/{picture.stored_name}"
    object_store.client.put_object(Bucket=bucket, Key=key, Body=PICTURE)
    assert ann_client.get(f"/files/{picture.id}", buffered=True).data == PICTURE


def test_a_missing_picture_is_a_gap(ann: User, waiting: str, picture: Attachment) -> None:
    uploads.discard([picture.stored_name])
    making.generate(ann.id)
    assert gaps(waiting) == ["The file is missing."]
    assert [missing.reason for missing in list_missing(load(waiting), 5)] == gaps(waiting)


def test_a_changed_picture_is_a_gap(
    ann: User, waiting: str, picture: Attachment, bucket: str, object_store: ObjectStore
) -> None:
    key = f"some/prefix/uploads/{picture.stored_name}"
    object_store.client.put_object(Bucket=bucket, Key=key, Body=PICTURE[::-1])
    making.generate(ann.id)
    assert gaps(waiting) == ["The file is damaged: it is not what was stored."]


def test_a_store_that_is_away_makes_no_gap_and_costs_no_attempt(
    app: Flask, ann: User, waiting: str, picture: Attachment
) -> None:
    there = app.extensions["stores"]
    take_away_the_store(app)
    for _ in range(6):  # more than the attempts that an archive has
        change(waiting, not_before=None)
        making.generate(ann.id)
        assert (load(waiting).waits_for_storage, load(waiting).attempt) == (True, 0)
    app.extensions["stores"] = there
    change(waiting, not_before=None)
    making.generate(ann.id)
    assert (load(waiting).state, gaps(waiting)) == (State.READY, [])


def test_without_the_store_people_are_told_to_come_back(
    app: Flask, ann: User, ann_client: FlaskClient, waiting: str, picture: Attachment
) -> None:
    making.generate(ann.id)
    take_away_the_store(app)
    assert ann_client.get(f"/archives/{waiting}/download").status_code == 503
    assert ann_client.get(f"/files/{picture.id}").status_code == 503
    with (
        pytest.raises(UploadRefusedError, match=r"sea\.jpg.*at the moment"),
        attachments.stored([Upload("sea.jpg", io.BytesIO(PICTURE))]),
    ):
        pass
    assert local_files(app) == []
    assert service.delete(ann.id, waiting)  # the row says so at once; the sweeper does the rest
    assert load(waiting).state == State.DELETED


def test_without_the_store_archives_are_looked_after_all_the_same(app: Flask, ann: User, waiting: str) -> None:
    take_away_the_store(app)
    change(waiting, created_at=now().replace(year=2025))
    assert reconciling.reconcile() == [ann.id]


@pytest.fixture
def orphan(ann: User, waiting: str, bucket: str, object_store: ObjectStore) -> Callable[[str], str]:
    """Puts an object that no row vouches for, of the attempt with this fence; returns its key."""

    def put(fence: str) -> str:
        key = f"some/prefix/archives/{waiting}.{fence}.1.zip"
        object_store.client.put_object(Bucket=bucket, Key=key, Body=b"PK")
        object_store.client.create_multipart_upload(Bucket=bucket, Key=f"{key[:-5]}2.zip")
        return key

    return put


def test_the_sweeper_takes_what_the_dead_left_and_nothing_of_the_living(
    ann: User, waiting: str, orphan: Callable[[str], str], bucket: str, object_store: ObjectStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    held = ledger.claim(ann.id)
    assert held is not None
    living, dead = orphan(held.fence), orphan("0123")
    reconciling.reconcile()
    assert object_store.keys(bucket) == {living, dead}  # they are young
    monkeypatch.setattr(storage, "SWEEP_AGE", -60)
    monkeypatch.setattr(reconciling, "SWEEP_SECONDS", -60)
    reconciling.reconcile()
    assert object_store.keys(bucket) == {living}
    assert object_store.unfinished(bucket) == {f"{living[:-5]}2.zip"}
    let_lease_pass(waiting)  # the control: without its fence at work, it is the same rubbish
    reconciling.reconcile()
    assert (object_store.keys(bucket), object_store.unfinished(bucket)) == (set(), set())


def test_a_bucket_is_listed_once_an_hour_by_whoever_comes_first(
    ann: User, orphan: Callable[[str], str], bucket: str, object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "SWEEP_AGE", -60)
    reconciling.reconcile()
    key = orphan("0123")
    reconciling.reconcile()
    assert object_store.keys(bucket) == {key}
    db.session.execute(sa.update(Pulse).where(Pulse.name == reconciling.SWEEP).values(at=database_time(-3601)))
    db.session.commit()
    reconciling.reconcile()
    assert object_store.keys(bucket) == set()


def test_of_an_archive_that_cannot_be_published_whole_nothing_stays(
    waiting: str, bucket: str, object_store: ObjectStore
) -> None:
    with storage.workspace(waiting, "fence") as folder:
        parts = build_parts(folder).parts
        parts[2].file.write_bytes(bytes(parts[2].size))  # as large as it was, and something else
        with pytest.raises(StoreChangedError):
            storage.publish(parts, waiting, "fence")
    assert object_store.keys(bucket) == set()


def test_a_store_that_is_away_at_the_end_is_waited_for(
    app: Flask, ann: User, waiting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_away_the_store(app)
    monkeypatch.setattr(app.extensions["stores"]["archives"], "_patience", 0)
    making.generate(ann.id)
    assert (load(waiting).waits_for_storage, load(waiting).attempt) == (True, 0)
    assert local_files(app) == []


@pytest.mark.parametrize(("cancelled", "state"), [(True, State.CANCELLED), (False, State.READY)])
def test_who_cancels_while_it_is_uploaded_does_not_wait_for_the_rest(
    app: Flask, ann: User, waiting: str, bucket: str, object_store: ObjectStore, cancelled: bool, state: State
) -> None:
    app.config["ARCHIVE_LEASE_SECONDS"] = 2
    add_picture(ann, JPEG + os.urandom(14_000_000))
    sent = []

    def cancel(**_: object) -> None:
        sent.append("part")
        if cancelled and len(sent) == 1:
            service.cancel(ann.id, waiting)
            time.sleep(1.5)  # the heart beats twice a second

    client = app.extensions["stores"]["archives"]._client()
    client.meta.events.register("before-call.s3.UploadPart", cancel)
    making.generate(ann.id)
    assert load(waiting).state == state
    assert len(sent) == (1 if cancelled else 2)
    assert object_store.unfinished(bucket) == set()
    assert len(object_store.keys(bucket)) == (1 if cancelled else 2)


@pytest.mark.parametrize("with_picture", [False, True], ids=["whole", "in parts"])
def test_a_bucket_that_is_full_is_waited_for_and_costs_no_attempt(
    app: Flask, ann: User, ann_client: FlaskClient, waiting: str, bucket: str, object_store: ObjectStore,
    with_picture: bool,
) -> None:  # fmt: skip
    """As a full disk is. With the picture the archive is too large for one request."""
    if with_picture:
        add_picture(ann, JPEG + os.urandom(9_000_000))
    before = object_store.keys(bucket)
    object_store.limit(bucket, 10_000)
    for _ in range(2):
        change(waiting, not_before=None)
        making.generate(ann.id)
    archive = load(waiting)
    assert (archive.state, archive.waits_for_space, archive.attempt) == (State.QUEUED, True, 0)
    assert "Waiting for space on the server" in ann_client.get(f"/archives/{waiting}").text
    assert (local_files(app), object_store.unfinished(bucket)) == ([], set())
    assert object_store.keys(bucket) == before
    object_store.limit(bucket, None)
    change(waiting, not_before=None)
    making.generate(ann.id)
    assert (load(waiting).state, load(waiting).attempt) == (State.READY, 1)


def test_a_picture_that_a_full_bucket_refuses_is_said(ann: User, bucket: str, object_store: ObjectStore) -> None:
    object_store.limit(bucket, 10_000)
    with pytest.raises(UploadRefusedError, match=r"sea\.jpg.*the bucket is full"):
        add_picture(ann, JPEG + os.urandom(20_000))


def test_a_worker_may_begin_although_the_bucket_is_full(
    app: Flask, bucket: str, object_store: ObjectStore, caplog: pytest.LogCaptureFixture
) -> None:
    """It is workers that make space, as archives expire."""
    object_store.limit(bucket, 1)
    app.extensions["stores"]["archives"].check()
    assert "has no space left" in caplog.text
