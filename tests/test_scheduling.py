"""No test starts anew what a group of tests has started."""

import pytest

from tests.programs import ROOT
from tests.scheduling import GROUPS, find_group

COSTLY = {"object_store": "tests.object_store", "site": "tests.site"}
"""Fixtures, and where they are defined: others may give the same names to fixtures of their own."""


def test_who_needs_what_is_costly_is_in_a_group(request: pytest.FixtureRequest) -> None:
    """Of the tests that this run has collected."""
    found = {item.nodeid for item in request.session.items if needs_costly(item)}
    assert {test_id for test_id in found if not find_group(test_id)} == set()


def needs_costly(item: pytest.Item) -> bool:
    known = item._fixtureinfo.name2fixturedefs if isinstance(item, pytest.Function) else {}
    return any(name in known and known[name][-1].func.__module__ == file for name, file in COSTLY.items())


def test_the_files_of_the_groups_exist() -> None:
    assert [path for path in GROUPS if not (ROOT / path).exists()] == []
