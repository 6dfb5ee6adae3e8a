from pathlib import Path

import pytest

from app import create_app
from app.config import SettingError
from app.stores import Address, StoreSettingError, make_stores, read_address


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("s3://b", Address("b")),
        ("s3://b/", Address("b")),
        ("s3://b/a/c/", Address("b", prefix="a/c/")),
        (
            "s3://b/a?endpoint=https://s3.example.org:9000&region=eu-1&timeout=2.5",
            Address("b", "a/", "https://s3.example.org:9000", "eu-1", "path", 2.5),
        ),
        (
            "s3://b?endpoint=https://s3.example.org&addressing=virtual",
            Address("b", endpoint="https://s3.example.org", addressing="virtual"),
        ),
    ],
)
def test_it_is_read(url: str, address: Address) -> None:
    assert read_address(url) == address


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("/var/archives", "looks like this"),
        ("https://s3.example.org/b", "looks like this"),
        ("s3:///prefix", "looks like this"),
        ("s3://[b", "looks like this"),
        ("s3://KEY:HIDDEN@b", "holds credentials"),
        ("s3://b?endpoint=https://KEY:HIDDEN@s3.example.org", "holds credentials"),
        ("s3://b?secret=HIDDEN", "nobody knows"),
        ("s3://b?timeout=0", "at most 600"),
        ("s3://b?timeout=soon", "at most 600"),
        ("s3://b?addressing=host", "path, virtual or auto"),
    ],
)
def test_a_wrong_one_is_refused_without_repeating_it(url: str, word: str) -> None:
    with pytest.raises(StoreSettingError, match=word) as caught:
        read_address(url)
    assert "HIDDEN" not in str(caught.value)


def test_the_application_takes_it_for_a_setting_like_any_other(tmp_path: Path) -> None:
    """Commands show such an error in place of a traceback."""
    with pytest.raises(SettingError, match="looks like this"):
        create_app({"INSTANCE_PATH": tmp_path, "STORAGE_URL": "ftp://x"})


def test_an_endpoint_that_is_none_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    stores = make_stores("s3://bucket?endpoint=nowhere&region=eu-1", archives=tmp_path, uploads=tmp_path)
    with pytest.raises(StoreSettingError, match="nowhere"):
        stores["archives"].check()
