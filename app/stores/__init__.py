"""Where finished files lie: a folder of this machine, or a bucket of an S3-compatible store. It knows no rows.

`make_store` gives the one that `STORAGE_URL` names; who uses it cannot tell which one it has.
"""

from pathlib import Path

from app.stores.address import Address, read_address
from app.stores.interface import Named, Opened, Store, StoreChangedError, StoreDownError, StoreSettingError
from app.stores.local import LocalStore
from app.stores.s3 import S3Store

__all__ = [
    "Address",
    "LocalStore",
    "Named",
    "Opened",
    "S3Store",
    "Store",
    "StoreChangedError",
    "StoreDownError",
    "StoreSettingError",
    "make_store",
    "read_address",
]


def make_store(url: str | None, name: str, folder: Path, *, one_link: bool) -> Store:
    """The store called `name`: below the URL's prefix, or `folder` without a URL. Raises StoreSettingError.

    `one_link`: a local file that somebody holds by a hard link is not opened.
    """
    if url is None:
        return LocalStore(folder, one_link=one_link)
    return S3Store(read_address(url), name)
