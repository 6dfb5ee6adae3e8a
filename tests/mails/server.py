"""A real SMTP server on this machine, that takes mails or refuses them as a test says."""

import asyncio
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.policy import default
from typing import TYPE_CHECKING, Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword

from tests.brokers import HOST, free_port
from tests.certificates import Certificate

if TYPE_CHECKING:
    from email.message import EmailMessage

USER, PASSWORD = "satchel", "p@ss:w/rd%"


class Inbox:
    """What the server took, and what it says instead of taking it."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.taken_at: list[float] = []
        """Seconds since 1970, of each mail."""
        self.port = 0
        self.refuse: dict[str, str] = {}
        """Command → answer: RCPT, DATA or QUIT."""
        self.before_taking: Callable[[], None] | None = None
        """Called when the sender names the recipient."""
        self.before_answer: Callable[[], None] | None = None
        """Called when a mail is taken, and before the sender hears of it."""

        self.before_farewell: Callable[[], None] | None = None
        """Called when the sender says QUIT."""

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Envelope, to: str, _options: Any) -> str:  # noqa: N802  # aiosmtpd's names
        if "RCPT" in self.refuse:
            return self.refuse["RCPT"]
        if self.before_taking:
            await asyncio.to_thread(self.before_taking)
        envelope.rcpt_tos.append(to)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:  # noqa: N802
        if "DATA" in self.refuse:
            return self.refuse["DATA"]
        self.mails.append(message_from_bytes(envelope.original_content or b"", policy=default))
        self.recipients += envelope.rcpt_tos
        self.taken_at.append(time.time())
        if self.before_answer:
            await asyncio.to_thread(self.before_answer)
        return "250 OK"

    async def handle_QUIT(self, _server: Any, _session: Any, _envelope: Envelope) -> str:  # noqa: N802
        if self.before_farewell:
            await asyncio.to_thread(self.before_farewell)
        return self.refuse.get("QUIT", "221 Bye")


def authenticate(_server: Any, _session: Any, _envelope: Envelope, _mechanism: str, given: Any) -> AuthResult:
    right = isinstance(given, LoginPassword) and (given.login, given.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=right, handled=False)


@contextmanager
def run_server(
    *,
    tls: Certificate | None = None,
    clients: Certificate | None = None,
    from_the_start: bool = False,
    **options: Any,
) -> Iterator[Inbox]:
    """`tls`: before anything that matters, or `from_the_start`; `clients`: the only ones that may come.

    `options`: aiosmtpd's.
    """
    inbox = Inbox()
    inbox.port = free_port()
    if tls:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(tls.certificate, tls.key)
        if clients:
            context.load_verify_locations(clients.certificate)
            context.verify_mode = ssl.CERT_REQUIRED
        at_once = {"ssl_context": context, "auth_require_tls": False}  # it knows of no TLS but STARTTLS
        options |= at_once if from_the_start else {"tls_context": context, "require_starttls": True}
    controller = Controller(inbox, hostname=HOST, port=inbox.port, ready_timeout=60, **options)
    controller.start()
    try:
        yield inbox
    finally:
        controller.stop()
