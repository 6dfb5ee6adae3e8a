"""One supervisor for an instance folder: two would start two brokers on the same files."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class LockError(Exception):
    """The lock cannot be had; the message says why."""


@contextmanager
def hold_lock(path: Path) -> Iterator[None]:
    """Hold the lock on this file, kept by the kernel: it goes with the process, even a killed one. Raises LockError.

    The file stays. A process that removed it could remove the one that the next holder has just locked.
    """
    try:
        file = path.open("a+")
    except OSError as error:
        raise LockError(f"{path.parent} cannot be written ({error.strerror}).") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise LockError(f"Process {file.read()} already uses {path.parent}.") from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
