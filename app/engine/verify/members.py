"""Takes from one reading of a member its checksum, its rows, and whether it holds a canary."""

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from app.engine.verify.container import Container
from app.engine.verify.manifests import Manifests
from app.engine.verify.problems import UnreadableError, VerificationError, raise_all
from app.engine.verify.tables import Reader

Advance = Callable[[int], None]


def check_members(
    container: Container,
    manifests: Manifests,
    readers: Mapping[str, Reader],
    canaries: Sequence[bytes],
    advance: Advance,
) -> None:
    raise_all(
        problem
        for name in manifests.listed()
        for problem in _check(
            name, manifests[name], _Tap(container.blocks(name), canaries, advance), readers.get(name, _skim)
        )
    )


def _check(name: str, digest: bytes, tap: "_Tap", read: Reader) -> Iterator[str]:
    """Its checksum is said rather than what its reader stumbles over: the first is the cause of the second."""
    blocks, trouble = iter(tap), ""
    try:
        read(blocks)
    except UnreadableError:
        raise
    except VerificationError as error:
        trouble = f"{name}: {error}"
    except UnicodeDecodeError:
        trouble = f"{name} is not UTF-8"
    _skim(blocks)  # what its reader left
    if tap.digest.digest() != digest:
        yield f"checksum differs: {name}"
    elif trouble:
        yield trouble
    if tap.found:
        yield f"{name} holds what must never leave"


def _skim(blocks: Iterable[bytes]) -> None:
    deque(blocks, maxlen=0)


class _Tap:
    """Passes blocks on and takes note of them."""

    def __init__(self, source: Iterable[bytes], canaries: Sequence[bytes], advance: Advance) -> None:
        self.digest = hashlib.sha256()
        self.found = False
        self._source = source
        self._canaries = canaries
        self._keep = max(map(len, canaries), default=1) - 1
        self._tail = b""
        self._advance = advance

    def __iter__(self) -> Iterator[bytes]:
        for block in self._source:
            self.digest.update(block)
            self._advance(len(block))
            if self._canaries:
                self._search(block)
            yield block

    def _search(self, block: bytes) -> None:
        text = self._tail + block
        self.found = self.found or any(canary in text for canary in self._canaries)
        self._tail = text[len(text) - self._keep :] if self._keep else b""
