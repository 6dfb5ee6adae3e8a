"""An archive in parts: each within the size, a whole bag, and together every row once, with its files beside it."""

import csv
import hashlib
import io
import json
import random
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import pytest
import sqlalchemy as sa

from app.engine.build import Built, Order
from app.engine.choices import Choices
from app.engine.minisign import Signer
from app.engine.register import file, owned, subject
from app.extensions import prepare_sqlite
from tests.engine.conftest import make_archive, open_file, open_shop
from tests.engine.shop import make_schema
from tests.tools import find_tool, run_tool

SIZE = 2_000_000
PICTURES, PICTURE = 24, 300_000
MESSAGES = 12_000
MARKS = 10


def picture(number: int) -> bytes:
    return random.Random(number).randbytes(PICTURE)


def open_picture(store: str, name: str) -> BinaryIO:
    return io.BytesIO(picture(int(name))) if name.isdigit() else open_file(store, name)


@pytest.fixture(scope="module")
def schema() -> sa.MetaData:
    """The shop's, and a table whose rows lead to rows of a later part."""
    metadata = make_schema()
    sa.Table(
        "mark",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("message_id", sa.ForeignKey("message.id")),
        info=owned("message_id.sender_id"),
    )
    return metadata


@pytest.fixture(scope="module")
def engine(schema: sa.MetaData, tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:
    """The shop with so much more of Ann's that it needs several parts."""
    with open_shop(tmp_path_factory.mktemp("shop"), schema) as engine:
        add_more(engine, schema)
        yield engine


def add_more(engine: sa.Engine, schema: sa.MetaData) -> None:
    words = random.Random(1)
    messages = [
        {
            "id": 100 + n,
            "sender_id": 1,
            "recipient_id": 2,
            "body": words.randbytes(60).hex(),
            "reply_to_id": 99 + n if n else None,
        }
        for n in range(MESSAGES)
    ]
    photos = [{"id": 100 + n, "shelf": 1, "number": 1, "stored": str(n), "title": f"{n}.png"} for n in range(PICTURES)]
    with engine.begin() as connection:
        connection.execute(schema.tables["message"].insert(), messages)
        connection.execute(schema.tables["photo"].insert(), photos)
        marks = [{"id": n, "message_id": 100 + MESSAGES - n} for n in range(1, MARKS + 1)]
        connection.execute(schema.tables["mark"].insert(), marks)


def make(order: Order, engine: sa.Engine, schema: sa.MetaData, workspace: Path) -> Built:
    return make_archive(order, engine, schema, workspace, open_picture)


def read(built: Built) -> list[dict[str, bytes]]:
    """The members of each part below its top folder."""
    parts = []
    for part in built.parts:
        with zipfile.ZipFile(part.file) as package:
            tops = {name.partition("/")[0] for name in package.namelist()}
            assert len(tops) == 1
            parts.append(
                {name.partition("/")[2]: package.read(name) for name in package.namelist()} | {"": tops.pop().encode()}
            )
    return parts


def rows(parts: list[dict[str, bytes]], table: str) -> list[list[dict[str, Any]]]:
    return [json.loads(part.get(f"data/json/{table}.json", b"[]")) for part in parts]


@pytest.fixture(scope="module")
def divided(ann: Order, engine: sa.Engine, schema: sa.MetaData, tmp_path_factory: pytest.TempPathFactory) -> Built:
    return make(
        replace(ann, choices=Choices(part_size=SIZE)), engine, schema, tmp_path_factory.mktemp("parts") / "divided"
    )


@pytest.fixture(scope="module")
def parts(divided: Built) -> list[dict[str, bytes]]:
    return read(divided)


def test_no_part_is_larger_than_it_may_be(divided: Built) -> None:
    assert len(divided.parts) > 4
    assert all(part.size <= SIZE for part in divided.parts)
    assert all(part.size > SIZE / 2 for part in divided.parts[:-1])


def test_together_they_hold_what_one_file_holds(
    parts: list[dict[str, bytes]], ann: Order, engine: sa.Engine, schema: sa.MetaData, tmp_path: Path
) -> None:
    (whole,) = read(make(ann, engine, schema, tmp_path / "whole"))
    for table in ("person", "message", "mark", "photo", "album", "genre"):
        found = [row for part in rows(parts, table) for row in part]
        assert found == json.loads(whole[f"data/json/{table}.json"])
        in_csv = [
            row
            for part in parts
            for row in list(csv.reader(io.StringIO(part.get(f"data/csv/{table}.csv", b"").decode("utf-8-sig"))))[1:]
        ]
        assert in_csv == list(csv.reader(io.StringIO(whole[f"data/csv/{table}.csv"].decode("utf-8-sig"))))[1:]
    media = {name: part[name] for part in parts for name in part if name.startswith("data/media/")}
    assert media == {name: whole[name] for name in whole if name.startswith("data/media/")}


def test_a_row_and_its_files_lie_in_the_same_part(parts: list[dict[str, bytes]]) -> None:
    for part, photos in zip(parts, rows(parts, "photo"), strict=True):
        named = {f"data/{row['stored']}" for row in photos if row["stored"]}
        assert named == {name for name in part if name.startswith("data/media/")}
    assert sum(bool(photos) for photos in rows(parts, "photo")) > 2


def test_each_part_is_a_bag_and_says_which(parts: list[dict[str, bytes]], divided: Built) -> None:
    folders = [part[""].decode() for part in parts]
    assert folders == [folders[0], *(f"{folders[0]}-part{number}" for number in range(2, len(parts) + 1))]
    for number, part in enumerate(parts, 1):
        info = part["bag-info.txt"].decode()
        assert f"Bag-Group-Identifier: {folders[0]}\nBag-Count: {number} of {len(parts)}\n" in info
        for line in part["manifest-sha256.txt"].decode().splitlines():
            digest, _, name = line.partition("  ")
            assert hashlib.sha256(part[name]).hexdigest() == digest
        statement = json.loads(part["data/coverage.json"])
        assert statement["part"] == {"number": number, "of": len(parts), "folders": folders}
        assert part["index.html"].startswith(b"<!doctype html>")


def test_the_statements_add_up(parts: list[dict[str, bytes]]) -> None:
    statements = [json.loads(part["data/coverage.json"]) for part in parts]
    for lines in zip(*(statement["tables"] for statement in statements), strict=True):
        assert len({(line["table"], line["status"], line["rows"]) for line in lines}) == 1
        assert sum(line["rows_here"] for line in lines) == lines[0]["rows"]
        for line, part in zip(lines, parts, strict=True):
            assert ("json" in line) == (line["rows_here"] > 0) == (f"data/json/{line['table']}.json" in part)
    (message,) = [line for line in statements[0]["tables"] if line["table"] == "message"]
    assert message["rows"] == MESSAGES + 4


def test_foreign_keys_are_declared_where_they_can_be_followed(parts: list[dict[str, bytes]]) -> None:
    for part in parts:
        package = json.loads(part["data/datapackage.json"])
        here = {each["name"]: each for each in package["resources"]}
        for resource in here.values():
            keys = resource["schema"].get("foreignKeys", [])
            assert all((key["reference"]["resource"] or resource["name"]) in here for key in keys)
            assert resource["rows"] == len(json.loads(part[f"data/json/{resource['name']}.json"]))
    beyond = [
        key
        for part in parts
        for each in json.loads(part["data/datapackage.json"])["resources"]
        for key in each["schema"].get("foreignKeysBeyondThisPart", [])
    ]
    assert [key["reference"]["resource"] for key in beyond] == ["message"]


def test_each_chunk_of_the_report_lies_in_the_part_that_the_manifest_names(parts: list[dict[str, bytes]]) -> None:
    manifest = json.loads(parts[0]["viewer/manifest.js"].removeprefix(b"var ARCHIVE = ").rstrip(b";\n"))
    for table in manifest["tables"]:
        for number, part in enumerate(table["chunkParts"]):
            name = f"viewer/{table['file']}.{number:04}.js"
            assert [name in each for each in parts] == [at == part for at in range(1, len(parts) + 1)]


def test_the_same_snapshot_gives_the_same_parts(
    divided: Built, ann: Order, engine: sa.Engine, schema: sa.MetaData, tmp_path: Path
) -> None:
    """Where a part ends must not depend on how far the other thread is."""
    again = make(replace(ann, choices=Choices(part_size=SIZE)), engine, schema, tmp_path / "again")
    one, two = read(divided), read(again)
    for before, after in zip(one, two, strict=True):
        same = [name for name in before if name.startswith(("data/json/", "data/csv/", "data/media/"))]
        assert {name: before[name] for name in same} == {name: after[name] for name in same}


def test_a_row_larger_than_a_part_has_one_to_itself(
    ann: Order, engine: sa.Engine, schema: sa.MetaData, tmp_path: Path
) -> None:
    built = make(replace(ann, choices=Choices(part_size=PICTURE)), engine, schema, tmp_path / "tiny")
    photos = rows(read(built), "photo")
    assert sorted(row["id"] for part in photos for row in part) == [1, 3, 5, *range(100, 100 + PICTURES)]
    assert sum(len(part) == 1 for part in photos) >= PICTURES - 1


@pytest.mark.parametrize("size", [410_431, 410_553])
def test_a_part_that_is_all_but_full_parts_no_row_from_its_file(ann: Order, tmp_path: Path, size: int) -> None:
    """At these sizes the file still fitted, and then its row no longer did."""
    metadata = sa.MetaData()
    sa.Table("person", metadata, sa.Column("id", sa.Integer, primary_key=True), info=subject())
    sa.Table(
        "photo",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("person_id", sa.ForeignKey("person.id")),
        sa.Column("stored", sa.String(80), info=file("photos")),
        info=owned("person_id"),
    )
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'photos.sqlite'}")
    prepare_sqlite(engine)
    metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(metadata.tables["person"].insert(), [{"id": 1}])
        photos = [{"id": n, "person_id": 1, "stored": f"{n}.jpg"} for n in range(1, 41)]
        connection.execute(metadata.tables["photo"].insert(), photos)
    order = replace(ann, choices=Choices(part_size=size, formats=frozenset({"json"})))
    built = make_archive(
        order, engine, metadata, tmp_path / "parts", lambda _, name: io.BytesIO(random.Random(name).randbytes(20_000))
    )
    assert len(built.parts) > 2
    assert all(part.size <= size for part in built.parts)
    engine.dispose()


