"""Files in a folder of this machine. A file has its name only when it is whole and will survive a power cut."""

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from io import BufferedReader, FileIO
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from app.disk import open_regular, sync
from app.stores.interface import (
    GoOn,
    Named,
    Opened,
    StoreChangedError,
    StoreDownError,
    StoreSettingError,
    always,
)

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_Stamp = tuple[int, ...]
"""What of a file changes with its bytes, whoever changes them."""
Read = TypeVar("Read")
_MOST_SUMS = 10_000
"""So many are remembered by each process."""


class LocalStore:
    """`put` renames, so what it is given must lie on the same file system."""

    lists_cheaply = True

    def __init__(self, folder: Path, *, one_link: bool = True, has_files: Callable[[], bool] = lambda: False) -> None:
        """`has_files`: whether somebody knows of files in it. Then a folder that is not there is not made."""
        self._folder = folder
        self._one_link = one_link
        self._has_files = has_files
        self._sums: dict[_Stamp, str] = {}

    def prepare(self) -> None:
        if self._folder.is_dir():
            return
        if self._has_files():  # on another disk, perhaps; an empty folder in its place would tell that all are lost
            raise StoreDownError(
                f"{self._folder} is not there, and the database names files in it. Mount its disk; "
                f"or, if they are gone for good, make the folder: mkdir -p {self._folder}"
            )
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def put(self, file: Path, name: str, sha256: str, go_on: GoOn = always) -> None:  # noqa: ARG002  # a rename changes no bytes, and is short
        self.prepare()
        file.chmod(0o600)
        os.utime(file)  # young again: the sweeper leaves it alone until its row is written
        sync(file)
        file.rename(self._folder / name)
        try:
            sync(self._folder)
        except OSError:
            self.delete(name)  # nobody could say whether it survives a power cut
            raise

    def open(self, name: str, sha256: str | None = None) -> Opened:
        try:
            is_there = self._folder.is_dir()
        except OSError as error:  # a mount whose server has died
            raise StoreDownError(f"{self._folder} cannot be reached: {error.strerror}") from error
        if not is_there:  # not mounted, perhaps: every file seems to be missing, and none is
            raise StoreDownError(f"{self._folder} is not there")
        raw = _Unchanging(open_regular(self._folder, name), name)
        file = BufferedReader(raw)
        try:
            self._check(raw, name, sha256)
        except BaseException:
            file.close()
            raise
        return Opened(file, raw.status.st_size)

    def delete(self, name: str) -> None:
        (self._folder / name).unlink(missing_ok=True)

    def place_of(self, name: str) -> str:
        return str(self._folder / name)

    def names(self) -> Iterator[Named]:
        self.prepare()
        now = time.time()
        with os.scandir(self._folder) as entries:
            for entry in entries:
                try:
                    yield Named(entry.name, now - entry.stat(follow_symlinks=False).st_mtime)
                except FileNotFoundError:
                    continue  # its owner was faster

    def discard_unfinished(self, keep: Callable[[str], bool], seconds: float) -> None:
        """There are none: a rename is done or was never begun."""

    def check(self) -> None:
        try:
            self.prepare()
        except StoreDownError as error:
            raise StoreSettingError(str(error.strerror)) from error
        except OSError as error:
            raise StoreSettingError(f"{self._folder} cannot be made: {error.strerror}") from error

    def _check(self, file: "_Unchanging", name: str, sha256: str | None) -> None:
        """Is it the file that was put?"""
        if self._one_link and file.status.st_nlink != 1:
            raise FileNotFoundError(name)
        if sha256 is not None and self._sum(file) != sha256:
            raise StoreChangedError(name)

    def _sum(self, file: "_Unchanging") -> str:
        """SHA-256 of the whole file. It is read once, and again when anything has touched it since."""
        found = self._sums.get(file.stamp)
        if found is None:
            found = hashlib.file_digest(file, "sha256").hexdigest()
            file.seek(0)
            if len(self._sums) >= _MOST_SUMS:
                self._sums.clear()
            self._sums[file.stamp] = found
        return found


class _Unchanging(FileIO):
    """A file that stays as it was when it was opened: bytes of one that anybody touches meanwhile are not given."""

    def __init__(self, descriptor: int, name: str) -> None:
        super().__init__(descriptor, "rb")
        self._stored_name = name
        self.status = os.fstat(descriptor)
        self.stamp = _stamp(self.status)

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Raises StoreChangedError."""
        return self._vouch_for(super().readinto(buffer) or 0)

    def readall(self) -> bytes:
        """Raises StoreChangedError."""
        return self._vouch_for(super().readall() or b"")

    def _vouch_for(self, read: Read) -> Read:
        """The kernel stamps a file before it writes into it.

        Another name changes the last of the stamps as well, and no byte: a backup's link, or a file that is deleted
        and may be read to its end.
        """
        status = os.fstat(self.fileno())
        certain = 5 if status.st_nlink == self.status.st_nlink else 4
        if _stamp(status)[:certain] != self.stamp[:certain]:
            raise StoreChangedError(self._stored_name)
        return read


def _stamp(status: os.stat_result) -> _Stamp:
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
