"""`make crash`: exits 1 when a promise was broken or a mutant got away."""

import argparse
import json
import logging
import signal
import sys
from pathlib import Path

from tests.crash.campaign import DATABASES, run_campaign
from tests.crash.report import as_json, render


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--points", type=int, default=1000, help="On all databases together.")
    parser.add_argument("--database", choices=DATABASES, default=None, help="Unset: each.")
    parser.add_argument("--log", type=Path, default=None, help="A file for what the application logs meanwhile.")
    parser.add_argument("--json", action="store_true", help="For programs: a line for each database.")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # nothing stays behind
    if asked.log:
        logging.basicConfig(filename=asked.log, level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    databases = [asked.database] if asked.database else DATABASES
    has_failed = False
    for database in databases:
        result = run_campaign(database, asked.points // len(databases), _tell)
        sys.stdout.write(f"{json.dumps(as_json(result)) if asked.json else render(result)}\n")
        sys.stdout.flush()
        has_failed |= result.has_failed
    return 1 if has_failed else 0


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
