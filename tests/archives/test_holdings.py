"""What the page says of a person's data is what an archive of everything holds."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask import Flask

from app.archives import making, service
from app.archives.choices import EVERYTHING, Choices
from app.archives.estimate import estimate
from app.archives.holdings import Holding, list_holdings, to_day, whole_of
from app.extensions import db
from app.models import Attachment, Entry, SignIn, User, entry_reader
from tests.archives.conftest import load, paths_of
from tests.databases import before_statement
from tests.engine.forging import unpack

ORIGIN = {"ip_address": "192.0.2.1", "user_agent": "A browser"}


@pytest.fixture
def busy(app: Flask, ann: User, bob: User, journal: Entry) -> dict[str, Holding]:
    """What is held about Ann, by category. Bob has as much, of other days."""
    db.session.execute(sa.update(User).where(User.id == ann.id).values(time_zone="Asia/Ho_Chi_Minh"))
    journal.date = date(2019, 12, 31)
    for person, year in ((ann, 2020), (bob, 2010)):
        evening = datetime(year, 1, 1, 20, tzinfo=UTC)
        db.session.add_all(SignIn(user_id=person.id, at=evening, **ORIGIN) for _ in range(2))
    size, sha256 = 1000, "0" * 64
    db.session.add(
        Attachment(entry=journal, name="a.png", media_type="image/png", size=size, sha256=sha256, stored_name="a")
    )
    db.session.commit()
    return {each.name: each for each in list_holdings(ann.id)}


def test_the_numbers_are_those_of_an_archive(busy: dict[str, Holding], ann: User) -> None:
    """Besides what asking for one leaves behind."""
    archive_id, _ = service.request_archive(ann.id)
    making.generate(ann.id)
    coverage = json.loads(unpack(paths_of(load(archive_id))[0])["data/coverage.json"])
    held = {line["table"]: line["rows"] for line in coverage["tables"] if line["table"] in busy}
    left = {"archive", "audit", "mail"}
    assert {name: each.rows for name, each in busy.items() if name not in left} == {
        name: rows for name, rows in held.items() if name not in left
    }
    assert {name: held[name] - busy[name].rows for name in left} == dict.fromkeys(left, 1)
    assert busy.keys() == {"user", "entry", "entry_reader", "comment", "sign_in", *left} | {
        "password_reset",
        "recovery_code",
        "second_factor",
    }


def test_each_category_has_its_facts(busy: dict[str, Holding]) -> None:
    entry = busy["entry"]
    assert (entry.rows, entry.file_count, entry.file_bytes) == (2, 2, 1001)
    assert (entry.earliest, entry.latest, entry.is_optional, entry.is_dated) == (
        date(2019, 12, 31),
        date(2019, 12, 31),
        True,
        True,
    )
    assert (entry.title, entry.icon, entry.purpose) == ("Entries", "notebook-pen", "Keeping your journal.")
    assert (entry.retention, entry.source) == ("Until you delete the entry.", "You.")
    assert entry.recipients.startswith("Nobody")


def test_days_are_those_of_where_the_person_lives(busy: dict[str, Holding]) -> None:
    """At eight in the evening in UTC it is three in the morning there."""
    assert (busy["sign_in"].earliest, busy["sign_in"].latest) == (date(2020, 1, 2), date(2020, 1, 2))


def test_the_account_is_first_and_always_included(busy: dict[str, Holding]) -> None:
    account, *others = busy.values()
    assert (account.name, account.rows, account.is_optional, account.is_dated) == ("user", 1, False, False)
    assert all(each.is_optional for each in others)


def test_together_they_are_an_archive_of_everything(busy: dict[str, Holding], ann: User) -> None:
    entry = busy["entry"]
    assert entry.all_rows == entry.rows + 3  # a tag of it, and two pictures
    whole = estimate(ann.id, EVERYTHING)
    amount = whole_of(busy.values())
    assert amount.rows == whole.rows
    assert estimate(ann.id, EVERYTHING, amount) == whole
    assert estimate(ann.id, Choices(files=False), amount) == estimate(ann.id, Choices(files=False))


def test_what_belongs_to_another_is_known(busy: dict[str, Holding]) -> None:
    facts = {name: (each.is_dated, each.bonds) for name, each in busy.items()}
    assert facts["sign_in"] == facts["entry"] == (True, ())
    assert (facts["comment"], facts["entry_reader"]) == ((True, ("Entries",)), (False, ("Entries",)))


def test_what_an_entry_is_shared_with_stays_out_with_it(
    busy: dict[str, Holding], ann: User, bob: User, journal: Entry
) -> None:
    """It has no date. The control: what others share comes along whatever the days."""
    theirs = db.session.scalars(sa.select(Entry).where(Entry.author_id == bob.id)).one()
    pairs = [{"entry_id": journal.id, "user_id": bob.id}, {"entry_id": theirs.id, "user_id": ann.id}]
    db.session.execute(sa.insert(entry_reader), pairs)
    db.session.commit()
    archive_id, _ = service.request_archive(ann.id, Choices(since=date(2020, 1, 1)))
    making.generate(ann.id)
    [shared] = json.loads(unpack(paths_of(load(archive_id))[0])["data/json/entry_reader.json"])
    assert shared["user_id"] == ann.id


def test_one_statement_asks_for_all(busy: dict[str, Holding], ann: User) -> None:
    user_id = ann.id
    with before_statement(0, db.engine, lambda: None) as sent:
        list_holdings(user_id)
    asked = [statement for statement in sent if "SELECT" in statement]
    assert len(asked) == 2  # the person, and all the numbers


def test_nobody_holds_nothing(app: Flask, make_person: Callable[..., User]) -> None:
    assert list_holdings("0190a1b2-0000-7000-8000-000000000000") == []
    db.session.commit()  # SQLite shows an open read the same for ever
    assert {each.name: each.rows for each in list_holdings(make_person("New").id) if each.rows} == {"user": 1}


def test_moments_without_a_zone_are_in_utc() -> None:
    """As reports show them."""
    tokyo = ZoneInfo("Asia/Tokyo")
    naive = datetime(2020, 1, 1, 20)  # noqa: DTZ001  # the column holds no zone
    assert to_day(naive, tokyo) == date(2020, 1, 2)
    assert to_day(date(2020, 1, 1), tokyo) == date(2020, 1, 1)
    assert to_day(None, tokyo) is None
