"""One person's pictures and files together, and those of an entry, have limits that no two uploads at once pass."""

import io
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, get_ident
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.extensions import db
from app.journal import attachments, entries
from app.journal.attachments import Refusal, Upload, UploadRefusedError, count_bytes, stored
from app.journal.entries import Draft, add_entry, change_entry
from app.models import Attachment, Entry, User

QUOTA = 1000


@pytest.fixture
def settings(any_database: dict[str, Any]) -> dict[str, Any]:
    return {**any_database, "UPLOAD_QUOTA_BYTES": QUOTA}


def file(size: int, name: str = "sea.txt") -> Upload:
    return Upload(name, io.BytesIO(b"x" * size))


def kept(app: Flask) -> tuple[int, int]:
    """Bytes of all rows, and of all files."""
    rows = db.session.scalar(select(func.sum(Attachment.size))) or 0
    return int(rows), sum(path.stat().st_size for path in Path(app.config["UPLOAD_DIR"]).iterdir())


def test_up_to_the_last_byte(app: Flask, ann: User) -> None:
    entry = add_entry(ann.id, Draft("One", ""), [file(400), file(500)])
    with pytest.raises(UploadRefusedError) as refused:
        change_entry(ann.id, entry.id, Draft("One", ""), [file(100), file(1, "last.txt")])
    assert (refused.value.refusal, refused.value.name) == (Refusal.OVER_QUOTA, "last.txt")
    db.session.rollback()
    assert kept(app) == (900, 900)
    change_entry(ann.id, entry.id, Draft("One", ""), [file(100)])
    assert count_bytes(ann.id) == QUOTA


def test_others_have_their_own(app: Flask, ann: User, make_person: Any) -> None:
    bob = make_person("Bob")
    add_entry(ann.id, Draft("One", ""), [file(QUOTA)])
    add_entry(bob.id, Draft("Two", ""), [file(QUOTA)])
    assert kept(app) == (2 * QUOTA, 2 * QUOTA)


def test_an_operator_may_bring_more(app: Flask, ann: User) -> None:
    entry = add_entry(ann.id, Draft("One", ""))
    with stored([file(2 * QUOTA)]) as rows:
        db.session.get_one(Entry, entry.id).attachments.extend(rows)
        db.session.commit()
    assert count_bytes(ann.id) == 2 * QUOTA


def upload_at_once(
    app: Flask, author_id: str, people: int = 4, *, entry_id: str | None = None, size: int = 600
) -> list[bool]:
    """Who got in. Everybody's bytes are written before anybody asks for room. `entry_id`: all add to this one."""
    together = Barrier(people)

    class Slow(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            block = super().read(size)
            if not block:
                together.wait(60)
            return block

    def upload(number: int) -> bool:
        draft, files = Draft(f"Entry {number}", ""), [Upload("sea.txt", Slow(b"x" * size))]
        with app.app_context():
            try:
                if entry_id:
                    change_entry(author_id, entry_id, draft, files)
                else:
                    add_entry(author_id, draft, files)
            except UploadRefusedError:
                return False
            finally:
                db.session.remove()
            return True

    with ThreadPoolExecutor(people) as pool:
        return list(pool.map(upload, range(people)))


def test_at_once_only_one_gets_the_last_room(app: Flask, ann: User) -> None:
    assert sum(upload_at_once(app, ann.id)) == 1
    assert kept(app) == (600, 600)


def test_without_the_lock_all_would(app: Flask, ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: whoever only looks sees the same room as everybody else who does."""
    looked = Barrier(4)

    def only_look(owner_id: str, rows: Sequence[Attachment]) -> None:
        there_is_room = count_bytes(owner_id) + sum(row.size for row in rows) <= QUOTA
        db.session.commit()
        looked.wait(60)
        assert there_is_room

    monkeypatch.setattr(attachments, "_check_quota", only_look)
    assert sum(upload_at_once(app, ann.id)) == 4
    assert kept(app) == (2400, 2400)


def nearly_full(ann: User, monkeypatch: pytest.MonkeyPatch) -> Entry:
    """An entry that has room for one more file."""
    monkeypatch.setattr(attachments, "FILES_MAX", 3)
    return add_entry(ann.id, Draft("One", ""), [file(1), file(1)])


def test_at_once_only_one_gets_the_last_place(app: Flask, ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = nearly_full(ann, monkeypatch)
    assert sum(upload_at_once(app, ann.id, entry_id=entry.id, size=1)) == 1
    assert kept(app) == (3, 3)


def test_asked_before_the_lock_only_all_would(app: Flask, ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: while the bytes are written, each sees the same place."""
    entry, asked = nearly_full(ann, monkeypatch), set[int]()

    def ask_once(names: Sequence[str], entry_id: str | None = None) -> None:
        if get_ident() not in asked:
            asked.add(get_ident())
            attachments.check_number(names, entry_id)

    monkeypatch.setattr(entries, "check_number", ask_once)
    assert sum(upload_at_once(app, ann.id, entry_id=entry.id, size=1)) == 4
    assert kept(app) == (6, 6)
