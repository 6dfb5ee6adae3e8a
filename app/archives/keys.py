"""The key that signs archives, and the public keys that archives of this site may be signed with.

The private key stays in the configuration; nothing here shows or writes it. A public key that has signed is kept in
`PUBLIC_KEY_DIR`, so archives stay verifiable after the signing key was replaced.
"""

from pathlib import Path

from flask import current_app

from app.disk import replace_file
from app.engine.minisign import Signer


def signer() -> Signer:
    """The site's; its public half is remembered before the first signature."""
    found = _load()
    _remember(found)
    return found


def public_key() -> str:
    """The text of the public key file that belongs to the signing key."""
    return _load().public_key


def find_public_key(key_id: str) -> str | None:
    """One that signs or has signed. `key_id`: as minisign prints it."""
    return next((key for key in known_public_keys() if key.splitlines()[0].endswith(f" {key_id}")), None)


def known_public_keys() -> list[str]:
    """The present one first."""
    kept = sorted(_folder().glob("*.pub")) if _folder().is_dir() else []
    return list(dict.fromkeys([public_key(), *(path.read_text(encoding="utf-8") for path in kept)]))


def _load() -> Signer:
    return Signer(bytes.fromhex(current_app.config["SIGNING_KEY"]))


def _remember(found: Signer) -> None:
    path = _folder() / f"{found.key_id}.pub"
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    replace_file(path, found.public_key)  # whichever process writes last: it is the same text


def _folder() -> Path:
    return Path(current_app.config["PUBLIC_KEY_DIR"])
