"""Files in a folder of this machine. A file has its name only when it is whole and will survive a power cut."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from app.disk import open_regular, sync
from app.stores.interface import GoOn, Named, Opened, StoreSettingError, always


class LocalStore:
    """`put` renames, so what it is given must lie on the same file system."""

    lists_cheaply = True

    def __init__(self, folder: Path, *, one_link: bool = True) -> None:
        self._folder = folder
        self._one_link = one_link

    def put(self, file: Path, name: str, sha256: str, go_on: GoOn = always) -> None:  # noqa: ARG002  # a rename changes no bytes, and is short
        self._make_folder()
        file.chmod(0o600)
        os.utime(file)  # young again: the sweeper leaves it alone until its row is written
        sync(file)
        file.rename(self._folder / name)
        try:
            sync(self._folder)
        except OSError:
            self.delete(name)  # nobody could say whether it survives a power cut
            raise

    def open(self, name: str, sha256: str | None = None) -> Opened:  # noqa: ARG002  # our own disk: whoever can change files here can change rows
        file = open_regular(self._folder, name)
        status = os.fstat(file.fileno())
        if self._one_link and status.st_nlink != 1:
            file.close()
            raise FileNotFoundError(name)
        return Opened(file, status.st_size)

    def delete(self, name: str) -> None:
        (self._folder / name).unlink(missing_ok=True)

    def place_of(self, name: str) -> str:
        return str(self._folder / name)

    def names(self) -> Iterator[Named]:
        self._make_folder()
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
            self._make_folder()
        except OSError as error:
            raise StoreSettingError(f"{self._folder} cannot be made: {error.strerror}") from error

    def _make_folder(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
