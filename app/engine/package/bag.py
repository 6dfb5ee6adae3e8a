"""The tag files that make a part a bag (BagIt, RFC 8493): who, when, and the checksum of every member."""

from collections.abc import Mapping
from itertools import chain

from app.engine.minisign import Signer
from app.engine.package.part import Member, Part, manifest_line
from app.engine.shape import Edition

PAYLOAD, TAGS = "manifest-sha256.txt", "tagmanifest-sha256.txt"


def add_tags(part: Part, parts: int, edition: Edition, signer: Signer | None) -> None:
    """To a part that has everything else. Whoever changes a byte of any member changes the tag manifest, so its
    signature covers all.
    """
    payload = {name: member for name, member in part.members.items() if name.startswith("data/")}
    part.add("bagit.txt", b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n")
    part.add("bag-info.txt", _info(part, parts, edition, signer, payload).encode())
    lines = _manifest(payload)
    part.pour(PAYLOAD, chain([lines], part.media.blocks()), len(lines) + part.media.length)
    manifest = _manifest({name: member for name, member in part.members.items() if name not in payload})
    part.add(TAGS, manifest)
    if signer:
        comment = f"archive {edition.reference}, read at {edition.snapshot_at.isoformat()}"
        part.add(f"{TAGS}.minisig", signer.sign(manifest, comment).encode())


def _info(part: Part, parts: int, edition: Edition, signer: Signer | None, payload: Mapping[str, Member]) -> str:
    size = sum(member.size for member in payload.values()) + part.media.size
    lines = [
        f"Source-Organization: {_one_line(edition.site)}",
        f"External-Identifier: {edition.reference}",
        f"External-Description: Personal data of one person, read at {edition.snapshot_at.isoformat()}",
        f"Bagging-Date: {edition.snapshot_at.date().isoformat()}",
        "Bag-Software-Agent: Satchel",
        f"Payload-Oxum: {size}.{len(payload) + part.media.count}",
    ]
    if parts > 1:
        lines += [f"Bag-Group-Identifier: {edition.folder()}", f"Bag-Count: {part.number} of {parts}"]
    if signer:
        lines.append(f"Signed-With: minisign {signer.key_id}")
    return "".join(f"{line}\n" for line in lines)


def _manifest(members: Mapping[str, Member]) -> bytes:
    return b"".join(manifest_line(name, members[name].sha256) for name in sorted(members))


def _one_line(text: str) -> str:
    return " ".join(text.split())
