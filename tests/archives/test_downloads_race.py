"""Two ranges of one download that arrive at the same moment are recorded once."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import OperationalError

from app.archives import ledger, service
from app.archives.ledger import files
from app.extensions import db
from app.models import ArchiveDownload, AuditRow, User, What
from tests.archives.conftest import load
from tests.archives.parts import finish_in_parts
from tests.archives.test_ledger import in_threads

BROWSER = {"ip_address": "192.0.2.7", "user_agent": "Test browser"}


@pytest.fixture
def ready(ann: User, waiting: str) -> str:
    finish_in_parts(ann.id, 1)
    return waiting


def count_recorded() -> list[int]:
    """Rows of downloads, and rows of the audit."""
    rows = sa.select(sa.func.count()).select_from(ArchiveDownload)
    deeds = sa.select(sa.func.count()).where(AuditRow.what == What.ARCHIVE_DOWNLOADED)
    return [db.session.scalar(each) or 0 for each in (rows, deeds)]


def test_forty_at_once_are_one(app: Flask, ready: str) -> None:
    in_threads(app, lambda: service.record_download(load(ready), 1, **BROWSER), 40)
    assert count_recorded() == [1, 1]


@pytest.mark.parametrize("is_guarded", [True, False], ids=["guarded", "look then insert"])
def test_two_that_have_both_seen_nothing(
    app: Flask, ready: str, monkeypatch: pytest.MonkeyPatch, is_guarded: bool
) -> None:
    """The control: without the lock each inserts its row, or SQLite refuses one of them."""
    together = Barrier(2)

    def look_together(*asked: Any) -> bool:
        found = goes_on(*asked)
        with suppress(BrokenBarrierError):  # the other one waits for our lock, or has come through
            together.wait(1)
        return found

    goes_on = files._goes_on
    monkeypatch.setattr(files, "_goes_on", look_together)
    if not is_guarded:
        monkeypatch.setattr(files, "hold_person", lambda _: None)

    def record(_: int) -> bool:
        with app.app_context():
            try:
                ledger.record_download(load(ready), 1, **BROWSER)
            except OperationalError:
                return False
            return True

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(record, range(2)))
    is_safe = answers == [True, True] and count_recorded() == [1, 1]
    assert is_safe == is_guarded
