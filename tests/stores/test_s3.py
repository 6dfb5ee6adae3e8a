"""Cables are cut, servers stopped, objects changed: a real store under real faults. Each has its control."""

import hashlib
import io
import os
import shutil
import signal
import subprocess
import sys
import time
import tracemalloc
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from app.stores import StoreChangedError, StoreDownError, StoreSettingError, make_stores, read_address
from app.stores.interface import StoreFullError
from app.stores.s3 import S3Store
from app.stores.s3_client import Client, is_passing, translated
from tests.object_store import ACCESS_KEY, SECRET_KEY, ObjectStore, bucket_url
from tests.programs import ROOT
from tests.relay import Relay

MEGABYTE = 1024**2
BIG = os.urandom(12 * MEGABYTE)
KEY = "some/prefix/archives/a.zip"

ANY_AGE = -60
"""Seconds. The store rounds its times, so that what has just begun may seem to begin in a moment."""


@pytest.fixture
def store(storage_url: str) -> S3Store:
    return S3Store(read_address(storage_url), "archives")


@pytest.fixture
def through(relay: Relay, bucket: str) -> S3Store:
    """The same store, at the end of a cable that the test can cut."""
    return S3Store(read_address(bucket_url(relay.endpoint, bucket)), "archives", patience=20)


@pytest.fixture
def put(store: S3Store, tmp_path: Path) -> Callable[..., str]:
    def put(data: bytes, into: S3Store = store) -> str:
        draft = tmp_path / "draft"
        draft.write_bytes(data)
        sha256 = hashlib.sha256(data).hexdigest()
        into.put(draft, "a.zip", sha256)
        return sha256

    return put


def read(store: S3Store, sha256: str | None) -> bytes:
    with store.open("a.zip", sha256).file as file:
        return file.read()


