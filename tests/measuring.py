"""Coverage does not watch tests in a browser: Playwright switches greenlets, each of which has frames of its own.

To follow those, coverage would ask which greenlet runs at every call and return, of all other tests as well.
"""

from collections.abc import Generator
from typing import Any

import pytest


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    controller = find_controller(item.config)
    if controller is None or "browser" not in getattr(item, "fixturenames", ()):
        return (yield)
    controller.pause()
    try:
        return (yield)
    finally:
        controller.resume()


def find_controller(config: pytest.Config) -> Any:
    """Of pytest-cov; None where nothing is measured."""
    return getattr(config.pluginmanager.getplugin("_cov"), "cov_controller", None)
