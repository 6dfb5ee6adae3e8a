"""What docs/backup.md and docs/troubleshooting.md have operators type, typed as it stands, on PostgreSQL."""

import io
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app import create_app
from app.archives import keys, making, reconciling, service
from app.engine.verify import Expected, VerificationError, verify_archive
from app.extensions import Model, db
from app.journal import uploads
from app.journal.attachments import Upload, stored, sweep_uploads
from app.journal.entries import Draft, add_entry
from app.models import Archive, Attachment, Entry, Mail, User
from tests.archives.conftest import paths_of
from tests.databases import BINARIES, Roles, run_sql
from tests.programs import ROOT, environment

BLOCKS = re.findall(r"```sh\n(.*?)```", (ROOT / "docs" / "backup.md").read_text(), re.DOTALL)
WORDS = b"Lamp oil, rope, two candles"
TABLES: tuple[type[Model], ...] = (User, Entry, Attachment, Archive, Mail)


@pytest.fixture
def settings(granted: Roles, instance: Path) -> dict[str, Any]:
    return {"INSTANCE_PATH": instance, "DATABASE_URL": granted.app}


@pytest.fixture
def empty(granted: Roles) -> Iterator[Roles]:
    name = f"restored_{os.urandom(6).hex()}"
    run_sql(granted.superuser, f"CREATE DATABASE {name} OWNER satchel")
    urls = (sa.make_url(url).set(database=name) for url in (granted.owner, granted.app, granted.superuser))
    yield Roles(*(url.render_as_string(hide_password=False) for url in urls))
    run_sql(granted.superuser, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def elsewhere(empty: Roles, tmp_path: Path) -> dict[str, Any]:
    """The settings of an empty machine with an empty database."""
    folder = tmp_path / "elsewhere"
    folder.mkdir(mode=0o700)
    return {"INSTANCE_PATH": folder, "DATABASE_URL": empty.app, "PUBLIC_BASE_URL": "http://localhost"}


def test_what_is_restored_is_what_was_there(
    app: Flask,
    ann: User,
    settings: dict[str, Any],
    granted: Roles,
    elsewhere: dict[str, Any],
    empty: Roles,
    tmp_path: Path,
) -> None:
    """By the owner; the restored site runs as the application's role."""
    downloaded, lost = make_archive(ann, tmp_path)
    reconciling.reconcile()  # notes the audit's end
    backup, restore = BLOCKS
    type_in(backup, settings | {"DATABASE_URL": granted.owner}, tmp_path)
    lost()  # what is written after the backup
    kept = {name: app.config[name] for name in ("SECRET_KEY", "SIGNING_KEY", "AUDIT_KEY")}
    said = type_in(restore, elsewhere | kept | {"DATABASE_URL": empty.owner}, tmp_path)
    assert "The audit is whole" in said
    look_around(elsewhere | kept, ann.id, downloaded)


def test_without_the_public_keys_an_old_archive_is_a_strangers(
    app: Flask, ann: User, elsewhere: dict[str, Any], tmp_path: Path
) -> None:
    """The control: another signing key, and nothing in public_keys."""
    downloaded, _ = make_archive(ann, tmp_path)
    with create_app(elsewhere).app_context(), pytest.raises(VerificationError):
        verify_archive([downloaded], Expected(ann.id, keys.known_public_keys(), signed=True))


def test_a_person_is_deleted_with_their_files(
    app: Flask, ann: User, make_person: Callable[..., User], settings: dict[str, Any], tmp_path: Path
) -> None:
    """The commands of docs/troubleshooting.md; files that are named still stay."""
    make_archive(ann, tmp_path)
    (kept,) = Path(app.config["UPLOAD_DIR"]).iterdir()
    add_entry(make_person("Bob").id, Draft("Bob's", ""), [Upload("bob.txt", io.BytesIO(WORDS))])
    for path in Path(app.config["UPLOAD_DIR"]).iterdir():
        os.utime(path, (0, time.time() - uploads.OLD_SECONDS - 60))
    page = (ROOT / "docs" / "troubleshooting.md").read_text().partition("## A person must be deleted")[2]
    block = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)[0]
    type_in(block, settings, tmp_path)
    assert kept.exists()  # the control: a row alone takes no file along
    sweep_uploads()
    assert (len(list(Path(app.config["UPLOAD_DIR"]).iterdir())), kept.exists()) == (1, False)
    left = {table: db.session.scalar(sa.select(sa.func.count()).select_from(table)) for table in TABLES}
    assert left == {User: 1, Entry: 1, Attachment: 1, Archive: 0, Mail: 0}


def make_archive(ann: User, folder: Path) -> tuple[Path, Any]:
    """Ann's, with a file, downloaded; and what happens later."""
    source = folder / "list.txt"
    source.write_bytes(WORDS)
    with stored([Upload("list.txt", source)]) as attachments:
        db.session.add(Entry(author_id=ann.id, title="By the sea", body="Waves", attachments=attachments))
        db.session.commit()
    service.request_archive(ann.id)
    making.generate(ann.id)
    (archive,) = service.list_archives(ann.id)
    (path,) = paths_of(archive)
    downloaded = folder / "downloaded.zip"
    shutil.copy(path, downloaded)

    def later() -> None:
        db.session.add(Entry(author_id=ann.id, title="After the backup", body=""))
        db.session.commit()

    return downloaded, later


def type_in(text: str, settings: dict[str, Any], folder: Path) -> str:
    """On a machine whose instance folder and settings are elsewhere than the page says."""
    file = folder / "url"
    file.write_text(f"{settings['DATABASE_URL']}\n")
    text = text.replace("/srv/satchel/instance", str(settings["INSTANCE_PATH"])).replace("/srv/satchel", str(ROOT))
    text = re.sub(r"systemd-creds decrypt --name=DATABASE_URL [\w/.-]+\.DATABASE_URL", f"cat {file}", text)
    text = re.sub(r"^flask (.*)$", rf"(cd {ROOT} && {sys.executable} -m flask \1)", text, flags=re.MULTILINE)
    variables = environment(settings) | {
        "PATH": f"{BINARIES}:{os.environ['PATH']}",
        "FLASK_APP": str(ROOT / "make_celery"),
    }
    done = subprocess.run(
        ["bash", "-ec", text], cwd=folder, env=variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def look_around(settings: dict[str, Any], ann_id: str, downloaded: Path) -> None:
    app = create_app(settings)
    with app.app_context():
        titles = db.session.scalars(sa.select(Entry.title).where(Entry.author_id == ann_id)).all()
        assert titles == ["By the sea"]
        attachment = db.session.scalars(sa.select(Attachment)).one()
        found = uploads.open_stored(attachment.stored_name, attachment.sha256)
        assert found
        with found:
            assert found.read() == WORDS
        verify_archive([downloaded], Expected(ann_id, keys.known_public_keys(), signed=True))
        assert (Path(app.instance_path) / "audit_anchor.before").exists()
        db.session.remove()
        db.engine.dispose()
