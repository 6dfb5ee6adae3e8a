"""`make chaos`, `make deploys`, `make rush`: exits 1 when a promise was broken.

With CONTROL=1, the tutorial's settings, it must break some.
"""

import argparse
import secrets
import signal
import sys
from pathlib import Path

from tests.chaos.faults import KINDS
from tests.chaos.judge import Limits, breaches
from tests.chaos.report import render
from tests.chaos.run import run
from tests.chaos.rush import LIMITS, rush


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--faults", type=int, default=100)
    parser.add_argument("--people", type=int, default=None, help="No faults; so many people click at once.")
    parser.add_argument("--seed", type=int, default=None, help="Unset: another one each time; it is printed.")
    parser.add_argument(
        "--only", action="append", default=[], choices=KINDS, help="Only this kind of fault; repeat it."
    )
    parser.add_argument("--control", action="store_true", help="With the tutorial's settings.")
    parser.add_argument("--logs", type=Path, default=None, help="A folder for what the programs print.")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # nothing stays behind
    seed = secrets.randbelow(10**6) if asked.seed is None else asked.seed
    if asked.people:
        record, limits = rush(asked.people, seed, logs=asked.logs), LIMITS
    else:
        record = run(asked.faults, seed, only=asked.only, control=asked.control, logs=asked.logs)
        limits = Limits()
    sys.stdout.write(render(record, limits) + "\n")
    return 1 if breaches(record, limits) else 0


if __name__ == "__main__":
    sys.exit(main())
