"""Keys of a machine's role: the store's client asks for them, and again before they end."""

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from app.stores import StoreSettingError, read_address
from app.stores.s3 import S3Store
from tests.listener import HOST
from tests.object_store import ACCESS_KEY, SECRET_KEY

MINUTE = dt.timedelta(minutes=1)


@dataclass
class Role:
    """What the keys are that it hands out now, and to how many questions it has done so."""

    port: int
    secret: str = SECRET_KEY
    asked: int = field(default=0)

    def hand_out(self) -> bytes:
        self.asked += 1
        ends = dt.datetime.now(dt.UTC) + MINUTE
        keys = {"AccessKeyId": ACCESS_KEY, "SecretAccessKey": self.secret, "Token": "a token"}
        return json.dumps({**keys, "Expiration": f"{ends:%Y-%m-%dT%H:%M:%SZ}"}).encode()


@pytest.fixture
def role(bucket: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Role]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # its name is http.server's
            self.send_response(200)
            self.end_headers()
            self.wfile.write(made.hand_out())

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer((HOST, 0), Handler)
    made = Role(server.server_port)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"http://{HOST}:{made.port}/role")
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_keys_that_end_are_asked_for_again(storage_url: str, role: Role) -> None:
    """The control: with one that it hands out next, and that is wrong, the store refuses us."""
    store = S3Store(read_address(storage_url), "archives")
    store.check()
    assert role.asked > 1
    role.secret = "another"
    with pytest.raises(StoreSettingError, match="The store refuses us"):
        store.check()
    role.secret = SECRET_KEY
    store.check()
