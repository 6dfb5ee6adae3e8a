"""Runs the ways that fit a target in rounds, each once a round: a slow minute of the machine meets them all."""

import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.catalogue import ROOT, Target, Way
from benchmarks.measured import Measurement
from benchmarks.process import Run, run

SAME = 0.01
"""Later outputs may differ from the checked one by so much of its size: they hold the moment they were made."""
Check = Callable[[Path], None]


def compare(ways: Sequence[Way], target: Target, check: Check, *, runs: int) -> list[Measurement]:
    """Raises FailedError when a way ends with an error, and whatever `check` raises."""
    found = {way.name: Measurement(way.name, skipped=way.missing()) for way in ways}
    for _ in range(runs):
        for way in ways:
            measurement = found[way.name]
            if not measurement.skipped:
                _take(way, target, check, measurement)
    return list(found.values())


def _take(way: Way, target: Target, check: Check, measurement: Measurement) -> None:
    target.folder.mkdir()
    try:
        taken = run(way.command(target), target.folder.with_suffix(".log"), folder=ROOT)
        size = sum(file.stat().st_size for file in _outputs(target.folder))
        if not measurement.seconds:
            check(target.folder)
            measurement.size = size
        elif abs(size - measurement.size) > SAME * measurement.size:
            raise ValueError(f"{way.name} wrote {size} bytes; the output that was checked had {measurement.size}")
    finally:
        shutil.rmtree(target.folder)
    _tell(way, target, taken)
    measurement.seconds.append(round(taken.seconds, 3))
    measurement.cpu.append(round(taken.cpu, 3))
    measurement.peaks.append(taken.peak)


def _outputs(folder: Path) -> list[Path]:
    return [*folder.glob("*.zip"), *folder.glob("*.gz")]


def _tell(way: Way, target: Target, taken: Run) -> None:
    line = (
        f"{target.name:10} {target.database.kind:10} {way.name:46} {taken.seconds:8.2f} s {taken.peak / 1e6:7.0f} MB"
    )
    print(line, file=sys.stderr, flush=True)
