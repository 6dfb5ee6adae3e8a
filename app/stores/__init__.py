"""Where finished files lie: a folder of this machine, or a bucket of an S3-compatible store. It knows no rows.

`make_stores` gives those that `STORAGE_URL` names; who uses one cannot tell which home it has.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from app.stores.address import Address, read_address
from app.stores.interface import (
    GoOn,
    Opened,
    Store,
    StoreChangedError,
    StoreDownError,
    StoreSettingError,
    StoreSilentError,
    always,
)
from app.stores.local import LocalStore

__all__ = [
    "Address",
    "GoOn",
    "Opened",
    "Store",
    "StoreChangedError",
    "StoreDownError",
    "StoreSettingError",
    "StoreSilentError",
    "always",
    "make_stores",
    "read_address",
]

UPLOAD_PATIENCE = 10.0
"""Seconds. A person waits for a picture to be kept, and can send it again."""


def make_stores(
    url: str | None,
    *,
    archives: Path,
    uploads: Path,
    has_files: Callable[[str], bool] = lambda _: False,
    demand_tls: bool = False,
    access_key_id: str | None = None,
    secret_access_key: str | None = None,
) -> dict[str, Store]:
    """The stores `archives` and `uploads`: below the URL's prefix, or these folders without a URL.

    `has_files`: whether somebody knows of files in the store of this name; asked where its folder is missing.
    `demand_tls`: as `read_address` has it.
    Without the two keys of AWS, they are looked for where every S3 program does.
    Raises StoreSettingError when the URL cannot be understood. Nobody is asked yet.
    """
    if url is None:
        # A backup may hold uploads by hard links. Archives are handed out; what has a second name may be anything.
        return {
            "archives": LocalStore(archives, has_files=partial(has_files, "archives")),
            "uploads": LocalStore(uploads, one_link=False, has_files=partial(has_files, "uploads")),
        }
    from app.stores.s3 import S3Store  # noqa: PLC0415  # botocore: 6 MB in each process, only for a bucket

    address = read_address(url, demand_tls=demand_tls)
    address = replace(address, access_key_id=access_key_id, secret_access_key=secret_access_key)
    return {
        "archives": S3Store(address, "archives"),
        # Operators who move to a bucket copy their uploads there with a tool of their own.
        "uploads": S3Store(address, "uploads", patience=UPLOAD_PATIENCE, may_be_unlabelled=True),
    }
