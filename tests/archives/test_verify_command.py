"""`flask archives verify` says what was checked and what is wrong, and ends with 1 where something is."""

import json
import zipfile
from pathlib import Path

import pytest
from flask import Flask

from app.archives import keys, making
from app.engine.minisign import Signer
from app.models import User
from tests.archives.conftest import load, paths_of
from tests.engine.forging import divide, pack, seal, unpack


@pytest.fixture
def settings(sqlite_settings: dict[str, object]) -> dict[str, object]:
    return sqlite_settings


@pytest.fixture
def archive(app: Flask, ann: User, waiting: str) -> Path:
    making.generate(ann.id)
    return paths_of(load(waiting))[0]


def run(app: Flask, *arguments: str | Path) -> tuple[int, str]:
    result = app.test_cli_runner().invoke(args=["archives", "verify", *map(str, arguments)])
    return result.exit_code, result.output


def test_our_own(app: Flask, ann: User, archive: Path) -> None:
    code, output = run(app, archive, "--person", ann.id)
    assert code == 0, output
    assert output.count("ok     ") == 8
    assert "is whole" in output
    assert app.config["SIGNING_KEY"] not in output


def test_with_a_key_from_elsewhere(app: Flask, archive: Path, tmp_path: Path) -> None:
    path = tmp_path / "site.pub"
    path.write_text(keys.public_key())
    for given in (path, keys.public_key(), keys.public_key().splitlines()[1]):
        assert run(app, archive, "--public-key", given)[0] == 0
    path.write_text(Signer(bytes(32)).public_key)
    code, output = run(app, archive, "--public-key", path)
    assert code == 1
    assert "which is not known here" in output
    code, output = run(app, archive, "--public-key", tmp_path / "nothing.pub")
    assert code == 1
    assert "WRONG  the public key is malformed" in output
    path.write_bytes(b"\xff")
    assert "cannot be read as a key file" in run(app, archive, "--public-key", path)[1]


def test_what_is_wrong(app: Flask, bob: User, archive: Path, tmp_path: Path) -> None:
    code, output = run(app, archive, "--person", bob.id)
    assert (code, output.count("ok     ")) == (1, 7)
    assert "WRONG  the archive is not about this person" in output
    assert "must not be trusted" in output
    with zipfile.ZipFile(tmp_path / "escape.zip", "w") as package:
        package.writestr("top/\x1b[2J", b"")
    code, output = run(app, tmp_path / "escape.zip")
    assert code == 1
    assert "unsafe member name" in output
    assert "\x1b" not in output
    cut = tmp_path / "cut.zip"
    cut.write_bytes(archive.read_bytes()[:-10])
    code, output = run(app, cut)
    assert code == 1
    assert "WRONG  this is no ZIP file, or its end is cut off" in output
    assert run(app, tmp_path / "nothing.zip")[0] == 2


def test_parts(app: Flask, ann: User, archive: Path, tmp_path: Path) -> None:
    members = unpack(archive)
    lines = json.loads(members["data/coverage.json"])["tables"]
    tables = [line["table"] for line in lines if line["status"] == "included"]
    shares = [dict.fromkeys(tables[::2], slice(None)), dict.fromkeys(tables[1::2], slice(None))]
    parts = [seal(part, keys.signer()) for part in divide(members, shares)]
    first, second = (pack(tmp_path / f"{number}.zip", part) for number, part in enumerate(parts, 1))
    code, output = run(app, second, first, "--person", ann.id)
    assert code == 0, output
    assert "2.zip, 1.zip: the archive is whole." in output
    code, output = run(app, first, "--person", ann.id)
    assert code == 0, output
    assert "The archive is whole only with satchel-2026-01-02-A1B2C3D4-part2" in output
    code, output = run(app, first, first)
    assert code == 1
    assert "WRONG  part 1 is given more than once" in output
