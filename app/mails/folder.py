"""Mails as files, where no server is set. A second try replaces the first."""

import os
import secrets
from email.message import EmailMessage
from pathlib import Path

from app.disk import sync


class MailFolder:
    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)

    def deliver(self, message: EmailMessage, name: str) -> None:
        """A file has its name only when it is whole and will survive a power cut. Raises OSError."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._folder / f".{name}.{secrets.token_hex(8)}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(bytes(message))
                file.flush()
                os.fsync(file.fileno())
            draft.rename(self._folder / f"{name}.eml")
        finally:
            draft.unlink(missing_ok=True)
        sync(self._folder)
