"""A PostgreSQL with rules of its own for who comes in, and with TLS: Debian's. That of the other tests has no TLS."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.brokers import HOST, free_port
from tests.certificates import Certificate
from tests.databases import run_sql
from tests.programs import Program, wait_until
from tests.tools import find_tool

_PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), reverse=True)
"""Debian puts them beside the way of commands."""
_NOBODY_BUT_ROOT = ("setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups")
"""PostgreSQL refuses to run as root; this account comes with its package."""


@dataclass(frozen=True)
class Postgres:
    folder: Path
    """Of its socket."""
    port: int

    @property
    def superuser(self) -> str:
        return self.url("postgres", "postgres")

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def url(self, role: str, database: str) -> str:
        """By its socket."""
        return f"postgresql://{role}@/{database}?host={self.folder}&port={self.port}"

    def list_ways(self) -> set[tuple[str, str]]:
        """As whom clients have come, and how they have shown it; whoever was believed without a word is not there."""
        return set(re.findall(r'identity="(.*?)" method=(\w+)', self.log.read_text()))


@contextmanager
def run_postgres(
    rules: Sequence[str],
    names: Sequence[str] = (),
    *,
    tls: Certificate | None = None,
    clients: Certificate | None = None,
) -> Iterator[Postgres]:
    """`rules` and `names`: lines of pg_hba.conf and pg_ident.conf. `clients`: the authority of who comes by TLS."""
    binaries = Path(find_tool("postgres", *map(str, _PROGRAMS))).resolve().parent
    as_account = _NOBODY_BUT_ROOT if os.getuid() == 0 else ()
    with tempfile.TemporaryDirectory(prefix="postgres-") as made:
        server, data = Postgres(Path(made), free_port()), Path(made) / "data"
        _give(server.folder)
        initdb = [*as_account, binaries / "initdb", "--username=postgres", "--auth=trust", "--no-sync", "-D", data]
        subprocess.run(initdb, check=True, capture_output=True, timeout=120)
        (data / "pg_hba.conf").write_text("\n".join(["local all postgres trust", *rules, ""]))
        (data / "pg_ident.conf").write_text("\n".join([*names, ""]))
        options = {"listen_addresses": HOST, "unix_socket_directories": made, "fsync": "off", "log_connections": "on"}
        options |= _tls(data, tls, clients) if tls and clients else {}
        words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        command = [*as_account, str(binaries / "postgres"), "-D", str(data), "-p", str(server.port), *words]
        program = Program(command, server.log)
        try:
            wait_until(lambda: _answers(server), what=f"PostgreSQL: {program.log()}")
            yield server
        finally:
            program.stop()


def _tls(folder: Path, tls: Certificate, clients: Certificate) -> dict[str, str]:
    files = {"ssl_cert_file": tls.certificate, "ssl_key_file": tls.key, "ssl_ca_file": clients.certificate}
    for name, file in files.items():
        shutil.copyfile(file, folder / name)
        (folder / name).chmod(0o600)
        _give(folder / name)
    return {"ssl": "on", **{name: name for name in files}}


def _give(path: Path) -> None:
    if os.getuid() == 0:
        shutil.chown(path, "postgres", "postgres")


def _answers(server: Postgres) -> bool:
    try:
        return run_sql(server.superuser, "SELECT 1") == 1
    except psycopg.OperationalError:
        return False
