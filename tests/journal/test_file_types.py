"""A file is kept under a name that says what it is, and no other."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import select

from app.extensions import db
from app.journal import file_types
from app.journal.attachments import Refusal, Upload, UploadRefusedError, stored
from app.journal.file_types import TYPES, fits, recognise
from app.models import Attachment, User
from tests.web.conftest import PNG

EXE = b"MZ\x90\x00\x03\x00\x00\x00" + bytes(120)


def picture(kind: str) -> bytes:
    with io.BytesIO() as file:
        Image.new("RGB", (16, 16), "teal").save(file, kind)
        return file.getvalue()


def packed(*names: str, first: str = "") -> bytes:
    with io.BytesIO() as file:
        with zipfile.ZipFile(file, "w") as package:
            if first:
                package.writestr("mimetype", first)
            for name in names:
                package.writestr(name, "x")
        return file.getvalue()


OPEN = "application/vnd.oasis.opendocument"
SAMPLES: dict[str, bytes] = {
    **{ending: picture(ending) for ending in ("png", "gif", "webp", "bmp", "tiff", "ico")},
    "jpg": picture("jpeg"),
    "heic": b"\0\0\0\x18ftypheic" + bytes(20),
    "mp3": b"ID3\x03\0" + bytes(20),
    "wav": b"RIFF\x24\0\0\0WAVEfmt " + bytes(20),
    "ogg": b"OggS\0\x02" + bytes(20),
    "flac": b"fLaC\0" + bytes(20),
    "mp4": b"\0\0\0\x18ftypisom" + bytes(20),
    "mov": b"\0\0\0\x14ftypqt  " + bytes(20),
    "webm": b"\x1a\x45\xdf\xa3\x9f" + bytes(20),
    "avi": b"RIFF\x24\0\0\0AVI LIST" + bytes(20),
    "pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
    "rtf": rb"{\rtf1\ansi Hello}",
    "doc": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(20),
    "docx": packed("[Content_Types].xml", "word/document.xml"),
    "xlsx": packed("[Content_Types].xml", "xl/workbook.xml"),
    "pptx": packed("[Content_Types].xml", "ppt/presentation.xml"),
    "odt": packed("content.xml", first=f"{OPEN}.text"),
    "ods": packed("content.xml", first=f"{OPEN}.spreadsheet"),
    "epub": packed("META-INF/container.xml", first="application/epub+zip"),
    "zip": packed("notes.txt"),
    "gz": b"\x1f\x8b\x08\0" + bytes(20),
    "7z": b"7z\xbc\xaf\x27\x1c\0\4" + bytes(20),
    "txt": "Chào buổi sáng\r\n".encode(),
    "exe": EXE,
}
"""Of each kind, a file that begins as all of them do."""
ALSO = {
    ("docx", "zip"), ("xlsx", "zip"), ("pptx", "zip"), ("odt", "zip"), ("ods", "zip"), ("epub", "zip"),
    ("mp4", "mov"), ("mov", "mp4"),
}  # fmt: skip
"""What each of the first is as well."""


@pytest.fixture
def keep(tmp_path: Path) -> Callable[[bytes], Path]:
    def keep(content: bytes) -> Path:
        path = tmp_path / "draft"
        path.write_bytes(content)
        return path

    return keep


@pytest.mark.parametrize("kind", SAMPLES)
def test_each_kind_is_itself_and_no_other(keep: Callable[[bytes], Path], kind: str) -> None:
    file = keep(SAMPLES[kind])
    assert {ending for ending in SAMPLES if fits(ending, file)} == {kind} | {so for of, so in ALSO if of == kind}
    found = recognise(file)
    assert found == kind or {found, kind} in ({"tif", "tiff"}, {"mp4", "mov"}, {"mkv", "webm"})


def test_programs_are_not_accepted() -> None:
    assert {"jpg", "jpeg", "heic", "mp3", "mp4", "pdf", "doc", "docx", "odt", "csv", "json", "md", "zip"} <= TYPES
    assert not {"exe", "dll", "html", "svg", "js", "docm", "bat", "sh", "lnk", "jar", "apk", "", "bin"} & TYPES
    assert all(ending.islower() or ending.isdigit() for ending in TYPES)


@pytest.mark.parametrize(
    ("content", "is_text"),
    [
        ("Đi chợ".encode("utf-8-sig"), True),
        ("Đi chợ".encode("utf-16"), True),
        ("Straße".encode("cp1252"), True),  # as Excel writes a CSV file in many places
        (b"a\tb\r\nc\x0c", True),
        (b'{"a": "ID3 tags begin so"}', True),
        (b"text\0", False),
        (b"x" * 200_000 + b"\1", False),
        ("a\0b".encode("utf-16"), False),
        (b"\xff\xfe\x00\xd8", False),  # half a pair
        (b"\xff\xfea", False),  # half a character
        (b"%PDF-1.7 all in ASCII", False),
        (b"  %PDF-1.7", False),
    ],
)
def test_texts_hold_text(keep: Callable[[bytes], Path], content: bytes, is_text: bool) -> None:
    file = keep(content)
    assert [fits(ending, file) for ending in ("txt", "csv", "json")] == [is_text] * 3


def test_a_hostile_package_costs_little(keep: Callable[[bytes], Path]) -> None:
    """Many beginnings of members without an end; the control: one that is whole is found behind them."""
    hostile = b"PK\x03\x04" + b"PK\x01\x02" * 1_000_000
    assert not fits("docx", keep(hostile))
    assert fits("docx", keep(hostile + bytes(60) + b"PK\x01\x02" + bytes(42) + b"word/document.xml"))


def store(name: str, content: bytes, *, any_type: bool = False) -> None:
    with stored([Upload(name, io.BytesIO(content))], any_type=any_type):
        pass


@pytest.mark.parametrize(
    ("name", "content", "refusal", "found"),
    [
        ("sea.jpg", EXE, Refusal.DISGUISED, "exe"),
        ("sea.jpg", PNG, Refusal.WRONG_ENDING, "png"),
        ("sea.jpg", b"\x01\x02\x03", Refusal.STRANGE, ""),
        ("sea.jpg", b"A note", Refusal.WRONG_ENDING, "txt"),
        ("setup.exe", EXE, Refusal.NOT_ACCEPTED, ""),
        ("sea.jpg.exe", PNG, Refusal.NOT_ACCEPTED, ""),
        ("sea.jpg.", PNG, Refusal.NO_ENDING, ""),
        ("README", b"A note", Refusal.NO_ENDING, ""),
        (".png", PNG, Refusal.NO_ENDING, ""),
        ("sea\u202egnp.exe", PNG, Refusal.NOT_ACCEPTED, ""),
        ("page.html", b"<script>", Refusal.NOT_ACCEPTED, ""),
        ("letter.docx", packed("notes.txt"), Refusal.WRONG_ENDING, "zip"),
        ("letter.pdf", b"\xff\xd8\xff\xe0%PDF-1.7", Refusal.WRONG_ENDING, "jpg"),
    ],
)
def test_what_is_refused(app: Flask, name: str, content: bytes, refusal: Refusal, found: str) -> None:
    """The control: without the check it would be kept."""
    with pytest.raises(UploadRefusedError) as refused:
        store(name, content)
    assert (refused.value.refusal, refused.value.found) == (refusal, found)
    assert list(Path(app.config["UPLOAD_DIR"]).iterdir()) == []
    store(name, content, any_type=True)
    assert len(list(Path(app.config["UPLOAD_DIR"]).iterdir())) == 1


@pytest.mark.parametrize("name", ["sea.PNG", "a.b.png", "đêm.Png"])
def test_endings_are_of_any_case(app: Flask, name: str) -> None:
    store(name, PNG)
    assert len(list(Path(app.config["UPLOAD_DIR"]).iterdir())) == 1


def test_an_operator_adds_endings(app: Flask) -> None:
    """Of a kind that is known here the bytes count all the same; of others nobody can tell."""
    app.config["UPLOAD_MORE_TYPES"] = ["exe", "dat"]
    for name, content in (("setup.exe", EXE), ("film.dat", EXE), ("sea.png", PNG)):
        store(name, content)
    with pytest.raises(UploadRefusedError, match=r"would have to end in \.png"):
        store("setup.exe", PNG)
    app.config["UPLOAD_TYPES"] = ["pdf"]
    with pytest.raises(UploadRefusedError):
        store("sea.png", PNG)


def test_a_journal_from_elsewhere(app: Flask, ann: User, tmp_path: Path) -> None:
    """Its files are checked too, unless the operator says otherwise."""
    (tmp_path / "boat.jpg").write_bytes(PNG)
    journal = tmp_path / "journal.jsonl"
    journal.write_text('{"title": "Day", "files": ["boat.jpg"]}\n')
    command = ["journal", "import", str(journal), "--user", ann.email or "", "--media", str(tmp_path)]
    refused = app.test_cli_runner().invoke(args=command)
    assert refused.exit_code == 1
    assert "end in .png. Rename it, or import with --any-type. Nothing was imported." in refused.output
    assert app.test_cli_runner().invoke(args=[*command, "--any-type"]).exit_code == 0
    assert db.session.scalars(select(Attachment.name)).all() == ["boat.jpg"]


def test_what_the_tables_name_is_spelled_as_it_is_looked_for() -> None:
    assert all(file_types.find_ending(f"x.{ending}") == ending for ending in TYPES)
