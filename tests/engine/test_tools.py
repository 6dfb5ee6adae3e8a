"""Programs that nobody here wrote accept the archive, and each of them refuses one that was tampered with."""

import csv
import io
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.engine.build import Built, Order
from app.engine.minisign import Signer
from app.engine.shape import Subject
from app.extensions import prepare_sqlite
from tests.engine.conftest import make_archive
from tests.engine.forging import Members, unpack
from tests.engine.odd import ANN, TEXTS, fill_types, make_types
from tests.tools import find_python, find_tool, run_tool


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory, signer: Signer) -> Iterator[Built]:
    """An archive of every kind of column."""
    folder = tmp_path_factory.mktemp("odd")
    engine, schema = sa.create_engine(f"sqlite:///{folder / 'odd.sqlite'}"), make_types()
    prepare_sqlite(engine)
    fill_types(engine, schema)
    order = Order("The Shop", "0DD0DD00", Subject(str(ANN), "Ann", "", "en", "UTC"), signer)
    yield make_archive(order, engine, schema, folder / "odd")
    engine.dispose()


@pytest.fixture(params=["build", "odd"])
def archive(request: pytest.FixtureRequest) -> Built:
    found: Built = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def folder(archive: Built, tmp_path: Path) -> Path:
    """The archive, unpacked by Info-ZIP."""
    assert run_tool(find_tool("unzip"), "-q", archive.parts[0].file, "-d", tmp_path / "out").returncode == 0
    (top,) = (tmp_path / "out").iterdir()
    return top


