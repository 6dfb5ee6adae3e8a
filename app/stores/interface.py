"""What every store can do, and how it says that it cannot."""

import errno
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol


class Opened(NamedTuple):
    """A stored file, open at its beginning; it can seek."""

    file: BinaryIO
    size: int
    """Bytes."""


class Named(NamedTuple):
    """A stored file, and how old it is."""

    name: str
    seconds: float


class StoreSettingError(Exception):
    """The store cannot be used as it is set up; the message says what to do."""


class StoreDownError(OSError):
    """The store does not answer, or refuses. It may later: nothing is known about the file."""

    number = errno.EHOSTUNREACH

    def __init__(self, reason: str) -> None:
        super().__init__(self.number, reason)


class StoreFullError(StoreDownError):
    """There is no space left, or a quota is used up. Whoever waits for space waits for this as well."""

    number = errno.EDQUOT


class StoreSilentError(StoreDownError):
    """There was no answer. Who asks for the next file waits as long again."""


class StoreChangedError(OSError):
    """What lies under the name is not what was put there."""

    def __init__(self, name: str) -> None:
        super().__init__(errno.EIO, "not what was stored", name)


GoOn = Callable[[], object]
"""Asked now and then during long work; raises to stop it."""


def always() -> None:
    """A GoOn that never stops anything."""


class Store(Protocol):
    """Finished files under plain names: no folders, never written to again."""

    lists_cheaply: bool
    """Whether `names` may be asked every few seconds."""

    def prepare(self) -> None:
        """Make the folder, where there is none yet. Raises OSError, StoreDownError where there must have been one."""

    def put(self, file: Path, name: str, sha256: str, go_on: GoOn = always) -> None:
        """Give a finished local file this name; its old place is empty then. Readers see nothing of it or the whole.

        Raises OSError and what `go_on` raises, and then nobody sees it.
        """

    def open(self, name: str, sha256: str | None = None) -> Opened:
        """With `sha256`, no other bytes are read as if they were the whole file.

        Raises FileNotFoundError, StoreDownError, StoreChangedError and other OSErrors; so does reading.
        """

    def delete(self, name: str) -> None:
        """One that is gone already is no error. Raises OSError."""

    def place_of(self, name: str) -> str:
        """Where the file lies, for operators."""

    def names(self) -> Iterator[Named]:
        """Every file that is there. Raises StoreDownError."""

    def discard_unfinished(self, keep: Callable[[str], bool], seconds: float) -> None:
        """Give back what uploads hold, and checks, that nobody finished and that are so old. Raises StoreDownError."""

    def check(self) -> None:
        """Try whether files can be kept: make the folder, or write, read and delete an object of the bucket.

        Raises StoreSettingError.
        """
