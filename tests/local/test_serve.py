"""`flask serve`: one command, one terminal, and nothing left afterwards."""

import json
import os
import re
import shutil
import signal
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from app.config import socket_path
from tests.local.conftest import Site, living
from tests.log_lines import read_lines
from tests.programs import Program, wait_until

pytestmark = pytest.mark.worker
Serve = Callable[..., Site]
DEMO_PASSWORD = re.compile("sign in as demo@example.org with the password [a-z2-9]{5}(-[a-z2-9]{5}){3}$")


def fetch(url: str, **form: object) -> dict[str, Any]:
    with urllib.request.urlopen(url, urlencode(form).encode() if form else None, timeout=30) as response:
        found: dict[str, Any] = json.load(response)
    return found


def add(address: str) -> object:
    """4 + 2, as the worker finds it."""
    result = fetch(f"{address}/add", a=4, b=2)["result_id"]
    return wait_until(lambda: found if (found := fetch(f"{address}/result/{result}"))["ready"] else None)["value"]


def sign_in(site: Site) -> str:
    """What it says about the demo account."""
    site.wait_for("sign in as ")
    return next(line for line in site.log().splitlines() if "sign in as " in line)


@pytest.mark.usefixtures("measured")  # everything ends in order here
def test_it_serves_and_ctrl_c_leaves_nothing(serve: Serve, instance: Path) -> None:
    site = serve()
    address = site.wait_for_ready()
    assert fetch(f"{address}/healthz")
    assert add(address) == 6
    wait_until(lambda: len(living(instance)) == 9, what="each of its processes")
    second = serve()
    assert second.wait() == 1
    assert f"Process {site.pid} already uses {instance}" in second.log()
    site.send(signal.SIGINT)
    assert site.wait() == 0
    assert living(instance) == set()
    stopped = [line.split()[2] for line in site.log().splitlines() if " stopped (" in line]
    assert stopped == ["web", "beat", "large", "worker", "valkey"]
    assert "killing" not in site.log()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux' kernel tells children that their parent is gone")
def test_kill_9_leaves_nothing_and_loses_nothing(serve: Serve, instance: Path) -> None:
    site = serve()
    address = site.wait_for_ready()
    fetch(f"{address}/block", now=1)  # a child of the worker is busy
    site.wait_for("app.tasks.block")
    said = sign_in(site)
    assert DEMO_PASSWORD.search(said)
    site.kill()
    wait_until(lambda: not living(instance), seconds=20, what="the end of every process")
    again = serve()
    assert add(again.wait_for_ready()) == 6
    assert DEMO_PASSWORD.search(sign_in(again))
    assert sign_in(again) != said  # each run has its own, see test_demo.py


def test_a_dead_program_stops_everything(serve: Serve, instance: Path) -> None:
    site = serve()
    site.wait_for_ready()
    command = "celery\0--quiet\0-A\0make_celery\0worker"
    site.wait_for(" ready.")
    worker = min(pid for pid in living(instance) if command in Path(f"/proc/{pid}/cmdline").read_text())
    os.kill(worker, signal.SIGKILL)
    assert site.wait() == 1
    assert site.log().splitlines()[-1] == "Error: worker ended by itself (by SIGKILL)"
    assert living(instance) == set()


@pytest.fixture
def deep_instance(sqlite_settings: dict[str, Any], tmp_path: Path) -> Iterator[Path]:
    """The path of a socket in it would be longer than the kernel takes."""
    instance = tmp_path / ("d" * 100) / "instance"
    instance.parent.mkdir()
    shutil.move(sqlite_settings["INSTANCE_PATH"], instance)
    yield instance
    shutil.rmtree(socket_path(instance).parent)


def test_a_deep_folder_and_a_second_ctrl_c(serve: Serve, deep_instance: Path) -> None:
    """Whoever presses it again does not want to wait for the task that runs. For programs, each line is an object."""
    site = serve(INSTANCE_PATH=deep_instance, LOG_FORMAT="json")
    address = site.wait_for_ready()
    assert add(address) == 6
    assert socket_path(deep_instance).is_socket()
    fetch(f"{address}/block", now=1)
    site.wait_for("app.tasks.block")
    site.send(signal.SIGINT)
    site.wait_for("large stopped")
    site.send(signal.SIGINT)
    assert site.wait() == 0
    assert "killing worker" in site.log()
    assert "Traceback" not in site.log()
    told = read_lines(site.log())
    loggers = {line["logger"] for line in told}
    assert loggers >= {"valkey", "gunicorn.error", "celery.beat", "celery.worker", "serve"}
    assert not loggers & {"web", "worker", "large", "beat"}  # nothing that they said had to be
    assert any("task_id" in line for line in told)
    assert living(deep_instance) == set()


def test_another_address_and_broker(serve: Serve, instance: Path, valkey_server: tuple[Program, str]) -> None:
    site = serve("--host", "::1", REDIS_URL=valkey_server[1], EXAMPLES=True)
    address = site.wait_for_ready()
    assert address.startswith("http://[::1]:")
    assert add(address) == 6
    assert "valkey |" not in site.log()
    assert not (instance / "valkey").exists()