def change(path: Path) -> None:
    """One byte in the middle."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("names", "arguments"), [(["unzip"], ["-t"]), (["7z", "7zz"], ["t"]), (["bsdtar"], ["-x", "-O", "-f"])]
)
def test_unpackers(archive: Built, tmp_path: Path, names: list[str], arguments: list[str]) -> None:
    command = [find_tool(*names), *arguments]
    assert run_tool(*command, archive.parts[0].file).returncode == 0
    damaged = tmp_path / "damaged.zip"
    content = bytearray(archive.parts[0].file.read_bytes())
    start = content.index(b"PK\3\4", 100)
    content[start - 20] ^= 0xFF  # in the first member's content
    damaged.write_bytes(content)
    assert run_tool(*command, damaged).returncode != 0


def test_sha256sum(folder: Path) -> None:
    for manifest in ("manifest-sha256.txt", "tagmanifest-sha256.txt"):
        command = ["sha256sum", "--quiet", "--strict", "-c", manifest]
        assert run_tool(*command, cwd=folder).returncode == 0
    change(folder / "bag-info.txt")
    assert run_tool(*command, cwd=folder).returncode != 0


def test_bagit(folder: Path) -> None:
    command = [find_tool("bagit.py"), "--validate", str(folder)]
    done = run_tool(*command)
    assert done.returncode == 0, done.stderr
    change(folder / "data" / "csv" / "person.csv")
    assert run_tool(*command).returncode != 0


def test_frictionless(folder: Path) -> None:
    command = [find_tool("frictionless"), "validate", "data/datapackage.json"]
    done = run_tool(*command, cwd=folder)
    assert done.returncode == 0, done.stdout
    change(folder / "data" / "csv" / "person.csv")
    assert run_tool(*command, cwd=folder).returncode != 0


def test_codes_come_with_their_words(odd: Built) -> None:
    """In CSV as they stand there."""
    moods = {name: find_categories(unpack(odd.parts[0].file), name) for name in ("mood", "text")}
    assert moods == {
        "mood": [{"value": "calm", "label": "Calm"}, {"value": "'=stormy", "label": "Stormy"}],
        "text": None,
    }


def find_categories(members: Members, column: str) -> object:
    package = json.loads(members["data/datapackage.json"])
    fields = [field for each in package["resources"] for field in each["schema"]["fields"] if field["name"] == column]
    return fields[0].get("categories")


def test_frictionless_reads_types_and_follows_keys(build: Built, tmp_path: Path) -> None:
    """The control for the descriptor: with other types or targets, the same rows are refused."""
    run_tool(find_tool("unzip"), "-q", build.parts[0].file, "-d", tmp_path / "out")
    (descriptor,) = (tmp_path / "out").glob("*/data/datapackage.json")
    package = json.loads(descriptor.read_text())
    album, genre = (next(each for each in package["resources"] if each["name"] == name) for name in ("album", "genre"))
    assert {"fields": ["genre_id"], "reference": {"resource": "genre", "fields": ["id"]}} in album["schema"][
        "foreignKeys"
    ]
    genre["schema"]["fields"][1]["type"] = "integer"
    (descriptor.parent / "csv" / "person.csv").write_text('"id","name"\r\n"7","Ann"\r\n')
    descriptor.write_text(json.dumps(package))
    done = run_tool(find_tool("frictionless"), "validate", "--json", descriptor.name, cwd=descriptor.parent)
    kinds = {error["type"] for task in json.loads(done.stdout)["tasks"] for error in task["errors"]}
    assert {"type-error", "foreign-key", "hash-count", "byte-count"} <= kinds


def test_minisign(folder: Path, signer: Signer, tmp_path: Path) -> None:
    key = tmp_path / "site.pub"
    key.write_text(signer.public_key)
    command = [find_tool("minisign"), "-V", "-m", str(folder / "tagmanifest-sha256.txt"), "-p", str(key)]
    done = run_tool(*command)
    assert done.returncode == 0, done.stderr
    assert "Trusted comment: archive " in done.stdout
    key.write_text(Signer(bytes(32)).public_key)
    assert run_tool(*command).returncode != 0
    key.write_text(signer.public_key)
    change(folder / "tagmanifest-sha256.txt")
    assert run_tool(*command).returncode != 0


def test_minisign_guards_the_comment(folder: Path, signer: Signer, tmp_path: Path) -> None:
    signature = folder / "tagmanifest-sha256.txt.minisig"
    signature.write_text(signature.read_text().replace("read at 2", "read at 1"))
    key = tmp_path / "site.pub"
    key.write_text(signer.public_key)
    assert run_tool(find_tool("minisign"), "-V", "-m", signature.with_suffix(""), "-p", key).returncode != 0


def rows(folder: Path) -> dict[str, int]:
    tables = json.loads((folder / "data" / "coverage.json").read_text())["tables"]
    return {table["csv"]: table["rows"] for table in tables if table["status"] == "included"}


def test_jq(folder: Path) -> None:
    for path, count in rows(folder).items():
        content = (folder / "data" / path.replace("csv", "json")).read_text()
        assert run_tool(find_tool("jq"), "length", given=content).stdout == f"{count}\n"
    assert run_tool(find_tool("jq"), "length", given=content[:-4]).returncode != 0


def test_sqlite_import(folder: Path, tmp_path: Path) -> None:
    for number, (path, count) in enumerate(rows(folder).items()):
        statements = f'.mode csv\n.import "{folder / "data" / path}" t{number}\nSELECT count(*) FROM t{number};\n'
        done = run_tool(find_tool("sqlite3"), tmp_path / "imported.sqlite", given=statements)
        assert (done.stdout, done.stderr) == (f"{count}\r\n", "") or done.stdout.strip() == str(count), done.stderr
    with sqlite3.connect(tmp_path / "imported.sqlite") as database:
        first = next(database.execute("PRAGMA table_info(t0)"))
        assert first[1].removeprefix("\ufeff") == "id"
    database.close()


PANDAS = """
import json, sys, pandas
table = pandas.read_csv(sys.argv[1], dtype=str, keep_default_na=False)
print(json.dumps({"columns": list(table.columns), "rows": table.values.tolist()}))
"""


def test_pandas(folder: Path) -> None:
    for path in rows(folder):
        done = run_tool(find_python(), "-c", PANDAS, folder / "data" / path)
        found = json.loads(done.stdout)
        text = (folder / "data" / path).read_bytes().decode("utf-8-sig")
        header, *ours = csv.reader(io.StringIO(text, newline=""))
        assert (found["columns"], found["rows"]) == (header, ours)


def test_texts_come_out_of_pandas_as_they_went_in(odd: Built, tmp_path: Path) -> None:
    run_tool(find_tool("unzip"), "-q", odd.parts[0].file, "-d", tmp_path / "out")
    (path,) = (tmp_path / "out").glob("*/data/csv/=4f*.csv")
    found = json.loads(run_tool(find_python(), "-c", PANDAS, path).stdout)
    assert [row[-1].removeprefix("'") for row in found["rows"]] == list(TEXTS)
