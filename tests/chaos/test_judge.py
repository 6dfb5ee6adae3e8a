"""The judge sees what it is there to see: each breach is planted and found, and an innocent run is let go."""

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.chaos import judge, mailed
from tests.chaos.browser import Page
from tests.chaos.downloaded import find_faults
from tests.chaos.faults import KINDS
from tests.chaos.mailed import Letter, Taken, Written
from tests.chaos.people import PICTURES, Person, canary
from tests.chaos.record import Fault, Record, Row
from tests.chaos.report import render
from tests.chaos.visit import Download

ANN = Person(number=1, id="ann", email="ann@example.org", entries=3)
ROW = Row("a", "ann", "ready", attempt=2, gaps=0, created=100.0, ready=[110.0], ended=110.0)
ONCE = replace(ROW, attempt=1)
PAGE = Page("GET", "/archives/", began=104.0, ended=104.5, status=200)
FAULT = Fault(KINDS["worker killed"], began=105.0, ended=106.0)
CUT = Fault(KINDS["database connections cut"], began=105.0, ended=106.0)
KILLED = Fault(KINDS["web server killed"], began=105.0, ended=106.0)
DEPLOY = Fault(KINDS["deploy"], began=105.0, ended=106.0)


A, B = Download("a", []), Download("b", [])
ELSE = replace(ONCE, id="b", user_id="else")
"""Somebody else's archive, which was served soon after the fault."""


def make_record(**values: Any) -> Record:
    """A run in which Ann got her archive, although the worker was killed."""
    innocent: dict[str, Any] = {
        "faults": [FAULT], "pages": [PAGE], "clicks": ["a"], "downloads": [A], "rows": [ROW]
    }  # fmt: skip
    return Record(seed=1, control=False, **innocent | values)


def test_an_innocent_run_is_let_go() -> None:
    assert judge.breaches(make_record()) == []
    assert judge.waits_after(FAULT, make_record().rows) == [4.0]
    assert judge.recovery(FAULT, make_record().rows) == 4.0
    assert "every promise was kept" in render(make_record())


@pytest.mark.parametrize(
    ("judged", "values"),
    [
        (judge.not_served, {"clicks": ["a", "b"]}),
        (judge.not_served, {"rows": [replace(ROW, state="running", ready=[], ended=None)]}),
        (judge.not_served, {"rows": [replace(ROW, state="failed", ready=[])]}),
        (judge.not_served, {"downloads": []}),
        (judge.not_served, {"downloads": [Download("a", ["not served"])]}),
        (judge.doubled, {"rows": [replace(ROW, ready=[110.0, 111.0])]}),
        (
            judge.doubled,
            {"rows": [ROW, replace(ROW, id="b", created=109.0)], "downloads": [A, replace(A, archive_id="b")]},
        ),
        (judge.late, {"rows": [replace(ROW, ready=[137.0], ended=137.0), ELSE], "downloads": [A, B]}),
        (judge.wasted, {"faults": [DEPLOY]}),
        (judge.damaged, {"downloads": [Download("a", ["foreign"])]}),
        (judge.damaged, {"rows": [replace(ROW, gaps=1)]}),
        (judge.damaged, {"files": ["tmp/x: left behind"]}),
        (judge.bad_pages, {"pages": [replace(PAGE, status=500)]}),
        (judge.bad_pages, {"pages": [replace(PAGE, status=503)]}),
        (judge.bad_pages, {"pages": [replace(PAGE, status=0)]}),
        (judge.bad_pages, {"pages": [replace(PAGE, ended=111.0)]}),
        (judge.bad_pages, {"pages": [replace(PAGE, ended=106.0, status=500)], "faults": [CUT, KILLED]}),
        (judge.bad_pages, {"pages": [replace(PAGE, ended=106.0, status=0)], "faults": [CUT, DEPLOY], "rows": [ONCE]}),
        (judge.bad_pages, {"pages": [replace(PAGE, began=109.0, ended=109.5, status=503)], "faults": [CUT]}),
        (judge.breaches, {"errors": [RuntimeError()]}),
    ],
)
def test_a_breach_is_seen(judged: Callable[[Record], list[str]], values: dict[str, Any]) -> None:
    record = make_record(**values)
    assert len(judged(record)) == 1
    assert judge.breaches(record) == judged(record)
    assert "1 breaches" in render(record)


def test_of_a_bad_page_the_faults_are_told_that_it_met() -> None:
    record = make_record(pages=[replace(PAGE, ended=111.0)], faults=[FAULT, replace(CUT, began=300.0, ended=301.0)])
    [line] = judge.bad_pages(record)
    assert "worker killed (+" in line
    assert CUT.kind.name not in line


@pytest.mark.parametrize(
    ("page", "fault"),
    [
        (replace(PAGE, ended=105.5, status=503), CUT),
        (replace(PAGE, began=107.0, ended=107.5, status=503), CUT),
        (replace(PAGE, ended=105.5, status=0), KILLED),
        (replace(PAGE, ended=112.0), KILLED),
        (replace(PAGE, ended=112.0), DEPLOY),
    ],
)
def test_what_a_fault_excuses_is_no_breach(page: Page, fault: Fault) -> None:
    assert judge.bad_pages(make_record(pages=[page], faults=[fault])) == []


