"""Measurements with everything that says what they are of: when, which version, which machine."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.machine import describe_commit, describe_machine, describe_versions
from benchmarks.measured import Measurement, Record


def make_record(
    case: str,
    database: str,
    rows: int,
    measurements: Sequence[Measurement],
    *,
    programs: Path | None,
    only: str = "",
    note: str = "",
) -> Record:
    """`programs`: where PostgreSQL's own programs are, when it takes part."""
    when = datetime.now(UTC).date().isoformat()
    where = describe_machine(), describe_versions(programs)
    return Record(case, database, rows, only, when, describe_commit(), *where, list(measurements), note)
