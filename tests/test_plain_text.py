"""In production nothing leaves this machine unencrypted, unless its URL says so: Redis, the mail server, the store.

What would leave is read at a port of this machine, whose address here is none of the loopback's: the control.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app import create_app
from app.broker.address import AddressError, spell
from app.config import SettingError
from app.extensions import limiter
from app.mails import address as mails
from app.mails.address import MailSettingError
from app.stores import StoreSettingError
from app.stores import address as stores
from tests.conftest import PRODUCTION
from tests.listener import Listener, shut
from tests.programs import PYTHON, Program

HOST = "0.0.0.0"  # noqa: S104  # Linux connects to itself, and no rule calls it this machine
SECRET = "a-password-of-the-broker"
READ: dict[str, Callable[..., Any]] = {
    "REDIS_URL": spell,
    "MAIL_URL": mails.read_address,
    "STORAGE_URL": stores.read_address,
}
ERRORS = (AddressError, MailSettingError, StoreSettingError)
WORD = "sslmode=disable"

AWAY = {
    "REDIS_URL": (
        "redis://:hidden@redis.example.org:6379/0",
        "redis://10.0.0.1",
        "redis://[2001:db8::1]:6380/1",
        "redis://localhost.example.org",
        "redis://127.0.0.1@redis.example.org",
        f"redis://{HOST}",
        "redis://localhost?host=redis.example.org",
        "redis:///0?host=redis.example.org",
        "sentinel://:hidden@a:26379;sentinel://b:26379/0?master_name=satchel",
        "sentinel://localhost:26379/0?master_name=satchel",
    ),
    "MAIL_URL": ("smtp://mail.example.org", "smtp://10.0.0.1:2525", "smtp://[2001:db8::1]", f"smtp://{HOST}:25"),
    "STORAGE_URL": (
        "s3://bucket/hidden?endpoint=http://s3.example.org&region=here",
        "s3://bucket?endpoint=HTTP://10.0.0.1:9000",
        "s3://bucket?endpoint=http://[2001:db8::1]:9000",
        "s3://bucket?endpoint=http://localhost.example.org",
        f"s3://bucket?endpoint=http://{HOST}:9000",
    ),
}
FINE = {
    "REDIS_URL": (
        "redis://",
        "redis:///1",
        "redis://localhost",
        "redis://:hidden@LocalHost:6379/0",
        "redis://127.8.9.10",
        "redis://[::1]/0",
        "redis://localhost?host=127.0.0.1",
        "unix:///run/redis/redis.sock?db=1",
        "rediss://redis.example.org",
        "rediss://redis.example.org?ssl_cert_reqs=none",
        "sentinel://a:26379;sentinel://b:26379/0?master_name=satchel&ssl_cert_reqs=required",
    ),
    "MAIL_URL": (
        "smtp://localhost",
        "smtp://name:hidden@LOCALHOST:2525",
        "smtp://127.0.0.1",
        "smtp://[::1]",
        "smtps://mail.example.org",
        "smtp+starttls://name:hidden@mail.example.org",
    ),
    "STORAGE_URL": (
        "s3://bucket",
        "s3://bucket?endpoint=https://s3.example.org&region=here",
        "s3://bucket?endpoint=http://localhost:9000",
        "s3://bucket?endpoint=http://127.0.0.1:9000",
        "s3://bucket?endpoint=http://[::1]:9000",
    ),
}
WRONG = {
    "REDIS_URL": (
        "redis://redis.example.org?sslmode=require",
        "rediss://redis.example.org?sslmode=disable",
        "sentinel://a/0?master_name=satchel&ssl_ca_certs=/ca.pem&sslmode=disable",
    ),
    "MAIL_URL": (
        "smtp://mail.example.org?sslmode=require",
        "smtps://mail.example.org?sslmode=disable",
        "smtp+starttls://mail.example.org?sslmode=disable",
        "smtp://name:hidden@mail.example.org?sslmode=disable",
    ),
    "STORAGE_URL": ("s3://bucket?endpoint=http://s3.example.org&sslmode=prefer", "s3://bucket?sslmode="),
}
INSTEAD = {"REDIS_URL": "rediss://", "MAIL_URL": "smtp+starttls:// or smtps://", "STORAGE_URL": "https://"}


def pairs(urls: dict[str, tuple[str, ...]]) -> list[tuple[str, str]]:
    return [(name, url) for name, those in urls.items() for url in those]


def say_plain(url: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}{WORD}"


@pytest.mark.parametrize(("name", "url"), pairs(AWAY))
def test_another_machine_needs_tls_or_a_word(name: str, url: str) -> None:
    with pytest.raises(ERRORS) as refused:
        READ[name](url, demand_tls=True)
    assert name in str(refused.value)
    assert INSTEAD[name] in str(refused.value)
    assert WORD in str(refused.value)
    assert "hidden" not in str(refused.value)
    READ[name](say_plain(url), demand_tls=True)
    READ[name](url)


@pytest.mark.parametrize(("name", "url"), pairs(FINE))
def test_this_machine_and_tls_need_none(name: str, url: str) -> None:
    assert READ[name](url, demand_tls=True)


@pytest.mark.parametrize(("name", "url"), pairs(WRONG))
def test_a_word_that_cannot_be_meant(name: str, url: str) -> None:
    with pytest.raises(ERRORS, match=name) as refused:
        READ[name](url)
    assert "hidden" not in str(refused.value)


def test_no_library_hears_the_word() -> None:
    for rest in ("redis://{}/1?socket_timeout=3", "sentinel://{};sentinel://b/0?master_name=satchel"):
        url = rest.format("redis.example.org:6379")
        assert WORD not in repr(spell(say_plain(url)))
        assert spell(say_plain(url)).celery["broker_url"] == spell(url).celery["broker_url"]


Said = list[bytes]


@contextmanager
def overheard(greeting: bytes, answer: bytes) -> Iterator[tuple[int, Said]]:
    """A port, and what is first said to it: what anybody on the way could read."""
    said: Said = []

    def meet(client: Any) -> None:
        client.settimeout(10)
        client.sendall(greeting)
        said.append(client.recv(4096))
        client.sendall(answer)
        shut(client)

    listener = Listener(meet)
    try:
        yield listener.port, said
    finally:
        listener.close()


def ask_redis(_app: Flask) -> None:
    limiter.storage.incr("a limit", 60)


def send_mail(app: Flask) -> None:
    app.extensions["mail"].deliver(EmailMessage(), "a name")


def ask_store(app: Flask) -> None:
    app.extensions["stores"]["archives"].check()


WAYS = {
    "REDIS_URL": (f"redis://:{SECRET}@{HOST}:{{}}", ask_redis, b"", b"-ERR no\r\n", SECRET.encode()),
    "MAIL_URL": (f"smtp://{HOST}:{{}}", send_mail, b"220 here\r\n", b"554 no\r\n", b"ehlo"),
    "STORAGE_URL": (
        f"s3://bucket?endpoint=http://{HOST}:{{}}&region=here",
        ask_store,
        b"",
        b"HTTP/1.1 404 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        b"HEAD /bucket",
    ),
}


@pytest.fixture
def settings(sqlite_settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    more = {"PUBLIC_BASE_URL": "https://satchel.example.org", "RATELIMIT_ENABLED": True}
    return {**sqlite_settings, **PRODUCTION, **more}


@pytest.mark.usefixtures("forgetful_limiter")
@pytest.mark.parametrize("name", WAYS)
def test_what_would_be_read_on_the_way(settings: dict[str, Any], name: str) -> None:
    """The control: with the word, and outside production, it is said to whoever listens."""
    form, speak, greeting, answer, heard = WAYS[name]
    with overheard(greeting, answer) as (port, said):
        url = form.format(port)
        with pytest.raises(SettingError, match=WORD) as refused:
            create_app({**settings, name: url})
        assert SECRET not in str(refused.value)
        assert said == []
        for given in ({**settings, name: say_plain(url)}, {**settings, "SESSION_COOKIE_SECURE": False, name: url}):
            app = create_app(given)
            with app.app_context(), pytest.raises(Exception):  # noqa: B017  # each library has its own
                speak(app)
            assert heard in said[-1].replace(b"EHLO", b"ehlo")
            said.clear()


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"])
def test_an_endpoint_that_a_variable_names(
    settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """It is known once somebody speaks to the store, as each worker does before it begins."""
    answer = WAYS["STORAGE_URL"][3]
    with overheard(b"", answer) as (port, said):
        monkeypatch.setenv(name, f"http://{HOST}:{port}")
        url = "s3://bucket?region=here"
        with pytest.raises(StoreSettingError, match="endpoint of STORAGE_URL"):
            ask_store(create_app({**settings, "STORAGE_URL": url}))
        assert said == []
        with pytest.raises(StoreSettingError, match="There is no such bucket"):
            ask_store(create_app({**settings, "STORAGE_URL": say_plain(url)}))
        assert said


def test_a_command_says_what_to_write(settings: dict[str, Any], tmp_path: Path) -> None:
    url = f"redis://:{SECRET}@redis.example.org"
    command = Program((*PYTHON, "flask", "audit", "verify"), tmp_path / "log", settings={**settings, "REDIS_URL": url})
    assert command.wait() == 1
    assert "Error: REDIS_URL may lead to another machine" in command.log()
    assert "Traceback" not in command.log()
    assert SECRET not in command.log()
