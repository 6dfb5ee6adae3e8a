"""An archive of several files: each is served, checked, counted and removed like an archive of one."""

import hashlib
import re
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app.archives import ledger, making, reconciling, service, storage
from app.archives.ledger import LeaseLostError
from app.extensions import db
from app.models import ArchiveDownload, ArchivePart, State, User
from app.models.columns import database_time, now
from tests.archives.conftest import change, files_of, let_lease_pass, load, path_of, paths_of, sign_in
from tests.archives.parts import build_parts, claim, finish_in_parts, publish_parts
from tests.archives.test_service import read


@pytest.fixture
def ready(ann: User, waiting: str) -> str:
    """Id of Ann's archive of three files."""
    finish_in_parts(ann.id)
    return waiting


def path(archive_id: str, number: int) -> str:
    return f"/archives/{archive_id}/download/{number}"


def test_each_file_has_a_row(app: Flask, ready: str) -> None:
    parts = service.list_parts(ready)
    assert [part.number for part in parts] == [1, 2, 3]
    assert sorted(part.file_name for part in parts) == files_of(app)
    assert (load(ready).part_count, load(ready).size) == (3, sum(part.size for part in parts))
    assert all(re.fullmatch(rf"{ready}\.[0-9a-f]{{32}}\.{part.number}\.zip", part.file_name) for part in parts)


def test_the_database_refuses_the_same_part_twice(ready: str) -> None:
    db.session.add(ArchivePart(archive_id=ready, number=2, file_name="x", size=1, sha256="0" * 64))
    with pytest.raises(sa.exc.IntegrityError):
        db.session.commit()
    db.session.rollback()


def test_a_zombie_replaces_nothing_and_adds_nothing(app: Flask, ann: User, waiting: str) -> None:
    zombie = claim(ann.id)
    let_lease_pass(waiting)
    finish_in_parts(ann.id)
    good = {name: path_of(name).read_bytes() for name in files_of(app)}
    names, built = publish_parts(zombie)
    assert {name: path_of(name).read_bytes() for name in good} == good
    with pytest.raises(LeaseLostError):
        ledger.finish(zombie, names, built)
    storage.discard(names)
    assert files_of(app) == sorted(good)
    assert [part.file_name for part in service.list_parts(waiting)] == list(good)


def test_without_the_fence_it_would_replace_them(app: Flask, waiting: str) -> None:
    """The control: two attempts under one name."""
    contents = []
    for attempt in ("first", "second"):
        with storage.workspace(waiting, attempt) as folder:
            names = storage.publish(build_parts(folder).parts, waiting, "same")
        contents.append(path_of(names[0]).read_bytes())
    assert contents[0] != contents[1]
    assert len(files_of(app)) == 3


def test_publishing_is_all_names_or_an_error(app: Flask, waiting: str) -> None:
    """A part that is missing is seen before any file has its final name."""
    with storage.workspace(waiting, "fence") as folder:
        found = build_parts(folder).parts
        found[2].file.unlink()
        with pytest.raises(FileNotFoundError):
            storage.publish(found, waiting, "fence")
    assert files_of(app) == []


def test_deleting_removes_every_file_and_keeps_the_sums(app: Flask, ann: User, ready: str) -> None:
    assert service.delete(ann.id, ready)
    assert files_of(app) == []
    assert len(service.list_parts(ready)) == 3


def test_expiry_removes_every_file(app: Flask, ready: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "SWEEP_AGE", -5)
    reconciling.reconcile()
    assert len(files_of(app)) == 3
    change(ready, expires_at=now())
    reconciling.reconcile()
    assert (load(ready).state, files_of(app)) == (State.EXPIRED, [])


def test_a_deleted_person_takes_the_rows_along(ann: User, ready: str) -> None:
    db.session.execute(sa.delete(User).where(User.id == ann.id))
    db.session.commit()
    assert ledger.files_vouched_for() == set()
    assert db.session.scalar(sa.select(ArchivePart.id)) is None


def test_each_file_is_served_under_the_name_of_its_folder(ann_client: FlaskClient, ready: str) -> None:
    change(ready, snapshot_at=datetime(2026, 3, 1, 23, 59, tzinfo=UTC), created_at=now() - timedelta(days=2))
    archive = load(ready)
    names = [f"satchel-2026-03-01-{archive.reference}{rest}.zip" for rest in ("", "-part2", "-part3")]
    for part, name in zip(service.list_parts(ready), names, strict=True):
        answer = ann_client.get(path(ready, part.number), buffered=True)
        assert hashlib.sha256(answer.data).hexdigest() == part.sha256
        assert answer.headers["ETag"] == f'"{part.sha256}"'
        assert answer.headers["Content-Disposition"] == f"attachment; filename={name}"
    first = ann_client.get(f"/archives/{ready}/download", buffered=True)
    assert hashlib.sha256(first.data).hexdigest() == service.list_parts(ready)[0].sha256


def test_the_name_is_that_of_the_folder_in_the_file(ann: User, ann_client: FlaskClient, waiting: str) -> None:
    """An archive may wait for days before it is made."""
    change(waiting, created_at=now() - timedelta(days=3))
    making.generate(ann.id)
    answer = ann_client.head(path(waiting, 1), buffered=True)
    with service.open_download(service.list_parts(waiting)[0]) as file:
        top = re.search(rb"satchel-\d{4}-\d\d-\d\d-[0-9A-F]{8}", file.read())
    assert top
    assert f"={top[0].decode()}.zip" in answer.headers["Content-Disposition"]


