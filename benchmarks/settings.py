"""What a run of the benchmark measures, as said by the environment: `make bench ROWS=100000 CASE=events`."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

MIB = 1024**2
QUICK = {
    "ROWS": "2000",
    "RUNS": "1",
    "CASE": "events many media small profile",  # the other tables differ in their columns only; tests try the clicks
    "LARGE_MB": "5",
    "PICTURES": "200",
    "SECONDS": "0.5",
}


@dataclass(frozen=True)
class Settings:
    quick: bool
    """A smoke test: everything runs once and is checked, nothing is written down."""
    rows: int
    """Of the person; the table holds twice as many."""
    runs: int
    """Of each way."""
    only: str
    """Only ways whose name has this in it."""
    cases: frozenset[str]
    """Empty: all."""
    databases: tuple[str, ...]
    large: int
    """Bytes of the large file."""
    pictures: int
    seconds: float
    """How long small archives are made."""
    clicks: int
    """How many people click, one after the other."""
    people: int
    """How many of them wait at once."""

    def wants(self, case: str) -> bool:
        return not self.cases or case in self.cases


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Raises ValueError for a number that is none."""
    quick = bool(environment.get("QUICK"))
    given = {**(QUICK if quick else {}), **{key: value for key, value in environment.items() if value}}
    return Settings(
        quick=quick,
        rows=int(given.get("ROWS", "1000000")),
        runs=int(given.get("RUNS", "5")),
        only=given.get("ONLY", ""),
        cases=frozenset(given.get("CASE", "").replace(",", " ").split()),
        databases=tuple(given.get("DATABASE", "sqlite postgresql").replace(",", " ").split()),
        large=int(given.get("LARGE_MB", "512")) * MIB,
        pictures=int(given.get("PICTURES", "5000")),
        seconds=float(given.get("SECONDS", "5")),
        clicks=int(given.get("CLICKS", "40")),
        people=int(given.get("PEOPLE", "200")),
    )
