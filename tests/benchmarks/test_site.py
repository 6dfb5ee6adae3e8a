"""The site that is measured is whole: a click leads to an archive, many are made, pages watch them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import clicks, watching
from benchmarks.goals import ORDINARY, STATUS
from benchmarks.measured import Record
from benchmarks.site import Site, add_people, count_ready, run_site

pytestmark = pytest.mark.worker


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with run_site("sqlite", tmp_path) as site:
        yield site


def test_the_whole_site_is_measured(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """One site for all, since it takes seconds to start."""
    monkeypatch.setattr(clicks, "WARM", 0)
    whole, *steps, _ = clicks.take_turns(site, 1)
    assert sum(step.seconds[0] for step in steps) == pytest.approx(whole.seconds[0], abs=0.001)
    assert clicks.make_archives(add_people(2, 3)) > 0
    assert count_ready() == 3
    record, faults = watch(site, 60, monkeypatch)
    assert faults == []
    assert [each.way for each in record.measurements] == [STATUS, ORDINARY]
    assert "which 2 pages saw ready" in record.note
    # What must not count as measured.
    monkeypatch.setattr(watching, "_cookies", lambda _app, people: dict.fromkeys(people, "session=forged"))
    _, faults = watch(site, 1, monkeypatch)
    assert any("302" in fault for fault in faults)
    monkeypatch.setattr(clicks, "ENTRIES", 1)
    with pytest.raises(ValueError, match="should have 100"):
        clicks.take_turns(site, 1)


def watch(site: Site, seconds: int, monkeypatch: pytest.MonkeyPatch) -> tuple[Record, list[str]]:
    for name, value in {"WATCHERS": 2, "READERS": 2, "ARRIVAL": 0.5, "SECONDS": seconds}.items():
        monkeypatch.setattr(watching, name, value)
    return watching.watch(site)
