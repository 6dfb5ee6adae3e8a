"""Mails as files, where no server is set. A second try replaces the first."""

import contextlib
import os
import re
import secrets
import time
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

    def forget_old(self, days: float) -> None:
        """Files of ours alone: the folder may hold others. What a killed worker has begun goes with them."""
        oldest = time.time() - days * 86_400
        for file in self._folder.glob("*"):
            with contextlib.suppress(FileNotFoundError):  # another one sweeps, too
                if _OURS.fullmatch(file.name) and file.lstat().st_mtime < oldest:
                    file.unlink()


_OURS = re.compile(r"[0-9a-f-]{36}\.eml|\.[0-9a-f-]{36}\.[0-9a-f]{16}")