REQUESTED, READY, IN = Letter("requested", "ann", "a"), Letter("ready", "ann", "a"), Letter("signed_in", "ann")
MAILS = [Written(each.kind, each, ANN.email, 1, is_given_up=False) for each in (REQUESTED, READY, IN)]
TAKEN = [Taken(each.id, ANN.email, 101.0 + number) for number, each in enumerate(MAILS)]
AGAIN = Taken("ready", ANN.email, 120.0)
MAILED: dict[str, Any] = {"mails": MAILS, "taken": TAKEN, "events": [IN]}


@pytest.mark.parametrize(
    ("judged", "values"),
    [
        pytest.param(mailed.unwritten, {"mails": MAILS[1:], "taken": TAKEN[1:]}, id="not written"),
        pytest.param(mailed.unwritten, {"events": [IN, IN]}, id="not written for each sign-in"),
        pytest.param(mailed.unsent, {"taken": TAKEN[1:]}, id="not sent"),
        pytest.param(mailed.unsent, {"mails": [*MAILS[:2], replace(MAILS[2], is_given_up=True)]}, id="given up"),
        pytest.param(mailed.foreign, {"taken": [*TAKEN, replace(AGAIN, address="else@example.org")]}, id="stranger"),
        pytest.param(mailed.foreign, {"taken": [*TAKEN, replace(AGAIN, mail_id="x")]}, id="from nowhere"),
        pytest.param(mailed.repeated, {"events": []}, id="written and not owed"),
        pytest.param(mailed.repeated, {"taken": [*TAKEN, AGAIN]}, id="more often than attempts"),
        pytest.param(
            mailed.repeated,
            {"taken": [*TAKEN, AGAIN], "mails": [replace(each, attempt=2) for each in MAILS], "faults": []},
            id="twice without a fault",
        ),
    ],
)
def test_a_mail_that_is_missing_or_too_many_is_seen(
    judged: Callable[[Record], list[str]], values: dict[str, Any]
) -> None:
    found = judged(make_record(**MAILED | values))
    assert len(found) == 1
    assert set(found) <= set(judge.breaches(make_record(**MAILED | values)))


def test_what_is_promised_of_mails_is_no_breach() -> None:
    """The worker was killed just after the server had the mail; and of a kind a person gets ten an hour."""
    near = [replace(each, at=104.0) for each in TAKEN]
    twice = make_record(**MAILED | {"taken": [*near, AGAIN], "mails": [replace(each, attempt=2) for each in MAILS]})
    assert judge.breaches(twice) == []
    many = [replace(MAILS[2], id=f"in {number}") for number in range(10)]
    taken = [Taken(each.id, ANN.email, 101.0) for each in many]
    most = {"mails": [*MAILS[:2], *many], "taken": [*TAKEN[:2], *taken]}
    assert judge.breaches(make_record(**MAILED | most | {"events": [IN] * 12})) == []
    fewer = {"mails": [*MAILS[:2], *many[1:]], "taken": [*TAKEN[:2], *taken[1:]]}
    assert len(judge.breaches(make_record(**MAILED | fewer | {"events": [IN] * 12}))) == 1


def test_what_was_under_way_when_it_was_stopped_is_not_judged() -> None:
    """What had failed is."""
    active = replace(ELSE, state="running", ready=[], ended=None)
    stopped = make_record(rows=[ROW, active], downloads=[]).until_now()
    assert judge.breaches(stopped) == []
    assert "what was under way is not judged" in render(stopped)
    stopped.rows[0] = replace(ROW, state="failed")
    assert judge.not_served(stopped) == ["a: failed after 2 attempts"]


def test_the_next_archive_tells_when_the_site_had_recovered() -> None:
    """Also somebody's who asked after the fault; the control: one that was ready before it says nothing."""
    before, after = replace(ROW, ready=[104.0]), replace(ROW, id="b", created=107.0, ready=[141.0])
    assert judge.recovery(FAULT, [before]) is None
    assert judge.recovery(FAULT, [before, after]) == 35.0
    assert "35.0 s, 35.0 s, 35.0 s" in render(make_record(rows=[before, after]))


def test_what_was_given_back_is_counted() -> None:
    rows = [replace(ROW, attempt=1, returns=2), replace(ROW, id="b", attempt=2, returns=1)]
    assert (judge.count_given_back(make_record(rows=rows)), judge.count_attempts(make_record(rows=rows))) == (2, 1)


def make_zip(texts: list[str], file: str = canary(1, PICTURES)) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("top/data/json/entry.json", json.dumps([{"title": text} for text in texts]))
        archive.writestr("top/data/media/000001.txt", file)
    return packed.getvalue()


WHOLE = make_zip([canary(1, number) for number in range(3)])
FOREIGN = make_zip([canary(1, number) for number in range(3)], canary(1, PICTURES) + canary(2, 0))


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ([WHOLE], []),
        ([make_zip([canary(1, 0)]), make_zip([canary(1, 1), canary(1, 2)])], []),
        ([make_zip([canary(1, 0), canary(1, 1)])], ["incomplete"]),
        ([WHOLE, make_zip([canary(1, 2)])], ["incomplete"]),
        ([make_zip([canary(1, number) for number in range(3)], "another file")], ["incomplete"]),
        ([FOREIGN], ["foreign"]),
        ([WHOLE[:-40]], ["torn"]),
        ([WHOLE.replace(b"canary-001-00001", b"canary-001-00009")], ["torn"]),
    ],
)
def test_an_archive_is_judged_by_its_bytes(files: list[bytes], found: list[str]) -> None:
    assert find_faults(files, ANN) == found
