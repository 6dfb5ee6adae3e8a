"""Logs for programs: each line is one JSON object, whatever is said in it, and names what it is about."""

import json
import logging
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app import create_app
from app.config import SettingError
from app.log_format import JsonFormatter, about, enclose
from tests.log_lines import FIELDS, read_lines
from tests.programs import PYTHON, ROOT, environment

log = logging.getLogger("app.test")
Read = Callable[[], list[dict[str, Any]]]
FORGERIES = {
    "a line of its own": 'x\n{"level": "CRITICAL", "message": "all is lost"}',
    "the end of the object": '"}\r\n{"level": "CRITICAL"}',
    "an order to the terminal": "\x1b[2J\x9b2J\x7f\0",
    "a line break of Unicode": "a\u0085b\u2028c\u2029d\x0be\x0cf",
    "half a sign": "\ud83d",
}


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> Read:
    """What the application logs, from INFO on."""
    monkeypatch.setattr(caplog.handler, "formatter", JsonFormatter())
    caplog.set_level(logging.INFO)
    return lambda: read_lines(caplog.text)


def spell(message: str, **more: Any) -> str:
    record = logging.makeLogRecord({"name": "app.mails", "levelname": "INFO", "msg": message, "created": 0.5, **more})
    return JsonFormatter().format(record)


def test_what_a_line_has() -> None:
    assert json.loads(spell("hello %s", args=("Ann",), process=7)) == {
        "time": "1970-01-01T00:00:00.500Z",
        "level": "INFO",
        "logger": "app.mails",
        "message": "hello Ann",
        "process": 7,
    }


def test_the_page_explains_every_field_and_its_example_is_a_line() -> None:
    page = (ROOT / "docs" / "monitoring.md").read_text().partition("### For programs")[2]
    with about(reference="5871B546", archive_id="5871b546"):
        all_of_them = spell("x", exc_info=(None, None, None), stack_info="x", data={"id": "7", "name": "t"})
    rows = page.partition("| field |")[2].partition("\n\n")[0].splitlines()[2:]
    explained = {name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert explained == json.loads(all_of_them).keys()
    (example,) = read_lines(page.partition("```json\n")[2].partition("```")[0])
    assert example["archive_id"][:8].upper() == example["reference"]


@pytest.mark.parametrize("said", FORGERIES.values(), ids=FORGERIES)
def test_nothing_that_is_said_forges_a_line(said: str) -> None:
    """The control: text has it as it came."""
    for line in (spell(said), spell("%s", args=(said,)), spell("x", task="t", data={"id": said, "name": said})):
        assert line.isascii()
        assert line.isprintable()
        assert json.loads(line).keys() - {"task", "task_id"} == FIELDS
    assert json.loads(spell(said))["message"] == said
    assert not logging.Formatter().format(logging.makeLogRecord({"msg": said})).isprintable()


def test_a_traceback_is_one_field() -> None:
    with pytest.raises(ZeroDivisionError) as failed:
        _ = 1 / len("")
    failed.value.add_note("one\ntwo")
    line = spell("It failed", exc_info=(failed.type, failed.value, failed.tb))
    assert line.isprintable()
    told = json.loads(line)["exception"]
    assert told.startswith("Traceback (most recent call last):\n")
    assert told.endswith("\nZeroDivisionError: division by zero\none\ntwo")


def test_a_block_is_about_something(lines: Read) -> None:
    with about(task_id="7"):
        with about(reference="5871B546"):
            log.info("inside")
        log.info("between")
    log.info("outside")
    told = [{name: line.get(name) for name in ("message", "task_id", "reference")} for line in lines()]
    assert told == [
        {"message": "inside", "task_id": "7", "reference": "5871B546"},
        {"message": "between", "task_id": "7", "reference": None},
        {"message": "outside", "task_id": None, "reference": None},
    ]


def test_lines_of_other_programs_are_enclosed() -> None:
    """What is one of ours stays; anything else is what its program said."""
    ours = spell("hello")
    assert enclose("worker", ours) == ours
    for said in ("Ready to accept connections", "[1]", '"x"', "{", "[" * 100_000, FORGERIES["a line of its own"]):
        (line,) = read_lines(enclose("valkey", said))
        assert (line["logger"], line["message"]) == ("valkey", said)


def test_gunicorns_main_process_loads_no_application() -> None:
    """What it has loaded, its new processes would not load anew: a reload would bring no new version."""
    code = "import runpy, sys; print('logger_class' in runpy.run_path('gunicorn.conf.py'), *sys.modules)"
    given = environment({"LOG_FORMAT": "json"})
    made = subprocess.run([*PYTHON[:1], "-c", code], cwd=ROOT, env=given, capture_output=True, text=True, check=True)
    sets_form, *loaded = made.stdout.split()
    assert sets_form == "True"
    assert "gunicorn.glogging" in loaded
    assert not [name for name in loaded if name.partition(".")[0] == "app"]


def test_another_form_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"LOG_FORMAT must be text or json\."):
        create_app({"INSTANCE_PATH": tmp_path, "LOG_FORMAT": "JSON"})
