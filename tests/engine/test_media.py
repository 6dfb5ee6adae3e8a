"""A file comes along whole, or is listed as a gap with the reason; only our own disk fails the attempt."""

import errno
import hashlib
import io
from pathlib import Path
from typing import BinaryIO

import pytest

from app.engine.media import Media
from app.engine.shape import Gap, WantedFile

BYTES = b"a picture"
SUM = hashlib.sha256(BYTES).hexdigest()


def want(name: str = "sea.jpg", sha256: str | None = SUM) -> WantedFile:
    return WantedFile("photos", "stored", name, "7", sha256)


def media(folder: Path, content: bytes | OSError = BYTES) -> Media:
    def open_file(_store: str, _name: str) -> BinaryIO:
        if isinstance(content, OSError):
            raise content
        return io.BytesIO(content)

    made = Media(folder, open_file)
    made.begin("photo")
    return made


@pytest.mark.parametrize("sha256", [SUM, SUM.upper(), None])
def test_a_whole_file_comes_along(tmp_path: Path, sha256: str | None) -> None:
    taking = media(tmp_path)
    assert taking.take(want(sha256=sha256)) == "media/000001.jpg"
    assert (tmp_path / "000001.jpg").read_bytes() == BYTES
    assert taking.gaps == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (BYTES[:-1], "The file is damaged: it is not what was stored."),
        (b"", "The file is damaged: it is not what was stored."),
        (FileNotFoundError(errno.ENOENT, "gone"), "The file is missing."),
        (OSError(errno.EIO, "broken disk"), "The file cannot be read."),
        (PermissionError(errno.EACCES, "closed"), "The file cannot be read."),
    ],
)
def test_anything_else_is_a_gap(tmp_path: Path, content: bytes | OSError, reason: str) -> None:
    taking = media(tmp_path, content)
    assert taking.take(want()) is None
    assert taking.gaps == [Gap("photo", "7", "sea.jpg", reason)]
    assert list(tmp_path.iterdir()) == []


def test_without_a_checksum_a_shrunken_file_passes(tmp_path: Path) -> None:
    """The control: it is the declared checksum that notices."""
    assert media(tmp_path, BYTES[:-1]).take(want(sha256=None)) == "media/000001.jpg"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EMFILE])
def test_our_own_trouble_is_no_gap(tmp_path: Path, number: int) -> None:
    taking = media(tmp_path, OSError(number, "trouble"))
    with pytest.raises(OSError, match="trouble"):
        taking.take(want())
    assert taking.gaps == []


@pytest.mark.parametrize(
    ("name", "ending"),
    [("a.JPEG", ".jpeg"), ("page.html", ".html.txt"), ("x.svg", ".svg.txt"), ("none", ""), ("a.b c", ".bc")],
)
def test_a_member_has_a_harmless_ending(tmp_path: Path, name: str, ending: str) -> None:
    assert media(tmp_path).take(want(name)) == f"media/000001{ending}"
