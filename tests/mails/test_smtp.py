"""A real SMTP server: that takes mails, refuses them, hangs, wants a password, or shows a certificate."""

import signal
import smtplib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from flask import Flask

from app.mails import sending, smtp
from app.mails.address import MailSettingError, read_address
from app.mails.smtp import SmtpServer
from app.models.columns import database_time
from tests.brokers import HOST, free_port
from tests.certificates import Certificate, make_certificate
from tests.mails.conftest import change, load
from tests.mails.server import PASSWORD, USER, Inbox, authenticate, run_server

Put = Callable[..., str]
LOGIN = f"{USER}:p%40ss%3Aw%2Frd%25@"


@pytest.fixture
def settings(sqlite_settings: dict[str, Any]) -> dict[str, Any]:
    return sqlite_settings


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("tls"))


def use(app: Flask, url: str) -> None:
    app.extensions["mail"] = SmtpServer(read_address(url))


def send_again(mail_id: str) -> None:
    """After the pause."""
    change(mail_id, due_at=database_time(-1))
    sending.send(mail_id)


def test_a_server_takes_it(app: Flask, put: Put, inbox: Inbox) -> None:
    use(app, f"smtp://{HOST}:{inbox.port}")
    mail_id = put()
    sending.send(mail_id)
    assert load(mail_id).sent_at
    assert inbox.recipients == ["ann@example.org"]
    assert [mail["Message-ID"] for mail in inbox.mails] == [f"<{mail_id}@localhost>"]


def test_a_server_that_is_away_gets_it_later(
    app: Flask, put: Put, inbox: Inbox, caplog: pytest.LogCaptureFixture
) -> None:
    use(app, f"smtp://{HOST}:{free_port()}")
    mail_id = put()
    sending.send(mail_id)
    assert "attempt 1 failed, tried again later: ConnectionRefusedError" in caplog.text
    assert load(mail_id).due_at > load(mail_id).at
    sending.send(mail_id)  # the pause is not over
    assert load(mail_id).attempt == 1
    use(app, f"smtp://{HOST}:{inbox.port}")
    send_again(mail_id)
    assert (load(mail_id).attempt, len(inbox.mails)) == (2, 1)


def test_a_server_that_hangs_costs_so_many_seconds(app: Flask, put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "SECONDS", 0.2)
    with socket.create_server((HOST, 0)) as silent:
        use(app, f"smtp://{HOST}:{silent.getsockname()[1]}")
        mail_id = put()
        sending.send(mail_id)
    mail = load(mail_id)
    assert (mail.attempt, mail.sent_at, mail.given_up_at, mail.fence) == (1, None, None, None)


@pytest.mark.parametrize(("command", "code"), [("RCPT", 450), ("DATA", 451)])
def test_not_now_is_tried_again(app: Flask, put: Put, inbox: Inbox, command: str, code: int) -> None:
    use(app, f"smtp://{HOST}:{inbox.port}")
    inbox.refuse = {command: f"{code} later"}
    mail_id = put()
    sending.send(mail_id)
    assert not load(mail_id).given_up_at
    inbox.refuse = {}
    send_again(mail_id)
    assert (len(inbox.mails), bool(load(mail_id).sent_at)) == (1, True)


@pytest.mark.parametrize(("command", "code"), [("RCPT", 550), ("DATA", 554)])
def test_never_is_believed(
    app: Flask, put: Put, inbox: Inbox, caplog: pytest.LogCaptureFixture, command: str, code: int
) -> None:
    use(app, f"smtp://{HOST}:{inbox.port}")
    inbox.refuse = {command: f"{code} nobody of the name ann@example.org"}
    mail_id = put()
    sending.send(mail_id)
    assert load(mail_id).given_up_at
    assert f"mail {mail_id} (password_changed): given up" in caplog.text
    assert str(code) in caplog.text
    assert "example.org" not in caplog.text


def test_it_is_given_up_after_eight_attempts(app: Flask, put: Put, caplog: pytest.LogCaptureFixture) -> None:
    use(app, f"smtp://{HOST}:{free_port()}")
    mail_id = put()
    for _ in range(8):
        assert not load(mail_id).given_up_at
        send_again(mail_id)
    assert load(mail_id).given_up_at
    assert "given up after attempt 8" in caplog.text


def test_a_bad_farewell_does_not_send_it_twice(app: Flask, put: Put, inbox: Inbox) -> None:
    """The control: smtplib's own `with` would call it a failure, and the mail would go out again."""
    inbox.refuse = {"QUIT": "554 no"}
    use(app, f"smtp://{HOST}:{inbox.port}")
    mail_id = put()
    sending.send(mail_id)
    assert load(mail_id).sent_at
    with pytest.raises(smtplib.SMTPResponseException), smtplib.SMTP(HOST, inbox.port) as connection:
        connection.send_message(inbox.mails[0])
    assert len(inbox.mails) == 2


@pytest.fixture
def limit_at_farewell(inbox: Inbox) -> Iterator[None]:
    """As Celery's soft time limit, which a relay that takes its time reaches when it has the mail."""

    def strike(*_: object) -> None:
        raise SoftTimeLimitExceeded

    def reach_limit() -> None:
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)
        time.sleep(1)

    before = signal.signal(signal.SIGUSR1, strike)
    inbox.before_farewell = reach_limit
    yield
    signal.signal(signal.SIGUSR1, before)


