"""The S3 client: time-outs, retries, checksums, and what its errors mean."""

import errno
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, cast

import botocore.session
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004  # botocore's, which is no OSError
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
)

from app.stores.address import Address
from app.stores.interface import StoreChangedError, StoreDownError, StoreFullError, StoreSettingError, StoreSilentError

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

log = logging.getLogger(__name__)

FAULTS = (BotoCoreError, ClientError)
_NO_ANSWER = (HTTPClientError, ConnectionError)
_NOT_FOUND, _CONDITION_FAILED, _TOO_MANY, _SERVER_ERROR, _NO_SPACE = 404, 412, 429, 500, 507


class Client:
    """One botocore client for each process: a forked child must not speak on its parent's connections."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._lock = threading.Lock()
        self._made: tuple[int, S3Client] | None = None

    def __call__(self) -> "S3Client":
        """Raises StoreSettingError where the settings cannot be understood at all."""
        with self._lock:
            if self._made is None or self._made[0] != os.getpid():
                self._made = (os.getpid(), _make(self._address))
            return self._made[1]


def _make(address: Address) -> "S3Client":
    config = Config(
        connect_timeout=min(5, address.timeout),
        read_timeout=address.timeout,
        retries={"mode": "standard", "total_max_attempts": 3},
        max_pool_connections=32,
        # The SHA-256 of every body is signed, and every store must refuse a body that does not fit. The newer checksum
        # headers that botocore adds by itself are not understood by all stores.
        s3={
            "addressing_style": cast("Literal['auto', 'path', 'virtual']", address.addressing),
            "payload_signing_enabled": True,
        },
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    try:
        made = botocore.session.get_session().create_client(
            "s3",
            endpoint_url=address.endpoint,
            region_name=address.region,
            aws_access_key_id=address.access_key_id,
            aws_secret_access_key=address.secret_access_key,
            config=config,
        )
    except (BotoCoreError, ValueError) as error:
        raise StoreSettingError(f"STORAGE_URL or the AWS settings cannot be used: {error}") from error
    address.check_way(made.meta.endpoint_url)  # AWS_ENDPOINT_URL or a profile may have named it
    made.meta.events.register("before-call.s3", _stay)
    return cast("S3Client", made)


def _stay(context: dict[str, Any], **_: object) -> None:
    """The settings name endpoint and region; botocore would look for another region when a store redirects.

    It asked the same endpoint where that is, was redirected again, and ended in a RecursionError.
    """
    context.setdefault("s3_redirect", {})["redirected"] = True


def status_of(error: Exception) -> int:
    """The HTTP status of an answer; 0 when there was none."""
    if not isinstance(error, ClientError):
        return 0
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def code_of(error: Exception) -> str:
    """The store's own word for what is wrong; empty when there was no answer."""
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""


def is_full(error: Exception) -> bool:
    """Each store has its own words. MinIO, whose disk is full: 507 (XMinioStorageFull). Others: QuotaExceeded,
    some with something before it. Swift: EntityTooLarge, which nothing that we send ever is.
    """
    code = code_of(error)
    return status_of(error) == _NO_SPACE or code == "EntityTooLarge" or code.endswith("QuotaExceeded")


def is_passing(error: Exception) -> bool:
    """Whether the same request may succeed in a moment: no answer, or one that says so."""
    if is_full(error):
        return False  # not in a moment
    return isinstance(error, _NO_ANSWER) or status_of(error) >= _SERVER_ERROR or status_of(error) == _TOO_MANY


@contextmanager
def translated(name: str) -> Iterator[None]:
    """What the client raises, as OSErrors that callers of any store know."""
    try:
        yield
    except FAULTS as error:
        if code_of(error) == "NoSuchBucket":  # every file seems to be missing, and none is
            raise StoreDownError(str(error)) from error
        if status_of(error) == _NOT_FOUND:
            raise FileNotFoundError(name) from error
        if status_of(error) == _CONDITION_FAILED:
            raise StoreChangedError(name) from error
        if code_of(error) == "InvalidObjectState":  # in Glacier or the like: nobody reads it until it is restored
            raise PermissionError(errno.EPERM, str(error), name) from error
        if isinstance(error, _NO_ANSWER):
            raise StoreSilentError(str(error)) from error
        raise (StoreFullError if is_full(error) else StoreDownError)(str(error)) from error


@contextmanager
def explained(address: Address) -> Iterator[None]:
    """What the client raises, as advice for the operator; that there is no space left, in the log only.

    Without workers nothing would ever expire and make space.
    """
    try:
        yield
    except (*FAULTS, OSError) as error:
        if is_full(error):
            log.warning("%s has no space left: archives wait for it: %s", address.shown, error)
            return
        raise StoreSettingError(_advise(error, address)) from error


def _advise(error: Exception, address: Address) -> str:
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return f"No credentials for {address.shown}. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
    if isinstance(error, _NO_ANSWER):
        return f"The store does not answer, check endpoint and region of STORAGE_URL: {error}"
    if status_of(error) == _NOT_FOUND:
        return f"There is no such bucket: {address.shown}. Make it, or correct STORAGE_URL."
    if code_of(error) in {"InvalidAccessKeyId", "SignatureDoesNotMatch", "403", "AccessDenied"}:
        return (
            f"The store refuses us ({code_of(error)}): {address.shown}. Check AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY; their owner must be allowed to list, read, write and delete there."
        )
    return f"{address.shown[0].upper()}{address.shown[1:]} cannot be used: {error}"
