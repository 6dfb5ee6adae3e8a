"""Files that rows name come along as members; one that cannot be read becomes a gap, never a silent loss."""

import errno
import os
import re
from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from typing import BinaryIO

from app.engine.marking import mark
from app.engine.names import ACTIVE
from app.engine.package import Advance, ChangedError, Package, Packed, most_bytes, pack
from app.engine.shape import Gap, WantedFile

SMALL = 256 * 1024
"""Bytes of a file that is held in memory until it is written."""

OpenFile = Callable[[str, str], BinaryIO]
"""(store, stored name) → the open file. Raises OSError when it cannot be read."""

# These are our trouble: they fail the attempt and are no gap of the person's. EIO is a gap, since what a broken disk
# has lost does not come back.
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN}
_AWAY = {errno.EHOSTUNREACH, errno.ESTALE, errno.ETIMEDOUT, errno.ENOTCONN, errno.ENODEV, errno.ENXIO}
"""A store does not answer, or a folder of another machine."""
_OURS = frozenset(_FULL | _AWAY)


class Media:
    """Copies files into `data/media/` of the archive under short ASCII names, and lists the gaps.

    `open_file`: None where the person wants none of them; then they are counted.
    """

    def __init__(self, package: Package, open_file: OpenFile | None, advance: Advance) -> None:
        self.gaps: list[Gap] = []
        self.left_out: Counter[str] = Counter()
        """By table, those that the person did not want."""
        self.count = 0
        self.size = 0
        """Bytes of those that were taken."""
        self._package = package
        self._open = open_file
        self._advance = advance
        self._table = ""

    def begin(self, table: str) -> None:
        self._table = table

    def measure(self, wanted: WantedFile) -> int:
        """How many bytes of a part its file may take; none where there is nothing."""
        if self._open is None:
            return 0
        try:
            with self._open(wanted.store, wanted.stored_name) as source:
                return most_bytes(source.seek(0, os.SEEK_END))
        except OSError:
            return 0  # `take` will say why

    def take(self, wanted: WantedFile) -> str | None:
        """The member's path below `data/`, or None for a gap and for what is not wanted."""
        if self._open is None:
            self.left_out[self._table] += 1
            return None
        name = f"media/{self.count + 1:06d}{_extension(os.path.splitext(wanted.name)[1])}"  # noqa: PTH122  # makes no object
        sha256 = None if wanted.sha256 is None else wanted.sha256.lower()
        try:
            with self._open(wanted.store, wanted.stored_name) as source:
                packed = self._copy(f"data/{name}", source, sha256)
        except OSError as error:
            if error.errno in _OURS:
                raise
            self.gaps.append(Gap(self._table, wanted.row, wanted.name, _reason(error)))
            return None
        if packed:
            self._package.put(f"data/{name}", packed)
        self.count += 1
        return name

    def _copy(self, name: str, source: BinaryIO, sha256: str | None) -> Packed | None:
        """Of a small file all is known before any of it is written."""
        size = source.seek(0, os.SEEK_END)
        source.seek(0)
        packed = None
        if size > SMALL:
            self._package.copy(name, source, size, sha256, self._advance)
        else:
            packed = pack(name, source, size, sha256, self._advance)
        self.size += size
        return packed


@lru_cache(256)
def _extension(suffix: str) -> str:
    suffix = re.sub(r"[^a-z0-9]", "", suffix.lower())[:10]
    if not suffix:
        return ""
    # A page among the files would run its scripts when opened; as text it only shows them.
    return f".{suffix}.txt" if suffix in ACTIVE else f".{suffix}"


def _reason(error: OSError) -> str:
    if isinstance(error, ChangedError):
        return mark("The file is damaged: it is not what was stored.")
    if isinstance(error, FileNotFoundError):
        return mark("The file is missing.")
    return mark("The file cannot be read.")
