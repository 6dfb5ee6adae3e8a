"""`make torn`: exits 1 when an archive was torn, or when the default isolation tore fewer than nine of ten."""

import argparse
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.chaos.database import run_database
from tests.torn.run import Tally, count_torn

DATABASES = ("sqlite", "postgresql")
MOSTLY = 0.9


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.torn", description=__doc__)
    parser.add_argument("--archives", type=int, default=200, help="On each database.")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # nothing stays behind
    bad = False
    sys.stdout.write(f"{'':<36}{'archives':>10}{'torn':>8}{'commits/s':>12}\n")
    for database in DATABASES:
        ours, theirs = (_count(database, asked.archives, control=control) for control in (False, True))
        sys.stdout.write(_line(f"{database}, one snapshot", ours) + _line(f"{database}, default isolation", theirs))
        bad |= ours.torn > 0 or theirs.torn < MOSTLY * theirs.archives
    return 1 if bad else 0


def _count(database: str, archives: int, *, control: bool) -> Tally:
    with tempfile.TemporaryDirectory(prefix="torn-") as name, _make_database(database, Path(name)) as url:
        return count_torn(url, archives, Path(name), control=control)


@contextmanager
def _make_database(database: str, folder: Path) -> Iterator[str]:
    if database == "sqlite":
        yield f"sqlite:///{folder / 'bank.sqlite'}"
        return
    with run_database(folder / "postgres") as server:
        yield server.url.replace("postgresql:", "postgresql+psycopg:")


def _line(name: str, tally: Tally) -> str:
    return f"{name:<36}{tally.archives:>10}{tally.torn:>8}{tally.commits:>12.0f}\n"


if __name__ == "__main__":
    sys.exit(main())
