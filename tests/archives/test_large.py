"""Large archives are set aside: counted before a row is read, and made where they keep nobody waiting."""

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from app.archives import ledger, making, reconciling
from app.archives.watching import find_watched
from app.extensions import db
from app.models import Attachment, Entry, State, User
from app.models.columns import database_time
from tests.archives.conftest import change, let_lease_pass, load


@pytest.fixture
def tiny_limits(app: Flask) -> None:
    app.config.update(ARCHIVE_LARGE_ROWS=3, ARCHIVE_LARGE_BYTES=1000)


def test_a_small_one_is_made_at_once(app: Flask, ann: User, waiting: str) -> None:
    assert making.generate(ann.id) is False
    assert (load(waiting).state, load(waiting).large) == (State.READY, False)


def test_too_many_rows_are_set_aside_before_any_is_read(
    app: Flask, tiny_limits: None, ann: User, journal: Entry, waiting: str
) -> None:
    assert making.generate(ann.id) is True
    archive = load(waiting)
    assert (archive.state, archive.large, archive.attempt, archive.fence) == (State.QUEUED, True, 0, None)
    assert list((Path(app.config["ARCHIVE_DIR"]) / "tmp").iterdir()) == []


def test_it_is_made_where_large_ones_are(tiny_limits: None, ann: User, journal: Entry, waiting: str) -> None:
    making.generate(ann.id)
    assert making.generate(ann.id) is True  # another bell among the small ones is passed on
    assert load(waiting).state == State.QUEUED
    assert making.generate(ann.id, large=True) is False
    assert (load(waiting).state, load(waiting).attempt) == (State.READY, 1)
    assert making.generate(ann.id) is False  # nothing waits any more


@pytest.mark.parametrize(("sizes", "is_large"), [([999], False), ([500, 500], False), ([500, 501], True)])
def test_files_are_weighed_once_each(
    app: Flask, ann: User, sizes: list[int], is_large: bool, tiny_limits: None
) -> None:
    app.config["ARCHIVE_LARGE_ROWS"] = None
    waiting, _ = ledger.insert(ann.id)
    entry = Entry(author_id=ann.id, title="Pictures", body="")
    entry.attachments = [store(app, f"{number}.bin", size) for number, size in enumerate(sizes)]
    db.session.add(entry)
    db.session.commit()
    assert making.generate(ann.id) is is_large
    assert load(waiting).large is is_large


def store(app: Flask, name: str, size: int) -> Attachment:
    folder = Path(app.config["UPLOAD_DIR"])
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(b"x" * size)
    return Attachment(name=name, media_type="text/plain", size=size, sha256="0" * 64, stored_name=name)


def test_one_that_was_cancelled_meanwhile_stays_so(ann: User, waiting: str) -> None:
    held = ledger.claim(ann.id)
    assert held is not None
    ledger.cancel(ann.id, waiting)
    with pytest.raises(ledger.LeaseLostError):
        ledger.set_aside(held)
    assert load(waiting).state == State.CANCELLED
    assert not ledger.is_set_aside(ann.id)


def test_a_worker_of_large_ones_that_dies_leaves_it_to_its_like(ann: User, waiting: str) -> None:
    change(waiting, large=True, created_at=database_time(-60))
    assert ledger.claim(ann.id) is None
    assert ledger.claim(ann.id, large=True) is not None
    assert not ledger.is_set_aside(ann.id)
    let_lease_pass(waiting)
    assert ledger.claim(ann.id) is None
    assert ledger.is_set_aside(ann.id)
    assert reconciling.reconcile_person(ann.id) == [ann.id]
    assert load(waiting).large


def test_it_is_not_rung_again_at_once(ann: User, tiny_limits: None, journal: Entry, waiting: str) -> None:
    making.generate(ann.id)
    assert ledger.take_unheard(None) == []


def test_limits_can_be_off(app: Flask, tiny_limits: None, ann: User, journal: Entry, waiting: str) -> None:
    app.config.update(ARCHIVE_LARGE_ROWS=None, ARCHIVE_LARGE_BYTES=None)
    assert making.generate(ann.id) is False
    assert load(waiting).state == State.READY


def test_each_line_counts_its_own(ann: User, make_person: Callable[..., User], waiting: str) -> None:
    """A person who waits among the small ones is not told of the large ones before them."""
    change(waiting, large=True)
    other, _ = ledger.insert(make_person("Carl").id)
    carl = load(other).user_id
    watched = find_watched(carl, other)
    assert watched is not None
    assert watched.ahead == 0
    change(waiting, large=False)
    watched = find_watched(carl, other)
    assert watched is not None
    assert watched.ahead == 1
