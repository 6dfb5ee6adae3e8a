"""With SCANNER_URL a real clamd is shown what people add: what it warns of, and what it cannot see, is not kept."""

import io
import json
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app import create_app, scanner
from app.config import SettingError
from app.extensions import db
from app.journal.attachments import Refusal, Upload, UploadRefusedError, stored
from app.log_format import JsonFormatter
from app.models import Attachment, AuditRow, Entry, User
from app.scanner import Scanner, ScannerAwayError, ScannerSettingError, read_address
from tests.programs import Program, frozen, wait_until
from tests.tools import find_tool
from tests.web.conftest import PNG, SignIn

pytestmark = pytest.mark.worker

MARK = b"what a virus would be in this test"
SIGNATURE = "Satchel.Test.Mark"
NEW = {"title": "By the sea", "body": "An hour of work", "visibility": "private"}
LONGEST = 200_000
"""Bytes that this clamd takes."""


@pytest.fixture(scope="module")
def clamd() -> Iterator[tuple[Program, Path]]:
    """With one signature of our own. The path of a socket must be short, so it is not in pytest's folder."""
    program = find_tool("clamd")
    folder = Path(tempfile.mkdtemp(prefix="clamd-"))
    (folder / "signatures").mkdir()
    (folder / "signatures" / "mark.ndb").write_text(f"{SIGNATURE}:0:*:{MARK.hex()}\n")
    path = folder / "socket"
    settings = {
        "LocalSocket": path,
        "DatabaseDirectory": folder / "signatures",
        "TemporaryDirectory": folder,
        "Foreground": "yes",
        "StreamMaxLength": LONGEST,
    }
    (folder / "clamd.conf").write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
    running = Program([program, "--config-file", str(folder / "clamd.conf")], folder / "log")
    try:
        wait_until(lambda: path.exists() or running.has_ended(), what="clamd")
        assert Scanner(str(path)).answers(), running.log()
        yield running, path
    finally:
        running.stop()
        shutil.rmtree(folder)


@pytest.fixture
def settings(sqlite_settings: dict[str, Any], clamd: tuple[Program, Path]) -> dict[str, Any]:
    return {**sqlite_settings, "SCANNER_URL": f"unix://{clamd[1]}"}


@pytest.fixture
def anns(sign_in: SignIn, ann: User) -> FlaskClient:
    return sign_in(ann)


def send(client: FlaskClient, *files: bytes) -> Any:
    given = [(io.BytesIO(content), f"{number}.txt") for number, content in enumerate(files)]
    return client.post("/journal/new", data={**NEW, "files": given})


def kept(app: Flask) -> tuple[int, int]:
    """Rows, and files."""
    with app.app_context():
        rows = len(db.session.scalars(select(Attachment)).all())
    return rows, len(list(Path(app.config["UPLOAD_DIR"]).iterdir()))


def find_deed(app: Flask) -> AuditRow:
    with app.app_context():
        assert db.session.scalars(select(Entry)).all() == []
        return db.session.scalars(select(AuditRow).where(AuditRow.what == "file_refused")).one()


def test_what_it_warns_of_is_refused(
    app: Flask, anns: FlaskClient, ann: User, caplog: pytest.LogCaptureFixture
) -> None:
    answer = send(anns, b"A note", b"Here is " + MARK)
    assert answer.status_code == 422
    words = f"“1.txt” cannot be added: a virus scanner has looked at it, and warns of it ({SIGNATURE}.UNOFFICIAL)"
    assert words in answer.text
    assert "An hour of work" in answer.text
    assert kept(app) == (0, 0)
    row = find_deed(app)
    assert (row.subject_id, row.actor, row.result) == (ann.id, ann.id, f"{SIGNATURE}.UNOFFICIAL")
    [line] = [each for each in caplog.records if "the scanner has found" in each.getMessage()]
    assert line.getMessage() == f"upload {row.object_id} was refused: the scanner has found {SIGNATURE}.UNOFFICIAL"
    assert json.loads(JsonFormatter().format(line))["logger"] == "app.journal.attachments"
    page = anns.get("/settings/activity").text
    assert f"A file was refused, since the virus scanner warned of it: {SIGNATURE}.UNOFFICIAL" in page


def test_what_it_does_not_know_is_kept(app: Flask, anns: FlaskClient) -> None:
    assert send(anns, b"A note", b"Another").status_code == 302
    assert kept(app) == (2, 2)


def test_without_the_setting_all_is_kept(sqlite_settings: dict[str, Any], ann: User) -> None:
    """The control: nothing else refuses it."""
    app = create_app(sqlite_settings)
    assert app.extensions["scanner"] is None
    with app.app_context(), stored([Upload("1.txt", io.BytesIO(MARK))]):
        pass


