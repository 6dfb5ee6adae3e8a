from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.accounts import credentials, sign_ins
from app.accounts.people import check_password, find_user
from app.extensions import db
from app.journal import demo
from app.models import Attachment, AuditRow, Comment, Entry, User, Visibility, What
from tests.conftest import PASSWORD

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
    person = check_password(made.email, made.password or "")
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
    assert demo.create_demo(TODAY) is None
    assert check_password(made.email, made.password or "")


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
    assert demo.renew_demo() is None
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
    assert demo.renew_demo() is None
    assert demo.create_demo(TODAY)


def test_an_account_that_is_gone_is_not_announced(app: Flask) -> None:
    demo.create_demo(TODAY)
    for user in db.session.scalars(select(User)):
        db.session.delete(user)
    db.session.commit()
    assert demo.renew_demo() is None


def make() -> demo.Credentials:
    made = demo.create_demo(TODAY)
    assert made
    return made


def can_sign_in(found: demo.Credentials | None) -> bool:
    assert found
    assert found.password
    return check_password(found.email, found.password) is not None


def test_no_password_that_was_made_lasts_for_longer_than_a_run(app: Flask, instance: Path) -> None:
    """Who is signed in stays so; the audit has a row of it."""
    made = make()
    person = find_user(made.email)
    assert person
    token = sign_ins.begin(person, "192.0.2.1", "Firefox")
    assert token
    first, second = demo.renew_demo(), demo.renew_demo()
    assert [can_sign_in(each) for each in (made, first, second)] == [False, False, True]
    assert sign_ins.find(token)
    changed = select(func.count()).select_from(AuditRow).where(AuditRow.what == What.PASSWORD_CHANGED)
    assert db.session.scalar(changed) == 2
    assert (instance / "demo-account.txt").stat().st_mode & 0o777 == 0o600


def test_a_password_of_ones_own_stays(app: Flask) -> None:
    """The control: as long as nobody has chosen one, it does not."""
    made = make()
    person = find_user(made.email)
    assert person
    credentials.change_password(person, PASSWORD)
    assert [demo.renew_demo() for _ in range(2)] == [demo.Credentials(made.email, None)] * 2
    assert check_password(made.email, PASSWORD)
    credentials.change_password(person, None)
    assert demo.renew_demo() is None  # locked: nobody can sign in


def test_one_that_is_chosen_in_this_moment_stays(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    made = make()
    keep = demo._keep

    def choose_meanwhile(*kept: str) -> None:
        person = find_user(made.email)
        assert person
        credentials.change_password(person, PASSWORD)
        keep(*kept)

    monkeypatch.setattr(demo, "_keep", choose_meanwhile)
    assert demo.renew_demo() == demo.Credentials(made.email, None)
    assert check_password(made.email, PASSWORD)


@pytest.mark.parametrize("keeps_both", [True, False], ids=["", "control: one is kept"])
def test_who_is_killed_before_the_commit_locks_nobody_out(
    app: Flask, monkeypatch: pytest.MonkeyPatch, keeps_both: bool
) -> None:
    make()
    keep = demo._keep

    def die(*kept: str) -> None:
        keep(*(kept if keeps_both else kept[:2]))
        raise KeyboardInterrupt

    for _ in range(2):
        with monkeypatch.context() as patch:
            patch.setattr(demo, "_keep", die)
            with suppress(KeyboardInterrupt):
                demo.renew_demo()
    found = demo.renew_demo()
    assert found
    assert bool(found.password) == keeps_both
