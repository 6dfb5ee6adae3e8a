"""`make mixing`: exits 1 when an archive holds somebody else's, or when a planted bug goes unnoticed."""

import argparse
import signal
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.chaos.database import run_database
from tests.databases import migrate
from tests.mixing.bugs import BUGS
from tests.mixing.run import Record, run
from tests.programs import run_valkey

DATABASES = ("sqlite", "postgresql")
FEWER = 10
"""With a planted bug, this fraction of the archives is enough."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mixing", description=__doc__)
    parser.add_argument("--archives", type=int, default=1000, help="On each database.")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # nothing stays behind
    sys.stdout.write(f"{'':<40}{'asked':>8}{'stopped':>9}{'foreign':>9}{'missing':>9}{'other':>8}{'seconds':>9}\n")
    good = True
    for database in DATABASES:
        record = _show(database, _try(database, asked.archives))
        good &= not (record.stopped or record.bad)
    for bug in BUGS:
        record = _show(f"postgresql, {bug}", _try("postgresql", max(asked.archives // FEWER, 16), bug))
        good &= bool(record.stopped or record.bad)
    return 0 if good else 1


def _try(database: str, count: int, planted: str | None = None) -> Record:
    with ExitStack() as exits:
        folder = Path(exits.enter_context(tempfile.TemporaryDirectory(prefix="mixing-")))
        _, broker = exits.enter_context(run_valkey())
        settings: dict[str, Any] = {"INSTANCE_PATH": folder / "instance", "REDIS_URL": broker}
        if database == "postgresql":
            settings["DATABASE_URL"] = exits.enter_context(run_database(folder / "postgres")).url
        migrate(settings)
        return run(settings, count, folder, planted)


def _show(name: str, record: Record) -> Record:
    counts = f"{record.asked:>8}{record.stopped:>9}{record.foreign:>9}{record.missing:>9}{record.other:>8}"
    sys.stdout.write(f"{name:<40}{counts}{record.seconds:>9.0f}\n")
    sys.stdout.flush()
    return record


if __name__ == "__main__":
    sys.exit(main())
