"""A short run of what `make torn` does at length: somebody writes all the time, and no archive holds two moments."""

from pathlib import Path

import pytest

from tests.torn.run import count_torn

pytestmark = pytest.mark.worker

ARCHIVES = 8


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'bank.sqlite'}"
    settings = request.getfixturevalue("postgresql_settings")
    return str(settings["DATABASE_URL"]).replace("postgresql:", "postgresql+psycopg:")


def test_no_archive_holds_two_moments(url: str, tmp_path: Path) -> None:
    tally = count_torn(url, ARCHIVES, tmp_path)
    assert tally.torn == 0
    assert tally.commits > 0


def test_the_default_isolation_tears_them_all(url: str, tmp_path: Path) -> None:
    """The control."""
    assert count_torn(url, ARCHIVES, tmp_path, control=True).torn == ARCHIVES
