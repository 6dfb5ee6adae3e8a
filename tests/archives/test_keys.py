"""The signing key: made once, never shown, replaced without losing what it signed."""

import logging
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask

from app import create_app
from app.archives import keys, making
from app.engine.verify import Expected, VerificationError, verify_archive
from app.models import Entry, User
from tests.archives.conftest import load, paths_of
from tests.programs import ROOT


@pytest.fixture
def settings(sqlite_settings: dict[str, object]) -> dict[str, object]:
    """Keys know no database."""
    return sqlite_settings


def test_it_is_made_on_first_start_and_only_we_can_read_it(app: Flask, instance: Path) -> None:
    path = instance / "signing_key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert keys.public_key() == keys.public_key()
    with create_app({"INSTANCE_PATH": instance}).app_context():
        again = keys.public_key()
    assert keys.public_key() == again


PROGRAM = """
import sys
from app import create_app
from app.archives import keys
with create_app({"INSTANCE_PATH": sys.argv[1]}).app_context():
    print(keys.signer().key_id)
"""


def test_several_processes_at_once_agree_on_one(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "new")]
    started = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert len({process.communicate(timeout=120)[0] for process in started}) == 1
    assert {process.returncode for process in started} == {0}
    assert len(list((tmp_path / "new" / "public_keys").iterdir())) == 1


def test_archives_are_signed_and_the_key_is_in_none(
    app: Flask, ann: User, journal: Entry, waiting: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    making.generate(ann.id)
    (path,) = paths_of(load(waiting))
    secret = app.config["SIGNING_KEY"]
    canaries = [secret.encode(), bytes.fromhex(secret)]
    verify_archive([path], Expected(ann.id, keys.known_public_keys(), signed=True, canaries=canaries))
    assert secret not in caplog.text
    assert secret not in keys.public_key()
    assert secret not in repr(keys.signer())


def test_a_new_key_leaves_old_archives_verifiable(app: Flask, ann: User, waiting: str, instance: Path) -> None:
    making.generate(ann.id)
    (path,), old = paths_of(load(waiting)), keys.public_key()
    (instance / "signing_key").unlink()
    with create_app({"INSTANCE_PATH": instance}).app_context():
        new, known = keys.public_key(), keys.known_public_keys()
        assert new != old
        assert known == [new, old]
        assert keys.find_public_key(old.split()[5]) == old
        verify_archive([path], Expected(ann.id, known, signed=True))
        with pytest.raises(VerificationError, match="not known here"):
            verify_archive([path], Expected(ann.id, [new], signed=True))


def test_nobody_else_can_read_the_folder_of_keys(app: Flask, instance: Path) -> None:
    keys.signer()
    keys.signer()
    assert (instance / "public_keys").stat().st_mode & 0o777 == 0o700
    assert [path.name for path in (instance / "public_keys").iterdir()] == [f"{keys.signer().key_id}.pub"]
