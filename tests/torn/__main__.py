"""`make torn`: exits 1 when an archive was torn, or when the default isolation tore fewer than nine of ten.

It exits 2 when nothing is proved: the writer was too slow.
"""

import argparse
import math
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
LEAST_COMMITS = 10
"""A second. A slower writer leaves archives alone."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.torn", description=__doc__)
    parser.add_argument("--archives", type=int, default=200, help="On each database.")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # nothing stays behind
    bad, slowest = False, math.inf
    sys.stdout.write(f"{'':<36}{'archives':>10}{'torn':>8}{'commits/s':>12}\n")
    for database in DATABASES:
        ours, theirs = (_count(database, asked.archives, control=control) for control in (False, True))
        sys.stdout.write(_line(f"{database}, one snapshot", ours) + _line(f"{database}, default isolation", theirs))
        bad |= ours.torn > 0 or theirs.torn < MOSTLY * theirs.archives
        slowest = min(slowest, ours.commits, theirs.commits)
    if slowest < LEAST_COMMITS:
        sys.stdout.write(f"void: {slowest:.1f} commits a second, and {LEAST_COMMITS} are wanted\n")
        return 1 if bad else 2
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
