"""Reads an object of a bucket as a file that can seek. A connection that breaks is taken up again where it broke.

Every further request says which version it wants (If-Match), so that bytes of two objects never mix.
"""

import hashlib
import io
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError

from app.stores.interface import StoreChangedError, StoreDownError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from botocore.response import StreamingBody

FIRST_BYTES = 1024**2
"""The first request asks for so many: a picture comes with one, and an unread archive costs little."""
_PAUSES = (0, 0, 0.5, 1, 2, 4)
"""Seconds before each try for the next bytes. The first may end at a body's own end."""
PATIENCE = 60.0
"""Seconds. A reader who has waited for so long does better to come back later."""

Fetch = Callable[[int], "StreamingBody"]
"""The object's bytes from there on. Raises OSError."""


class RemoteFile(io.RawIOBase):
    """An object, read from front to back or from anywhere."""

    def __init__(
        self, name: str, size: int, sha256: str | None, beginning: "StreamingBody | None", fetch: Fetch
    ) -> None:
        """`beginning`: its first bytes, on their way already."""
        super().__init__()
        self._name = name
        self._size = size
        self._sha256 = sha256
        self._digest = hashlib.sha256()
        self._hashed = 0
        self._body = beginning
        self._fetch = fetch
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        target = max(0, start + offset)
        if target != self._position:
            self._hang_up()
            self._position = target
        return target

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Raises StoreDownError, StoreChangedError, FileNotFoundError; never gives bytes of anything else."""
        place = memoryview(buffer).cast("B")
        wanted = min(len(place), self._size - self._position)
        if wanted <= 0:
            return 0
        data = self._read_some(wanted)
        self._hash(data)
        place[: len(data)] = data
        self._position += len(data)
        return len(data)

    def close(self) -> None:
        self._hang_up()
        super().close()

    def _read_some(self, wanted: int) -> bytes:
        last: Exception | None = None
        deadline = time.monotonic() + PATIENCE
        for pause in _PAUSES:
            if time.monotonic() > deadline:
                break
            time.sleep(pause)
            try:
                self._body = self._body or self._fetch(self._position)
                if data := self._body.read(wanted):
                    return data
            except (BotoCoreError, StoreDownError) as error:
                last = error
            self._hang_up()
        raise StoreDownError(f"{self._name} broke off at byte {self._position}: {last}") from last

    def _hash(self, data: bytes) -> None:
        """Whoever reads the whole gets the last bytes only if all were the right ones."""
        if self._sha256 is None or self._hashed != self._position:
            return
        self._digest.update(data)
        self._hashed += len(data)
        if self._hashed == self._size and self._digest.hexdigest() != self._sha256:
            raise StoreChangedError(self._name)

    def _hang_up(self) -> None:
        if self._body is not None:
            self._body.close()
            self._body = None
