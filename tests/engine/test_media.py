"""A file comes along whole, or is listed as a gap with the reason; only our own disk fails the attempt."""

import errno
import hashlib
import io
import threading
from typing import BinaryIO

import pytest

from app.engine.media import SMALL, Media
from app.engine.package import Package
from app.engine.shape import Gap, WantedFile

BYTES = b"a picture"
SUM = hashlib.sha256(BYTES).hexdigest()


def want(name: str = "sea.jpg", sha256: str | None = SUM) -> WantedFile:
    return WantedFile("photos", "stored", name, "7", sha256)


def media(package: Package, content: bytes | OSError = BYTES) -> Media:
    def open_file(_store: str, _name: str) -> BinaryIO:
        if isinstance(content, OSError):
            raise content
        return io.BytesIO(content)

    made = Media(package, open_file, lambda _: None)
    made.begin("photo")
    return made


def listed(package: Package) -> str:
    """What the manifest will say."""
    return b"".join(package.part.media.blocks()).decode()


@pytest.mark.parametrize("sha256", [SUM, SUM.upper(), None])
def test_a_whole_file_comes_along(package: Package, sha256: str | None) -> None:
    taking = media(package)
    assert taking.take(want(sha256=sha256)) == "media/000001.jpg"
    package.press.wait()
    assert listed(package) == f"{SUM}  data/media/000001.jpg\n"
    assert (package.part.media.count, package.part.media.size) == (1, len(BYTES))
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
def test_anything_else_is_a_gap(package: Package, content: bytes | OSError, reason: str) -> None:
    taking = media(package, content)
    assert taking.take(want()) is None
    assert taking.gaps == [Gap("photo", "7", "sea.jpg", reason)]
    assert listed(package) == ""


@pytest.mark.parametrize("size", [SMALL, SMALL + 1], ids=["held in memory", "copied"])
def test_files_of_any_size_are_whole_or_gaps(package: Package, size: int) -> None:
    content = bytes(size)
    digest = hashlib.sha256(content).hexdigest()
    taking = media(package, content)
    assert taking.take(want(sha256=SUM)) is None
    assert taking.take(want(sha256=digest)) == "media/000001.jpg"
    package.press.wait()
    assert listed(package) == f"{digest}  data/media/000001.jpg\n"
    assert (package.part.media.count, package.part.media.size) == (1, size)
    assert [gap.reason for gap in taking.gaps] == ["The file is damaged: it is not what was stored."]


def test_without_a_checksum_a_shrunken_file_passes(package: Package) -> None:
    """The control: it is the declared checksum that notices."""
    assert media(package, BYTES[:-1]).take(want(sha256=None)) == "media/000001.jpg"


SICK_FOLDER = [errno.ESTALE, errno.ETIMEDOUT, errno.ENOTCONN, errno.ENODEV, errno.ENXIO, errno.ENOMEM, errno.EAGAIN]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EMFILE, *SICK_FOLDER])
def test_our_own_trouble_is_no_gap(package: Package, number: int) -> None:
    taking = media(package, OSError(number, "trouble"))
    with pytest.raises(OSError, match="trouble"):
        taking.take(want())
    assert taking.gaps == []


def test_trouble_with_what_was_written_before_is_no_gap(package: Package) -> None:
    """It is noticed while a file is taken that has nothing to do with it."""

    begin = threading.Event()

    def fail() -> None:
        begin.wait()
        raise OSError(errno.EIO, "our disk broke")

    taking = media(package, bytes(SMALL))
    package.press.do(fail)
    begin.set()
    assert package.press._waiting[0].exception() is not None  # it has failed by now
    with pytest.raises(OSError, match="our disk broke"):
        taking.take(want(sha256=None))
    assert taking.gaps == []


@pytest.mark.parametrize(
    ("name", "ending"),
    [("a.JPEG", ".jpeg"), ("page.html", ".html.txt"), ("x.svg", ".svg.txt"), ("none", ""), ("a.b c", ".bc")],
)
def test_a_member_has_a_harmless_ending(package: Package, name: str, ending: str) -> None:
    assert media(package).take(want(name)) == f"media/000001{ending}"
