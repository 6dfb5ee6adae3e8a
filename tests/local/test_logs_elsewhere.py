"""A line of the log arrives elsewhere over TLS, by systemd's programs and docs/systemd/journal-upload.conf."""

import configparser
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.certificates import Certificate, make_certificate
from tests.log_lines import read_lines
from tests.programs import PYTHON, ROOT, Program, wait_until
from tests.tools import find_tool, miss, run_tool

pytestmark = pytest.mark.worker

CONFIGURATION = ROOT / "docs" / "systemd" / "journal-upload.conf"
OPTIONS = {
    "URL": "--url",
    "ServerKeyFile": "--key",
    "ServerCertificateFile": "--cert",
    "TrustedCertificateFile": "--trust",
}
"""What each line of the file is called on the command line: the program reads no other file than its own in /etc."""


def find_program(name: str) -> str:
    path = Path("/lib/systemd") / name
    if not path.exists():
        miss(f"{name} is not installed: `make test` installs it")
    return str(path)


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    return make_certificate(tmp_path, "localhost")


@pytest.fixture
def stranger(tmp_path: Path) -> Certificate:
    (tmp_path / "stranger").mkdir()
    return make_certificate(tmp_path / "stranger", "localhost")


@pytest.fixture
def line(sqlite_settings: dict[str, Any], tmp_path: Path) -> str:
    """What the web server says first, as the units have it say it."""
    command = (*PYTHON, "gunicorn", "make_celery:flask_app", "--bind", "127.0.0.1:0", "--no-control-socket")
    web = Program(command, tmp_path / "web.log", settings={**sqlite_settings, "LOG_FORMAT": "json"})
    try:
        web.wait_for("Listening at: ")
    finally:
        web.stop(seconds=0)
    return next(each for each in web.log().splitlines() if "Listening at: " in each)


@pytest.fixture
def journal(line: str, tmp_path: Path) -> Path:
    """One of this machine, with that line, in the form that journald writes."""
    file = tmp_path / "here.journal"
    times = {"__REALTIME_TIMESTAMP": 1763900000000000, "__MONOTONIC_TIMESTAMP": 1}
    entry = {**times, "_BOOT_ID": "1" * 32, "MESSAGE": line}
    given = "".join(f"{name}={value}\n" for name, value in entry.items())
    written = run_tool(
        find_program("systemd-journal-remote"), f"--output={file}", "--split-mode=none", "-", given=f"{given}\n"
    )
    assert written.returncode == 0, written.stderr
    return file


class Elsewhere:
    """The other machine."""

    def __init__(self, folder: Path, port: int) -> None:
        self._file, self.port = folder / "elsewhere.journal", port

    def read(self) -> list[dict[str, Any]]:
        said = run_tool(find_tool("journalctl"), f"--file={self._file}", "--output=cat", "--no-pager").stdout
        return read_lines(said)


@pytest.fixture
def elsewhere(certificate: Certificate, tmp_path: Path) -> Iterator[Elsewhere]:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    options = (f"--output={tmp_path / 'elsewhere.journal'}", "--split-mode=none")
    shown = (f"--key={certificate.key}", f"--cert={certificate.certificate}")
    command = (find_program("systemd-journal-remote"), f"--listen-https=127.0.0.1:{port}", *options, *shown)
    program = Program(command, tmp_path / "elsewhere.log")
    try:
        wait_until(lambda: listens(port), what="the other machine")
        yield Elsewhere(tmp_path, port)
    finally:
        program.stop()


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def upload(journal: Path, elsewhere: Elsewhere, shown: Certificate, trusted: Path) -> Program:
    file = configparser.ConfigParser()
    file.optionxform = str  # type: ignore[assignment,method-assign]  # keys keep their capitals
    file.read(CONFIGURATION)
    given = dict(file["Upload"])
    assert given.keys() == OPTIONS.keys()
    given |= {
        "URL": given["URL"].replace("logs.example.org:19532", f"localhost:{elsewhere.port}"),
        "ServerKeyFile": str(shown.key),
        "ServerCertificateFile": str(shown.certificate),
        "TrustedCertificateFile": str(trusted),
    }
    options = [f"{OPTIONS[name]}={value}" for name, value in given.items()]
    return Program(
        [find_program("systemd-journal-upload"), *options, f"--file={journal}"], journal.with_suffix(".upload.log")
    )


def test_a_line_arrives(
    line: str, journal: Path, elsewhere: Elsewhere, certificate: Certificate, stranger: Certificate
) -> None:
    sending = upload(journal, elsewhere, stranger, certificate.certificate)
    try:
        (arrived,) = wait_until(elsewhere.read, what="the line")
    finally:
        sending.stop(seconds=0)
    assert arrived == json.loads(line)
    assert "Listening at: " in arrived["message"]


def test_none_goes_to_whom_the_authority_does_not_know(
    journal: Path, elsewhere: Elsewhere, stranger: Certificate
) -> None:
    """The control: somebody else answers under that name, with a certificate of another authority."""
    sending = upload(journal, elsewhere, stranger, stranger.certificate)
    try:
        assert sending.wait() != 0
    finally:
        sending.stop(seconds=0)
    assert "certificate problem" in sending.log()
    assert elsewhere.read() == []


def test_the_configuration_asks_for_tls() -> None:
    assert "\nURL=https://" in CONFIGURATION.read_text()
