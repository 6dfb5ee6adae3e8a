"""The site's keys: given in a setting, or kept in a file that only we can read. Settings enter it.

A weak key is worse than none: nobody notices that sessions can be forged. So it stops the start.
"""

import os
import secrets
import stat
from pathlib import Path

from app.disk import sync

HOW = "`python3 -c 'import secrets; print(secrets.token_hex(32))'` prints a good one."
SHORTEST = 32
"""Characters."""
HEX_DIGITS = 64
_DIFFERENT = 10
"""Of 64 random hexadecimal digits fewer are different once in 10^12 keys; of typed ones, often."""
_KNOWN = ("192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf", "0123456789abcdef0123456789abcdef")
"""Of Flask's manual, and of keyboards."""
_WORDS = ("change", "secret", "example", "insecure", "password", "default")
"""Of keys that somebody meant to replace."""


class KeyRefusedError(ValueError):
    """A key that protects nothing; the message says which and what to do, and does not show it."""


def find_key(name: str, given: object, path: Path, *, make: bool) -> str:
    """The key that was `given` as the setting `name`, or else the one in the file.

    `make`: where there is no file, one is made; otherwise that is refused. Raises KeyRefusedError, OSError.
    """
    if given is not None:
        return _check(name, given)
    if not path.exists():
        if not make:
            raise KeyRefusedError(f"{name} is not set, and in production none is made. {HOW} Or keep it in {path}.")
        _make(path)
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise KeyRefusedError(f"{path} can be read by others. If nobody has: chmod 600 {path} – otherwise remove it.")
    return _check(f"The key in {path}", path.read_text(encoding="utf-8").strip())


def check_hex(name: str, key: str) -> None:
    """For keys that are used as 32 bytes. Raises KeyRefusedError."""
    try:
        if len(bytes.fromhex(key)) * 2 == len(key) == HEX_DIGITS:
            return
    except ValueError:
        pass
    raise KeyRefusedError(f"{name} must be {HEX_DIGITS} hexadecimal digits. {HOW}")


def check_different(keys: dict[str, str]) -> None:
    """Who may learn one must not hold another. Raises KeyRefusedError."""
    if len(set(keys.values())) < len(keys):
        raise KeyRefusedError(f"{', '.join(keys)} must be different keys. {HOW}")


def _check(name: str, key: object) -> str:
    if not isinstance(key, str) or len(key) < SHORTEST:
        raise KeyRefusedError(f"{name} is too short: it needs {SHORTEST} characters. {HOW}")
    plain = key.lower()
    if len(set(key)) < _DIFFERENT or any(each in plain for each in (*_KNOWN, *_WORDS)):
        raise KeyRefusedError(f"{name} is one that others can guess. {HOW}")
    return key


def _make(path: Path) -> None:
    """By whichever process comes first, whole or not at all, also after a power cut: rows are signed with it."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    draft.touch(mode=0o600, exist_ok=False)
    try:
        draft.write_text(secrets.token_hex(32))
        sync(draft)
        os.link(draft, path)
    except FileExistsError:
        pass  # another process was faster, and its key counts
    finally:
        draft.unlink()
    sync(path.parent)
