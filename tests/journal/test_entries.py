"""Entries and what hangs on them, on both databases; files go with their rows, and never before."""

import io
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from app.extensions import db
from app.journal import entries, tags
from app.journal.attachments import Upload, UploadRefusedError, stored
from app.models import Attachment, Entry, Tag, User
from tests.web.conftest import PNG


@pytest.fixture
def settings(any_database: dict[str, Any]) -> dict[str, Any]:
    return any_database


@pytest.fixture
def folder(app: Flask) -> Path:
    return Path(app.config["UPLOAD_DIR"])


def picture() -> Upload:
    return Upload("sea.png", io.BytesIO(PNG))


def tag_names() -> list[str]:
    return list(db.session.scalars(select(Tag.name).order_by(Tag.name)))


def test_a_refused_file_leaves_everything_as_it_was(ann: User, folder: Path) -> None:
    entry = entries.add_entry(ann.id, entries.Draft("Before", "Text", tags=["old"]), [picture()])
    kept = {path.name for path in folder.iterdir()}
    with pytest.raises(UploadRefusedError, match=r"“empty\.txt” is empty"):
        entries.change_entry(
            ann.id, entry.id, entries.Draft("After", ""), [picture(), Upload("empty.txt", io.BytesIO())]
        )
    db.session.expire_all()
    assert db.session.scalars(select(Entry.title)).one() == "Before"
    assert tag_names() == ["old"]
    assert {path.name for path in folder.iterdir()} == kept


def test_a_failed_commit_leaves_no_file(ann: User, folder: Path) -> None:
    too_long_for_nothing = entries.Draft(None, "Text")  # type: ignore[arg-type]  # the database refuses it
    with pytest.raises(SQLAlchemyError):
        entries.add_entry(ann.id, too_long_for_nothing, [picture()])
    assert list(folder.iterdir()) == []
    assert db.session.scalars(select(Attachment)).all() == []


def test_files_stay_until_the_commit(ann: User, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = entries.add_entry(ann.id, entries.Draft("Kept", ""), [picture()])

    def fail() -> None:
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(db.session, "commit", fail)
        with pytest.raises(ConnectionError):
            entries.delete_entry(entry.author_id, entry.id)
    db.session.rollback()
    assert len(list(folder.iterdir())) == 1
    entries.delete_entry(ann.id, entry.id)
    assert list(folder.iterdir()) == []


def test_changing_what_is_gone(ann: User, folder: Path) -> None:
    entry = entries.add_entry(ann.id, entries.Draft("Short", ""))
    entries.delete_entry(entry.author_id, entry.id)
    with pytest.raises(entries.EntryGoneError):
        entries.change_entry(ann.id, entry.id, entries.Draft("Late", ""), [picture()])
    with pytest.raises(entries.EntryGoneError):
        entries.delete_entry(ann.id, entry.id)
    assert list(folder.iterdir()) == []


def test_nobody_changes_what_is_not_theirs(ann: User, make_person: Any) -> None:
    entry = entries.add_entry(ann.id, entries.Draft("Ann's", ""))
    with pytest.raises(entries.EntryGoneError):
        entries.change_entry(make_person("Bob").id, entry.id, entries.Draft("Bob's", ""))


def test_tags_are_shared_and_go_with_their_last_entry(ann: User) -> None:
    one = entries.add_entry(ann.id, entries.Draft("One", "", tags=["sea", "wind"]))
    two = entries.add_entry(ann.id, entries.Draft("Two", "", tags=["sea"]))
    assert tag_names() == ["sea", "wind"]
    entries.change_entry(ann.id, one.id, entries.Draft("One", "", tags=["wind", "sun"]))
    assert tag_names() == ["sea", "sun", "wind"]
    entries.delete_entry(ann.id, two.id)
    assert tag_names() == ["sun", "wind"]
    entries.delete_entry(ann.id, one.id)
    assert tag_names() == []


def test_a_tag_that_somebody_else_made_is_found(app: Flask) -> None:
    db.session.add(Tag(name="sea"))
    db.session.commit()
    found = tags.ensure_tags(["sea", "sun"])
    db.session.commit()
    assert tag_names() == ["sea", "sun"]
    assert {tag.name for tag in found.values()} == {"sea", "sun"}


def test_split_tags() -> None:
    assert tags.split_tags(" Sea,long  walks,, sea ,SEA,") == ["Sea", "long walks"]


def test_the_name_of_a_file_is_never_its_path(ann: User, folder: Path) -> None:
    with stored([Upload("../../evil.png", io.BytesIO(PNG))]) as rows:
        assert rows[0].name == "evil.png"
        assert (folder / rows[0].stored_name).is_file()
        assert len(rows[0].stored_name) == 32
