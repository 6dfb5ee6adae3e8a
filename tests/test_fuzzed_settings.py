"""Settings that hold anything: the site starts, or says which one is wrong and what to write, without its value."""

import json
import re
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import example, given
from hypothesis import strategies as st

from app import create_app
from app.config import AS_THEY_ARE, SETTINGS, SettingError
from tests.fuzzing import examples

pytestmark = pytest.mark.fuzz

FOLDERS = {"ARCHIVE_DIR", "UPLOAD_DIR", "PUBLIC_KEY_DIR"}
NAMES = [*AS_THEY_ARE, *(f"FLASK_{setting.name}" for setting in SETTINGS if setting.name not in FOLDERS)]
ODD = [
    "FLASK_CELERY",
    "FLASK_SITE_NAME__x",
    "FLASK_CELERY__beat_schedule",
    "FLASK_CELERY__broker_transport_options__x",
]
WRITTEN = [
    "False",
    "yes",
    "0",
    "-1",
    "1e999",
    "NaN",
    "null",
    "[]",
    "{}",
    "[-1]",
    '"x"',
    "2026",
    "9" * 5000,
    "[" * 5000,
]
URLS = [
    "postgresql://",
    "mysql://x",
    "redis://[",
    "redis://h:x",
    "s3://",
    "postgresql://a:b@[::1/x",
    "sqlite://\u00e9",
    "://",
]
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
VALUES = TEXT | st.sampled_from([*WRITTEN, *URLS]) | st.integers().map(str) | st.floats().map(json.dumps)


@examples(25)
@given(given=st.dictionaries(st.sampled_from([*NAMES, *ODD]), VALUES, min_size=1, max_size=3))
@example(given={"FLASK_ARCHIVE_TIME_LIMIT": "six hours"})
@example(given={"FLASK_SECRET_KEY": "123456"})
@example(given={"FLASK_SITE_NAME__x": "1"})
@example(given={"FLASK_CELERY": "3"})
@example(given={"DATABASE_URL": "nonsense"})
@example(given={"FLASK_SESSION_COOKIE_SAMESITE": ""})
@example(given={"FLASK_TRUSTED_HOSTS": "9" * 5000})
@example(given={"FLASK_TRUSTED_HOSTS": "00"})
@example(given={"FLASK_MAIL_SENDER": "postgresql://a:a-password@db/x"})
@example(given={"FLASK_PUBLIC_BASE_URL": "postgresql://a:a-password@db/x"})
def test_settings(tmp_path: Path, given: dict[str, str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in given.items():
            patch.setenv(name, value)
        found = start_or_refuse(tmp_path)
        if isinstance(found, str):
            assert len(found) > 10
            assert not any(is_shown(value, found) for value in given.values())
        else:
            is_ours = (
                found.config["TRUSTED_HOSTS"] is None
            )  # any name is; of those that are made up, none is localhost
            for path in ("/healthz", "/sign-in"):
                assert found.test_client().get(path).status_code == (200 if is_ours else 400)


def is_shown(value: str, message: str) -> bool:
    """As itself, and not within a word of ours: `lett` stands in "letters"."""
    return len(value) > 3 and re.search(rf"(?<!\w){re.escape(value)}(?!\w)", message) is not None


def start_or_refuse(instance: Path) -> Flask | str:
    try:
        return create_app({"INSTANCE_PATH": instance})
    except SettingError as error:
        return error.message


@pytest.mark.parametrize("name", ["EXAMPLES", "SESSION_COOKIE_SECURE"])
def test_false_as_python_writes_it_is_refused(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is no JSON, so it would be a text, and each text is true."""
    monkeypatch.setenv(f"FLASK_{name}", "False")
    with pytest.raises(SettingError, match=f"{name} must be true or false, in small letters"):
        create_app({"INSTANCE_PATH": tmp_path})
    monkeypatch.setenv(f"FLASK_{name}", "false")
    assert create_app({"INSTANCE_PATH": tmp_path}).config[name] is False


def test_a_text_that_is_json_is_a_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASK_SITE_NAME", "2026")
    assert create_app({"INSTANCE_PATH": tmp_path}).config["SITE_NAME"] == "2026"


def test_no_default_is_refused(tmp_path: Path) -> None:
    """The control: all of them written out as they are."""
    create_app({"INSTANCE_PATH": tmp_path, **{setting.name: setting.default for setting in SETTINGS}})
