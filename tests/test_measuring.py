"""Coverage watches every test but those in a browser."""

import sys

import pytest
from playwright.sync_api import Browser


@pytest.mark.browser
def test_in_a_browser_nothing_is_watched(browser: Browser) -> None:
    assert sys.gettrace() is None


def test_elsewhere_all_is_if_anything_is(request: pytest.FixtureRequest) -> None:
    assert (sys.gettrace() is not None) == request.config.pluginmanager.hasplugin("_cov")
