"""Whoever gets bytes of an archive is recorded and told of, whichever bytes they ask for; and each download once."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app.archives import service
from app.archives.ledger.files import GOES_ON_SECONDS
from app.archives.reminding import remind
from app.extensions import db
from app.models import ArchiveDownload, AuditRow, Mail, MailKind, User, What
from app.models.columns import database_time
from app.web.archive_download import PER_MINUTE
from tests.archives.conftest import change, load, sign_in
from tests.archives.parts import finish_in_parts
from tests.archives.test_choosing import forget_who_asked

LINUX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
TELEPHONE = "Mozilla/5.0 (Android 16; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0"


@pytest.fixture
def ready(ann: User, waiting: str) -> str:
    """Id of Ann's archive of two files."""
    finish_in_parts(ann.id, 2)
    return waiting


def take(client: FlaskClient, archive_id: str, number: int = 1, agent: str = LINUX, **headers: str) -> int:
    """The status of the answer."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    path = f"/archives/{archive_id}/download/{number}"
    return client.get(path, headers={"User-Agent": agent, **named}, buffered=True).status_code


def count_told() -> tuple[int, int, int]:
    """Rows of downloads, mails, and rows of the audit."""
    its: tuple[Any, ...] = (
        sa.select(sa.func.count()).select_from(ArchiveDownload),
        sa.select(sa.func.count()).where(Mail.kind == MailKind.DOWNLOADED),
        sa.select(sa.func.count()).where(AuditRow.what == What.ARCHIVE_DOWNLOADED),
    )
    found = tuple(db.session.scalar(each) or 0 for each in its)
    db.session.commit()
    return found  # type: ignore[return-value]  # there are three


def let_pass(seconds: float) -> None:
    """Since all downloads were recorded."""
    db.session.execute(sa.update(ArchiveDownload).values(at=database_time(-seconds)))
    db.session.commit()


@pytest.mark.parametrize("asked", ["bytes=1-", "bytes=-1", "bytes=5-9", "bytes=0-0", "bytes=0-", "bytes=1-2,5-9", ""])
def test_any_byte_of_it_is_a_download(ann_client: FlaskClient, ready: str, asked: str) -> None:
    """All but the first byte was told to nobody."""
    assert take(ann_client, ready, Range=asked) in {200, 206}
    assert count_told() == (1, 1, 1)
    assert "Downloaded once" in ann_client.get(f"/archives/{ready}").text


def test_an_answer_without_bytes_is_none(ann_client: FlaskClient, ready: str) -> None:
    """The control."""
    [first, _] = service.list_parts(ready)
    refused: list[tuple[int, dict[str, str]]] = [
        (304, {"If_None_Match": f'"{first.sha256}"'}),
        (412, {"If_Match": '"another"'}),
        (416, {"Range": f"bytes={first.size}-"}),
    ]
    for status, headers in refused:
        assert take(ann_client, ready, 1, LINUX, **headers) == status
    assert ann_client.head(f"/archives/{ready}/download", buffered=True).status_code == 200
    assert count_told() == (0, 0, 0)


def test_who_has_taken_all_but_the_first_byte_is_not_reminded(ann_client: FlaskClient, ready: str) -> None:
    change(ready, expires_at=database_time(80_000))
    take(ann_client, ready, Range="bytes=1-")
    remind()
    assert not db.session.scalar(sa.select(sa.func.count()).where(Mail.kind == MailKind.REMINDER))


def test_ranges_of_one_download_are_one(ann_client: FlaskClient, ready: str) -> None:
    """A hundred of the first byte were a hundred rows in the audit, where they stay."""
    for number in range(20):
        take(ann_client, ready, Range="bytes=0-0")
        take(ann_client, ready, Range=f"bytes={number}-")
        take(ann_client, ready, agent=LINUX.replace("140", str(number)))  # Firefox on Linux all the same
    assert count_told() == (1, 1, 1)
    let_pass(GOES_ON_SECONDS - 5)
    assert take(ann_client, ready) == 200
    assert count_told() == (1, 1, 1)


@pytest.mark.parametrize("seconds", [GOES_ON_SECONDS + 1, 86_400, -3600], ids=["later", "tomorrow", "clock put back"])
def test_later_it_is_another_download(ann_client: FlaskClient, ready: str, seconds: float) -> None:
    for _ in range(2):
        take(ann_client, ready)
        let_pass(seconds)
    take(ann_client, ready, Range="bytes=1-")
    assert count_told() == (3, 1, 3)  # the same browser at the same address: one mail


def test_another_browser_address_or_file_is_another_download(ann_client: FlaskClient, ready: str) -> None:
    for _ in range(2):
        take(ann_client, ready)
        take(ann_client, ready, 2)
        take(ann_client, ready, agent=TELEPHONE)
        service.record_download(load(ready), 1, ip_address="203.0.113.9", user_agent=LINUX)
    assert count_told() == (4, 3, 4)
    rows = db.session.execute(sa.select(ArchiveDownload.part_number, ArchiveDownload.ip_address))
    assert Counter(map(tuple, rows)) == {(1, "127.0.0.1"): 2, (2, "127.0.0.1"): 1, (1, "203.0.113.9"): 1}


class TestLimit:
    @pytest.fixture
    def settings(self, sqlite_settings: dict[str, Any]) -> dict[str, Any]:
        return {**sqlite_settings, "RATELIMIT_ENABLED": True, "RATELIMIT_STORAGE_URI": "memory://"}

    def test_a_program_cannot_begin_all_day(
        self, app: Flask, ann_client: FlaskClient, make_person: Callable[..., User], ready: str
    ) -> None:
        """One limit for all files of all archives, whole or in ranges."""
        codes = [take(ann_client, ready, 1 + number % 2, Range="bytes=0-0") for number in range(PER_MINUTE)]
        assert codes == [206] * PER_MINUTE
        refused = ann_client.get(f"/archives/{ready}/download")
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "60")
        assert "Wait, then try again: in a minute at the latest." in refused.text
        assert count_told() == (2, 1, 2)
        assert ann_client.get(f"/archives/{ready}").status_code == 200
        make_person("Bob")
        forget_who_asked()
        assert take(sign_in(app.test_client(), "bob@example.org"), ready) == 404
