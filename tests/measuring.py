"""Coverage does not watch tests in a browser: Playwright switches greenlets, each of which has frames of its own.

To follow those, coverage would ask which greenlet runs at every call and return, of all other tests as well.
"""

import sys
from collections.abc import Generator

import pytest


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    if "browser" not in getattr(item, "fixturenames", ()):
        return (yield)
    tracer = sys.gettrace()
    sys.settrace(None)
    try:
        return (yield)
    finally:
        sys.settrace(tracer)
