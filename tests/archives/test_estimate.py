"""How large an archive will be and how long it takes: told from those before, as the space check asks."""

from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask

from app.archives import estimate as estimating
from app.archives import making, service
from app.archives.choices import EVERYTHING, Choices
from app.archives.estimate import estimate
from app.extensions import db
from app.models import Archive, Attachment, Entry, State, User
from app.models.columns import now
from tests.archives.conftest import load

VAST = 2**60


def put_run(person: User, rows: int, size: int, seconds: float, **values: Any) -> None:
    """An archive that was made before."""
    begun = now() - timedelta(days=2)
    times = {"created_at": begun, "started_at": begun, "finished_at": begun + timedelta(seconds=seconds)}
    facts = {"state": State.EXPIRED, "row_count": rows, "size": size, "media_size": 0, **times, **values}
    db.session.add(Archive(user_id=person.id, **facts))
    db.session.commit()


def test_before_any_run_there_is_a_size_and_no_time(ann: User, journal: Entry) -> None:
    found = estimate(ann.id, EVERYTHING)
    assert found.seconds is None
    assert found.fits
    archive_id, _ = service.request_archive(ann.id)
    found = estimate(ann.id, EVERYTHING)  # with the rows that asking leaves behind
    making.generate(ann.id)
    archive = load(archive_id)
    assert found.rows == archive.row_count
    assert archive.size is not None
    assert archive.size / 2 < found.size < archive.size * 2
    assert estimate(ann.id, EVERYTHING).seconds is not None


def test_it_is_of_what_was_chosen(ann: User, journal: Entry) -> None:
    journal.date = date(2019, 12, 31)
    db.session.add(
        Attachment(entry=journal, name="a", media_type="image/png", size=10**9, sha256="0" * 64, stored_name="a")
    )
    db.session.commit()
    whole = estimate(ann.id, EVERYTHING)
    bare = estimate(ann.id, Choices(files=False))
    assert (whole.rows, whole.size) == (bare.rows, bare.size + 10**9 + 1)
    later = estimate(ann.id, Choices(since=date(2020, 1, 1)))
    without = estimate(ann.id, Choices(without=frozenset({"entry"})))
    assert later.size < whole.size - 10**9
    assert without.rows < later.rows < whole.rows
    assert estimate(ann.id, Choices(formats=frozenset({"json"}))).size == whole.size - estimating.REPORT_SIZE


def test_rows_take_what_they_took_the_person_before(ann: User, bob: User) -> None:
    for person, row_size in ((ann, 100), (bob, 10_000), (bob, 30_000)):
        put_run(person, 10_000, 10_000 * row_size, 1)
    for _ in range(2):
        put_run(bob, 10_000, 10_000 * 20_000, 1)
    # What others had counts only for people who had none.
    small, large = (estimate(person.id, EVERYTHING).size for person in (ann, bob))
    assert small < large / 1.1
    for name in ("Carol", "Dave"):
        stranger = User(name=name)
        db.session.add(stranger)
        db.session.commit()
        assert small < estimate(stranger.id, EVERYTHING).size <= large  # what is usual here


def test_the_time_is_that_of_archives_nearest_in_size(ann: User, journal: Entry) -> None:
    for _ in range(estimating.NEAREST):
        put_run(ann, 1_000_000, 10**9, 1000)
    slow = estimate(ann.id, EVERYTHING).seconds
    for _ in range(estimating.NEAREST):
        put_run(ann, 20, 70_000, 0.05)
    quick = estimate(ann.id, EVERYTHING).seconds
    assert slow is not None
    assert quick is not None
    assert slow == pytest.approx(0.5, rel=0.2)
    assert quick == pytest.approx(0.05, rel=0.2)


def test_the_latest_in_the_same_formats_tell(ann: User) -> None:
    for _ in range(3):
        put_run(ann, 500, 60_000, 100, chosen={"formats": ["json"]})
    put_run(ann, 500, 60_000, 1)
    assert estimate(ann.id, EVERYTHING).seconds == pytest.approx(0.5, rel=0.1)
    assert estimate(ann.id, Choices(formats=frozenset({"json"}))).seconds == pytest.approx(50, rel=0.1)


def test_one_of_an_earlier_version_is_passed_over(ann: User) -> None:
    """It does not say how much of it are files."""
    put_run(ann, 500, 10**12, 1000, media_size=None)
    found = estimate(ann.id, EVERYTHING)
    assert (found.seconds, found.size < 10**6) == (None, True)


def test_the_space_check_and_the_page_say_the_same(app: Flask, ann: User, waiting: str) -> None:
    assert estimate(ann.id, EVERYTHING).fits
    app.config["ARCHIVE_RESERVE_BYTES"] = VAST
    assert not estimate(ann.id, EVERYTHING).fits
    making.generate(ann.id)
    assert load(waiting).waits_for_space
    app.config |= {"ARCHIVE_RESERVE_BYTES": 0, "ARCHIVE_QUOTA_BYTES": 10**9}
    put_run(ann, 5, 10**9, 1, state=State.READY, part_count=1)
    assert not estimate(ann.id, EVERYTHING).fits


def test_a_smaller_choice_fits_where_everything_does_not(app: Flask, ann: User, journal: Entry) -> None:
    db.session.add(
        Attachment(entry=journal, name="a", media_type="image/png", size=2**31 - 1, sha256="0" * 64, stored_name="a")
    )
    db.session.commit()
    put_run(ann, 5, 10**9, 1, state=State.READY, part_count=1)
    app.config["ARCHIVE_QUOTA_BYTES"] = 3 * 10**9
    assert not estimate(ann.id, EVERYTHING).fits
    assert estimate(ann.id, Choices(files=False)).fits


def test_nobody_has_none(app: Flask) -> None:
    with pytest.raises(LookupError):
        estimate("0190a1b2-0000-7000-8000-000000000000", EVERYTHING)
