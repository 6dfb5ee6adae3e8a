"""What carries a finished message away."""

from email.message import EmailMessage
from typing import Protocol


class RefusedError(Exception):
    """For good: the same mail would be refused again."""


class Transport(Protocol):
    def deliver(self, message: EmailMessage, name: str) -> None:
        """`name`: the same for a second try. Raises RefusedError; OSError, SMTPException when it may work later."""

    def forget_old(self, days: float) -> None:
        """What it keeps of mails that were delivered so long ago."""
