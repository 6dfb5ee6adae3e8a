"""Files that rows name come along as members; one that cannot be read becomes a gap, never a silent loss."""

import errno
import re
import shutil
from collections.abc import Callable
from pathlib import Path, PurePath
from typing import BinaryIO

from app.engine.names import ACTIVE
from app.engine.package import hash_file
from app.engine.shape import Gap, WantedFile

OpenFile = Callable[[str, str], BinaryIO]
"""(store, stored name) → the open file. Raises OSError when it cannot be read."""

# A full disk is our trouble; it fails the attempt and is no gap of the person's.
_OURS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EMFILE, errno.ENFILE})


class Media:
    """Copies files into `data/media/` of the archive under short ASCII names, and lists the gaps."""

    def __init__(self, folder: Path, open_file: OpenFile) -> None:
        self.gaps: list[Gap] = []
        self.count = 0
        self._folder = folder
        self._open = open_file
        self._table = ""

    def begin(self, table: str) -> None:
        self._table = table

    def take(self, wanted: WantedFile) -> str | None:
        """The member's path below `data/`, or None for a gap."""
        member = self._folder / f"{self.count + 1:06d}{_extension(wanted.name)}"
        try:
            with self._open(wanted.store, wanted.stored_name) as source, member.open("xb") as place:
                shutil.copyfileobj(source, place, 1024**2)
            _check(member, wanted.sha256)
        except OSError as error:
            member.unlink(missing_ok=True)
            if error.errno in _OURS:
                raise
            self.gaps.append(Gap(self._table, wanted.row, wanted.name, _reason(error)))
            return None
        self.count += 1
        return f"media/{member.name}"


class _ChangedError(OSError):
    """The bytes are not those that were stored: cut off, or something else."""


def _check(member: Path, sha256: str | None) -> None:
    if sha256 is not None and hash_file(member) != sha256.lower():
        raise _ChangedError


def _extension(name: str) -> str:
    suffix = re.sub(r"[^a-z0-9]", "", PurePath(name).suffix.lower())[:10]
    if not suffix:
        return ""
    # A page among the files would run its scripts when opened; as text it only shows them.
    return f".{suffix}.txt" if suffix in ACTIVE else f".{suffix}"


def _reason(error: OSError) -> str:
    if isinstance(error, _ChangedError):
        return "The file is damaged: it is not what was stored."
    return "The file is missing." if isinstance(error, FileNotFoundError) else "The file cannot be read."
