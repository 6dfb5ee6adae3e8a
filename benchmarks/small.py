"""Archives of small accounts: how many a second one warm process makes, and one for each core."""

import os
import sys
from pathlib import Path

from benchmarks.catalogue import ROOT
from benchmarks.databases import Database
from benchmarks.measured import Measurement
from benchmarks.process import name_processes, run
from benchmarks.settings import Settings


def measure_small(database: Database, folder: Path, settings: Settings) -> list[Measurement]:
    """Seconds are those of one archive: a run's time by all that were made in it."""
    numbers = sorted({1, os.cpu_count() or 1})
    found = {number: Measurement(name_processes(number, "warm")) for number in numbers}
    for _ in range(settings.runs):
        for number, measurement in found.items():
            seconds, peak = _run(database, folder, number, settings.seconds)
            measurement.seconds.append(seconds)
            measurement.peaks.append(peak)
    return list(found.values())


def _run(database: Database, folder: Path, number: int, seconds: float) -> tuple[float, int]:
    place = folder / "small"
    place.mkdir(exist_ok=True)
    module = [sys.executable, "-m", "benchmarks.ways.small_accounts"]
    log = folder / "small.log"
    taken = run([*module, database.url, str(number), str(seconds), str(place)], log, folder=ROOT)
    return round(float(log.read_text().split()[-1]), 5), taken.peak
