"""A real S3-compatible store for tests: OpenStack Swift with its S3 door, four server processes on the loopback.

It checks signatures, checksums and conditions itself, keeps multipart uploads until they are completed or aborted, and
can be stopped, frozen and started again. Its programs come with requirements-tools.txt; nothing of it needs root.
"""

import contextlib
import getpass
import hashlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, cast
from urllib.parse import quote
from urllib.request import Request, urlopen

import botocore.session
import pytest
from botocore.config import Config

from app.stores import read_address
from tests.programs import Program, wait_until
from tests.relay import Relay, run_relay
from tests.tools import find_python, find_tool, miss

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

ACCESS_KEY = "site:satchel"
SECRET_KEY = "a-secret-of-the-tests"
REGION = "us-east-1"

_ACCOUNT, _SUFFIX, _POWER = "AUTH_site", "tests", 2
"""Where Swift keeps a name, among 2**_POWER partitions, follows from its hash with the suffix."""
_STORAGE = ("account", "container", "object")

_COMMON = """\
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
swift_dir = {folder}
devices = {folder}/disks
user = {user}
workers = 0
mount_check = false
fallocate_reserve = 0
log_level = INFO

"""
# What swift-ring-builder does in nine commands, each of which starts an interpreter.
_RINGS = """\
import sys
from swift.common.ring import RingBuilder
folder, power, *ports = sys.argv[1:]
for kind, port in (each.split("=") for each in ports):
    ring = RingBuilder(int(power), 1, 0)
    ring.add_dev({"region": 1, "zone": 1, "ip": "127.0.0.1", "port": int(port), "device": "disk1", "weight": 1})
    ring.rebalance()
    ring.get_ring().save(f"{folder}/{kind}.ring.gz")
"""
_SERVER = "[pipeline:main]\npipeline = {kind}-server\n\n[app:{kind}-server]\nuse = egg:swift#{kind}\n"
# Multipart uploads end in static large objects (slo); s3api signs in through tempauth.
_PROXY = """\
[pipeline:main]
pipeline = catch_errors proxy-logging s3api tempauth bulk container-quotas slo proxy-logging proxy-server

[app:proxy-server]
use = egg:swift#proxy
allow_account_management = true
account_autocreate = true

[filter:catch_errors]
use = egg:swift#catch_errors

[filter:proxy-logging]
use = egg:swift#proxy_logging

[filter:s3api]
use = egg:swift#s3api
location = {region}

[filter:tempauth]
use = egg:swift#tempauth
user_{user} = {key} .admin

[filter:bulk]
use = egg:swift#bulk

[filter:container-quotas]
use = egg:swift#container_quotas

[filter:slo]
use = egg:swift#slo
"""


