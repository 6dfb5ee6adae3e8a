"""The ZIP files are what other programs read, the same for the same snapshot, and whole however large."""

import hashlib
import io
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.engine.package import ChangedError, Package
from app.engine.package import zip_writer as zips
from app.engine.package.bag import add_tags
from app.engine.shape import Edition
from tests.engine.conftest import EDITION
from tests.tools import find_tool, run_tool

TOP = "satchel-2026-11-22-A1B2C3D4"
PICTURE = bytes(range(256)) * 40


def fill(folder: Path, edition: Edition = EDITION) -> Path:
    folder.mkdir()
    with Package(folder, edition) as package:
        return _fill(package, edition)


def _fill(package: Package, edition: Edition) -> Path:
    for number in range(3):
        for name in ("a", "b"):  # side by side, as the formats of one table are
            package.write(f"data/{name}.txt", f"{name}{number}".encode() * 1000)
    package.copy("data/c.png", io.BytesIO(PICTURE), len(PICTURE), None, lambda _: None)
    package.finish("data/b.txt")
    package.finish("data/a.txt")
    package.add("index.html", b"<p>")
    package.press.wait()
    add_tags(package.part, 1, edition, None)
    package.part.close()
    return package.part.path


def test_the_same_snapshot_gives_the_same_bytes(tmp_path: Path) -> None:
    one, two = (fill(tmp_path / name).read_bytes() for name in ("one", "two"))
    assert one == two
    later = replace(EDITION, snapshot_at=datetime(2026, 11, 23, tzinfo=UTC))
    assert fill(tmp_path / "later", later).read_bytes() != one


def test_pictures_are_stored_and_text_is_compressed(tmp_path: Path) -> None:
    with zipfile.ZipFile(fill(tmp_path / "zip")) as package:
        assert package.testzip() is None
        assert package.read(f"{TOP}/data/a.txt") == b"a0" * 1000 + b"a1" * 1000 + b"a2" * 1000
        assert package.getinfo(f"{TOP}/data/c.png").compress_type == zipfile.ZIP_STORED
        assert package.read(f"{TOP}/data/c.png") == PICTURE
        assert package.getinfo(f"{TOP}/data/b.txt").compress_size < 200
        assert package.getinfo(f"{TOP}/index.html").date_time == (2026, 11, 22, 9, 14, 30)
        info = package.read(f"{TOP}/bag-info.txt").decode()
        assert info.splitlines()[0] == "Source-Organization: A Site"
        assert "Payload-Oxum: 22240.3" in info
        digest = hashlib.sha256(PICTURE).hexdigest()
        assert f"{digest}  data/c.png\n" in package.read(f"{TOP}/manifest-sha256.txt").decode()


def test_a_file_that_cannot_be_copied_leaves_nothing(package: Package) -> None:
    class Breaks(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell():
                raise OSError("the disk broke")
            return super().read(size)

    package.add("before.txt", b"before")
    package.press.wait()
    size = package.part.size
    large = 3 * 1024**2
    with pytest.raises(OSError, match="the disk broke"):
        package.copy("data/a.png", Breaks(bytes(large)), large, None, lambda _: None)
    with pytest.raises(ChangedError):
        package.copy("data/a.png", io.BytesIO(b"x"), 1, "0" * 64, lambda _: None)
    assert package.part.size == size
    package.add("after.txt", b"after")
    package.press.wait()
    package.part.close()
    with zipfile.ZipFile(package.part.path) as written:
        assert written.namelist() == [f"{TOP}/before.txt", f"{TOP}/after.txt"]
        assert written.testzip() is None
    assert set(package.part.members) == {"before.txt", "after.txt"}


def test_an_error_in_the_press_reaches_the_caller(package: Package) -> None:
    def fail() -> None:
        raise OSError("full")

    with pytest.raises(OSError, match="full"):  # noqa: PT012  # by whichever call comes first after it
        package.press.do(fail)
        package.press.wait()


@pytest.mark.parametrize("large", [0, 100, 30_000])
@pytest.mark.parametrize("many", [2, 1000])
def test_programs_read_what_needs_zip64(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, large: int, many: int
) -> None:
    """Sizes and places beyond 4 GiB, and more than 65,535 members, are written in other fields.

    Those are used here for small files; a reader must take them wherever they stand.
    """
    monkeypatch.setattr(zips, "LARGE_FROM", large)
    monkeypatch.setattr(zips, "MANY_FROM", many)
    path = fill(tmp_path / "zip")
    with zipfile.ZipFile(path) as package:
        assert package.testzip() is None
        assert package.read(f"{TOP}/data/c.png") == PICTURE
        assert len(package.namelist()) == 8
    for names, *words in ((("unzip",), "-t", "-q"), (("7zz", "7z"), "t"), (("bsdtar",), "-tf")):
        assert run_tool(find_tool(*names), *words, path).returncode == 0
