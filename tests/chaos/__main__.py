"""`make chaos`, `make deploys`, `make rush`: exits 1 when a promise was broken.

With CONTROL=1, the tutorial's settings, it must break some. SIGTERM and Ctrl-C stop it: it prints what was seen until
then, and exits 2, since a part of a run promises nothing.
"""

import argparse
import secrets
import sys
from pathlib import Path

from tests.chaos.faults import KINDS
from tests.chaos.judge import BUSY, Limits, breaches
from tests.chaos.record import Record
from tests.chaos.report import render
from tests.chaos.run import run
from tests.chaos.rush import LIMITS, rush
from tests.chaos.stopping import StoppedError, listen


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--faults", type=int, default=100)
    parser.add_argument("--people", type=int, default=None, help="No faults; so many people click at once.")
    parser.add_argument("--seed", type=int, default=None, help="Unset: another one each time; it is printed.")
    parser.add_argument(
        "--only", action="append", default=[], choices=KINDS, help="Only this kind of fault; repeat it."
    )
    parser.add_argument("--control", action="store_true", help="With the tutorial's settings.")
    parser.add_argument("--busy", action="store_true", help="The machine has much else to do: pages may take longer.")
    parser.add_argument("--logs", type=Path, default=None, help="A folder for what the programs print.")
    asked = parser.parse_args()
    listen()
    limits = LIMITS if asked.people else BUSY if asked.busy else Limits()
    try:
        record = _try(asked)
    except StoppedError:
        _tell("stopped before anything was seen")
        return 2
    sys.stdout.write(render(record, limits) + "\n")
    return 2 if record.is_stopped else bool(breaches(record, limits))


def _try(asked: argparse.Namespace) -> Record:
    seed = secrets.randbelow(10**6) if asked.seed is None else asked.seed
    _tell(f"seed {seed}")
    if asked.people:
        return rush(asked.people, seed, logs=asked.logs)
    return run(asked.faults, seed, only=asked.only, control=asked.control, logs=asked.logs, tell=_tell)


def _tell(progress: str) -> None:
    sys.stderr.write(f"{progress}\n")


if __name__ == "__main__":
    sys.exit(main())
