"""`/openapi.json` says of each route that answers JSON what it takes and gives, and nothing that is not so."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.archives import ledger
from app.models import State, User
from tests.fuzzing import EXAMPLES
from tests.programs import PYTHON, Program
from tests.tools import find_tool, run_tool
from tests.web.conftest import SignIn

JSON = "application/json"
ID = "00000000-0000-7000-8000-000000000000"
SAMPLES = {
    "number": 1,
    "filename": "base.css",
    "attachment_id": ID,
    "comment_id": ID,
    "entry_id": ID,
    "sign_in_id": ID,
}


@pytest.fixture
def settings(sqlite_settings: dict[str, Any], valkey: str) -> dict[str, Any]:
    return {**sqlite_settings, "REDIS_URL": valkey, "EXAMPLES": True, "RATELIMIT_ENABLED": False}


@pytest.fixture
def archive_id(app: Flask, ann: User) -> str:
    """Of Ann's queued archive."""
    with app.app_context():
        return ledger.insert(ann.id)[0]


@pytest.fixture
def description(client: FlaskClient) -> dict[str, Any]:
    with client.get("/openapi.json") as answer:
        assert answer.mimetype == JSON
        found: dict[str, Any] = json.loads(answer.data)
    return found


def described(description: dict[str, Any]) -> set[tuple[str, str, str]]:
    """Endpoint, method and path of each operation."""
    return {
        (operation["operationId"], method.upper(), path)
        for path, operations in description["paths"].items()
        for method, operation in operations.items()
    }


def routes(app: Flask) -> Iterator[tuple[str, str, str]]:
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield rule.endpoint, method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)


def test_each_route_that_answers_json_is_described(
    app: Flask, description: dict[str, Any], sign_in: SignIn, ann: User, archive_id: str
) -> None:
    """Each is asked, by somebody who is signed in: what comes back tells whether it belongs there."""
    answers = set()
    for endpoint, method, path in routes(app):
        address = re.sub(r"\{(\w+)\}", lambda found: str(SAMPLES.get(found[1], archive_id)), path)
        with sign_in(ann).open(address, method=method, headers={"Accept": JSON}) as answer:
            if answer.mimetype == JSON and endpoint not in {"static", "shared.static"}:
                answers.add((endpoint, method, path))
    assert answers == described(description)


def test_the_states_are_all_of_them(description: dict[str, Any]) -> None:
    states = description["components"]["schemas"]["Status"]["properties"]["state"]["enum"]
    assert states == [state.value for state in State]


@pytest.fixture
def server(settings: dict[str, Any], app: Flask, tmp_path: Path) -> Iterator[str]:
    """The same site, served as in production; its address."""
    command = [*PYTHON, "gunicorn", "make_celery:flask_app", "--bind", "127.0.0.1:0", "--threads", "8"]
    program = Program([*command, "--no-control-socket"], tmp_path / "gunicorn.log", settings=settings)
    try:
        program.wait_for("Listening at: http")
        address = re.search(r"Listening at: (http://\S+)", program.log())
        assert address
        yield address[1]
        assert "Traceback" not in program.log(), program.log()
    finally:
        program.stop(seconds=0)


CONFIG = """
[generation]
database = "none"
[checks.not_a_server_error]
expected-statuses = ["2xx", "3xx", "4xx", 503]
[auth.openapi]
session = {{ api_key = "{cookie}" }}
"""


@pytest.fixture
def command(
    description: dict[str, Any], archive_id: str, sign_in: SignIn, ann: User, tmp_path: Path
) -> list[str | Path]:
    """Tries the description, in which one archive is named that is there, as Ann where it asks for somebody."""
    cookie = sign_in(ann).get_cookie("session")
    assert cookie
    parameter = description["paths"]["/archives/{archive_id}/status"]["get"]["parameters"][0]
    parameter["examples"] = {"mine": {"value": archive_id}}
    config = tmp_path / "schemathesis.toml"
    config.write_text(CONFIG.format(cookie=cookie.value))
    (tmp_path / "openapi.json").write_text(json.dumps(description))
    many = str(EXAMPLES // 10 or 12)
    # Asking for results whose worker is not there takes half a second each, and chains of calls ask for many.
    few = [] if EXAMPLES else ["--generation-deterministic", "--phases", "examples,coverage,fuzzing"]
    checks = ["--checks", "all", "--max-examples", many, *few, "--header", f"Accept: {JSON}"]
    return [find_tool("st"), "--no-color", "--config-file", config, "run", tmp_path / "openapi.json", *checks]


@pytest.mark.worker
@pytest.mark.fuzz
def test_nothing_answers_otherwise(server: str, command: list[str | Path], tmp_path: Path) -> None:
    """Answers, states, types and schemas as described, wrong input refused, no fault; and something was tried."""
    done = run_tool(*command, "--url", server, cwd=tmp_path, seconds=36_000)
    assert done.returncode == 0, done.stdout
    assert "Tested: 9" in done.stdout, done.stdout


@pytest.mark.worker
def test_a_description_that_is_not_so_is_found(
    server: str, command: list[str | Path], description: dict[str, Any], tmp_path: Path
) -> None:
    """The control: another type, and an answer that is not described."""
    description["components"]["schemas"]["Health"]["properties"]["ok"] = {"type": "string"}
    del description["paths"]["/openapi.json"]["get"]["responses"]["200"]
    (tmp_path / "openapi.json").write_text(json.dumps(description))
    done = run_tool(*command, "--include-path-regex", "^/(healthz|openapi.json)$", "--url", server, cwd=tmp_path)
    assert done.returncode == 1
    assert "Undocumented status code" in done.stdout, done.stdout
    assert "Response violates schema" in done.stdout, done.stdout
