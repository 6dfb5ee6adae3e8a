"""Passwords from breaches: a list on this machine in which each new one is looked up, so that nothing of it leaves.

The list is the file that Have I Been Pwned gives out: lines `SHA1:COUNT` in the order of the hashes, tens of gigabytes
of them. A few dozen are read, by bisection.
"""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

_LINE = re.compile(rb"([0-9A-Fa-f]{40})(:[0-9]+)?\r?\n?")
_LONGEST = 80
"""No line is that long; of a file that is no list no more is read."""
_SAMPLES = 64
_TAIL = 1024


class ListError(Exception):
    """The file is missing, or no such list."""


class _Line(NamedTuple):
    start: int
    end: int
    sha1: bytes


def check(path: str) -> None:
    """Some lines from the first to the last. Raises ListError."""
    with _open(path) as (file, size):
        offsets = (size * number // _SAMPLES for number in range(_SAMPLES))
        lines = {line for offset in offsets if (line := _read_line(file, offset))}
        offset = max(size - _TAIL, 0)
        while line := _read_line(file, offset):
            lines.add(line)
            offset = line.end
    hashes = [line.sha1 for line in sorted(lines)]
    if not hashes or hashes != sorted(set(hashes)):
        raise ListError("it must have lines in the order of their hashes")


def is_breached(path: str, password: str) -> bool:
    """Whether the list has it. Raises ListError."""
    wanted = hashlib.sha1(password.encode("utf-8", "replace"), usedforsecurity=False).hexdigest().upper().encode()
    with _open(path) as (file, size):
        low, high = 0, size
        while low < high:  # its line, if there is one, begins between the two
            middle = (low + high) // 2
            line = _read_line(file, middle)
            if line is None or line.start >= high or line.sha1 > wanted:
                high = middle
            elif line.sha1 == wanted:
                return True
            else:
                low = line.end
    return False


@contextmanager
def _open(path: str) -> Iterator[tuple[BinaryIO, int]]:
    """With its size. Nothing is waited for, as in a pipe."""
    try:
        if not Path(path).is_file():
            raise ListError("there is no such file")
        with Path(path).open("rb") as file:
            yield file, file.seek(0, 2)
    except OSError as error:
        raise ListError(f"it cannot be read ({error.strerror})") from None  # whose text has the path


def _read_line(file: BinaryIO, offset: int) -> _Line | None:
    """The first that begins there or later; None: none does."""
    file.seek(max(offset - 1, 0))
    if offset:
        file.readline(_LONGEST)  # the rest of one that began before
    start = file.tell()
    text = file.readline(_LONGEST)
    if not text:
        return None
    found = _LINE.fullmatch(text)
    if not found:
        raise ListError("its lines must be like 000000005AD76BD555C1D6D771DE417A4B87E4B4:10")
    return _Line(start, start + len(text), found[1].upper())
