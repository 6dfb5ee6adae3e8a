"""The bag's manifests: every member is in exactly one, and nothing else is in them."""

import re
from dataclasses import dataclass

from app.engine.verify.container import Container
from app.engine.verify.problems import VerificationError, raise_all

PAYLOAD, TAGS = "manifest-sha256.txt", "tagmanifest-sha256.txt"
SIGNATURE = f"{TAGS}.minisig"

_LINE = re.compile(r"([0-9a-f]{64})  (\S.*)")


@dataclass(frozen=True)
class Manifests:
    digests: dict[str, str]
    """The SHA-256 of each member, by name."""


def read_manifests(container: Container) -> Manifests:
    if not container.read("bagit.txt").startswith(b"BagIt-Version: 1.0\n"):
        raise VerificationError("bagit.txt is not that of a bag")
    payload, tags = _read(container, PAYLOAD), _read(container, TAGS)
    raise_all(f"{PAYLOAD} lists what is not below data/: {name}" for name in payload if not name.startswith("data/"))
    raise_all(f"{TAGS} lists what is below data/: {name}" for name in tags if name.startswith("data/"))
    raise_all(f"{TAGS} does not list {name}" for name in ("bagit.txt", "bag-info.txt", PAYLOAD) if name not in tags)
    digests = payload | tags
    raise_all(f"{name} is missing, although a manifest lists it" for name in digests if name not in container.members)
    unlisted = sorted(container.members.keys() - digests.keys() - {TAGS, SIGNATURE})
    raise_all(f"a member that no manifest lists: {name}" for name in unlisted)
    return Manifests(digests)


def _read(container: Container, name: str) -> dict[str, str]:
    listed: dict[str, str] = {}
    for line in container.read(name).decode("utf-8", "replace").splitlines():
        found = _LINE.fullmatch(line)
        if found is None or found[2] in listed:
            raise VerificationError(f"{name} has a line that is malformed or doubled: {line[:100]!r}")
        listed[found[2]] = found[1]
    return listed
