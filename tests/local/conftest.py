"""`flask serve` as typed in a terminal, on a folder of its own."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.config import socket_path
from tests.programs import PYTHON, ROOT, Program, pids_with_environment, wait_until

SERVE = (*PYTHON, "flask", "--app", str(ROOT / "make_celery.py"), "serve", "--port", "0", "--concurrency", "1")


class Site(Program):
    """A running `flask serve`."""

    def wait_for_ready(self) -> str:
        """Its address."""
        self.wait_for("(Ctrl-C stops it)")
        found = re.search(r"ready on (http://\S+) after \d+\.\ds", self.log())
        assert found, self.log()
        return found[1]


def living(instance: Path) -> set[int]:
    """Every process of the site: supervisor, broker, worker and its children, beat, web server and its workers."""
    return pids_with_environment("FLASK_INSTANCE_PATH", instance)


@pytest.fixture
def serve(sqlite_settings: dict[str, Any], tmp_path: Path) -> Iterator[Callable[..., Site]]:
    """Starts sites on the instance folder of the test, from another folder than the project's."""
    instance = sqlite_settings["INSTANCE_PATH"]
    sites: list[Site] = []

    def start(*options: str, **more: Any) -> Site:
        log = tmp_path / f"serve-{len(sites)}.log"
        sites.append(Site((*SERVE, *options), log, settings={**sqlite_settings, **more}, folder=tmp_path))
        return sites[-1]

    yield start
    for site in sites:
        site.stop(seconds=0)
    wait_until(lambda: not living(instance), what="the end of every process")
    if not socket_path(instance).is_relative_to(instance):
        shutil.rmtree(socket_path(instance).parent, ignore_errors=True)
