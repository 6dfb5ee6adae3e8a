from datetime import UTC, date, datetime

import pytest
from flask import Flask
from flask_login import login_user

from app.models import User
from app.web import formats
from app.words.text import clean, clean_line

MOMENT = datetime(2026, 11, 22, 23, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "time_zone", "expected"),
    [
        ("en", "UTC", "November 22, 2026, 11:02 PM UTC"),
        ("en_GB", "Europe/Berlin", "23 November 2026, 00:02 CET"),
        ("vi", "Asia/Ho_Chi_Minh", "23 tháng 11, 2026, 06:02 UTC+07"),
    ],
)
def test_moments_are_the_persons_own(app: Flask, language: str, time_zone: str, expected: str) -> None:
    with app.test_request_context():
        login_user(User(id="1", name="Ann", password_hash="argon2", language=language, time_zone=time_zone))
        found = formats.moment_text(MOMENT).replace("\u202f", " ")
        assert found == expected
        assert formats.moment(MOMENT).startswith('<time datetime="2026-11-22T23:02:00+00:00"')


def test_strangers_read_english_and_utc(app: Flask) -> None:
    with app.test_request_context():
        assert formats.day_text(date(1660, 1, 31)) == "January 31, 1660"
        assert formats.number(1234567.5) == "1,234,567.5"


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (1023, "1,023 bytes"),
        (1024, "1 kB"),
        (1536, "1.5 kB"),
        (16 * 1024**2, "16 MB"),
        (150 * 1024**2, "150 MB"),
        (1.8 * 1024**3, "1.8 GB"),
        (5000 * 1024**4, "5,000 TB"),
    ],
)
def test_file_size(app: Flask, size: int, expected: str) -> None:
    with app.test_request_context():
        assert formats.file_size(size) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Ann", "A"), ("Lan Nguyễn", "LN"), ("Ana Maria de Souza", "AS"), ("", ""), (" ân ", "Â")],
)
def test_initials(name: str, expected: str) -> None:
    assert formats.initials(name) == expected


def test_clean() -> None:
    assert clean("a\r\nb\rc\x00\x07\td\ud800e\u0301") == "a\nb\nc\tdé"
    assert clean_line("  a\n b\x00 ") == "a b"
    assert clean(None) == ""
