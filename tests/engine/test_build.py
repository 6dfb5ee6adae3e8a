"""Ann's archive of the shop: the right rows, no others, the same in every format, and everything accounted for."""

import csv
import hashlib
import io
import json
import os
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app.engine.build import Built, Order, build_archive
from app.engine.graph import build_graph
from app.engine.register import excluded, owned
from app.engine.writers.to_csv import unescape_formula
from app.words import languages
from tests.engine import making
from tests.engine.conftest import make_archive, open_file
from tests.engine.forging import unpack
from tests.programs import PYTHON, ROOT


@pytest.fixture
def read(build: Built) -> Callable[[str], bytes]:
    package = zipfile.ZipFile(build.parts[0].file)
    top = package.namelist()[0].partition("/")[0]
    return lambda name: package.read(f"{top}/{name}")


def rows(read: Callable[[str], bytes], table: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(read(f"data/json/{table}.json"))
    return found


def test_every_path_is_followed_and_each_row_is_there_once(read: Callable[[str], bytes]) -> None:
    messages = rows(read, "message")
    assert [(row["id"], row["roles"]) for row in messages] == [
        (1, "sender"),
        (2, "recipient"),
        (4, "recipient"),
        (5, "sender, recipient"),
    ]
    assert [row["id"] for row in rows(read, "photo")] == [1, 3, 5]
    assert [(row["shelf"], row["number"]) for row in rows(read, "album")] == [(1, 1), (2, 1)]


def test_reference_rows_come_as_far_as_they_are_referred_to(read: Callable[[str], bytes]) -> None:
    assert [row["name"] for row in rows(read, "genre")] == ["Sea"]


def test_other_people_are_named_the_same_throughout(read: Callable[[str], bytes]) -> None:
    messages = rows(read, "message")
    assert [row["sender_id"] for row in messages] == [1, "Bob", "Bob (2)", 1]
    assert [row["recipient_id"] for row in messages] == ["Person 1", 1, 1, 1]
    assert [row["reply_to_id"] for row in messages] == [None, 1, "Message 1", None]


def test_secrets_and_internal_columns_stay(build: Built, read: Callable[[str], bytes]) -> None:
    with zipfile.ZipFile(build.parts[0].file) as package:
        assert not any(b"CANARY" in package.read(name) for name in package.namelist())
    assert "spam_score" not in rows(read, "message")[0]
    coverage = {table["table"]: table for table in json.loads(read("data/coverage.json"))["tables"]}
    assert coverage["message"]["left_out"] == [{"column": "spam_score", "reason": "Used against spam."}]
    assert coverage["person"]["left_out"][0]["column"] == "password_hash"


def test_every_table_of_the_database_is_accounted_for(schema: sa.MetaData, read: Callable[[str], bytes]) -> None:
    coverage = {table["table"]: table for table in json.loads(read("data/coverage.json"))["tables"]}
    assert coverage.keys() == schema.tables.keys()
    assert {name: table["rows"] for name, table in coverage.items()} == {
        "person": 1,
        "message": 4,
        "album": 2,
        "photo": 3,
        "genre": 1,
        "setting": 0,
    }
    assert coverage["setting"]["reason"] == "About the shop, not about people."


def test_a_table_of_another_database_is_listed(
    ann: Order, engine: sa.Engine, schema: sa.MetaData, tmp_path: Path
) -> None:
    """Although it is called as one of the people's database, which is included."""
    letters = sa.MetaData()
    sa.Table("message", letters, info=excluded("Ask the post office."))
    graph = build_graph(schema, {"letters": letters})
    built = build_archive(
        ann, engine=engine, graph=graph, open_file=open_file, workspace=tmp_path, tell=lambda _step, _done: None
    )
    statement = json.loads(unpack(built.parts[0].file)["data/coverage.json"])
    coverage = {table["table"]: table for table in statement["tables"]}
    assert (coverage["letters:message"]["status"], coverage["message"]["rows"]) == ("excluded", 4)
    assert coverage["letters:message"]["reason"] == "Ask the post office."


def test_files_come_along_and_a_lost_one_is_a_gap(build: Built, read: Callable[[str], bytes]) -> None:
    assert [row["stored"] for row in rows(read, "photo")] == ["media/000001.png", None, "media/000002.html.txt"]
    assert read("data/media/000001.png") == b"\x89PNG waves"
    assert build.gaps == 1
    gaps = json.loads(read("data/coverage.json"))["gaps"]
    assert gaps == [{"table": "photo", "row": "3", "name": "lost.jpg", "reason": "The file is missing."}]


def test_programs_can_tell_which_columns_name_files(read: Callable[[str], bytes]) -> None:
    resources = json.loads(read("data/datapackage.json"))["resources"]
    fields = {(each["name"], field["name"]): field for each in resources for field in each["schema"]["fields"]}
    marked = [key for key, field in fields.items() if field.get("rdfType") == "https://schema.org/MediaObject"]
    assert marked == [("photo", "stored")]


def test_the_data_package_speaks_to_people_in_their_language(
    ann: Order, engine: sa.Engine, schema: sa.MetaData, tmp_path: Path
) -> None:
    """Names, types and all of coverage.json are for programs, and the same in every language."""
    schema.tables["message"].info["satchel"] = owned("sender_id", "recipient_id", title="Comments")["satchel"]
    found = {}
    for language in ("en", "vi"):
        order = replace(ann, translations=languages.translations_of(language))
        built = make_archive(order, engine, schema, tmp_path / language)
        found[language] = unpack(built.parts[0].file)
    packages = {language: json.loads(members["data/datapackage.json"]) for language, members in found.items()}
    assert packages["vi"]["title"] == "Dữ liệu cá nhân của một người, từ The Shop"
    titles = {language: [each["title"] for each in package["resources"]] for language, package in packages.items()}
    assert ("Comments" in titles["en"], "Bình luận" in titles["vi"]) == (True, True)
    assert without_words(packages["en"]) == without_words(packages["vi"])
    for name in ("data/coverage.json", "data/json/message.json", "data/csv/message.csv"):
        assert found["en"][name].partition(b'"tables"')[2] == found["vi"][name].partition(b'"tables"')[2]


def without_words(described: Any) -> Any:
    if isinstance(described, list):
        return [without_words(each) for each in described]
    if not isinstance(described, dict):
        return described
    told = {"title", "description", "label", "created", "hash"}
    return {key: without_words(value) for key, value in described.items() if key not in told}


@pytest.mark.parametrize("table", ["person", "message", "album", "photo", "genre"])
def test_json_and_csv_say_the_same(read: Callable[[str], bytes], table: str) -> None:
    as_json = rows(read, table)
    text = read(f"data/csv/{table}.csv").decode("utf-8-sig")
    as_csv = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [{key: unescape_formula(cell) for key, cell in row.items()} for row in as_csv] == [
        {key: "" if value is None else str(value) for key, value in row.items()} for row in as_json
    ]


def test_the_sums_are_those_of_the_file(build: Built) -> None:
    content = build.parts[0].file.read_bytes()
    (part,) = build.parts
    assert (part.size, part.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert build.size == part.size
    assert build.rows == 1 + 4 + 2 + 3 + 1


def test_the_same_snapshot_gives_the_same_bytes(engine: sa.Engine, tmp_path: Path) -> None:
    """Report and signature among them, also in a process that has its sets in another order."""
    url, moment, folders = str(engine.url), "2026-11-22T09:14:30+00:00", [tmp_path / name for name in "abc"]
    making.main(url, moment, str(folders[0]))
    command = (*PYTHON, "tests.engine.making", url, moment, str(folders[1]))
    subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": "1"}, check=True)
    making.main(url, "2026-11-22T09:14:32+00:00", str(folders[2]))
    here, there, later = ((folder / "1.zip").read_bytes() for folder in folders)
    assert here == there
    assert here != later


def test_json_is_an_array_with_one_row_a_line(read: Callable[[str], bytes]) -> None:
    lines = read("data/json/message.json").decode().splitlines()
    assert (lines[0], lines[-1], len(lines)) == ("[", "]", 6)
    assert json.loads(lines[1].rstrip(","))["id"] == 1


def test_progress_only_goes_up(engine: sa.Engine, schema: sa.MetaData, ann: Order, tmp_path: Path) -> None:
    told: list[tuple[str, int]] = []
    build_archive(
        ann,
        engine=engine,
        graph=build_graph(schema),
        open_file=open_file,
        workspace=tmp_path,
        tell=lambda step, done: told.append((step, done)),
    )
    amounts = [done for _, done in told]
    assert amounts == sorted(amounts)
    assert amounts[0] == 0
    assert 980 <= amounts[-1] <= 990
    assert {step for step, _ in told} >= {"Account", "Messages", "Photos", "packing", "checking"}


def test_what_tell_raises_stops_the_build(
    build: Built, engine: sa.Engine, schema: sa.MetaData, ann: Order, tmp_path: Path
) -> None:
    """What was begun is no archive. The control: the same file of a build that was not stopped is one."""

    def stop(_step: str, done: int) -> None:
        if done > 300:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_archive(
            ann, engine=engine, graph=build_graph(schema), open_file=open_file, workspace=tmp_path, tell=stop
        )
    whole = build.parts[0].file
    assert [zipfile.is_zipfile(path) for path in (whole, tmp_path / whole.name)] == [True, False]
