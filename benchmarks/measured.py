"""What was measured, kept as JSON, so that a part can be measured anew by hand and the page of results stays whole."""

import json
import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

FILE = Path(__file__).with_name("measured.json")


@dataclass
class Measurement:
    """Of one way; the lists have an entry for each run, in the order of the rounds."""

    way: str
    seconds: list[float] = field(default_factory=list)
    """Of the whole process. For small archives: of one archive. In a profile: of one row or one archive. For
    clicks: of each. For pages that many watch: `percentiles`."""
    cpu: list[float] = field(default_factory=list)
    """Seconds of all processes; the database server's are not in it."""
    peaks: list[int] = field(default_factory=list)
    """Bytes of memory."""
    size: int = 0
    """Bytes of the output."""
    skipped: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def peak(self) -> int:
        return max(self.peaks)


@dataclass
class Record:
    """Ways that were compared with each other in one run."""

    case: str
    database: str
    rows: int
    """Of the person, in all tables together; or files."""
    only: str
    """Empty when all ways that fit were run."""
    when: str
    commit: str
    """The last one that changed the application."""
    machine: str
    versions: str
    measurements: list[Measurement]
    note: str = ""
    """What else is to be said of this run."""

    @property
    def key(self) -> tuple[str, str, int, str]:
        return self.case, self.database, self.rows, self.only

    def find(self, way: str) -> Measurement | None:
        return next((each for each in self.measurements if each.way == way and each.seconds), None)


def read_records(file: Path = FILE) -> list[Record]:
    found = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
    return [Record(**{**each, "measurements": [Measurement(**one) for one in each["measurements"]]}) for each in found]


def keep(new: Sequence[Record], file: Path = FILE) -> list[Record]:
    """All records there are now; a new one takes the place of that with the same key."""
    replaced = {record.key for record in new}
    records = sorted(
        [*(each for each in read_records(file) if each.key not in replaced), *new], key=lambda each: each.key
    )
    text = json.dumps([asdict(record) for record in records], ensure_ascii=False, indent=1)
    file.write_text(text + "\n", encoding="utf-8")
    return records


def quantile(seconds: Sequence[float], part: float) -> float:
    """The least that so large a part of them does not exceed: 0 gives the least, 1 the most."""
    found = sorted(seconds)
    return found[math.ceil(part * (len(found) - 1))]


def percentiles(seconds: Sequence[float]) -> list[float]:
    """101 numbers, from the least to the most, that stand for any number of them; tenths of milliseconds."""
    return [round(quantile(seconds, number / 100), 4) for number in range(101)]
