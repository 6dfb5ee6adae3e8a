"""Coverage watches every test but those in a browser."""

import pytest
from coverage import Coverage
from playwright.sync_api import Browser

from tests.measuring import find_controller


@pytest.mark.browser
def test_in_a_browser_nothing_is_watched(browser: Browser) -> None:
    assert Coverage.current() is None


def test_elsewhere_all_is_if_anything_is(request: pytest.FixtureRequest) -> None:
    assert (Coverage.current() is not None) == (find_controller(request.config) is not None)
