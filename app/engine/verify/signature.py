"""The minisign signature of the tag manifest, which covers every other file through the manifests."""

import base64
import binascii
import hashlib
from collections.abc import Sequence

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from app.engine.verify.container import Container
from app.engine.verify.limits import TAG
from app.engine.verify.manifests import SIGNATURE, TAGS
from app.engine.verify.problems import VerificationError

_PREFIX = "trusted comment: "
_CLAIM = b"\nSigned-With:"


def check_signature(
    container: Container, public_keys: Sequence[str], *, must_be_signed: bool
) -> tuple[str | None, str]:
    """The name of the key, if there is a signature, and what was found in words."""
    if SIGNATURE not in container.members:
        if must_be_signed or _CLAIM in container.read("bag-info.txt", TAG):
            raise VerificationError("the signature is missing")
        return None, "Signature: there is none, so nobody vouches for who made this archive."
    key_id, signature, comment, seal = _parse(container.read(SIGNATURE, TAG))
    keys = dict(map(parse_public_key, public_keys))
    if key_id not in keys:
        name = key_id[::-1].hex().upper()
        raise VerificationError(f"signed with the key {name}, which is not known here; give its public key")
    digest = hashlib.blake2b(digest_size=64)
    for block in container.blocks(TAGS):
        digest.update(block)
    try:
        key = Ed25519PublicKey.from_public_bytes(keys[key_id])
        key.verify(signature, digest.digest())
        key.verify(seal, signature + comment.encode())
    except InvalidSignature:
        raise VerificationError("the signature is not that of these files") from None
    name = key_id[::-1].hex().upper()
    return name, f"Signature: good, by the key {name}. Signed with it: {comment!r}"


def parse_public_key(text: str) -> tuple[bytes, bytes]:
    """(id, key) from a public key file or its second line. Raises VerificationError."""
    lines = text.split("\n", 1) if text.startswith("untrusted comment:") else ["", text]
    raw = _decode(lines[-1].strip(), "the public key")
    if len(raw) != 2 + 8 + 32 or raw[:2] != b"Ed":
        raise VerificationError("the public key is not one of minisign")
    return raw[2:10], raw[10:]


def _parse(content: bytes) -> tuple[bytes, bytes, str, bytes]:
    """(key id, signature, trusted comment, signature of both) from a `.minisig` file."""
    lines = content.decode("utf-8", "replace").removesuffix("\n").split("\n")
    if len(lines) != 4 or not lines[2].startswith(_PREFIX):  # noqa: PLR2004  # the format's four lines
        raise VerificationError(f"{SIGNATURE} is malformed")
    signature, seal = _decode(lines[1], SIGNATURE), _decode(lines[3], SIGNATURE)
    if signature[:2] != b"ED" or len(signature) != 2 + 8 + 64 or len(seal) != 64:  # noqa: PLR2004  # Ed25519's sizes
        raise VerificationError(f"{SIGNATURE} is malformed, or of a kind that is not used here")
    return signature[2:10], signature[10:], lines[2].removeprefix(_PREFIX), seal


def _decode(text: str, what: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise VerificationError(f"{what} is malformed") from None
