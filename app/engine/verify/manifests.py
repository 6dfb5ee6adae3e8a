"""The bag's manifests: every member is in exactly one, and nothing else is in them."""

import re
from collections.abc import Iterable, Iterator
from itertools import compress

from app.engine.verify.container import Container
from app.engine.verify.limits import TAG
from app.engine.verify.listed import Members
from app.engine.verify.problems import VerificationError, raise_all

PAYLOAD, TAGS = "manifest-sha256.txt", "tagmanifest-sha256.txt"
SIGNATURE = f"{TAGS}.minisig"

_LINE = re.compile(r"([0-9a-f]{64})  (\S.*)")
_LONGEST = 4096
"""Bytes of a line that are held until it ends."""
_BYTES = 32
"""Of a SHA-256."""


class Manifests:
    """The SHA-256 of each member that is listed."""

    def __init__(self, members: Members) -> None:
        self._members = members
        self._sums = bytearray(_BYTES * len(members))
        self._listed = bytearray(len(members))

    def __len__(self) -> int:
        return sum(self._listed)

    def __contains__(self, name: str) -> bool:
        number = self._members.find(name)
        return number is not None and self.lists(number)

    def __getitem__(self, name: str) -> bytes:
        number = self._members.find(name)
        if number is None or not self.lists(number):
            raise KeyError(name)
        return bytes(self._sums[_BYTES * number : _BYTES * (number + 1)])

    def lists(self, number: int) -> bool:
        """The member of this number."""
        return bool(self._listed[number])

    def put(self, number: int, sha256: bytes) -> None:
        """`number`: the member's."""
        self._sums[_BYTES * number : _BYTES * (number + 1)] = sha256
        self._listed[number] = True

    def listed(self) -> Iterator[str]:
        """In the order of the members."""
        return compress(self._members, self._listed)

    def unlisted(self) -> Iterator[str]:
        return (name for name, is_listed in zip(self._members, self._listed, strict=True) if not is_listed)


def read_manifests(container: Container) -> Manifests:
    if not container.read("bagit.txt", TAG).startswith(b"BagIt-Version: 1.0\n"):
        raise VerificationError("bagit.txt is not that of a bag")
    found = Manifests(container.members)
    for manifest in (PAYLOAD, TAGS):
        raise_all(_read(container, manifest, found))
    raise_all(f"{TAGS} does not list {name}" for name in ("bagit.txt", "bag-info.txt", PAYLOAD) if name not in found)
    unlisted = (name for name in found.unlisted() if name not in {TAGS, SIGNATURE})
    raise_all(f"a member that no manifest lists: {name}" for name in unlisted)
    return found


def _read(container: Container, manifest: str, found: Manifests) -> Iterator[str]:
    """Fills `found`. Yields what is wrong with the names."""
    for line in _lines(container.blocks(manifest)):
        match = _LINE.fullmatch(line)
        number = match and container.members.find(match[2])
        if match is None or (number is not None and found.lists(number)):
            raise VerificationError(f"{manifest} has a line that is malformed or doubled: {line[:100]!r}")
        digest, name = match.groups()
        if name.startswith("data/") != (manifest == PAYLOAD):
            yield f"{manifest} lists what is {'not ' if manifest == PAYLOAD else ''}below data/: {name}"
        elif number is None:
            yield f"{name} is missing, although a manifest lists it"
        else:
            found.put(number, bytes.fromhex(digest))


def _lines(blocks: Iterable[bytes]) -> Iterator[str]:
    """One that is too long comes in pieces, and the first of them names no member."""
    rest = b""
    for block in blocks:
        text = rest + block
        end = text.rfind(b"\n") + 1
        yield from text[:end].decode("utf-8", "replace").splitlines()
        rest = text[end:]
        if len(rest) > _LONGEST:
            yield rest.decode("utf-8", "replace")
            rest = b""
    yield from rest.decode("utf-8", "replace").splitlines()
