from pathlib import Path

import pytest

from benchmarks.databases import filled_sqlite
from benchmarks.profile import CSV, FETCH, JSON, PRESS, REPORT, WHOLE, profile_rows, profile_small
from benchmarks.shapes import CASES


def test_the_phases_come_to_the_whole_and_every_step_takes_time(tmp_path: Path) -> None:
    with filled_sqlite(CASES["events"], 300, tmp_path) as (database, _):
        found = {each.way: each.seconds for each in profile_rows(database, tmp_path, 300, runs=2)}
        phases = {each.way: each.seconds for each in profile_small(database, tmp_path, runs=2)}
    assert all(len(seconds) == 2 for seconds in (*found.values(), *phases.values()))
    assert all(min(found[step]) > 0 for step in (FETCH, JSON, CSV, REPORT, PRESS))
    *parts, whole = phases.items()
    assert whole[0] == WHOLE
    assert sum(seconds[0] for _, seconds in parts) == pytest.approx(whole[1][0])
