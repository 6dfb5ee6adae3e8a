"""Files in a bucket of any S3-compatible store, so that web servers and workers need no disk in common."""

import hashlib
import io
import re
import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from botocore.exceptions import ClientError

from app.stores.address import Address
from app.stores.interface import GoOn, Named, Opened, StoreChangedError, always
from app.stores.s3_client import Client, explained, status_of, translated
from app.stores.s3_read import FIRST_BYTES, RemoteFile
from app.stores.s3_upload import Upload

if TYPE_CHECKING:
    from botocore.response import StreamingBody

PATIENCE = 120.0
"""Seconds that an upload waits for a store that is away. A build may have taken hours; a restart takes seconds."""
_RANGE_NOT_SATISFIABLE = 416
_CHECK = "check-"
_CHECKED = re.compile("check-[0-9a-f]{16}")


class S3Store:
    """Objects `<prefix><store>/<name>`, each with the SHA-256 that its owner knew, in its metadata."""

    lists_cheaply = False

    def __init__(
        self, address: Address, name: str, *, patience: float = PATIENCE, may_be_unlabelled: bool = False
    ) -> None:
        """`may_be_unlabelled`: objects that another program brought here, without our SHA-256, are opened too."""
        self._address = address
        self._folder = f"{address.prefix}{name}/"
        self._patience = patience
        self._may_be_unlabelled = may_be_unlabelled
        self._client = Client(address)

    def prepare(self) -> None:
        """A bucket has no folders."""

    def put(self, file: Path, name: str, sha256: str, go_on: GoOn = always) -> None:
        with translated(name), file.open("rb") as source:
            self._upload(name, self._patience, go_on).send(source, file.stat().st_size, sha256)
        file.unlink()

    def open(self, name: str, sha256: str | None = None) -> Opened:
        with translated(name):
            size, etag, said, beginning = self._look(self._key(name))
        if sha256 is not None and said != sha256 and not (said is None and self._may_be_unlabelled):
            if beginning:
                beginning.close()
            raise StoreChangedError(name)
        raw = RemoteFile(name, size, sha256, beginning, lambda start: self._fetch(name, etag, start))
        return Opened(cast("BinaryIO", io.BufferedReader(raw)), size)

    def delete(self, name: str) -> None:
        with translated(name):
            self._client().delete_object(Bucket=self._address.bucket, Key=self._key(name))

    def place_of(self, name: str) -> str:
        return f"s3://{self._address.bucket}/{self._key(name)}"

    def names(self, beginning: str = "") -> Iterator[Named]:
        with translated(self._folder):
            pages = self._client().get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self._address.bucket, Prefix=self._folder + beginning):
                for each in page.get("Contents", ()):
                    yield Named(each["Key"].removeprefix(self._folder), _seconds_since(each["LastModified"]))

    def discard_unfinished(self, keep: Callable[[str], bool], seconds: float) -> None:
        with translated(self._folder):
            pages = self._client().get_paginator("list_multipart_uploads")
            for page in pages.paginate(Bucket=self._address.bucket, Prefix=self._folder):
                for each in page.get("Uploads", ()):
                    name = each["Key"].removeprefix(self._folder)
                    if not keep(name) and _seconds_since(each["Initiated"]) >= seconds:
                        self._client().abort_multipart_upload(
                            Bucket=self._address.bucket, Key=each["Key"], UploadId=each["UploadId"]
                        )
        for found in self.names(_CHECK):
            if found.seconds >= seconds and _CHECKED.fullmatch(found.name):
                self.delete(found.name)

    def check(self) -> None:
        name, word = f"{_CHECK}{secrets.token_hex(8)}", secrets.token_bytes(16)
        sha256 = hashlib.sha256(word).hexdigest()
        with explained(self._address):
            self._client().head_bucket(Bucket=self._address.bucket)
            self._client().list_objects_v2(Bucket=self._address.bucket, Prefix=self._folder, MaxKeys=1)
            self._upload(name, patience=0).send(io.BytesIO(word), len(word), sha256)
            with self.open(name, sha256).file as found:
                found.read()
            self.delete(name)

    def _upload(self, name: str, patience: float, go_on: GoOn = always) -> Upload:
        return Upload(self._client(), self._address.bucket, self._key(name), patience=patience, go_on=go_on)

    def _look(self, key: str) -> "tuple[int, str, str | None, StreamingBody | None]":
        """Size, ETag, the SHA-256 that was said of it, and its first bytes."""
        try:
            found = self._client().get_object(Bucket=self._address.bucket, Key=key, Range=f"bytes=0-{FIRST_BYTES - 1}")
        except ClientError as error:
            if status_of(error) != _RANGE_NOT_SATISFIABLE:
                raise
            empty = self._client().head_object(Bucket=self._address.bucket, Key=key)
            return 0, empty["ETag"], empty["Metadata"].get("sha256"), None
        size = int(found["ContentRange"].rpartition("/")[2])
        return size, found["ETag"], found["Metadata"].get("sha256"), found["Body"]

    def _fetch(self, name: str, etag: str, start: int) -> "StreamingBody":
        with translated(name):
            return self._client().get_object(
                Bucket=self._address.bucket, Key=self._key(name), Range=f"bytes={start}-", IfMatch=etag
            )["Body"]

    def _key(self, name: str) -> str:
        """Raises FileNotFoundError for names that climb out of this store."""
        if Path(name).name != name:
            raise FileNotFoundError(name)
        return self._folder + name


def _seconds_since(moment: datetime) -> float:
    return (datetime.now(UTC) - moment).total_seconds()
