"""Every way that is measured: how it is called and what it needs."""

import shlex
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.databases import Database
from benchmarks.shapes import CASES, PERSON

ROOT = Path(__file__).resolve().parents[1]
PEERS = ROOT / ".venv-bench/bin/python"
OURS_JSON = "ours: JSON"
OURS_ALL = "ours: JSON, CSV, report, signed"
OURS_WORKER = "ours: JSON, CSV, report, signed, in a worker"
TUTORIAL = "the tutorial"
SQLITE_ZIP = "sqlite3 -json | zip"
PSQL_ZIP = "psql \\copy JSON | zip"
ZIP_0 = "zip -0"
ENOUGH = 100_000
"""Rows that all ways are measured with. Five runs of the slow ones with a million take over an hour more; ours, which
starts slowly, would compare better there."""
EVENTS = frozenset({"events"})
EVERY_TABLE = frozenset(CASES)


@dataclass(frozen=True)
class Target:
    """What a way is to read, and where it leaves its files."""

    database: Database
    case: str
    """As the ways in Python read it: a case's name, or `pictures:` and the folder with the files."""
    folder: Path
    programs: Path | None = None
    """Where PostgreSQL's own programs are."""

    @property
    def name(self) -> str:
        return self.case.partition(":")[0]


@dataclass(frozen=True)
class Way:
    name: str
    command: Callable[[Target], list[str]]
    cases: frozenset[str] = EVENTS
    databases: frozenset[str] = frozenset({"sqlite", "postgresql"})
    needs: tuple[str, ...] = ()
    """Programs on the PATH."""
    peers: bool = False
    """Needs the peers' environment."""
    is_named: bool = False
    """A figure to reach names it. The others are measured up to `ENOUGH` rows, unless they are asked for by name."""

    def fits(self, target: Target) -> bool:
        return target.name in self.cases and target.database.kind in self.databases

    def missing(self) -> str:
        """Why it cannot run; empty when it can."""
        gone = [name for name in self.needs if shutil.which(name) is None]
        if gone:
            return f"{' and '.join(gone)} not installed"
        return "" if not self.peers or PEERS.exists() else "not installed: make .venv-bench/installed"


def _python(module: str, *options: str, python: str = sys.executable) -> Callable[[Target], list[str]]:
    def command(target: Target) -> list[str]:
        place = [target.database.url, target.case, str(target.folder)]
        return [python, "-m", f"benchmarks.ways.{module}", *place, *options]

    return command


def _shell(script: str) -> list[str]:
    return ["bash", "-o", "pipefail", "-c", script]


def _sqlite3(target: Target) -> list[str]:
    queries = "; ".join(f"SELECT * FROM {name} WHERE person_id = {PERSON}" for name in CASES[target.case].tables)
    read = shlex.join(["sqlite3", "-readonly", "-json", target.database.file, queries])
    return _shell(f"{read} | zip -q {shlex.quote(str(target.folder / 'archive.zip'))} -")


def _psql(end: str) -> Callable[[Target], list[str]]:
    """`COPY` doubles backslashes or quotes, unless quote and delimiter are signs that JSON never holds."""

    def command(target: Target) -> list[str]:
        form = "(FORMAT csv, QUOTE E'\\x01', DELIMITER E'\\x02')"
        wanted = [f"SELECT * FROM {name} WHERE person_id = {PERSON}" for name in CASES[target.case].tables]
        copies = [f"\\copy (SELECT row_to_json(t) FROM ({query}) t) TO STDOUT {form}" for query in wanted]
        psql = str((target.programs or Path()) / "psql")
        read = [psql, "-X", "-q", "-v", "ON_ERROR_STOP=1", target.database.dsn]
        for copy in copies:
            read += ["-c", copy]
        return _shell(f"{shlex.join(read)} | {end.format(folder=shlex.quote(str(target.folder)))}")

    return command


def _zip_0(target: Target) -> list[str]:
    files = shlex.quote(target.case.partition(":")[2])
    return _shell(f"cd {files} && zip -0 -q -r {shlex.quote(str(target.folder / 'archive.zip'))} .")


SQLITE = frozenset({"sqlite"})
POSTGRESQL = frozenset({"postgresql"})
MEDIA = frozenset({"pictures"})

WAYS = (
    Way(OURS_JSON, _python("ours", "--json"), EVERY_TABLE, is_named=True),
    Way(OURS_ALL, _python("ours"), EVERY_TABLE | MEDIA, is_named=True),
    Way(OURS_WORKER, _python("ours", "--worker"), is_named=True),
    Way(TUTORIAL, _python("tutorial"), EVERY_TABLE, is_named=True),
    Way(SQLITE_ZIP, _sqlite3, EVERY_TABLE, SQLITE, ("bash", "sqlite3", "zip"), is_named=True),
    Way(PSQL_ZIP, _psql("zip -q {folder}/archive.zip -"), EVERY_TABLE, POSTGRESQL, ("bash", "zip"), is_named=True),
    Way("psql \\copy JSON | gzip", _psql("gzip > {folder}/event.json.gz"), EVENTS, POSTGRESQL, ("bash", "gzip")),
    Way("ORM, streamed", _python("orm_streamed")),
    Way("Core, streamed, json, zlib 6", _python("core_streamed")),
    Way("Django dumpdata", _python("django_dumpdata", python=str(PEERS)), peers=True),
    Way("pandas, CSV in chunks", _python("pandas_csv", python=str(PEERS)), peers=True),
    Way("Polars with ADBC, CSV", _python("polars_csv", python=str(PEERS)), peers=True),
    Way(ZIP_0, _zip_0, MEDIA, SQLITE, ("bash", "zip"), is_named=True),
)
