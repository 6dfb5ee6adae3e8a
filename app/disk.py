"""Files that hold what they should: opened only if they are what they seem, and brought to the disk when they matter.

Archives, uploads, mails and the audit use it; it knows none of them.
"""

import os
import re
import secrets
import stat
import time
from pathlib import Path

_DRAFT = re.compile(r"(.+)\.[0-9a-f]{16}")
"""Of `replace_file`, and of keys: beside what it is a draft of."""


def open_regular(folder: Path, name: str) -> int:
    """The descriptor of a file of that very name. Raises OSError for links, pipes, folders and names that climb."""
    if Path(name).name != name:
        raise FileNotFoundError(name)
    descriptor = os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileNotFoundError(name)
    return descriptor


def replace_file(path: Path, text: str) -> None:
    """Write a file that only we can read: whole or not at all, whoever writes at the same time. Raises OSError."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    draft.touch(mode=0o600, exist_ok=False)
    try:
        draft.write_text(text, encoding="utf-8")
        sync(draft)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def sweep_drafts(folder: Path, seconds: float) -> None:
    """Remove drafts so old that who wrote them was killed; a key's holds a key. Raises OSError."""
    for path in folder.iterdir():
        draft = _DRAFT.fullmatch(path.name)
        if draft and path.with_name(draft[1]).is_file() and time.time() - path.lstat().st_mtime > seconds:
            path.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """A file's bytes, or a folder's names, survive a power cut from here on."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
