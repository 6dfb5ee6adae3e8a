"""A store that sends us elsewhere is not followed: our credentials and people's files go where the settings say."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from app.stores import make_stores
from app.stores.interface import StoreDownError


@contextmanager
def serve(status: int, location: str = "") -> Iterator[tuple[str, list[str]]]:
    """A server that answers everything so; its address, and what it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.send_header("Location", f"{location}{self.path}")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_HEAD = answer  # noqa: N815  # names that http.server looks for

        def log_message(self, *_: object, **__: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "something")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(tmp_path: Path, status: int) -> None:
    with serve(404) as (elsewhere, taken), serve(status, elsewhere) as (endpoint, asked):
        url = f"s3://bucket/prefix?endpoint={endpoint}&region=us-east-1"
        store = make_stores(url, archives=tmp_path, uploads=tmp_path)["archives"]
        with pytest.raises(StoreDownError):
            store.open("a.zip", "0" * 64)
        assert asked
        assert taken == []
