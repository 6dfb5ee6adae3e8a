"""Our engine: `ours URL CASE FOLDER [--json] [--worker]`.

With --json JSON only, unsigned; otherwise JSON, CSV and report, signed. Every archive has its checksums and is
verified. --worker loads first whatever a worker has loaded.
"""

import importlib
import sys
from pathlib import Path

from benchmarks.ways.engine_alone import leave_the_application_out


def main(url: str, case: str, folder: str, *options: str) -> None:
    if "--worker" in options:
        importlib.import_module("app")
    else:
        leave_the_application_out()
    archives = importlib.import_module("benchmarks.archives")
    archives.make_archive(url, case, Path(folder), json_only="--json" in options)


if __name__ == "__main__":
    main(*sys.argv[1:])
