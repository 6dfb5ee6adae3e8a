"""Signatures in the format of minisign (https://jedisct1.github.io/minisign/): Ed25519 over BLAKE2b of the file.

Only signs, and writes public keys; who checks has code of their own. The private key never leaves the signer.
"""

import base64
import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


class Signer:
    """Signs with one key, made from a secret of 32 bytes."""

    def __init__(self, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self._public = self._key.public_key().public_bytes_raw()
        self._id = hashlib.blake2b(self._public, digest_size=8).digest()

    @property
    def key_id(self) -> str:
        """As minisign prints it."""
        return self._id[::-1].hex().upper()

    @property
    def public_key(self) -> str:
        """The text of a public key file."""
        return f"untrusted comment: minisign public key {self.key_id}\n{_encode(b'Ed' + self._id + self._public)}\n"

    def sign(self, content: bytes, comment: str) -> str:
        """The text of the `.minisig` file. `comment`, one line, is signed too."""
        signature = self._key.sign(hashlib.blake2b(content, digest_size=64).digest())
        sealed = self._key.sign(signature + comment.encode())
        return (
            f"untrusted comment: signature from minisign key {self.key_id}\n{_encode(b'ED' + self._id + signature)}\n"
            f"trusted comment: {comment}\n{_encode(sealed)}\n"
        )


def _encode(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")
