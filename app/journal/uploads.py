"""The bytes of pictures and files, in the store under random names. It knows nothing of rows.

A file is there as a whole or not at all: it is written to a draft in the upload folder, and put when it is complete.
"""

import codecs
import contextlib
import errno
import hashlib
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import IO, BinaryIO, cast

import puremagic
from flask import current_app

from app.stores import Store, StoreDownError, StoreSilentError
from app.words.text import clean_line

OLD_SECONDS = 86_400
"""No upload and no import takes so long."""
_OURS = re.compile("[0-9a-f]{32}")
_BLOCK = 64 * 1024
_SAMPLE = 8 * 1024
_NAME_MAX = 255
_SUFFIX_MAX = 20
_TYPE_MAX = 100
_UNKNOWN = "application/octet-stream"


class FileTooLargeError(Exception):
    """A file has more bytes than the site allows."""


class DiskFullError(Exception):
    """The disk of the upload folder is full, or has only its reserve left."""


@dataclass(frozen=True)
class StoredBytes:
    stored_name: str
    size: int
    sha256: str
    media_type: str


def store(stream: IO[bytes], inspect: Callable[[Path], object] = lambda _: None) -> StoredBytes:
    """Keep the bytes of this stream. Raises FileTooLargeError, DiskFullError or StoreDownError: nothing is kept.

    `inspect` is shown the complete file before it is kept; what it raises refuses it.
    """
    _store().prepare()
    folder = Path(current_app.config["UPLOAD_DIR"])  # of drafts, also when files go to a bucket
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = secrets.token_hex(16)
    draft = folder / f"{name}.part"
    try:
        kept = _write(draft, name, stream)
        inspect(draft)
        _store().put(draft, name, kept.sha256)
    except BaseException as error:
        draft.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise DiskFullError from error
        raise
    return kept


def open_stored(name: str, sha256: str | None = None) -> BinaryIO | None:
    """The file under this name, or None; never what a link points to, nor other bytes. Raises StoreDownError."""
    try:
        return _store().open(name, sha256).file
    except StoreDownError:
        raise
    except OSError:
        return None


def discard(names: Iterable[str]) -> None:
    """Delete these files; one that is gone already is no error. `sweep_uploads` takes what a silent store keeps."""
    for name in names:
        try:
            _store().delete(name)
        except StoreSilentError:
            return
        except OSError:
            pass


def list_old() -> list[str]:
    """Names of ours that are at least OLD_SECONDS old: nobody is about to write their rows. Raises StoreDownError."""
    return [each.name for each in _store().names() if each.seconds > OLD_SECONDS and _OURS.fullmatch(each.name)]


def discard_unfinished() -> None:
    """What was begun so long ago, by who was killed meanwhile. Raises StoreDownError."""
    _store().discard_unfinished(lambda _: False, OLD_SECONDS)
    drafts = Path(current_app.config["UPLOAD_DIR"]).glob("*.part")
    for draft in (each for each in drafts if _OURS.fullmatch(each.stem)):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - draft.lstat().st_mtime > OLD_SECONDS:
                draft.unlink()


def clean_name(name: str) -> str:
    """The last part of a file's name, without characters that nobody sees."""
    shown = clean_line(name.replace("\\", "/").rpartition("/")[2]) or "file"
    suffix = PurePath(shown).suffix[:_SUFFIX_MAX]
    return shown if len(shown) <= _NAME_MAX else shown[: _NAME_MAX - len(suffix)] + suffix


def sniff(sample: bytes) -> str:
    """The media type that the first bytes speak of, whatever name and browser claim."""
    if _is_text(sample) and not sample.startswith(b"%PDF-"):
        return "text/plain"  # also HTML, SVG and scripts: nothing here ever runs them
    if sample.startswith(b"PK\x03\x04"):
        return "application/zip"  # and whatever is one inside; puremagic takes each for a text document
    try:
        found = puremagic.from_string(sample, mime=True)
    except (puremagic.PureError, ValueError):
        return _UNKNOWN
    return found if found and "/" in found and len(found) <= _TYPE_MAX else _UNKNOWN


def _write(draft: Path, name: str, stream: IO[bytes]) -> StoredBytes:
    limit = current_app.config["UPLOAD_MAX_BYTES"]
    digest, size, sample = hashlib.sha256(), 0, b""
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        while block := stream.read(_BLOCK):
            size += len(block)
            if size > limit:
                raise FileTooLargeError
            _leave_reserve(draft.parent)
            sample = sample or block[:_SAMPLE]
            digest.update(block)
            file.write(block)
    return StoredBytes(name, size, digest.hexdigest(), sniff(sample))


def _leave_reserve(folder: Path) -> None:
    """Asked before each block: those who write at the same time go beyond it by a block each at most."""
    reserve = current_app.config["UPLOAD_RESERVE_BYTES"]
    if shutil.disk_usage(folder).free < reserve + _BLOCK:
        raise OSError(errno.ENOSPC, f"the last {reserve} bytes of this disk are kept free")


def _is_text(sample: bytes) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()  # the sample may end inside a character
    try:
        text = decoder.decode(sample)
    except UnicodeDecodeError:
        return False
    return all(each >= " " or each in "\t\n\r\f" for each in text)


def _store() -> Store:
    return cast("Store", current_app.extensions["stores"]["uploads"])
