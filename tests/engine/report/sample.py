"""A small archive folder as `engine.build` would leave it, for the tests of its report."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from app.engine.register import TableDeclaration
from app.engine.report import Report
from app.engine.shape import Coverage, Edition, Field, Gap, Reference, Row, Subject, TableShape

ANN = "0193a1b2-0000-7000-8000-a00000000000"
PLACES = ("Đà Lạt", "Hội An", "Zürich", "Łódź", "Ærø", "Kraków")
TEXT = (
    "Up betimes, and by water to the office. There all the morning; then home to dinner, where my wife had a "
    "good piece of beef. In the afternoon abroad, and so to bed."
)
VISIBILITIES = (("private", "Only you"), ("members", "Every member of this site"))


def make_edition(**values: Any) -> Edition:
    subject = {"id": ANN, "name": "Ann", "email": "ann@example.org", "locale": "en_GB", "time_zone": "Europe/London"}
    return Edition(
        site=values.pop("site", "Satchel"),
        reference="A1B2C3D4",
        snapshot_at=datetime(2026, 11, 19, 1, 51, tzinfo=UTC),
        subject=Subject(**{**subject, **values}),
    )


def declare(title: str, icon: str = "file-text", **facts: str) -> TableDeclaration:
    known = {
        "purpose": "Keeping your journal.",
        "retention": "Until you delete it.",
        "recipients": "Nobody, or the people you chose.",
        "source": "You.",
    }
    return TableDeclaration("owned", ("author_id",), title=title, icon=icon, **{**known, **facts})


ACCOUNT = TableShape(
    "user",
    replace(declare("Account", "user", purpose="Signing in."), kind="subject"),
    (
        Field("id", "Id", "id"),
        Field("email", "Email", "text"),
        Field("name", "Name", "text"),
        Field("created_at", "Created", "moment"),
    ),
    ("id",),
)
ENTRY = TableShape(
    "entry",
    declare("Entries", "notebook-pen"),
    (
        Field("id", "Id", "id"),
        Field("author_id", "Author", "id"),
        Field("date", "Date", "date"),
        Field("title", "Title", "text"),
        Field("body", "Body", "longtext"),
        Field("shared", "Shared", "flag"),
        Field("score", "Score", "number", number=True),
        Field("created_at", "Created", "moment"),
        Field("extra", "Extra", "json"),
        Field("visibility", "Visibility", "text", words=VISIBILITIES),
    ),
    ("id",),
    (Reference("author_id", "user", "id"),),
)
COMMENT = TableShape(
    "comment",
    declare("Comments", "message-square-text"),
    (
        Field("id", "Id", "id"),
        Field("entry_id", "Entry", "id"),
        Field("author_id", "Author", "id"),
        Field("body", "Body", "longtext"),
        Field("created_at", "Created", "moment"),
    ),
    ("id",),
    (Reference("entry_id", "entry", "id"), Reference("author_id", "user", "id")),
)
ATTACHMENT = TableShape(
    "attachment",
    declare("Pictures and files", "images"),
    (
        Field("id", "Id", "id"),
        Field("name", "Name", "text"),
        Field("size", "Size", "number"),
        Field("stored_name", "File", "file", alt="description"),
        Field("preview", "Preview", "bytes"),
        Field("created_at", "Created", "moment"),
        Field("entry_id", "Entry", "id"),
        Field("description", "Description", "text"),
    ),
    ("id",),
    (Reference("entry_id", "entry", "id"),),
)
LINK = TableShape(
    "entry_tag",
    declare("Tags of entries", "tags"),
    (Field("entry_id", "Entry", "id"), Field("tag_id", "Tag", "id")),
    ("entry_id", "tag_id"),
    (Reference("entry_id", "entry", "id"), Reference("tag_id", "tag", "id")),
)
TAG = TableShape("tag", declare("Tags", "tag"), (Field("id", "Id", "id"), Field("name", "Name", "text")), ("id",))


def make_id(number: int) -> str:
    return f"0193a1b2-0000-7000-8000-{number:012x}"


def make_entries(count: int) -> list[Row]:
    day, moment = date(1660, 1, 1), datetime(2026, 1, 1, 9, 0, tzinfo=UTC)
    return [
        (
            make_id(number),
            ANN,
            (day + timedelta(days=number)).isoformat() if number % 97 else None,
            f"Day {number} in {PLACES[number % len(PLACES)]}",
            f"{TEXT} Written in {PLACES[(number + 1) % len(PLACES)]}." * (1 + number % 3),
            number % 4 == 0,
            f"{10**17 + (number * 7919) % 5000}",
            (moment + timedelta(hours=number % 8000)).isoformat(),
            json.dumps({"mood": ["calm", "tired"][number % 2], "steps": number}) if number % 5 == 0 else None,
            ("private", "members", "unknown", None)[number % 4],
        )
        for number in range(1, count + 1)
    ]


def make_comments(count: int) -> list[Row]:
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    authors = (ANN, "Phil Gyford", "Grace", "User 3")
    return [
        (
            make_id(10**6 + number),
            make_id(number if number % 9 else 7),
            authors[number % 4],
            f"A remark on day {number}.\nSecond line.",
            (moment + timedelta(minutes=number)).isoformat(),
        )
        for number in range(1, count + 1)
    ]


ATTACHMENTS: tuple[Row, ...] = (
    (
        make_id(1),
        "Harbour at dusk.png",
        1234,
        "media/000001.png",
        "AAECAw==",
        "2026-02-01T10:00:00+00:00",
        make_id(5),
        "A sun over the sea",
    ),
    (make_id(2), "notes.txt", 12, "media/000002.txt", None, "2026-02-02T10:00:00+00:00", make_id(5), None),
    (make_id(3), "page.html", 55, "media/000003.html", None, "2026-02-03T10:00:00+00:00", make_id(6), None),
    (make_id(4), "lost.jpg", 99, None, None, "2026-02-04T10:00:00+00:00", make_id(6), None),
)
GAPS = (Gap("attachment", make_id(4), "lost.jpg", "The file is no longer on the disk."),)


def make_media(folder: Path) -> None:
    media = folder / "data" / "media"
    media.mkdir(parents=True)
    picture = Image.new("RGB", (640, 400), "#0b5f59")
    ImageDraw.Draw(picture).ellipse((400, 80, 520, 200), fill="#f1c069")
    picture.save(media / "000001.png")
    (media / "000002.txt").write_text("Some notes.\n", encoding="utf-8")
    (media / "000003.html").write_text("<h1>A page</h1>", encoding="utf-8")


def make_coverage(tables: Sequence[tuple[TableShape, Sequence[Row]]]) -> list[Coverage]:
    secret = (("password_hash", "A secret that never leaves the site."),)
    lines = [
        Coverage(
            shape.name,
            shape.declaration.title,
            "included" if rows else "empty",
            len(rows),
            "",
            secret if shape.name == "user" else (),
        )
        for shape, rows in tables
    ]
    pulse = Coverage("pulse", "", "excluded", 0, "Rows about the site's own machinery, about nobody.", ())
    return [*lines, pulse]


def write_report(
    folder: Path,
    tables: Sequence[tuple[TableShape, Sequence[Row]]],
    *,
    edition: Edition | None = None,
    coverage: Sequence[Coverage] | None = None,
    gaps: Sequence[Gap] = (),
    batch: int = 1000,
    data_formats: Sequence[str] = ("json", "csv"),
) -> Path:
    """Returns `folder`, which is made."""
    store = put_into([folder])
    report = Report(edition or make_edition(), lambda name, content: store(1, name, content))
    for shape, rows in tables:
        writer = report.table(shape)
        for start in range(0, len(rows), batch):
            writer.write(rows[start : start + batch])
        writer.flush()
    coverage = make_coverage(tables) if coverage is None else coverage
    for name, content in report.render(1, [folder.name], coverage, gaps, data_formats):
        store(1, name, content)
    return folder


def put_into(folders: Sequence[Path]) -> Callable[[int, str, bytes], None]:
    """Stores members as the engine would: `(part, name, content)`. Makes the folders."""
    for folder in folders:
        (folder / "viewer").mkdir(parents=True)

    def store(part: int, name: str, content: bytes) -> None:
        with (folders[part - 1] / name).open("xb") as member:
            member.write(content)

    return store


def write_parts(root: Path, tables: Sequence[tuple[TableShape, Sequence[Row]]], ends: Sequence[int]) -> list[Path]:
    """The folders of an archive in parts, side by side below `root`.

    `ends`: how many rows of the archive lie in the parts up to each but the last.
    """
    names = [f"satchel-2026-11-19-A1B2C3D4{f'-part{part}' if part > 1 else ''}" for part in range(1, len(ends) + 2)]
    store = put_into([root / name for name in names])
    report = Report(make_edition(), lambda name, content: store(report.part, name, content))
    seen = 0
    for shape, rows in tables:
        table = report.table(shape)
        for row in rows:
            if report.part <= len(ends) and seen == ends[report.part - 1]:
                table.flush()
                report.part += 1
            table.write([row])
            seen += 1
        table.flush()
    for part in range(1, len(names) + 1):
        for name, content in report.render(part, names, make_coverage(tables), GAPS, ("json", "csv")):
            store(part, name, content)
    return [root / name for name in names]


def list_tables(entries: int, comments: int) -> list[tuple[TableShape, Sequence[Row]]]:
    """Ann's journal: pictures, a gap, an empty table, and more entries than one chunk holds."""
    return [
        (ACCOUNT, [(ANN, "ann@example.org", "Ann", "2025-12-31T23:30:00+00:00")]),
        (ENTRY, make_entries(entries)),
        (COMMENT, make_comments(comments)),
        (ATTACHMENT, ATTACHMENTS),
        (LINK, [(make_id(number), make_id(number % 7)) for number in range(30)]),
        (TAG, [(make_id(number), f"{PLACES[number % 6]} {number}") for number in range(7)]),
        (TableShape("sign_in", declare("Sign-ins", "key-round"), (Field("id", "Id", "id"),), ("id",)), []),
    ]


def write_sample(folder: Path, entries: int = 5000, comments: int = 120) -> Path:
    write_report(folder, list_tables(entries, comments), gaps=GAPS)
    make_media(folder)
    return folder


def write_sample_parts(root: Path) -> list[Path]:
    """Ann's journal in three parts: 1,000 of its 2,600 entries in each of the first two, all else in the third."""
    folders = write_parts(root, list_tables(2600, 120), (1001, 2001))
    make_media(folders[2])
    return folders
