"""The file is the same for the same snapshot, other programs open it, and any change to it is noticed."""

import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from app.engine.package import write_bag, zip_bag
from app.engine.shape import Edition, Subject

EDITION = Edition(
    "A\nSite", "A1B2C3D4", datetime(2026, 11, 22, 9, 14, 30, tzinfo=UTC), Subject("1", "Ann", "", "en", "UTC")
)


def _folder(path: Path) -> Path:
    (path / "top" / "data").mkdir(parents=True)
    (path / "top" / "data" / "b.txt").write_text("b" * 100_000)
    (path / "top" / "data" / "a.png").write_bytes(b"\x89PNG" * 1000)
    (path / "top" / "index.html").write_text("<p>")
    return path / "top"


def test_the_same_folder_gives_the_same_bytes(tmp_path: Path) -> None:
    files = []
    for run in ("one", "two"):
        folder = _folder(tmp_path / run)
        write_bag(folder, EDITION, {})
        zip_bag(folder, tmp_path / f"{run}.zip", EDITION, lambda _: None)
        files.append((tmp_path / f"{run}.zip").read_bytes())
    assert files[0] == files[1]
    later = replace(EDITION, snapshot_at=datetime(2026, 11, 23, tzinfo=UTC))
    zip_bag(tmp_path / "one" / "top", tmp_path / "later.zip", later, lambda _: None)
    assert (tmp_path / "later.zip").read_bytes() != files[0]


def test_pictures_are_stored_and_text_is_compressed(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    write_bag(folder, EDITION, {})
    zip_bag(folder, tmp_path / "top.zip", EDITION, lambda _: None)
    with zipfile.ZipFile(tmp_path / "top.zip") as package:
        assert package.getinfo("top/data/a.png").compress_type == zipfile.ZIP_STORED
        assert package.getinfo("top/data/b.txt").compress_size < 1000
        assert package.read("top/bag-info.txt").decode().splitlines()[0] == "Source-Organization: A Site"
        assert "Payload-Oxum: 104000.2" in package.read("top/bag-info.txt").decode()
