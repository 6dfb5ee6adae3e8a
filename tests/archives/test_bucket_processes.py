"""Real programs and a real bucket, at the end of a cable: killed, cut off, badly set up."""

import hashlib
import http.client
import os
import re
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.archives import ledger, making, reconciling, service, storage
from app.engine.build import Built, BuiltPart
from app.extensions import db
from app.journal.attachments import Upload, stored
from app.models import Entry, State, User
from app.models.columns import now
from app.tasks import generate_user_archive
from tests.archives.conftest import let_lease_pass, load
from tests.archives.parts import claim
from tests.conftest import PASSWORD
from tests.object_store import ObjectStore, bucket_url
from tests.programs import CELERY, PYTHON, QUIET, Program
from tests.relay import Relay

pytestmark = pytest.mark.worker

MEGABYTE = 1024**2


@pytest.fixture
def settings(sqlite_settings: dict[str, Any], valkey: str, storage_url: str) -> dict[str, Any]:
    return {**sqlite_settings, "REDIS_URL": valkey, "STORAGE_URL": storage_url}


@pytest.fixture
def at_the_cable(relay: Relay, bucket: str) -> str:
    """STORAGE_URL of the same bucket, through the relay."""
    return bucket_url(relay.endpoint, bucket)


def test_a_worker_killed_while_it_uploads_costs_an_attempt_and_nothing_else(
    app: Flask, ann: User, waiting: str, bucket: str, object_store: ObjectStore, relay: Relay, at_the_cable: str,
    start_worker: Callable[..., Program], monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
) -> None:  # fmt: skip
    (tmp_path / "sea.jpg").write_bytes(b"\xff\xd8\xff" + os.urandom(14 * MEGABYTE))
    with stored([Upload("sea.jpg", tmp_path / "sea.jpg")]) as rows:
        db.session.add(Entry(author_id=ann.id, title="By the sea", body="Waves", attachments=rows))
        db.session.commit()
    relay.up.holds_at = 10 * MEGABYTE  # in the second part
    worker = start_worker(STORAGE_URL=at_the_cable)
    generate_user_archive.delay(ann.id)
    assert relay.up.held.wait(60), worker.log()
    worker.kill()
    for pid in worker.child_pids():
        os.kill(pid, 9)
    assert not published(object_store, bucket)
    assert len(object_store.unfinished(bucket)) == 1
    let_lease_pass(waiting)
    assert reconciling.reconcile() == [ann.id]
    making.generate(ann.id)
    archive = load(waiting)
    assert (archive.state, archive.attempt) == (State.READY, 2)
    assert len(object_store.unfinished(bucket)) == 1
    monkeypatch.setattr(storage, "SWEEP_AGE", -60)
    monkeypatch.setattr(reconciling, "SWEEP_SECONDS", -60)
    reconciling.reconcile()
    assert object_store.unfinished(bucket) == set()
    assert published(object_store, bucket) == {Path(place).name for place in service.places_of(archive)}


def published(object_store: ObjectStore, bucket: str) -> set[str]:
    return {Path(key).name for key in object_store.keys(bucket) if "/archives/" in key}


class Site:
    """A real web server, and Ann signed in to it."""

    def __init__(self, log: Path, settings: dict[str, Any]) -> None:
        command = (*PYTHON, "gunicorn", "make_celery:flask_app", "--threads", "2", "--no-control-socket")
        more = {"WTF_CSRF_ENABLED": False, "RATELIMIT_ENABLED": False}
        self._connections: list[http.client.HTTPConnection] = []
        self.program = Program([*command, "--bind", "127.0.0.1:0"], log, settings={**settings, **more})
        try:
            self.program.wait_for("Booting worker")
            found = re.search(r"Listening at: http://127\.0\.0\.1:(\d+)", self.program.log())
            assert found, self.program.log()
            self._port = int(found[1])
            self._cookie = self._sign_in()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self.program.stop(seconds=0)
        for each in self._connections:
            each.close()

    def get(self, path: str, **headers: str) -> http.client.HTTPResponse:
        connection = self._connect()
        connection.request("GET", path, headers={"Cookie": self._cookie, **headers})
        return connection.getresponse()

    def _sign_in(self) -> str:
        connection = self._connect()
        words = urllib.parse.urlencode({"email": "ann@example.org", "password": PASSWORD})
        connection.request("POST", "/sign-in", words, {"Content-Type": "application/x-www-form-urlencoded"})
        answer = connection.getresponse()
        assert answer.status in {302, 303}, answer.read()
        return (answer.headers["Set-Cookie"] or "").partition(";")[0]

    def _connect(self) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=120)
        self._connections.append(connection)
        return connection

    def peak_memory(self) -> int:
        """Bytes, of the process that serves."""
        (child,) = self.program.child_pids()
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{child}/status").read_text())
        assert found
        return int(found[1]) * 1024


