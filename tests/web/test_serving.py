"""Bytes as they are sent: exact ranges, conditions, and nothing but the file that was stored."""

import io
import os
import random
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from app.archives import making, service
from app.extensions import db
from app.journal.attachments import Upload
from app.journal.entries import Draft, add_entry
from app.models import ArchivePart, Attachment, User
from app.stores import StoreChangedError
from app.stores.local import _Unchanging
from app.tasks import generate_user_archive
from app.web.serving import BLOCK
from tests.web.conftest import PNG, SignIn

RANGES = 200


@dataclass(frozen=True)
class Stored:
    """An archive or a picture: what is asked for, what must come, and where it lies."""

    path: str
    content: bytes
    file: Path
    rename: Callable[[str], None]
    """Let its row name another file."""


@pytest.fixture
def client(sign_in: SignIn, ann: User) -> FlaskClient:
    return sign_in(ann)


@pytest.fixture
def picture(app: Flask, ann: User) -> Stored:
    content = PNG + random.Random(1).randbytes(3 * BLOCK)
    with app.app_context():
        entry = add_entry(ann.id, Draft(title="By the sea", body=""), [Upload("sea.png", io.BytesIO(content))])
        found = entry.attachments[0]
        file = Path(app.config["UPLOAD_DIR"]) / found.stored_name
        return Stored(f"/files/{found.id}", content, file, rename(app, Attachment, "stored_name"))


@pytest.fixture
def archive(app: Flask, ann: User, picture: Stored, monkeypatch: pytest.MonkeyPatch) -> Stored:
    monkeypatch.setattr(generate_user_archive, "delay", lambda _: None)  # no broker is needed here
    with app.app_context():
        archive_id, _ = service.request_archive(ann.id)
        making.generate(ann.id)
        found = service.find_archive(ann.id, archive_id)
        assert found
        (file,) = map(Path, service.places_of(found))
        path = f"/archives/{archive_id}/download"
        return Stored(path, file.read_bytes(), file, rename(app, ArchivePart, "file_name"))


def rename(app: Flask, model: type[Attachment | ArchivePart], column: str) -> Callable[[str], None]:
    def change(name: str) -> None:
        with app.app_context():
            db.session.execute(update(model).values({column: name}))
            db.session.commit()

    return change


@pytest.fixture(params=["archive", "picture"])
def stored(request: pytest.FixtureRequest) -> Stored:
    return cast("Stored", request.getfixturevalue(request.param))


def test_two_hundred_random_ranges_are_exact(client: FlaskClient, stored: Stored) -> None:
    chance, size = random.Random(20261123), len(stored.content)
    for _ in range(RANGES):
        first, last = sorted(chance.choices(range(size), k=2))
        asked, expected = chance.choice(
            [
                (f"{first}-{last}", stored.content[first : last + 1]),
                (f"{first}-", stored.content[first:]),
                (f"-{first + 1}", stored.content[-first - 1 :]),
                (f"{first}-{size + last}", stored.content[first:]),
            ]
        )
        answer = client.get(stored.path, headers={"Range": f"bytes={asked}"}, buffered=True)
        start = size - len(expected) if asked.startswith("-") else first
        assert answer.status_code == 206, asked
        assert answer.headers["Content-Range"] == f"bytes {start}-{start + len(expected) - 1}/{size}"
        assert answer.data == expected, asked


def test_conditions(client: FlaskClient, stored: Stored) -> None:
    def ask(method: str = "GET", **headers: str) -> tuple[int, bytes]:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = client.open(stored.path, method=method, headers=given, buffered=True)
        return answer.status_code, answer.data

    whole = client.get(stored.path, buffered=True)
    etag, size = whole.headers["ETag"], len(stored.content)
    assert (whole.status_code, whole.data, whole.headers["Accept-Ranges"]) == (200, stored.content, "bytes")
    assert re.fullmatch('"[0-9a-f]{64}"', etag)  # a strong one: of these bytes, and of no others
    assert ask(Range="bytes=5-", If_Range=etag) == (206, stored.content[5:])
    assert ask(Range="bytes=5-", If_Range='"another"') == (200, stored.content)
    assert ask(Range="bytes=5-", If_Range=f"W/{etag}") == (200, stored.content)
    assert ask(If_None_Match=etag) == (304, b"")
    assert ask(If_Match='"another"') == (412, b"")
    assert ask(If_Match=etag) == ask(If_Match="*") == (200, stored.content)
    assert ask(Range="bytes=0-1,4-5") == ask(Range="lines=1-2") == (200, stored.content)
    assert ask("HEAD") == (200, b"")
    assert client.head(stored.path, buffered=True).content_length == size
    assert ask(Range=f"bytes={size}-")[0] == 416


def secret(folder: Path) -> Path:
    path = folder / "secret"
    path.write_bytes(b"a secret of the machine")
    return path


@pytest.mark.parametrize("kind", ["link", "hard link", "pipe", "folder", "climb"])
def test_nothing_but_the_stored_file_is_sent(
    client: FlaskClient, stored: Stored, tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Pictures are missing then; an archive is made again."""
    outside = secret(tmp_path)
    if kind == "climb":
        stored.rename(os.path.relpath(outside, stored.file.parent))
    else:
        stored.file.unlink()
        make: dict[str, Callable[[Path], object]] = {
            "link": lambda path: path.symlink_to(outside),
            "hard link": lambda path: path.hardlink_to(outside),
            "pipe": os.mkfifo,
            "folder": Path.mkdir,
        }
        make[kind](stored.file)
    answer = client.get(stored.path, headers={"Range": "bytes=0-"}, buffered=True)
    assert answer.status_code == (404 if stored.path.startswith("/files") else 503)
    assert b"secret of the machine" not in answer.data
    if kind in {"link", "hard link"}:
        assert stored.file.read_bytes() == outside.read_bytes()  # the control: who simply opens it gets the secret


def flip(path: Path) -> None:
    """The last bit, by somebody who sets the time of the file back."""
    before = path.stat()
    with path.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        last = file.read(1)[0]
        file.seek(-1, os.SEEK_END)
        file.write(bytes([last ^ 1]))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def take(client: FlaskClient, stored: Stored, harm: Callable[[Path], None]) -> Iterable[bytes]:
    """Blocks of a download during which something happens to the file."""
    answer = client.get(stored.path)
    blocks = iter(answer.response)
    try:
        yield next(blocks)  # type: ignore[misc]  # bytes, here
        harm(stored.file)
        yield from blocks  # type: ignore[misc]
    finally:
        answer.close()


def test_a_bit_that_flips_on_the_way_breaks_the_download(client: FlaskClient, stored: Stored) -> None:
    sent: list[bytes] = []
    with pytest.raises(StoreChangedError):
        sent.extend(take(client, stored, flip))
    assert 0 < len(b"".join(sent)) < len(stored.content)
    assert stored.content.startswith(b"".join(sent))


def test_unwatched_the_wrong_bit_is_sent(client: FlaskClient, stored: Stored, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control."""
    monkeypatch.setattr(_Unchanging, "_vouch_for", lambda _, read: read)
    sent = b"".join(take(client, stored, flip))
    assert len(sent) == len(stored.content)
    assert sent != stored.content


def back_up(path: Path) -> None:
    path.with_name("backup").hardlink_to(path)


@pytest.mark.parametrize("harmless", [Path.unlink, back_up], ids=["deleted", "backed up"])
def test_other_names_do_not_matter_meanwhile(
    client: FlaskClient, stored: Stored, harmless: Callable[[Path], None]
) -> None:
    assert b"".join(take(client, stored, harmless)) == stored.content