def test_a_cut_download_goes_on_where_it_broke(
    through: S3Store, relay: Relay, bucket: str, put: Callable[..., str]
) -> None:
    sha256 = put(BIG)
    relay.down.cuts += [MEGABYTE // 2, 3 * MEGABYTE, 5 * MEGABYTE]
    assert read(through, sha256) == BIG
    assert relay.down.cuts == []


def test_a_plain_download_does_not_survive_a_cut(
    through: S3Store, relay: Relay, bucket: str, put: Callable[..., str]
) -> None:
    """The control."""
    put(BIG)
    relay.down.cuts += [3 * MEGABYTE]
    body = through._client().get_object(Bucket=bucket, Key=KEY)["Body"]
    with pytest.raises(BotoCoreError):
        body.read()


def test_a_store_that_breaks_off_again_and_again_is_given_up(
    through: S3Store, relay: Relay, put: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.stores.s3_read._PAUSES", (0, 0, 0.01))
    sha256 = put(BIG)
    relay.down.cuts += [2 * MEGABYTE, *[1] * 100]
    with pytest.raises(StoreDownError, match="broke off at byte"):
        read(through, sha256)


def test_bytes_of_two_objects_never_mix(
    through: S3Store, relay: Relay, object_store: ObjectStore, bucket: str, put: Callable[..., str]
) -> None:
    put(BIG)
    other = BIG[::-1]
    with through.open("a.zip").file as file:
        start = file.read(2 * MEGABYTE)
        object_store.client.put_object(Bucket=bucket, Key=KEY, Body=other)
        relay.down.cuts += [1]
        file.seek(10 * MEGABYTE)
        with pytest.raises(StoreChangedError):
            file.read()
    body = through._client().get_object(Bucket=bucket, Key=KEY, Range=f"bytes={2 * MEGABYTE}-")["Body"]
    assert (start + body.read()) not in {BIG, other}  # the control: without If-Match they mix


def test_a_lie_on_the_way_is_found_before_the_last_byte(
    through: S3Store, relay: Relay, put: Callable[..., str]
) -> None:
    sha256 = put(BIG)
    relay.down.lies_at = MEGABYTE // 2
    found = io.BytesIO()
    with through.open("a.zip", sha256).file as file, pytest.raises(StoreChangedError):
        shutil.copyfileobj(file, found)
    assert len(found.getvalue()) < len(BIG)
    relay.down.lies_at = MEGABYTE // 2
    wrong = read(S3Store(through._address, "archives"), None)  # the control: nobody said what is to be found
    assert len(wrong) == len(BIG)
    assert wrong != BIG


@pytest.mark.parametrize("metadata", [{}, {"sha256": "0" * 64}])
def test_an_object_that_somebody_else_put_is_not_opened(
    store: S3Store, object_store: ObjectStore, bucket: str, put: Callable[..., str], metadata: dict[str, str]
) -> None:
    sha256 = put(BIG)
    object_store.client.put_object(Bucket=bucket, Key=KEY, Body=BIG[::-1], Metadata=metadata)
    with pytest.raises(StoreChangedError):
        store.open("a.zip", sha256)
    with store.open("a.zip").file as file:  # the control
        assert file.read() == BIG[::-1]


def test_changed_bytes_under_a_true_label_are_not_read_to_their_end(
    store: S3Store, object_store: ObjectStore, bucket: str, put: Callable[..., str]
) -> None:
    sha256 = put(BIG)
    object_store.client.put_object(Bucket=bucket, Key=KEY, Body=BIG[::-1], Metadata={"sha256": sha256})
    with pytest.raises(StoreChangedError):
        read(store, sha256)


def test_a_cut_upload_sends_the_part_again(
    through: S3Store, relay: Relay, object_store: ObjectStore, bucket: str, put: Callable[..., str]
) -> None:
    relay.up.cuts += [3 * MEGABYTE, 5 * MEGABYTE]
    sha256 = put(BIG, through)
    assert relay.up.cuts == []
    assert read(through, sha256) == BIG
    assert object_store.unfinished(bucket) == set()


def test_an_upload_waits_for_a_store_that_restarts(
    store: S3Store, relay: Relay, object_store: ObjectStore, bucket: str, tmp_path: Path
) -> None:
    with uploading(tmp_path, relay, bucket) as process:
        object_store.kill_door()
        relay.up.let_go()
        time.sleep(1)
        object_store.open_door()
        assert process.wait(60) == 0
    assert read(store, hashlib.sha256(BIG).hexdigest()) == BIG
    assert object_store.unfinished(bucket) == set()


def test_an_upload_that_is_given_up_leaves_nothing(
    through: S3Store, relay: Relay, object_store: ObjectStore, bucket: str, tmp_path: Path
) -> None:
    impatient = S3Store(through._address, "archives", patience=0)
    draft = tmp_path / "draft"
    draft.write_bytes(BIG)
    relay.up.cuts += [3 * MEGABYTE] * 3  # as often as the client itself tries
    with pytest.raises(StoreDownError):
        impatient.put(draft, "a.zip", hashlib.sha256(BIG).hexdigest())
    assert draft.exists()
    assert object_store.keys(bucket) == set()
    assert object_store.unfinished(bucket) == set()


@pytest.mark.parametrize("size", [100, len(BIG)])
def test_a_file_that_changed_before_it_was_sent_is_not_published(
    store: S3Store, object_store: ObjectStore, bucket: str, tmp_path: Path, size: int
) -> None:
    draft = tmp_path / "draft"
    draft.write_bytes(BIG[:size])
    with pytest.raises(StoreChangedError):
        store.put(draft, "a.zip", hashlib.sha256(b"what was checked").hexdigest())
    assert object_store.keys(bucket) == set()
    assert object_store.unfinished(bucket) == set()


def test_the_store_itself_refuses_a_body_that_changed_on_the_way(
    through: S3Store, relay: Relay, object_store: ObjectStore, bucket: str, put: Callable[..., str]
) -> None:
    relay.up.lies_at = 1024 * 1024
    with pytest.raises(StoreDownError, match=r"does not match|XAmzContentSHA256Mismatch"):
        put(BIG[: 4 * MEGABYTE], through)
    assert object_store.keys(bucket) == set()


@pytest.mark.parametrize(("there", "raises"), [(True, False), (False, True)])
def test_when_the_last_answer_is_lost_the_object_itself_decides(
    store: S3Store, object_store: ObjectStore, bucket: str, put: Callable[..., str], there: bool, raises: bool
) -> None:
    sha256 = hashlib.sha256(BIG).hexdigest()

    def overtake(params: dict[str, Any], **_: object) -> None:
        other = object_store.client
        upload = other.list_multipart_uploads(Bucket=bucket)["Uploads"][0]
        other.abort_multipart_upload(Bucket=bucket, Key=KEY, UploadId=upload["UploadId"])
        if there:
            other.put_object(Bucket=bucket, Key=KEY, Body=BIG, Metadata={"sha256": sha256})

    store._client().meta.events.register("before-call.s3.CompleteMultipartUpload", overtake)
    if raises:
        with pytest.raises(FileNotFoundError):
            put(BIG)
    else:
        put(BIG)
        assert read(store, sha256) == BIG


@contextmanager
def uploading(folder: Path, relay: Relay, bucket: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Another process, held in the second part of an upload."""
    (folder / "draft").write_bytes(BIG)
    program = (
        "import hashlib, sys; from pathlib import Path\n"
        "from app.stores import read_address; from app.stores.s3 import S3Store\n"
        "file = Path(sys.argv[2]); sha256 = hashlib.sha256(file.read_bytes()).hexdigest()\n"
        "S3Store(read_address(sys.argv[1]), 'archives').put(file, 'a.zip', sha256)"
    )
    command = [sys.executable, "-c", program, bucket_url(relay.endpoint, bucket), str(folder / "draft")]
    relay.up.holds_at = 10 * MEGABYTE
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        assert relay.up.held.wait(60)
        yield process
    finally:
        process.kill()
        process.wait()


def test_a_killed_upload_is_invisible_and_swept(
    store: S3Store, relay: Relay, object_store: ObjectStore, bucket: str, tmp_path: Path
) -> None:
    with uploading(tmp_path, relay, bucket) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert list(store.names()) == []
    assert object_store.unfinished(bucket) == {KEY}
    store.discard_unfinished(lambda _: False, 3600)  # too young
    store.discard_unfinished(lambda name: name == "a.zip", ANY_AGE)  # its worker is alive
    assert object_store.unfinished(bucket) == {KEY}
    store.discard_unfinished(lambda _: False, ANY_AGE)
    assert object_store.unfinished(bucket) == set()


def test_what_a_killed_check_has_left_is_swept(store: S3Store, object_store: ObjectStore, bucket: str) -> None:
    """And nothing of which it only reminds."""
    folder = "some/prefix/archives/"
    left, others = f"{folder}check-{'0a' * 8}", {f"{folder}check-in.zip", f"some/prefix/uploads/check-{'0a' * 8}"}
    for key in (left, *others):
        object_store.client.put_object(Bucket=bucket, Key=key, Body=b"x")
    store.discard_unfinished(lambda _: False, 3600)  # too young
    assert object_store.keys(bucket) == {left, *others}
    store.discard_unfinished(lambda _: False, ANY_AGE)
    assert object_store.keys(bucket) == others


def test_a_store_that_never_answers_is_given_up(object_store: ObjectStore, bucket: str) -> None:
    url = bucket_url(object_store.endpoint, bucket).replace("timeout=5", "timeout=0.3")
    store = S3Store(read_address(url), "archives")
    object_store.freeze()
    try:
        with pytest.raises(StoreDownError):
            store.open("a.zip")
    finally:
        object_store.thaw()


def test_one_store_does_not_see_the_other(store: S3Store, storage_url: str, put: Callable[..., str]) -> None:
    put(b"x")
    other = S3Store(read_address(storage_url), "uploads")
    assert list(other.names()) == []
    with pytest.raises(FileNotFoundError):
        other.open("a.zip")


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"bucket": "absent"}, "no such bucket.*absent.*Make it, or correct STORAGE_URL"),
        ({"secret": "wrong"}, "refuses us.*Check AWS_ACCESS_KEY_ID"),
        ({"key": "wrong"}, "refuses us.*Check AWS_ACCESS_KEY_ID"),
        ({"key": ""}, "No credentials.*Set AWS_ACCESS_KEY_ID"),
        ({"endpoint": "http://127.0.0.1:1"}, "does not answer, check endpoint"),
    ],
)
def test_wrong_settings_are_said_with_what_to_do(
    object_store: ObjectStore, bucket: str, monkeypatch: pytest.MonkeyPatch, change: dict[str, str], word: str
) -> None:
    for name, variable in (("key", "AWS_ACCESS_KEY_ID"), ("secret", "AWS_SECRET_ACCESS_KEY")):
        if name in change:
            monkeypatch.setenv(variable, change[name])
    if change.get("key") == "":
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    url = bucket_url(change.get("endpoint", object_store.endpoint), change.get("bucket", bucket))
    with pytest.raises(StoreSettingError, match=word) as caught:
        S3Store(read_address(url), "archives").check()
    assert os.environ.get("AWS_SECRET_ACCESS_KEY", "secret") not in str(caught.value)


def test_keys_that_are_given_need_no_environment(storage_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As files of the folder of credentials give them. The control: without them nobody finds any."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    given: dict[str, Any] = {"access_key_id": ACCESS_KEY, "secret_access_key": SECRET_KEY}
    make_stores(storage_url, archives=Path(), uploads=Path(), **given)["archives"].check()
    assert SECRET_KEY not in repr(replace(read_address(storage_url), **given))
    with pytest.raises(StoreSettingError, match="No credentials"):
        make_stores(storage_url, archives=Path(), uploads=Path())["archives"].check()


def test_a_missing_bucket_is_no_missing_file(object_store: ObjectStore, storage_url: str) -> None:
    """Otherwise each picture of an archive would be a gap, where only a setting is wrong."""
    store = S3Store(read_address(bucket_url(object_store.endpoint, "absent")), "archives")
    with pytest.raises(StoreDownError):
        store.open("a.zip")


def test_a_forked_child_has_a_client_of_its_own(storage_url: str) -> None:
    client = Client(read_address(storage_url))
    ours = client()
    assert client() is ours
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons warn of threads; this child ends at once
        pid = os.fork()
    if pid == 0:
        os._exit(0 if client() is not ours else 1)
    assert os.waitpid(pid, 0)[1] == 0


def test_memory_stays_flat(store: S3Store, tmp_path: Path) -> None:
    draft = tmp_path / "draft"
    with draft.open("wb") as file:
        for _ in range(4):
            file.write(BIG)
    sha256 = hashlib.sha256(BIG * 4).hexdigest()
    store._client()
    tracemalloc.start()
    try:
        store.put(draft, "a.zip", sha256)
        with store.open("a.zip", sha256).file as source:
            while source.read(256 * 1024):
                pass
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 3 * 8 * MEGABYTE, f"{peak / MEGABYTE:.1f} MiB for a file of {4 * len(BIG) / MEGABYTE:.0f}"


@pytest.mark.parametrize(
    ("status", "code", "full"),
    [
        (507, "XMinioStorageFull", True),
        (400, "XMinioAdminBucketQuotaExceeded", True),
        (403, "QuotaExceeded", True),
        (400, "EntityTooLarge", True),
        (403, "AccessDenied", False),
        (503, "SlowDown", False),
    ],
)
def test_the_words_of_other_stores_for_a_full_bucket(status: int, code: str, full: bool) -> None:
    """MinIO, Ceph and Versity, Swift; the last two are the control. What is full is not tried again at once."""
    error = answer(status, code)
    with pytest.raises(StoreDownError) as translated_error, translated("name"):
        raise error
    assert isinstance(translated_error.value, StoreFullError) is full
    assert is_passing(error) is (code == "SlowDown")


def test_an_object_that_was_moved_to_colder_storage_is_one_that_cannot_be_read() -> None:
    """Its archive gets a gap. The control: of what is refused otherwise nothing is known, and the archive waits."""
    with pytest.raises(PermissionError), translated("name"):
        raise answer(403, "InvalidObjectState")
    with pytest.raises(StoreDownError), translated("name"):
        raise answer(403, "AccessDenied")


def answer(status: int, code: str) -> ClientError:
    """As botocore tells of it."""
    said = {"Error": {"Code": code, "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(said, "PutObject")  # type: ignore[arg-type]  # not all that it may have
