"""Logs for programs: each line is one JSON object, whatever is said in it, and names what it is about."""

import json
import logging
import re
import subprocess
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app import create_app
from app.archives import service
from app.archives.heart import Heart
from app.config import SettingError
from app.log_format import JsonFormatter, about, enclose
from app.models import User
from app.tasks import generate_user_archive
from app.web.policy import POLICY, Access
from tests.log_lines import FIELDS, read_lines
from tests.programs import PYTHON, ROOT, environment, wait_until

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


def test_an_archives_lines_name_it(app: Flask, ann: User, lines: Read, caplog: pytest.LogCaptureFixture) -> None:
    archive_id, _ = service.request_archive(ann.id)
    caplog.clear()
    generate_user_archive.apply((ann.id,), task_id="7").get()
    told = [line for line in lines() if line["logger"].startswith("app.")]
    assert any(": ready, " in line["message"] for line in told)
    for line in told:
        assert (line["archive_id"], line["reference"]) == (archive_id, archive_id[:8].upper())
        assert (line["task"], line["task_id"]) == ("app.tasks.generate_user_archive", "7")
    generate_user_archive.apply((ann.id,), task_id="8").get()  # the control: there is none any more
    assert "archive_id" not in next(line for line in lines() if line["message"].startswith("no archive waits"))


@pytest.mark.usefixtures("app")
def test_the_thread_that_keeps_a_lease_says_whose(lines: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: a thread of another kind knows nothing."""
    monkeypatch.setattr("app.archives.heart.PAUSE", 0.01)
    with about(reference="5871B546"):
        other = threading.Thread(target=partial(log.info, "elsewhere"))
        other.start()
        other.join()
        with Heart("5871B546", lambda *_: log.info("renewed")) as heart:
            heart.tell("packing", 1)
            wait_until(lambda: any(line["message"] == "renewed" for line in lines()))
    told = {line["message"]: line.get("reference") for line in lines()}
    assert told == {"elsewhere": None, "renewed": "5871B546"}


def test_a_faults_line_has_the_reference_of_its_page(
    served: Flask, lines: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> str:
        raise RuntimeError

    monkeypatch.setitem(POLICY, "fail", Access.ANYONE)
    served.add_url_rule("/fail", view_func=fail)
    found = re.search(r"<code>([0-9A-F]{8})</code>", served.test_client().get("/fail").text)
    assert found
    (line,) = (line for line in lines() if line["level"] == "ERROR")
    assert line["reference"] == found[1]
    assert line["exception"].rstrip().endswith("RuntimeError")


def test_lines_of_other_programs_are_enclosed() -> None:
    """What is one of ours stays; anything else is what its program said."""
    ours = spell("hello")
    assert enclose("worker", ours) == ours
    unlike = ours.replace("hello", "xin chào"), '{"level": "CRITICAL"}'
    for said in (
        *unlike,
        "Ready to accept connections",
        "[1]",
        '"x"',
        "{",
        "[" * 100_000,
        FORGERIES["a line of its own"],
    ):
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
