"""What every store promises, on a folder and on a real S3-compatible server."""

import errno
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.stores import Store, StoreDownError, StoreSettingError, make_stores

Put = Callable[..., str]


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    url: Any = request.getfixturevalue("storage_url") if request.param == "s3" else None
    return make_stores(url, archives=tmp_path / "kept", uploads=tmp_path / "uploads")["archives"]


@pytest.fixture
def put(store: Store, tmp_path: Path) -> Put:
    """Puts bytes; returns their SHA-256."""

    def put(data: bytes, name: str = "a.zip") -> str:
        draft = tmp_path / "draft"
        draft.write_bytes(data)
        sha256 = hashlib.sha256(data).hexdigest()
        store.put(draft, name, sha256)
        assert not draft.exists()
        return sha256

    return put


@pytest.mark.parametrize("size", [0, 1, 1024**2, 1024**2 + 1, 8 * 1024**2 + 1, 20_000_000])
def test_what_was_put_comes_back(store: Store, put: Put, size: int) -> None:
    data = os.urandom(size)
    sha256 = put(data)
    found = store.open("a.zip", sha256)
    with found.file as file:
        assert found.size == size
        assert file.read() == data


def test_it_reads_from_anywhere(store: Store, put: Put) -> None:
    data = os.urandom(3_000_000)
    put(data)
    with store.open("a.zip").file as file:
        for start in (2_500_000, 0, 1_048_570, 2_999_999, 1_500_000):
            assert file.seek(start) == start
            assert file.read(100_000) == data[start : start + 100_000]
        assert file.seek(-5, os.SEEK_END) == 2_999_995
        assert file.seek(2, os.SEEK_CUR) == 2_999_997
        assert file.read() == data[-3:]
        assert file.tell() == 3_000_000
        assert file.read() == b""


def test_a_deleted_file_is_gone_and_deleting_it_again_is_no_error(store: Store, put: Put) -> None:
    put(b"x")
    assert [each.name for each in store.names()] == ["a.zip"]
    store.delete("a.zip")
    store.delete("a.zip")
    assert list(store.names()) == []
    with pytest.raises(FileNotFoundError):
        store.open("a.zip")


def test_the_names_are_listed_with_their_ages(store: Store, put: Put) -> None:
    assert list(store.names()) == []
    put(b"x", "a.zip")
    put(b"y", "b.zip")
    found = {each.name: each.seconds for each in store.names()}
    assert found.keys() == {"a.zip", "b.zip"}
    assert all(-2 < seconds < 60 for seconds in found.values())


def test_names_that_climb_are_absent(store: Store, put: Put, tmp_path: Path) -> None:
    put(b"x")
    (tmp_path / "secret").write_bytes(b"secret")
    for name in ("../secret", "../archives/a.zip", "", ".", "..", str(tmp_path / "secret")):
        with pytest.raises(OSError):
            store.open(name)


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    stores = make_stores(None, archives=tmp_path / "file" / "ready", uploads=tmp_path)
    stores["uploads"].check()
    with pytest.raises(StoreSettingError, match="cannot be made"):
        stores["archives"].check()


@pytest.mark.parametrize("number", [errno.ENOTCONN, errno.ESTALE])
def test_a_folder_that_cannot_be_reached_is_no_missing_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """As the system says of a mount whose server has died. The control: of a folder that is there."""
    store = make_stores(None, archives=tmp_path, uploads=tmp_path)["uploads"]
    with pytest.raises(FileNotFoundError):
        store.open("a")

    def refuse(*_: object, **__: object) -> os.stat_result:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "stat", refuse)
    with pytest.raises(StoreDownError, match="cannot be reached"):
        store.open("a")


def test_uploads_may_have_a_second_name_and_archives_may_not(tmp_path: Path) -> None:
    """A backup by hard links must not turn every picture into a gap."""
    (tmp_path / "a").write_bytes(b"x")
    (tmp_path / "b").hardlink_to(tmp_path / "a")
    stores = make_stores(None, archives=tmp_path, uploads=tmp_path)
    with stores["uploads"].open("a").file as file:
        assert file.read() == b"x"
    with pytest.raises(FileNotFoundError):
        stores["archives"].open("a")


def test_it_checks_itself_and_leaves_nothing(store: Store) -> None:
    store.check()
    assert list(store.names()) == []