def test_a_journal_that_is_imported(app: Flask, ann: User, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_bytes(MARK)
    journal = tmp_path / "journal.jsonl"
    journal.write_text('{"title": "Day", "files": ["note.txt"]}\n')
    command = ["journal", "import", str(journal), "--user", ann.email or "", "--media", str(tmp_path), "--any-type"]
    done = app.test_cli_runner().invoke(args=command)
    assert (done.exit_code, "the virus scanner has found" in done.output) == (1, True)
    assert kept(app) == (0, 0)
    row = find_deed(app)
    assert (row.subject_id, row.actor) == (None, "operator")


def test_a_clamd_that_hangs(
    app: Flask, anns: FlaskClient, clamd: tuple[Program, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: as soon as it answers, the same file is kept."""
    monkeypatch.setattr(scanner, "ANSWER_SECONDS", 1)
    with frozen(clamd[0]):
        look_at_refusal(app, send(anns, b"A note"))
    assert send(anns, b"A note").status_code == 302


def test_no_clamd(app: Flask, anns: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    app.extensions["scanner"] = Scanner("/nowhere/clamd.ctl")
    look_at_refusal(app, send(anns, b"A note"))
    assert "clamd does not answer: [Errno 2]" in caplog.text


def test_more_than_it_takes(app: Flask, anns: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    """What it has not seen whole is not kept. The control: up to its limit it is."""
    look_at_refusal(app, send(anns, b"x" * (LONGEST + 1)))
    assert "clamd" in caplog.text
    assert send(anns, b"x" * LONGEST).status_code == 302


def look_at_refusal(app: Flask, answer: Any) -> None:
    assert answer.status_code == 422
    assert "“0.txt” cannot be added at the moment: it could not be searched for viruses." in answer.text
    assert "An hour of work" in answer.text
    assert kept(app) == (0, 0)


@pytest.mark.parametrize("reply", [b"", b"UNKNOWN COMMAND\0", b"INSTREAM size limit exceeded. ERROR\0", b"stream: \0"])
def test_anything_but_its_word_that_it_is_clean_refuses(tmp_path: Path, reply: bytes) -> None:
    path = tmp_path / "note.txt"
    path.write_bytes(b"A note")
    assert isinstance(ask(reply, lambda asked: asked.find(path)), ScannerAwayError)
    assert ask(b"stream: OK\0", lambda asked: asked.find(path)) is None  # the control
    assert ask(b"stream: X.Y FOUND\0", lambda asked: asked.find(path)) == "X.Y"


def ask(reply: bytes, question: Callable[[Scanner], object]) -> object:
    """What becomes of this reply, from a server that says it whatever it is asked."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        place = server.getsockname()

        def serve() -> None:
            with server.accept()[0] as connection:
                connection.recv(4096)
                connection.sendall(reply)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(4096):
                    pass

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            return question(Scanner(place))
        except ScannerAwayError as error:
            return error
        finally:
            thread.join(20)


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("unix:///run/clamav/clamd.ctl", "/run/clamav/clamd.ctl"),
        ("tcp://127.0.0.1", ("127.0.0.1", 3310)),
        ("tcp://localhost:1234", ("localhost", 1234)),
        ("tcp://[::1]:3310", ("::1", 3310)),
    ],
)
def test_addresses(url: str, place: object) -> None:
    assert read_address(url).place == place


@pytest.mark.parametrize(
    "url",
    [
        "",
        "clamd",
        "unix://run/clamd.ctl",
        "unix:",
        "http://127.0.0.1",
        "tcp://",
        "tcp://h:x",
        "tcp://[",
        "tcp://127.0.0.1/x",
    ],
)
def test_what_is_no_address(sqlite_settings: dict[str, Any], url: str) -> None:
    with pytest.raises(ScannerSettingError, match=r"SCANNER_URL must look like unix:///run/clamav/clamd\.ctl"):
        read_address(url)
    with pytest.raises(SettingError):
        create_app({**sqlite_settings, "SCANNER_URL": url})


@pytest.mark.parametrize("host", ["scanner.example.org", "10.0.0.7", "[2001:db8::1]"])
def test_files_never_leave_the_machine_in_the_open(host: str) -> None:
    """The control is above: to this one it is spoken to."""
    with pytest.raises(ScannerSettingError, match="clamd speaks no TLS") as refused:
        read_address(f"tcp://{host}:3310")
    assert host.strip("[]") not in str(refused.value)


def test_a_picture_is_shown_whole(app: Flask) -> None:
    """Also what lies behind its end."""
    with app.app_context(), pytest.raises(UploadRefusedError) as refused:  # noqa: SIM117
        with stored([Upload("sea.png", io.BytesIO(PNG + MARK))]):
            pass
    assert refused.value.refusal is Refusal.MALICIOUS