def test_json_alone_is_a_whole_archive(ann: Order, engine: sa.Engine, schema: sa.MetaData, tmp_path: Path) -> None:
    (part,) = read(make(replace(ann, choices=Choices(formats=frozenset({"json"}))), engine, schema, tmp_path / "json"))
    assert not [name for name in part if name.startswith(("viewer/", "data/csv/")) or name.endswith(".html")]
    assert {"README.txt", "data/coverage.json", "bagit.txt"} <= set(part)
    resources = json.loads(part["data/datapackage.json"])["resources"]
    assert {(each["path"][:5], each["format"]) for each in resources} == {("json/", "json")}


@pytest.mark.parametrize("formats", [("json", "csv", "report"), ("json",)])
def test_programs_of_others_accept_each_part(
    ann: Order, engine: sa.Engine, schema: sa.MetaData, tmp_path: Path, signer: Signer, formats: tuple[str, ...]
) -> None:
    built = make(
        replace(ann, choices=Choices(part_size=4 * SIZE, formats=frozenset(formats))),
        engine,
        schema,
        tmp_path / "parts",
    )
    key = tmp_path / "site.pub"
    key.write_text(signer.public_key)
    for part in built.parts:
        run_tool(find_tool("unzip"), "-q", part.file, "-d", tmp_path / "out")
    folders = sorted((tmp_path / "out").iterdir())
    assert len(folders) == len(built.parts) == 2
    for folder in folders:
        assert run_tool(find_tool("bagit.py"), "--validate", folder).returncode == 0
        assert run_tool(find_tool("sha256sum"), "-c", "manifest-sha256.txt", cwd=folder).returncode == 0
        assert run_tool(find_tool("minisign"), "-Vm", "tagmanifest-sha256.txt", "-p", key, cwd=folder).returncode == 0
        done = run_tool(find_tool("frictionless"), "validate", "data/datapackage.json", cwd=folder)
        assert done.returncode == 0, done.stdout


def test_a_key_that_leads_out_of_the_part_would_not_be_valid(parts: list[dict[str, bytes]], tmp_path: Path) -> None:
    """The control: declared as one that can be followed here, the same key is refused."""
    for name, content in parts[0].items():
        if name.startswith("data/"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(content)
    descriptor = tmp_path / "data" / "datapackage.json"
    descriptor.write_text(descriptor.read_text().replace("foreignKeysBeyondThisPart", "foreignKeys"))
    assert run_tool(find_tool("frictionless"), "validate", descriptor.name, cwd=descriptor.parent).returncode != 0
