"""Only a regular file of that very name is ever opened."""

import hashlib
import os
from pathlib import Path

import pytest
from flask import Flask

from app.archives import storage
from app.archives.storage import NoWorkspaceError
from app.engine.build import BuiltPart


@pytest.fixture
def settings(sqlite_settings: dict[str, object]) -> dict[str, object]:
    return sqlite_settings


@pytest.fixture
def ready(app: Flask) -> Path:
    folder = Path(app.config["ARCHIVE_DIR"]) / "ready"
    folder.mkdir(parents=True)
    return folder


def test_a_published_file_has_its_name_and_is_ours_alone(app: Flask) -> None:
    with storage.workspace("id", "fence") as folder:
        part = BuiltPart(folder / "archive.zip", 2, hashlib.sha256(b"PK").hexdigest())
        part.file.write_bytes(b"PK")
        assert folder.stat().st_mode & 0o777 == 0o700
        (name,) = storage.publish([part], "id", "fence")
    assert not folder.exists()
    with storage.open_published(name).file as file:
        assert os.fstat(file.fileno()).st_mode & 0o777 == 0o600
        assert file.read() == b"PK"
    storage.discard([name])
    storage.discard([name])
    with pytest.raises(FileNotFoundError):
        storage.open_published(name)


def test_two_attempts_never_share_a_folder(app: Flask) -> None:
    with storage.workspace("id", "fence"), pytest.raises(NoWorkspaceError), storage.workspace("id", "fence"):
        pass


@pytest.mark.parametrize("kind", ["link", "hard link", "pipe", "folder", "climb", "absolute"])
def test_anything_else_is_absent(app: Flask, ready: Path, tmp_path: Path, kind: str) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"secret")
    name = "a.zip"
    if kind == "link":
        (ready / name).symlink_to(outside)
    elif kind == "hard link":
        (ready / name).hardlink_to(outside)
    elif kind == "pipe":
        os.mkfifo(ready / name)
    elif kind == "folder":
        (ready / name).mkdir()
    elif kind == "climb":
        name = f"../../../{outside.name}"
    else:
        name = str(outside)
    with pytest.raises(OSError):
        storage.open_published(name)
    if kind in {"link", "hard link", "absolute"}:
        assert (ready / name).read_bytes() == b"secret"  # a plain open would have served it
