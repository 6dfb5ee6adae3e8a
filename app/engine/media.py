"""Files that rows name come along as members; one that cannot be read becomes a gap, never a silent loss."""

import errno
import re
import shutil
from collections.abc import Callable
from pathlib import Path, PurePath
from typing import BinaryIO

from app.engine.names import ACTIVE
from app.engine.plan import FileColumn
from app.engine.shape import Gap

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

    def take(self, column: FileColumn, stored_name: str, name: str, row: str) -> str | None:
        """The member's path below `data/`, or None for a gap."""
        member = f"{self.count + 1:06d}{_extension(name)}"
        try:
            with self._open(column.store, stored_name) as source, (self._folder / member).open("xb") as place:
                shutil.copyfileobj(source, place, 1024**2)
        except OSError as error:
            (self._folder / member).unlink(missing_ok=True)
            if error.errno in _OURS:
                raise
            self.gaps.append(Gap(self._table, row, name, _reason(error)))
            return None
        self.count += 1
        return f"media/{member}"


def _extension(name: str) -> str:
    suffix = re.sub(r"[^a-z0-9]", "", PurePath(name).suffix.lower())[:10]
    if not suffix:
        return ""
    # A page among the files would run its scripts when opened; as text it only shows them.
    return f".{suffix}.txt" if suffix in ACTIVE else f".{suffix}"


def _reason(error: OSError) -> str:
    return "The file is missing." if isinstance(error, FileNotFoundError) else "The file cannot be read."
