"""What a person chooses is kept in the row, told to the engine, and proved by the archive; also once more."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from app.archives import ledger, making, pieces, service
from app.archives.choices import EVERYTHING, ChoiceError, Choices
from app.engine.pieces import Piece
from app.extensions import db
from app.models import Entry, SignIn, State, User
from tests.archives.conftest import change, load, paths_of
from tests.engine.forging import unpack

LESS = Choices(
    without=frozenset({"comment", "mail"}),
    since=date(2020, 1, 1),
    until=date(2020, 12, 31),
    files=False,
    formats=frozenset({"json", "csv"}),
    part_size=1024**3,
)


@pytest.fixture
def dated(journal: Entry, ann: User) -> None:
    """Of Ann's two entries, the one without a picture is of 2019."""
    journal.date = date(2019, 12, 31)
    db.session.commit()


def read_table(archive_id: str, table: str) -> list[dict[str, Any]]:
    [path] = paths_of(load(archive_id))
    found: list[dict[str, Any]] = json.loads(unpack(path).get(f"data/json/{table}.json", b"[]"))
    return found


def test_it_is_kept_in_the_row_and_honoured(app: Flask, ann: User, dated: None) -> None:
    archive_id, _ = service.request_archive(ann.id, LESS)
    assert load(archive_id).choices == LESS
    making.generate(ann.id)
    archive = load(archive_id)
    assert (archive.state, archive.gap_count, archive.media_size) == (State.READY, 0, 0)
    assert [row["title"] for row in read_table(archive_id, "entry")] == ["At home"]
    assert [row["name"] for row in read_table(archive_id, "attachment")] == ["lost.jpg"]
    assert [read_table(archive_id, table) for table in ("comment", "entry_tag", "tag", "mail")] == [[], [], [], []]
    done = app.test_cli_runner().invoke(args=["archives", "verify", *map(str, paths_of(archive))])
    assert (done.exit_code, "Left out by the person's choice: 1 files" in done.output) == (0, True), done.output


def test_by_default_it_is_everything(ann: User, dated: None) -> None:
    """The control, and what a row of an earlier version says."""
    archive_id, _ = service.request_archive(ann.id)
    assert load(archive_id).chosen is None
    assert load(archive_id).choices == EVERYTHING
    making.generate(ann.id)
    assert [row["title"] for row in read_table(archive_id, "entry")] == ["By the sea", "At home"]
    assert len(read_table(archive_id, "comment")) == 5


def test_an_archive_holds_what_was_chosen_for_it(ann: User) -> None:
    archive_id, _ = service.request_archive(ann.id, Choices(without=frozenset({"mail"}), since=date(2020, 1, 1)))
    making.generate(ann.id)
    [row] = read_table(archive_id, "archive")
    assert row["chosen"] == {"without": ["mail"], "since": "2020-01-01"}


@pytest.mark.parametrize(
    ("choices", "field"),
    [
        (Choices(without=frozenset({"entry", "user"})), "without"),  # the account is in every archive
        (Choices(without=frozenset({"attachment"})), "without"),  # it goes with its entry
        (Choices(without=frozenset({"audit_head"})), "without"),
        (Choices(since=date(2020, 1, 2), until=date(2020, 1, 1)), "until"),
        (Choices(formats=frozenset({"pdf"})), "formats"),
        (Choices(part_size=5), "part_size"),
    ],
    ids=["account", "attachment", "machinery", "dates", "format", "size"],
)
def test_what_cannot_be_chosen_is_refused(ann: User, choices: Choices, field: str) -> None:
    with pytest.raises(ChoiceError) as refused:
        service.request_archive(ann.id, choices)
    assert refused.value.field == field
    assert list(service.list_archives(ann.id)) == []


def test_others_who_help_are_told(ann: User) -> None:
    """A piece is claimed with the choices of its archive, and read as that is, whatever the person changes."""
    archive_id, _ = service.request_archive(ann.id, LESS)
    move(ann, language="vi", time_zone="Asia/Ho_Chi_Minh")
    held = ledger.claim(ann.id)
    assert held is not None
    assert held.choices == LESS
    pieces.offer(held, "a snapshot", [Piece(1, "entry", None, None)])
    claimed = pieces.claim(archive_id)
    assert claimed is not None
    assert claimed.choices == LESS
    assert (claimed.locale, claimed.time_zone) == (held.locale, held.time_zone) == ("en", "UTC")


