"""Brings one file into a bucket, in parts when it is large. Nobody sees it before its last word.

A part that fails is sent again, and only that part. What is read while sending is hashed: a file that changed under
our hands is not published. An upload that is given up is aborted; one whose process died, the sweeper aborts.
"""

import contextlib
import hashlib
import time
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, TypeVar

from botocore.exceptions import ClientError

from app.stores.interface import GoOn, StoreChangedError
from app.stores.s3_client import FAULTS, code_of, is_passing

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import CompletedPartTypeDef

PART_BYTES = 8 * 1024**2
"""A part is held in memory, and sent again as a whole. Stores want 5 MiB or more."""
_PARTS = 10_000
"""As many as S3 allows."""
_PAUSE = 1.0
Result = TypeVar("Result")


class Upload:
    """One file on its way to one key."""

    def __init__(self, client: "S3Client", bucket: str, key: str, *, patience: float, go_on: GoOn) -> None:
        self._client = client
        self._bucket = bucket
        self._key = key
        self._patience = patience
        self._go_on = go_on

    def send(self, source: IO[bytes], size: int, sha256: str) -> None:
        """Raises StoreChangedError and what the client raises."""
        etag = self._send_whole(source, sha256) if size <= PART_BYTES else self._send_parts(source, size, sha256)
        self._compare(size, sha256, etag)

    def _send_whole(self, source: IO[bytes], sha256: str) -> str | None:
        body = source.read()
        self._check(hashlib.sha256(body).hexdigest(), sha256)
        return self._persist(
            lambda: self._client.put_object(Bucket=self._bucket, Key=self._key, Body=body, Metadata={"sha256": sha256})
        )["ETag"]

    def _send_parts(self, source: IO[bytes], size: int, sha256: str) -> str | None:
        upload_id = self._persist(
            lambda: self._client.create_multipart_upload(
                Bucket=self._bucket, Key=self._key, Metadata={"sha256": sha256}
            )
        )["UploadId"]
        try:
            parts = self._read_and_send(source, max(PART_BYTES, -(-size // _PARTS)), upload_id, sha256)
            return self._complete(upload_id, parts)
        except BaseException:
            with contextlib.suppress(*FAULTS):
                self._client.abort_multipart_upload(Bucket=self._bucket, Key=self._key, UploadId=upload_id)
            raise

    def _read_and_send(
        self, source: IO[bytes], part_bytes: int, upload_id: str, sha256: str
    ) -> "list[CompletedPartTypeDef]":
        digest = hashlib.sha256()
        parts: list[CompletedPartTypeDef] = []
        while body := source.read(part_bytes):
            self._go_on()
            digest.update(body)
            parts.append(self._send_part(body, len(parts) + 1, upload_id))
        self._check(digest.hexdigest(), sha256)
        return parts

    def _send_part(self, body: bytes, number: int, upload_id: str) -> "CompletedPartTypeDef":
        sent = self._persist(
            lambda: self._client.upload_part(
                Bucket=self._bucket, Key=self._key, UploadId=upload_id, PartNumber=number, Body=body
            )
        )
        return {"PartNumber": number, "ETag": sent["ETag"]}

    def _complete(self, upload_id: str, parts: "list[CompletedPartTypeDef]") -> str | None:
        """The ETag; None if an earlier answer was lost and the upload is no more: then the comparison decides."""
        try:
            return self._persist(
                lambda: self._client.complete_multipart_upload(
                    Bucket=self._bucket, Key=self._key, UploadId=upload_id, MultipartUpload={"Parts": parts}
                )
            )["ETag"]
        except ClientError as error:
            if code_of(error) != "NoSuchUpload":
                raise
            return None

    def _compare(self, size: int, sha256: str, etag: str | None) -> None:
        """Is it what we sent that lies there?"""
        found = self._persist(lambda: self._client.head_object(Bucket=self._bucket, Key=self._key))
        said = found["Metadata"].get("sha256")
        if (found["ContentLength"], said) != (size, sha256) or etag not in {None, found["ETag"]}:
            raise StoreChangedError(self._key)

    def _check(self, found: str, wanted: str) -> None:
        if found != wanted:
            raise StoreChangedError(self._key)

    def _persist(self, deed: Callable[[], Result]) -> Result:
        """The client itself tries again for some seconds; a store that restarts needs longer."""
        deadline = time.monotonic() + self._patience
        while True:
            try:
                return deed()
            except FAULTS as error:
                if not is_passing(error) or time.monotonic() > deadline:
                    raise
            time.sleep(_PAUSE)
