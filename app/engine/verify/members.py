"""Reads every member once, and takes from that one reading its checksum, its rows, and whether it holds a canary."""

import hashlib
import io
from collections.abc import Callable, Iterator, Sequence
from typing import IO

from app.engine.verify.container import Container
from app.engine.verify.manifests import Manifests
from app.engine.verify.problems import VerificationError, raise_all
from app.engine.verify.tables import Tables

_CHUNK = 1024**2

Advance = Callable[[int], None]


def check_members(
    container: Container, manifests: Manifests, tables: Tables, canaries: Sequence[bytes], advance: Advance
) -> None:
    readers = tables.readers()
    raise_all(
        problem
        for name, digest in manifests.digests.items()
        for problem in _check(container, name, digest, readers.get(name, _skim), canaries=canaries, advance=advance)
    )


def _check(
    container: Container,
    name: str,
    digest: str,
    read: Callable[[IO[bytes]], None],
    *,
    canaries: Sequence[bytes],
    advance: Advance,
) -> Iterator[str]:
    """Its checksum is said rather than what its reader stumbles over: the first is the cause of the second."""
    trouble = ""
    with container.open(name) as member:
        tap = _Tap(member, canaries, advance)
        try:
            read(io.BufferedReader(tap, _CHUNK))
        except VerificationError as error:
            trouble = f"{name}: {error}"
        except UnicodeDecodeError:
            trouble = f"{name} is not UTF-8"
        _skim(tap)  # what its reader left
    if tap.digest.hexdigest() != digest:
        yield f"checksum differs: {name}"
    elif trouble:
        yield trouble
    if tap.found:
        yield f"{name} holds what must never leave"


def _skim(stream: IO[bytes] | io.RawIOBase) -> None:
    while stream.read(_CHUNK):
        pass


class _Tap(io.RawIOBase):
    """Passes bytes on and takes note of them."""

    def __init__(self, source: IO[bytes], canaries: Sequence[bytes], advance: Advance) -> None:
        self.digest = hashlib.sha256()
        self.found = False
        self._source = source
        self._canaries = canaries
        self._keep = max(map(len, canaries), default=1) - 1
        self._tail = b""
        self._advance = advance

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        """Stays open when its reader goes: the checksum needs the rest."""

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # a Buffer, says typeshed
        chunk = self._source.read(len(buffer))
        buffer[: len(chunk)] = chunk
        self.digest.update(chunk)
        self._advance(len(chunk))
        if self._canaries:
            self._search(chunk)
        return len(chunk)

    def _search(self, chunk: bytes) -> None:
        text = self._tail + chunk
        self.found = self.found or any(canary in text for canary in self._canaries)
        self._tail = text[len(text) - self._keep :] if self._keep else b""