@pytest.mark.usefixtures("limit_at_farewell")
def test_a_time_limit_in_the_farewell_does_not_send_it_twice(app: Flask, put: Put, inbox: Inbox) -> None:
    """The control: in smtplib's own `with` it would be raised, and the mail would go out again."""
    use(app, f"smtp://{HOST}:{inbox.port}")
    mail_id = put()
    sending.send(mail_id)
    assert load(mail_id).sent_at
    with pytest.raises(SoftTimeLimitExceeded), smtplib.SMTP(HOST, inbox.port) as connection:
        connection.send_message(inbox.mails[0])
    assert len(inbox.mails) == 2


@pytest.mark.parametrize(("scheme", "from_the_start"), [("smtps", True), ("smtp+starttls", False)], ids=str)
def test_with_tls_and_a_password(
    app: Flask,
    put: Put,
    certificate: Certificate,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    scheme: str,
    from_the_start: bool,
) -> None:
    wants: dict[str, Any] = {"authenticator": authenticate, "auth_required": not from_the_start}
    with run_server(tls=certificate, from_the_start=from_the_start, **wants) as inbox:
        mail_id = put()
        use(app, f"{scheme}://{LOGIN}{HOST}:{inbox.port}")
        sending.send(mail_id)
        assert inbox.mails == []  # nobody vouches for this server
        assert "SSLCertVerificationError" in caplog.text
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate.certificate))
        use(app, f"{scheme}://{USER}:wrong@{HOST}:{inbox.port}")
        send_again(mail_id)
        assert "SMTPAuthenticationError: 535" in caplog.text
        use(app, f"{scheme}://{LOGIN}{HOST}:{inbox.port}")
        send_again(mail_id)
        assert len(inbox.mails) == 1
    assert PASSWORD not in caplog.text


def test_a_certificate_of_ours(
    app: Flask, put: Put, certificate: Certificate, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """In place of a password. The control: without it, or with one that is nobody's, nothing is taken."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.certificate))
    for name in ("ours", "unknown"):
        (tmp_path / name).mkdir()
    ours, unknown = (make_certificate(tmp_path / name, common_name="satchel") for name in ("ours", "unknown"))
    with run_server(tls=certificate, clients=ours) as inbox:
        address = f"smtp+starttls://{HOST}:{inbox.port}"
        mail_id = put()
        use(app, address)
        sending.send(mail_id)
        use(app, f"{address}?ssl_certfile={unknown.certificate}&ssl_keyfile={unknown.key}")
        send_again(mail_id)
        assert inbox.mails == []
        use(app, f"{address}?ssl_certfile={ours.certificate}&ssl_keyfile={ours.key}")
        send_again(mail_id)
        assert len(inbox.mails) == 1


def test_no_tls_no_mail(app: Flask, put: Put, inbox: Inbox) -> None:
    """A server, or somebody in between, that says it knows no STARTTLS."""
    use(app, f"smtp+starttls://{HOST}:{inbox.port}")
    mail_id = put()
    sending.send(mail_id)
    assert (inbox.mails, load(mail_id).sent_at) == ([], None)


GOOD = {
    "smtp://localhost": ("localhost", 25, None),
    "smtp://u:p@127.0.0.1:2525": ("127.0.0.1", 2525, "u"),
    "smtps://u:p@mail.example.org": ("mail.example.org", 465, "u"),
    "smtp+starttls://a%40b:p@mail.example.org": ("mail.example.org", 587, "a@b"),
    "smtps://mail.example.org?ssl_certfile=/ours.pem&ssl_keyfile=/ours.key": ("mail.example.org", 465, None),
}
BAD = [
    "mail.example.org",
    "http://mail.example.org",
    "smtp://",
    "smtp://host:port",
    "smtp://[::1",
    "smtp://u:xyzzy@mail.example.org",
    "smtps://u:xyzzy@mail.example.org/path",
    "smtps://u:xy#zzy@mail.example.org",
    "smtps://u:xyzzy@mail.example.org?tls=no",
    "smtps://u:xyzzy@mail.example.org?ssl_certfile=/certificate.pem",
    "smtps://u:xyzzy@mail.example.org?ssl_certfile=/certificate.pem&ssl_keyfile=",
    "smtp://mail.example.org?ssl_certfile=/certificate.pem&ssl_keyfile=/key.pem",
]


@pytest.mark.parametrize(("url", "expected"), GOOD.items(), ids=[str(number) for number in range(len(GOOD))])
def test_addresses(url: str, expected: tuple[str, int, str | None]) -> None:
    found = read_address(url)
    assert (found.host, found.port, found.user) == expected
    assert "password" not in repr(found)


@pytest.mark.parametrize("url", BAD, ids=[str(number) for number in range(len(BAD))])
def test_addresses_that_cannot_be(url: str) -> None:
    with pytest.raises(MailSettingError, match="MAIL_URL") as refused:
        read_address(url)
    assert "xyzzy" not in str(refused.value)


def test_the_folder_is_nobody_elses(app: Flask, put: Put) -> None:
    sending.send(put())
    (file,) = Path(app.config["MAIL_DIR"]).iterdir()
    assert (file.suffix, file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (".eml", 0o600, 0o700)