@pytest.fixture
def site(ann: User, settings: dict[str, Any], at_the_cable: str, tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path / "web.log", {**settings, "STORAGE_URL": at_the_cable})
    yield site
    site.close()


@pytest.fixture
def content(app: Flask, ann: User, waiting: str) -> bytes:
    """What lies in the one file of Ann's ready archive."""
    content = os.urandom(48 * MEGABYTE)
    held = claim(ann.id)
    with storage.workspace(held.archive_id, held.fence) as folder:
        part = BuiltPart(folder / "a.zip", len(content), hashlib.sha256(content).hexdigest())
        part.file.write_bytes(content)
        names = storage.publish([part], held.archive_id, held.fence)
    ledger.finish(held, names, Built((part,), rows=1, gaps=0, snapshot_at=now()))
    return content


def test_a_download_survives_cuts_and_needs_little_memory(
    site: Site, waiting: str, content: bytes, relay: Relay
) -> None:
    path = f"/archives/{waiting}/download"
    site.get(path, Range="bytes=0-9").read()
    before = site.peak_memory()
    relay.down.cuts += [MEGABYTE // 2, 5 * MEGABYTE, 20 * MEGABYTE]
    answer = site.get(path)
    assert (answer.status, answer.headers["Content-Length"]) == (200, str(len(content)))
    assert answer.read() == content
    assert relay.down.cuts == []
    assert site.peak_memory() - before < 16 * MEGABYTE


def test_when_the_store_is_gone_the_response_breaks_off_and_can_be_resumed(
    site: Site, waiting: str, content: bytes, object_store: ObjectStore
) -> None:
    path = f"/archives/{waiting}/download"
    answer = site.get(path)
    begun = answer.read(20 * MEGABYTE)
    object_store.kill_door()
    try:
        with pytest.raises(http.client.IncompleteRead) as broken:
            answer.read()
    finally:
        object_store.open_door()
    begun += broken.value.partial
    assert len(begun) < len(content)
    assert content.startswith(begun)
    rest = site.get(path, Range=f"bytes={len(begun)}-", **{"If-Range": answer.headers["ETag"] or ""})
    assert rest.status == 206
    assert begun + rest.read() == content


def test_bytes_that_change_on_the_way_never_make_a_whole_download(
    site: Site, waiting: str, content: bytes, relay: Relay
) -> None:
    relay.down.lies_at = 10 * MEGABYTE
    answer = site.get(f"/archives/{waiting}/download")
    with pytest.raises(http.client.IncompleteRead) as broken:
        answer.read()
    assert len(broken.value.partial) < len(content)
    assert "not what was stored" in site.program.log()


@pytest.mark.parametrize(
    "command",
    [
        (*PYTHON, "flask", "serve", "--port", "0"),
        (*CELERY, "worker", "--concurrency", "1", *QUIET),
    ],
    ids=["serve", "worker"],
)
@pytest.mark.parametrize(
    ("url", "secret", "words"),
    [
        ("{absent}", None, "no such bucket"),
        ("{good}", "a-wrong-secret", "Check AWS_ACCESS_KEY_ID"),
        ("s3://key:a-wrong-secret@bucket", None, "STORAGE_URL holds credentials"),
    ],
)
def test_a_store_that_is_badly_set_up_is_said_at_the_start(
    settings: dict[str, Any], storage_url: str, object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    command: tuple[str, ...], url: str, secret: str | None, words: str,
) -> None:  # fmt: skip
    url = url.format(good=storage_url, absent=bucket_url(object_store.endpoint, "absent"))
    if secret:
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
    program = Program(command, tmp_path / "log", settings={**settings, "STORAGE_URL": url})
    try:
        assert program.wait() != 0
    finally:
        program.stop(seconds=0)
    assert words in program.log()
    assert "a-wrong-secret" not in program.log()
    assert " ready." not in program.log()
    # Celery shows a traceback of its own when an application cannot be loaded, whatever it raised.
    assert "Traceback" not in program.log().partition("Unable to load celery application.")[0]
