"""Lets the engine be imported without the application around it.

`app/__init__.py` puts everything together, so that Flask, Celery and all pages are loaded with it. A worker has loaded
them long before the first archive, and the peers load none of them either, so time is measured without them. Memory is
measured with them too: see `ours.py --worker`.
"""

import sys
from pathlib import Path
from types import ModuleType


def leave_the_application_out() -> None:
    """Call it before the first import from `app`."""
    package = ModuleType("app")
    package.__path__ = [str(Path(__file__).resolve().parents[2] / "app")]
    sys.modules["app"] = package
