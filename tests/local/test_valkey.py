"""The private broker: nobody else can reach it, and it forgets nothing."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from app.config import socket_path
from app.local import valkey
from tests.programs import SOCKET, Program, start_valkey


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path, as a socket needs it."""
    path = Path(tempfile.mkdtemp(prefix="valkey-"))
    yield path
    shutil.rmtree(path)


def test_it_opens_no_port_and_drops_nothing(valkey_server: tuple[Program, str]) -> None:
    with Redis.from_url(valkey_server[1]) as client:
        found = client.config_get("port", "maxmemory-policy", "appendfsync", "unixsocketperm")
    assert found == {
        "port": "0", "maxmemory-policy": "noeviction", "appendfsync": "everysec", "unixsocketperm": "700"
    }  # fmt: skip


def test_a_message_survives_kill_9(folder: Path) -> None:
    server = start_valkey(folder)
    with Redis.from_url(f"unix://{folder / SOCKET}") as client:
        client.lpush("celery", "a message")
    server.kill()
    again = start_valkey(folder)
    with Redis.from_url(f"unix://{folder / SOCKET}", decode_responses=True) as client:
        assert client.lrange("celery", 0, -1) == ["a message"]
    again.stop()


def test_shut_down_ends_it(folder: Path) -> None:
    server = start_valkey(folder)
    valkey.shut_down(folder / SOCKET)
    assert server.wait() == 0
    assert not valkey.ping(folder / SOCKET)


def test_the_folder_is_ours_alone(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir(mode=0o755)
    valkey.prepare_folder(folder)
    assert folder.stat().st_mode & 0o777 == 0o700


def test_somebody_elses_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir()
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    with pytest.raises(valkey.SocketFolderError, match="belongs to somebody else"):
        valkey.prepare_folder(folder)


def test_a_link_to_somewhere_else_is_refused(tmp_path: Path) -> None:
    """A link laid in the shared temporary folder could lead anywhere."""
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(valkey.SocketFolderError, match="belongs to somebody else"):
        valkey.prepare_folder(tmp_path / "link")


def test_a_folder_that_cannot_be_made_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(valkey.SocketFolderError, match="cannot be made"):
        valkey.prepare_folder(tmp_path / "file" / "valkey")


def test_a_long_path_falls_back_to_a_short_one(tmp_path: Path) -> None:
    long = socket_path(tmp_path / ("long" * 30))
    assert len(os.fsencode(long)) <= 100
    assert long != socket_path(tmp_path / ("other" * 30))
