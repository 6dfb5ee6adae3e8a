"""`python -m benchmarks`: measures what the environment asks for, prints the tables and writes the page of results."""

import tempfile
from pathlib import Path

from benchmarks.measured import keep
from benchmarks.results import render, write
from benchmarks.settings import read_settings
from benchmarks.suite import Suite


def main() -> None:
    """QUICK measures nothing worth keeping, and writes nothing down."""
    settings = read_settings()
    records = []
    with tempfile.TemporaryDirectory(prefix="satchel-bench-") as folder:
        for record in Suite(settings, Path(folder)).run():
            records.append(record)
            if not settings.quick:
                write(keep([record]))
    print(render(records))


if __name__ == "__main__":
    main()