class ObjectStore:
    """The running servers. Buckets are made by the tests that need them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ports = dict(zip(("proxy", *_STORAGE), _free_ports(1 + len(_STORAGE)), strict=True))
        self._programs: dict[str, Program] = {}

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._ports['proxy']}"

    def prepare(self) -> None:
        """Rings say which disk of which server keeps a name: here the only one."""
        disk = self._folder / "disks" / "disk1"
        disk.mkdir(parents=True)
        (self._folder / "swift.conf").write_text(f"[swift-hash]\nswift_hash_path_suffix = {_SUFFIX}\n")
        for kind in _STORAGE:
            self._configure(kind, _SERVER.format(kind=kind))
        ports = [f"{kind}={self._ports[kind]}" for kind in _STORAGE]
        subprocess.run([find_python(), "-c", _RINGS, self._folder, str(_POWER), *ports], check=True, timeout=60)
        user = ACCESS_KEY.replace(":", "_")
        self._configure("proxy", _PROXY.format(region=REGION, user=user, key=SECRET_KEY))

    def start(self) -> None:
        for kind in (*_STORAGE, "proxy"):
            self.start_one(kind)
        for port in self._ports.values():
            wait_until(lambda port=port: _listens(port), what="the object store")  # type: ignore[misc]

    def start_one(self, kind: str) -> None:
        command = [find_tool(f"swift-{kind}-server"), str(self._folder / f"{kind}.conf"), "--verbose"]
        self._programs[kind] = Program(
            command, self._folder / f"{kind}.log", folder=self._folder, SWIFT_DIR=str(self._folder)
        )

    def stop(self) -> None:
        for program in self._programs.values():
            program.stop(seconds=0)
        self._programs.clear()

    def kill_door(self) -> None:
        """What clients speak to is gone, in the middle of a word."""
        self._programs["proxy"].stop(seconds=0)

    def open_door(self) -> None:
        self.start_one("proxy")
        wait_until(lambda: _listens(self._ports["proxy"]), what="the object store")

    def freeze(self) -> None:
        """It still takes connections, and never answers."""
        self._programs["proxy"].send(signal.SIGSTOP)

    def thaw(self) -> None:
        self._programs["proxy"].send(signal.SIGCONT)

    @cached_property
    def client(self) -> "S3Client":
        """For the tests' own looks and pranks, past the application."""
        made = botocore.session.get_session().create_client(
            "s3",
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            config=Config(s3={"addressing_style": "path"}),
        )
        return cast("S3Client", made)

    def make_bucket(self) -> str:
        name = f"bucket-{secrets.token_hex(6)}"
        self.client.create_bucket(Bucket=name)
        return name

    def limit(self, bucket: str, size: int | None) -> None:
        """So many bytes may lie in it, and in the parts of its uploads; None: any number.

        S3 has no word for that. It is said where Swift's own door would write it, which wants tokens from a memcached.
        """
        quota = {"X-Container-Meta-Quota-Bytes": "" if size is None else str(size)}
        for name in (bucket, f"{bucket}+segments"):
            path = f"/{_ACCOUNT}/{name}"
            partition = hashlib.md5(f"{path}{_SUFFIX}".encode(), usedforsecurity=False).digest()[0] >> (8 - _POWER)
            url = f"http://127.0.0.1:{self._ports['container']}/disk1/{partition}{quote(path)}"
            headers = {"X-Timestamp": f"{time.time():.5f}", **quota}
            urlopen(Request(url, method="PUT", headers=headers), timeout=30).close()

    def keys(self, bucket: str) -> set[str]:
        return {each["Key"] for each in self.client.list_objects_v2(Bucket=bucket).get("Contents", ())}

    def unfinished(self, bucket: str) -> set[str]:
        """Keys of multipart uploads that were neither completed nor aborted."""
        return {each["Key"] for each in self.client.list_multipart_uploads(Bucket=bucket).get("Uploads", ())}

    def _configure(self, kind: str, rest: str) -> None:
        start = _COMMON.format(port=self._ports[kind], folder=self._folder, user=getpass.getuser())
        (self._folder / f"{kind}.conf").write_text(start + rest)


@contextmanager
def run_object_store() -> Iterator[ObjectStore]:
    """Skips without Swift, and fails where CI is set."""
    find_tool("swift-proxy-server")
    folder = Path(tempfile.mkdtemp(prefix="swift-"))
    try:
        os.setxattr(folder, "user.swift", b"x")
    except OSError:
        shutil.rmtree(folder)
        miss("Swift keeps what it knows of a file in extended attributes, which the temporary folder does not have")
    store = ObjectStore(folder)
    try:
        store.prepare()
        store.start()
        yield store
    finally:
        store.stop()
        shutil.rmtree(folder)


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        taken = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in taken]


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


@pytest.fixture(scope="session")
def object_store() -> Iterator[ObjectStore]:
    """One for the whole run; tests that stop it start it again."""
    with run_object_store() as store:
        yield store


@pytest.fixture
def storage_url(object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of a new bucket, which programs that the test starts can use as well. It gives up soon."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    return bucket_url(object_store.endpoint, object_store.make_bucket())


@pytest.fixture
def bucket(storage_url: str) -> str:
    return read_address(storage_url).bucket


@pytest.fixture
def relay(object_store: ObjectStore) -> Iterator[Relay]:
    """A cable to it that the test can cut."""
    with run_relay(object_store.endpoint) as relay:
        yield relay


def bucket_url(endpoint: str, bucket: str) -> str:
    return f"s3://{bucket}/some/prefix?endpoint={endpoint}&region={REGION}&timeout=5"
