import io
import os
import shutil
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from flask import Flask

from app.journal import uploads
from tests.web.conftest import PNG


@pytest.fixture
def folder(app: Flask) -> Path:
    return Path(app.config["UPLOAD_DIR"])


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + bytes(60), "image/jpeg"),
        (b"GIF89a\x01\x00\x01\x00\x80\x00\x00" + bytes(20), "image/gif"),
        (b"RIFF\x24\x00\x00\x00WEBPVP8 " + bytes(40), "image/webp"),
        (b"%PDF-1.4\n1 0 obj\n", "application/pdf"),
        (b"PK\x03\x04\x14\x00\x00\x00\x08\x00" + bytes(30), "application/zip"),
        ("Chào buổi sáng\n".encode(), "text/plain"),
        (b"<!doctype html><script>alert(1)</script>", "text/plain"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "text/plain"),
        (b"BM is how this text begins", "text/plain"),
        (b"x" * 8191 + "é".encode(), "text/plain"),
        (b"\x00\x01\x02\x03\x04\x05\x06\x07", "application/octet-stream"),
        (b"\xfd\xfc\xfb\xfa", "application/octet-stream"),
    ],
)
def test_the_bytes_say_what_they_are(app: Flask, start: bytes, expected: str) -> None:
    assert uploads.store(io.BytesIO(start)).media_type == expected


def test_stored_bytes_come_back(folder: Path) -> None:
    data = os.urandom(200_000)
    stored = uploads.store(io.BytesIO(data))
    file = uploads.open_stored(stored.stored_name)
    assert file
    with file:
        assert file.read() == data
    path = folder / stored.stored_name
    assert path.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    assert stored.size == 200_000


def test_only_regular_files_are_opened(folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    folder.mkdir()
    (folder / "link").symlink_to(secret)
    (folder / "folder").mkdir()
    os.mkfifo(folder / "pipe")
    assert (folder / "link").read_text() == "secret"  # the control: a plain open follows it
    for name in ("link", "folder", "pipe", "absent"):
        assert uploads.open_stored(name) is None


def test_too_large_leaves_nothing(app: Flask, folder: Path) -> None:
    app.config["UPLOAD_MAX_BYTES"] = 100_000
    assert uploads.store(io.BytesIO(bytes(100_000))).size == 100_000
    with pytest.raises(uploads.FileTooLargeError):
        uploads.store(io.BytesIO(bytes(100_001)))
    assert len(list(folder.iterdir())) == 1


def test_a_broken_stream_leaves_nothing(folder: Path) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell():
                raise ConnectionResetError
            return super().read(min(size or 1000, 1000))

    with pytest.raises(ConnectionResetError):
        uploads.store(Broken(bytes(5000)))
    assert list(folder.iterdir()) == []


def test_discard_does_not_mind_what_is_gone(folder: Path) -> None:
    stored = uploads.store(io.BytesIO(b"x"))
    uploads.discard(["gone", stored.stored_name])
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\fakepath\\cat.png", "cat.png"),
        ("a\x00b\u202egnp.exe", "abgnp.exe"),
        ("", "file"),
        ("...", "..."),
        ("dir/", "file"),
        ("x" * 300 + ".jpeg", "x" * 250 + ".jpeg"),
        ("x." + "y" * 300, "x." + "y" * 253),
        ("mèo.jpg", "mèo.jpg"),
    ],
)
def test_clean_name(given: str, expected: str) -> None:
    found = uploads.clean_name(given)
    assert len(found) <= 255
    if len(given) < 300 or given.endswith(".jpeg"):
        assert found == expected


def test_a_bomb_stays_packed(app: Flask, folder: Path) -> None:
    """Nothing that is uploaded is ever unpacked, so it costs what it weighs."""
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as packed, packed.open("zeros", "w") as member:
        for _ in range(32):
            member.write(bytes(1024**2))
    tracemalloc.start()
    try:
        kept = uploads.store(io.BytesIO(bomb.getvalue()))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (kept.media_type, kept.size) == ("application/zip", len(bomb.getvalue()))
    assert most < 8 * 1024**2
    with zipfile.ZipFile(bomb) as opened:
        assert opened.getinfo("zeros").file_size == 32 * 1024**2  # the control: unpacked it is far more


def test_the_disk_keeps_its_reserve(app: Flask, folder: Path) -> None:
    assert uploads.store(io.BytesIO(b"x")).size == 1  # the control: there is room
    app.config["UPLOAD_RESERVE_BYTES"] = shutil.disk_usage(folder).total
    with pytest.raises(uploads.DiskFullError):
        uploads.store(io.BytesIO(b"x"))
    assert len(list(folder.iterdir())) == 1