@pytest.mark.parametrize("number", [0, 4, 10**30])
def test_a_part_that_is_not_there_is_absent(ann_client: FlaskClient, ready: str, number: int) -> None:
    assert ann_client.get(path(ready, number)).status_code == 404


def test_ranges_belong_to_their_own_file(ann_client: FlaskClient, ready: str) -> None:
    first, second, _ = service.list_parts(ready)
    whole = ann_client.get(path(ready, 2), buffered=True).data
    ranged = {"Range": "bytes=10-19"}
    for number in (1, 2, 3):
        answer = ann_client.get(path(ready, number), buffered=True, headers=ranged)
        assert (answer.status_code, answer.headers["Content-Range"].rpartition("/")[2]) == (
            206,
            str(service.list_parts(ready)[number - 1].size),
        )
    mine, others = ({**ranged, "If-Range": f'"{part.sha256}"'} for part in (second, first))
    assert ann_client.get(path(ready, 2), buffered=True, headers=mine).data == whole[10:20]
    assert ann_client.get(path(ready, 2), buffered=True, headers=others).data == whole
    assert ann_client.get(path(ready, 2), headers={"If-Match": f'"{first.sha256}"'}).status_code == 412
    assert ann_client.get(path(ready, 2), headers={"Range": f"bytes={second.size}-"}).status_code == 416


@pytest.mark.parametrize("number", [1, 2, 9])
def test_each_state_has_its_answer(ann: User, ann_client: FlaskClient, waiting: str, number: int) -> None:
    assert ann_client.get(path(waiting, number)).status_code == 409
    finish_in_parts(ann.id)
    service.delete(ann.id, waiting)
    assert ann_client.get(path(waiting, number)).status_code == 410


def test_nobody_else_gets_a_part(app: Flask, bob: User, ready: str) -> None:
    assert app.test_client().get(path(ready, 2)).location.startswith("/sign-in")
    other = sign_in(app.test_client(), "bob@example.org")
    assert [other.get(path(ready, number)).status_code for number in (1, 2, 9)] == [404, 404, 404]


def test_when_one_file_is_lost_all_are_made_again(ann_client: FlaskClient, ready: str) -> None:
    """Parts of two archives do not belong together."""
    paths_of(load(ready))[1].unlink()
    assert [ann_client.get(path(ready, number), buffered=True).status_code for number in (1, 2, 3)] == [200, 503, 409]
    assert (load(ready).state, service.list_parts(ready)) == (State.QUEUED, [])


def download_each(client: FlaskClient, archive_id: str, numbers: tuple[int, ...]) -> None:
    """With an hour before each, as somebody does who has lost the file."""
    for number in numbers:
        db.session.execute(sa.update(ArchiveDownload).values(at=database_time(-3600)))
        db.session.commit()
        client.get(path(archive_id, number), buffered=True)


def test_downloads_are_counted_for_each(ann_client: FlaskClient, ready: str) -> None:
    download_each(ann_client, ready, (2, 2, 3))
    ann_client.get(path(ready, 3), buffered=True, headers={"Range": "bytes=5-9"})
    assert service.count_downloads(load(ready)) == {2: 2, 3: 1}
    rows = db.session.scalars(sa.select(ArchiveDownload.part_number).order_by(ArchiveDownload.part_number))
    assert list(rows) == [2, 2, 3]


def test_the_page_lists_every_part(ann_client: FlaskClient, ready: str) -> None:
    download_each(ann_client, ready, (2, 2, 3))
    page = ann_client.get(f"/archives/{ready}").text
    text = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert "Part 1 of 3 – 104 kB Not yet downloaded Download Part 1 of 3, 104 kB" in text
    assert "Part 2 of 3 – 209 kB Downloaded 2 times" in text
    assert "Part 3 of 3 – 313 kB Downloaded once" in text
    assert "unpack them side by side in one folder" in text
    for part in service.list_parts(ready):
        assert f'href="{path(ready, part.number)}"' in page
        assert part.sha256 in page
    assert f"-{load(ready).reference}-part3.zip" in page
    assert "Part 2 of 3" in ann_client.get("/archives/").text


def test_one_file_looks_as_ever(ann: User, ann_client: FlaskClient, waiting: str) -> None:
    finish_in_parts(ann.id, 1)
    page = ann_client.get(f"/archives/{waiting}").text
    assert "Part 1" not in page
    assert f'href="/archives/{waiting}/download"' in page
    assert "Not yet downloaded" in page


def test_the_persons_own_archive_lists_earlier_files(ann: User, ready: str) -> None:
    db.session.add(ArchiveDownload(archive_id=ready, part_number=2, ip_address="::1", user_agent="x"))
    db.session.commit()
    again, _ = service.request_archive(ann.id)
    making.generate(ann.id)
    found = read(again)
    sums = [part.sha256 for part in service.list_parts(ready)]
    assert [row["sha256"] for row in sorted(found["archive_part"], key=lambda row: row["number"])] == sums
    assert "file_name" not in found["archive_part"][0]
    assert [row["part_number"] for row in found["archive_download"]] == [2]
