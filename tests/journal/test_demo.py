from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.accounts.people import check_password
from app.extensions import db
from app.journal import demo
from app.models import Attachment, Comment, Entry, User, Visibility

TODAY = date(2026, 11, 22)


@pytest.fixture
def settings(any_database: dict[str, Any]) -> dict[str, Any]:
    return any_database


def contents() -> list[Any]:
    rows = select(Entry.date, Entry.title, Entry.body, Entry.visibility).order_by(Entry.date, Entry.title)
    return [tuple(row) for row in db.session.execute(rows)]


def test_an_empty_site_gets_a_journal(app: Flask, instance: Path) -> None:
    made = demo.create_demo(TODAY)
    assert made
    person = check_password(made.email, made.password)
    assert person
    assert made.email == demo.DEMO_EMAIL
    mine = select(func.count()).select_from(Entry).where(Entry.author_id == person.id)
    assert db.session.scalar(mine) == 240
    assert db.session.scalar(mine.where(Entry.visibility != Visibility.PRIVATE))
    assert db.session.scalar(select(func.max(Entry.date))) == TODAY
    assert db.session.scalar(select(func.count()).select_from(Comment))
    assert db.session.scalar(select(func.count()).select_from(User)) == 4
    types = db.session.scalars(select(Attachment.media_type)).all()
    assert sorted(types) == ["image/jpeg"] * 12 + ["text/plain"]
    assert (instance / "demo-account.txt").stat().st_mode & 0o777 == 0o600
    assert demo.read_demo() == made
    assert demo.create_demo(TODAY) is None
    assert demo.read_demo() == made


def test_the_same_day_gives_the_same_journal(app: Flask) -> None:
    first = demo.create_demo(TODAY)
    seen = contents()
    for user in db.session.scalars(select(User)):
        db.session.delete(user)
    db.session.commit()
    second = demo.create_demo(TODAY)
    assert contents() == seen
    assert first
    assert second
    assert first.password != second.password


def test_a_site_with_people_gets_none(app: Flask, ann: User, instance: Path) -> None:
    assert demo.create_demo(TODAY) is None
    assert demo.read_demo() is None
    assert contents() == []
    assert not (instance / "demo-account.txt").exists()


def test_all_or_nothing(app: Flask, instance: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(demo, "_keep", fail)
        with pytest.raises(OSError, match="full"):
            demo.create_demo(TODAY)
    assert contents() == []
    assert list(Path(app.config["UPLOAD_DIR"]).iterdir()) == []
    assert demo.read_demo() is None
    assert demo.create_demo(TODAY)


def test_an_account_that_is_gone_is_not_announced(app: Flask) -> None:
    demo.create_demo(TODAY)
    for user in db.session.scalars(select(User)):
        db.session.delete(user)
    db.session.commit()
    assert demo.read_demo() is None
