"""Uploads that no row names any more go; those that are named, or that are just coming, stay."""

import logging
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.engine.register import excluded
from app.engine.register import file as declare_file
from app.extensions import db
from app.journal import attachments, uploads
from app.journal.entries import Draft, add_entry
from app.models import Attachment, Entry, User
from app.stores import StoreDownError
from tests.journal.test_quota import file


def names(app: Flask) -> set[str]:
    return {path.name for path in Path(app.config["UPLOAD_DIR"]).iterdir()}


def make_old(app: Flask, seconds: float = uploads.OLD_SECONDS + 60) -> None:
    for path in Path(app.config["UPLOAD_DIR"]).iterdir():
        os.utime(path, (0, time.time() - seconds))


def write(author: User, *sizes: int) -> set[str]:
    return {each.stored_name for each in add_entry(author.id, Draft("One", ""), [*map(file, sizes)]).attachments}


def delete(person: User) -> None:
    """As operators do it."""
    db.session.execute(sa.delete(User).where(User.id == person.id))
    db.session.commit()


def test_files_of_somebody_who_was_deleted_go(app: Flask, ann: User, make_person: Callable[..., User]) -> None:
    """As often as it runs; a young file waits for its day, and what is not ours stays."""
    hers, his = write(ann, 10, 20), write(make_person("Bob"), 30)
    folder = Path(app.config["UPLOAD_DIR"])
    (folder / "lost+found").mkdir()
    (folder / ("a" * 32 + ".part")).touch()
    (folder / "somebody's own.part").touch()
    delete(ann)
    attachments.sweep_uploads()
    assert names(app) == hers | his | {"lost+found", "somebody's own.part", "a" * 32 + ".part"}
    make_old(app)
    for _ in range(2):
        attachments.sweep_uploads()
        assert names(app) == his | {"lost+found", "somebody's own.part"}


@pytest.mark.parametrize("seconds", [uploads.OLD_SECONDS, -1], ids=["as it is", "control: without the day"])
def test_an_upload_that_is_coming_stays(
    app: Flask, ann: User, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    monkeypatch.setattr(uploads, "OLD_SECONDS", seconds)
    write(ann, 10)
    entry = add_entry(ann.id, Draft("Two", ""))
    with attachments.stored([file(20)]) as rows:
        attachments.sweep_uploads()  # its row is written a moment later
        db.session.get_one(Entry, entry.id).attachments.extend(rows)
        db.session.commit()
    named = set(db.session.scalars(sa.select(Attachment.stored_name)))
    assert len(named) == 2
    assert (named == names(app)) is (seconds > 0)


def test_more_than_a_statement_takes(app: Flask, ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attachments, "_AT_ONCE", 2)
    named = write(ann, *range(1, 6))
    uploads.store(file(9).source)  # type: ignore[arg-type]  # an open one
    make_old(app)
    attachments.sweep_uploads()
    assert names(app) == named


@pytest.mark.parametrize("store", ["uploads", "elsewhere"], ids=["ours", "control: another store"])
def test_what_another_table_names_stays(app: Flask, ann: User, store: str) -> None:
    """A site's own model may keep its files here, as it declares."""
    write(ann, 10)
    kept = uploads.store(file(20).source).stored_name  # type: ignore[arg-type]  # an open one
    scan = sa.Table("scan", db.metadata, sa.Column("stored_name", sa.String(80), info=declare_file(store)))
    try:
        scan.create(db.engine)
        db.session.execute(sa.insert(scan).values(stored_name=kept))
        db.session.commit()
        make_old(app)
        attachments.sweep_uploads()
    finally:
        db.metadata.remove(scan)
    assert (kept in names(app)) is (store == "uploads")
    assert len(names(app)) == 1 + (store == "uploads")


class TestAnotherDatabase:
    """Of a site's own, whose models say `__bind_key__ = "other"`."""

    @pytest.fixture
    def settings(self, settings: dict[str, Any], tmp_path: Path) -> Iterator[dict[str, Any]]:
        yield {**settings, "SQLALCHEMY_BINDS": {"other": f"sqlite:///{tmp_path / 'other.sqlite'}"}}
        del db.metadatas["other"]

    @pytest.mark.parametrize("store", ["uploads", "elsewhere"], ids=["ours", "control: another store"])
    def test_what_a_table_there_names_stays(self, app: Flask, ann: User, store: str) -> None:
        write(ann, 10)
        kept = uploads.store(file(20).source).stored_name  # type: ignore[arg-type]  # an open one
        column = sa.Column("stored_name", sa.String(80), info=declare_file(store))
        scan = sa.Table("scan", db.metadatas["other"], column, info=excluded("Scans stay at the office."))
        with db.engines["other"].begin() as connection:
            scan.create(connection)
            connection.execute(sa.insert(scan).values(stored_name=kept))
        make_old(app)
        attachments.sweep_uploads()
        assert (kept in names(app)) is (store == "uploads")


def test_with_another_database_nothing_is_deleted(
    app: Flask, ann: User, make_person: Callable[..., User], caplog: pytest.LogCaptureFixture
) -> None:
    """The control: with one row that names one of them it is the right one."""
    write(ann, 10)
    write(make_person("Bob"), 20)
    delete(ann)
    make_old(app)
    before = names(app)
    others = db.session.execute(sa.delete(Attachment).returning(Attachment)).scalars().all()
    kept = {name: getattr(others[0], name) for name in ("id", "entry_id", "name", "media_type", "size", "sha256")}
    stored_name = others[0].stored_name
    db.session.commit()
    with caplog.at_level(logging.ERROR):
        attachments.sweep_uploads()
    assert (names(app), "is this their database?" in caplog.text) == (before, True)
    db.session.execute(sa.insert(Attachment).values(stored_name=stored_name, **kept))
    db.session.commit()
    attachments.sweep_uploads()
    assert names(app) == {stored_name}


def test_a_folder_that_is_not_mounted_is_not_made(app: Flask, ann: User) -> None:
    """The control: it is, where no row names a file."""
    folder = Path(app.config["UPLOAD_DIR"])
    (name,) = write(ann, 10)
    folder.rename(folder.with_name("elsewhere"))
    with pytest.raises(StoreDownError):
        attachments.sweep_uploads()
    with pytest.raises(StoreDownError):
        uploads.open_stored(name)
    with pytest.raises(attachments.UploadRefusedError):
        write(ann, 20)
    assert not folder.exists()
    delete(ann)
    assert list(uploads.list_old()) == []
    assert folder.is_dir()
