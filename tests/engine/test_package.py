"""The file is the same for the same snapshot, other programs open it, and any change to it is noticed."""

import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.engine.build import Built
from app.engine.package import write_bag, zip_bag
from app.engine.shape import Edition, Subject
from app.engine.verify import Expected, VerificationError, verify_archive

Members = dict[str, bytes]


def test_it_passes_its_own_verification(build: Built) -> None:
    verify_archive(build.file, Expected("1"))


def test_another_persons_archive_is_refused(build: Built) -> None:
    with pytest.raises(VerificationError, match="not about this person"):
        verify_archive(build.file, Expected("2"))


@pytest.mark.skipif(not Path("/usr/bin/unzip").exists(), reason="unzip is not installed")
def test_unzip_and_sha256sum_agree(build: Built, tmp_path: Path) -> None:
    subprocess.run(["unzip", "-q", str(build.file), "-d", str(tmp_path / "out")], check=True)
    (top,) = (tmp_path / "out").iterdir()
    for manifest in ("manifest-sha256.txt", "tagmanifest-sha256.txt"):
        subprocess.run(["sha256sum", "--quiet", "-c", manifest], cwd=top, check=True)


def _first(members: Members, ending: str) -> str:
    return next(name for name in members if name.endswith(ending))


def _flip(members: Members) -> None:
    name = _first(members, "message.json")
    members[name] = members[name].replace(b"to Bob", b"to Rob")


def _drop(members: Members) -> None:
    del members[_first(members, "photo.csv")]


def _add(members: Members) -> None:
    members[_first(members, "index.html").replace("index", "extra")] = b"x"


def _second_folder(members: Members) -> None:
    members["elsewhere/file"] = b"x"


def _climb(members: Members) -> None:
    members[_first(members, "index.html").replace("index.html", "../outside")] = b"x"


def _double(members: Members) -> None:
    members[_first(members, "index.html").replace("index", "INDEX")] = b"x"


@pytest.mark.parametrize(
    ("tamper", "complaint"),
    [
        (_flip, "checksum differs"),
        (_drop, "cannot be read"),
        (_add, "no manifest lists"),
        (_second_folder, "one top folder"),
        (_climb, "unsafe member name"),
        (_double, "same name"),
    ],
)
def test_a_changed_file_is_refused(
    build: Built, tmp_path: Path, tamper: Callable[[Members], None], complaint: str
) -> None:
    with zipfile.ZipFile(build.file) as package:
        members = {name: package.read(name) for name in package.namelist()}
    tamper(members)
    changed = tmp_path / "changed.zip"
    with zipfile.ZipFile(changed, "x") as package:
        for name, content in members.items():
            package.writestr(name, content)
    with pytest.raises(VerificationError, match=complaint):
        verify_archive(changed, Expected("1"))


def test_a_lost_row_is_noticed_although_every_checksum_fits(build: Built, tmp_path: Path) -> None:
    """A writer that drops a row checksums what it wrote; only the count in the snapshot knows better."""
    with zipfile.ZipFile(build.file) as package:
        package.extractall(tmp_path)
    (folder,) = (path for path in tmp_path.glob("satchel-*") if path.is_dir())
    rows = folder / "data" / "json" / "message.json"
    rows.write_text(rows.read_text().replace(',\n{"id":5', '\n]\n{"id":5', 1).partition("]\n")[0] + "]\n")
    for manifest in folder.glob("*manifest-sha256.txt"):
        manifest.unlink()
    write_bag(folder, EDITION, {})
    zip_bag(folder, tmp_path / "changed.zip", EDITION, lambda _: None)
    with pytest.raises(VerificationError, match="message: 4 rows in the database, 3 in JSON, 4 in CSV"):
        verify_archive(tmp_path / "changed.zip", Expected("1"))


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