def move(person: User, **settings: str) -> None:
    db.session.execute(update(User).where(User.id == person.id).values(**settings))
    db.session.commit()


def test_language_and_time_zone_are_those_of_the_moment(make_person: Callable[..., User]) -> None:
    lan = make_person("Lan", language="vi", time_zone="Asia/Ho_Chi_Minh")
    archive_id, _ = service.request_archive(lan.id)
    move(lan, language="de", time_zone="America/New_York")
    assert (load(archive_id).locale, load(archive_id).time_zone) == ("vi", "Asia/Ho_Chi_Minh")


@pytest.mark.parametrize("is_kept", [True, False], ids=["kept", "of an earlier version"])
def test_days_begin_where_the_person_was_when_asking(ann: User, is_kept: bool) -> None:
    """The control: of a row that keeps no time zone, the attempt takes the one of now, and notes it."""
    asked, moved = "Asia/Ho_Chi_Minh", "Pacific/Honolulu"
    move(ann, time_zone=asked)
    evening = datetime(2020, 1, 1, 20, tzinfo=UTC)  # in Ho Chi Minh City already January 2
    db.session.add(SignIn(user_id=ann.id, at=evening, ip_address="192.0.2.1", user_agent="A browser"))
    db.session.commit()
    archive_id, _ = service.request_archive(ann.id, Choices(since=date(2020, 1, 2), until=date(2020, 1, 2)))
    move(ann, time_zone=moved)
    if not is_kept:
        change(archive_id, time_zone=None)
    making.generate(ann.id)
    assert len(read_table(archive_id, "sign_in")) == (1 if is_kept else 0)
    [path] = paths_of(load(archive_id))
    told = json.loads(unpack(path)["data/coverage.json"])["choices"]["time_zone"]
    assert told == load(archive_id).time_zone == (asked if is_kept else moved)


def test_the_same_once_more(app: Flask, ann: User, bob: User) -> None:
    first, _ = service.request_archive(ann.id, LESS)
    assert service.request_again(ann.id, first) == (first, False)
    change(first, state=State.FAILED)
    move(ann, language="vi", time_zone="Asia/Ho_Chi_Minh")
    second, is_new = service.request_again(ann.id, first)
    assert (is_new, load(second).choices) == (True, LESS)
    assert (load(second).locale, load(second).time_zone) == ("vi", "Asia/Ho_Chi_Minh")
    service.cancel(ann.id, second)
    app.config["ARCHIVE_PART_SIZES"] = []
    change(first, chosen={"without": ["comment", "a table of another version"]})
    third, _ = service.request_again(ann.id, first)
    assert load(third).choices == Choices(without=frozenset({"comment"}))
    with pytest.raises(LookupError):
        service.request_again(bob.id, first)


def run(app: Flask, *words: str) -> Any:
    return app.test_cli_runner().invoke(args=["archives", "request", "--user", "ann@example.org", *words])


def test_an_operator_chooses_the_same(app: Flask, ann: User, rung: list[str]) -> None:
    less = "--without comment --without mail --since 2020-01-01 --until 2020-12-31"
    done = run(app, *less.split(), "--no-files", "--format", "csv", "--part-size", "1GB")
    assert done.exit_code == 0, done.output
    [archive] = service.list_archives(ann.id)
    assert (archive.choices, rung) == (LESS, [ann.id])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--without user", "--without: user: may be left out: archive, audit, comment, entry"),
        ("--since 2020-01-02 --until 2020-01-01", "--until: 2020-01-01 is before 2020-01-02"),
        ("--since 1/2/2020", "does not match the format"),
        ("--format pdf", "'json', 'csv', 'report'"),
    ],
    ids=["without", "dates", "date", "format"],
)
def test_an_operator_is_told_what_is_wrong(app: Flask, ann: User, rung: list[str], words: str, said: str) -> None:
    done = run(app, *words.split())
    assert (done.exit_code, rung) == (2, [])
    assert said in " ".join(done.output.split())
