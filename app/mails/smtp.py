"""Mails by SMTP. Every wait has an end, and no password leaves without TLS."""

import contextlib
import smtplib
import ssl
from email.message import EmailMessage

from celery.exceptions import SoftTimeLimitExceeded

from app.mails.address import MailAddress
from app.mails.transport import RefusedError

SECONDS = 15
"""So long each answer may take; the task's own limit bounds all of them together."""
_FOR_GOOD = 500


class SmtpServer:
    def __init__(self, address: MailAddress) -> None:
        self._address = address

    def deliver(self, message: EmailMessage, name: str) -> None:  # noqa: ARG002  # the Message-ID is what tells tries apart
        """Raises RefusedError when this mail or its recipient is refused; everything else may work later."""
        connection = self._connect()
        try:
            self._introduce(connection)
            _hand_over(connection, message)
        finally:
            # The server has the mail or has it not; a bad farewell, or a slow one, must not have it sent again.
            with contextlib.suppress(smtplib.SMTPException, OSError, SoftTimeLimitExceeded):
                try:
                    connection.quit()
                finally:
                    connection.close()

    def forget_old(self, days: float) -> None:
        """The server has them, and nothing is here."""

    def _connect(self) -> smtplib.SMTP:
        address = self._address
        if address.scheme == "smtps":
            return smtplib.SMTP_SSL(address.host, address.port, timeout=SECONDS, context=self._context())
        return smtplib.SMTP(address.host, address.port, timeout=SECONDS)

    def _introduce(self, connection: smtplib.SMTP) -> None:
        if self._address.scheme == "smtp+starttls":
            connection.starttls(context=self._context())
        if self._address.user is not None:
            connection.login(self._address.user, self._address.password)

    def _context(self) -> ssl.SSLContext:
        """The files of our certificate are read each time: it may have been renewed."""
        context = ssl.create_default_context()
        if self._address.certificate:
            context.load_cert_chain(*self._address.certificate)
        return context


def _hand_over(connection: smtplib.SMTP, message: EmailMessage) -> None:
    try:
        connection.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        codes = {code for code, _ in error.recipients.values()}
        if min(codes) >= _FOR_GOOD:
            raise RefusedError(f"the server does not take mail for this address: {sorted(codes)}") from error
        raise
    except smtplib.SMTPDataError as error:
        if error.smtp_code >= _FOR_GOOD:
            raise RefusedError(f"the server does not take this mail: {error.smtp_code}") from error
        raise
