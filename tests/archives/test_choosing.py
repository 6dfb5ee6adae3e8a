"""The person chooses what the archive holds: the row keeps it, nothing of it is lost on the way, and wrong is said."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask, g
from flask.testing import FlaskClient

from app.archives import ledger, making, service, storage
from app.archives.choices import EVERYTHING, Choices
from app.engine.choices import from_document
from app.extensions import db
from app.models import Archive, Entry, SignIn, State, User
from app.models.columns import now
from tests.archives.conftest import change, load, sign_in
from tests.conftest import PASSWORD
from tests.databases import before_statement

CHOSEN = {
    "category": ["", "entry", "comment"],
    "since": "2026-01-01",
    "until": "2026-06-30",
    "files": "without",
    "format": ["", "csv"],
}


@pytest.fixture
def settings(sqlite_settings: dict[str, Any]) -> dict[str, Any]:
    """What is chosen is the form's business; both databases keep it in tests/archives/test_choices.py."""
    return sqlite_settings


def last(person: User) -> Archive:
    return service.list_archives(person.id)[0]


def forget_who_asked() -> None:
    """As at the end of any request: the next one looks the person up."""
    db.session.commit()
    for name in ("_login_user", "known"):
        g.pop(name, None)


def let_sign_in_age() -> None:
    db.session.execute(sa.update(SignIn).values(confirmed_at=now() - timedelta(days=1)))
    forget_who_asked()


def ticked(page: str) -> set[str]:
    return set(re.findall(r'name="category" value="(\w+)" checked', page))


def offered(page: str) -> set[str]:
    return set(re.findall(r'name="category" value="(\w+)"', page))


def test_at_first_everything_is_chosen(ann_client: FlaskClient) -> None:
    page = ann_client.get("/archives/new").text
    assert {"entry", "comment"} <= offered(page) == ticked(page)
    assert "user" not in offered(page)  # the account is always in
    assert "Everything is chosen" in page
    assert re.search('value="report" checked.*value="csv" checked', page, re.DOTALL)
    assert re.search('value="with" checked', page)
    assert re.search(r"About [\d.]+ kB", page)
    assert "kept for 7 days" in page


def test_what_is_empty_stands_behind_the_rest(ann_client: FlaskClient) -> None:
    """Folded, unless somebody has taken some of it out."""
    pages = [ann_client.get(f"/archives/new{query}").text for query in ("", "?category=entry&category=comment")]
    for page, fold in zip(pages, ("<details>", "<details open>"), strict=True):
        before, found, after = page.partition(f"{fold}<summary>")
        assert found
        assert ('value="sign_in"' in before, 'value="recovery_code"' in after) == (True, True)


def test_what_was_chosen_is_kept_in_the_row_and_only_the_id_travels(
    ann: User, ann_client: FlaskClient, rung: list[str]
) -> None:
    answer = ann_client.post("/archives/", data=CHOSEN)
    assert (answer.status_code, rung) == (303, [ann.id])
    chosen = last(ann).choices
    assert not chosen.without & {"entry", "comment"}
    assert "sign_in" in chosen.without
    assert (chosen.since, chosen.until, chosen.files) == (date(2026, 1, 1), date(2026, 6, 30), False)
    assert chosen.written == ("json", "csv")
    page = ann_client.get(answer.location).text
    for words in (
        "Everything but: ",
        "From January 1, 2026 to June 30, 2026",
        "Left out, only listed",
        "JSON and CSV",
    ):
        assert words in page, words


@pytest.mark.parametrize("sent", [{}, {"part_size": ""}])
def test_a_form_without_choices_asks_for_everything(ann: User, ann_client: FlaskClient, sent: dict[str, str]) -> None:
    ann_client.post("/archives/", data=sent)
    assert last(ann).choices == EVERYTHING


def test_of_nothing_ticked_the_account_remains(ann: User, ann_client: FlaskClient) -> None:
    """The control to the last: no box ticked is something else than no boxes."""
    page = ann_client.get("/archives/new").text
    ann_client.post("/archives/", data={"category": "", "format": ""})
    assert last(ann).choices.without == offered(page)
    assert last(ann).choices.written == ("json",)
    assert "Only your account" in ann_client.get("/archives/").text


@pytest.mark.parametrize(
    ("wrong", "field", "words"),
    [
        ({"category": ["", "entry", "user"]}, "category", "Choose from the list."),
        ({"since": "yesterday"}, "since", "This is not a date."),
        ({"since": "2026-07-01"}, "until", "The last day cannot be before the first."),
        ({"files": "some"}, "files", "Choose from the list."),
        ({"format": "xml"}, "format", "Choose from the list."),
        ({"part_size": "5"}, "part_size", "Choose one of the sizes in the list."),
    ],
    ids=["category", "no date", "dates", "files", "format", "size"],
)
def test_what_is_wrong_is_said_and_the_rest_is_kept(
    ann: User, ann_client: FlaskClient, rung: list[str], wrong: dict[str, Any], field: str, words: str
) -> None:
    answer = ann_client.post("/archives/", data=CHOSEN | wrong)
    assert answer.status_code == 422
    assert "<title>Error: Request an archive" in answer.text
    assert re.search(f'<a href="#{field}">{words}', answer.text)
    assert f'id="{field}"' in answer.text
    assert re.search(f'aria-describedby="[^"]*{field}-error"', answer.text)
    assert f'id="{field}-error"' in answer.text
    assert f'value="{wrong.get("since", CHOSEN["since"])}"' in answer.text
    assert {"entry", "comment"} == ticked(answer.text) or field == "category"
    assert (list(service.list_archives(ann.id)), rung) == ([], [])


def test_the_estimate_follows_the_choices(ann: User, ann_client: FlaskClient, journal: object) -> None:
    def rows(**chosen: Any) -> int:
        answer = ann_client.get("/archives/new/estimate", query_string=chosen)
        assert (answer.status_code, "no-store" in answer.headers["Cache-Control"]) == (200, True)
        assert answer.json
        return int(answer.json["rows_text"].split()[0])

    everything = rows()
    without = rows(category=["", "comment"])
    assert 0 < without < everything
    assert rows(category=["", "comment"], until="1999-01-01") < without
    assert ann_client.get("/archives/new/estimate").json["text"].endswith("– kept for 7 days")  # type: ignore[index]


def test_the_time_is_told_from_archives_that_were_made(ann: User, ann_client: FlaskClient) -> None:
    assert "usually ready" not in ann_client.get("/archives/new").text
    archive_id, _ = service.request_archive(ann.id)
    making.generate(ann.id)
    change(archive_id, started_at=now() - timedelta(minutes=10), finished_at=now())
    assert re.search(r"– usually ready in \d+ minutes – kept for 7 days", ann_client.get("/archives/new").text)


def test_an_estimate_of_wrong_choices_says_what_is_wrong(ann_client: FlaskClient) -> None:
    said = ann_client.get("/archives/new/estimate?since=2026-02-01&until=2026-01-01").json
    assert said == {"text": "", "rows_text": "", "warning": "The last day cannot be before the first."}


def test_too_little_space_is_said(app: Flask, ann_client: FlaskClient) -> None:
    assert "too little space" not in ann_client.get("/archives/new/estimate").text
    app.config["ARCHIVE_RESERVE_BYTES"] = 2**60
    assert "too little space" in ann_client.get("/archives/new/estimate").text
    assert "too little space" in ann_client.get("/archives/new").text


def test_an_archive_that_no_space_would_be_enough_for_is_said(app: Flask, ann_client: FlaskClient) -> None:
    """It would be made, and then be refused, each time."""
    app.config["ARCHIVE_QUOTA_BYTES"] = 10**9
    assert "that this site can keep" not in ann_client.get("/archives/new").text
    app.config["ARCHIVE_QUOTA_BYTES"] = 1000
    assert "that this site can keep" in ann_client.get("/archives/new").text


class TestEstimates:
    @pytest.fixture
    def settings(self, sqlite_settings: dict[str, Any]) -> dict[str, Any]:
        return {**sqlite_settings, "RATELIMIT_ENABLED": True, "RATELIMIT_STORAGE_URI": "memory://"}

    def test_a_program_cannot_have_everything_counted_all_day(
        self, app: Flask, ann_client: FlaskClient, make_person: Callable[..., User]
    ) -> None:
        """One limit for all that counts, and nothing of what was chosen is lost by it."""
        pages = ["/archives/new/estimate?files=x", "/archives/new", "/your-data"]
        codes = [ann_client.get(path).status_code for path in [pages[0]] * 56 + pages * 2]
        assert codes == [200] * 60 + [429] * 2
        for refused in (ann_client.get("/archives/new?since=2026-01-01"), ann_client.post("/archives/", data=CHOSEN)):
            assert refused.status_code == 429
            assert "Wait, then try again: in a minute at the latest." in refused.text
            assert re.search(r'href="/archives/new\?[^"]*since=2026-01-01[^"]*">Back to the form', refused.text)
        assert ann_client.get("/archives/").status_code == 200
        make_person("Bob")
        forget_who_asked()
        assert sign_in(app.test_client(), "bob@example.org").get("/archives/new/estimate").status_code == 200


@pytest.mark.parametrize(
    ("query", "times"),
    [("", 1), ("?files=without&part_size=", 1), ("?since=2026-01-01", 2)],
    ids=["all", "bare", "some"],
)
def test_the_form_counts_once_and_once_more_for_less(ann_client: FlaskClient, query: str, times: int) -> None:
    """What each category has, and what was chosen, if that is less than everything."""
    with before_statement(0, db.engine, lambda: None) as sent:
        assert ann_client.get(f"/archives/new{query}").status_code == 200
    assert len([statement for statement in sent if "count(*)" in statement and "FROM entry" in statement]) == times


def test_what_depends_on_something_else_is_said(ann_client: FlaskClient) -> None:
    page = ann_client.get("/archives/new").text

    def hint(name: str) -> str:
        found = re.search(rf'id="category-{name}-hint">([^<]+)<', page)
        assert found
        return found[1]

    bond = "What belongs to something left out of “Entries” is left out with it."
    assert hint("comment").endswith(f"Talking about entries. {bond}")
    assert hint("entry_reader").endswith(f"It has no dates of its own. {bond}")
    assert "“Entries”" not in hint("sign_in")


def test_without_scripts_a_button_updates_the_estimate(ann: User, ann_client: FlaskClient, journal: object) -> None:
    def estimated(page: str) -> str:
        found = re.search(r"data-rows>([^<]+)<", page)
        assert found
        return found[1]

    page = ann_client.post("/archives/new", data=CHOSEN)
    assert page.status_code == 200
    assert estimated(page.text) != estimated(ann_client.get("/archives/new").text)
    assert ticked(page.text) == {"entry", "comment"}
    assert list(service.list_archives(ann.id)) == []
    assert ann_client.post("/archives/new", data=CHOSEN | {"until": "1999-01-01"}).status_code == 422


class TestLimit:
    """Two archives a day; both were asked for an hour ago."""

    @pytest.fixture
    def settings(self, sqlite_settings: dict[str, Any]) -> dict[str, Any]:
        return {**sqlite_settings, "ARCHIVES_PER_DAY": 2}

    @pytest.fixture
    def used(self, ann: User) -> list[str]:
        made = []
        for _ in range(2):
            made.append(service.request_archive(ann.id)[0])
            making.generate(ann.id)
            service.delete(ann.id, made[-1])
        db.session.execute(sa.update(Archive).values(created_at=now() - timedelta(hours=1)))
        db.session.commit()
        return made

    def test_it_is_said_when_the_next_may_be_asked_for(
        self, ann: User, ann_client: FlaskClient, used: list[str], rung: list[str]
    ) -> None:
        for path in ("/your-data", "/archives/", "/archives/new"):
            page = ann_client.get(path).text
            assert "2 archives every 24 hours." in page, path
            assert "You can request the next one on" in page, path
            assert "Request an archive</" not in page.partition("<main")[2].replace("<h1>Request an archive</h1>", "")
        refused = ann_client.post("/archives/", data=CHOSEN)
        assert (refused.status_code, rung) == (422, [])
        assert "You can request the next one on" in refused.text
        assert ticked(refused.text) == {"entry", "comment"}
        again = ann_client.post("/archives/again", data={"archive_id": used[0]}, follow_redirects=True)
        assert "You can request the next one on" in again.text
        assert len(service.list_archives(ann.id)) == 2

    def test_before_that_it_is_offered(self, ann_client: FlaskClient) -> None:
        """The control."""
        for path in ("/your-data", "/archives/", "/archives/new"):
            page = ann_client.get(path).text
            assert "You can request the next one on" not in page, path
            assert "Request an archive</" in page, path

    def test_what_failed_may_be_tried_again(self, ann: User, ann_client: FlaskClient, used: list[str]) -> None:
        change(used[0], state=State.FAILED)
        change(used[1], state=State.READY, gap_count=1, expires_at=now() + timedelta(days=1))
        assert ann_client.post("/archives/again", data={"archive_id": used[1]}).status_code == 303
        assert last(ann).again_of == used[1]


def test_the_same_again(ann: User, ann_client: FlaskClient, rung: list[str]) -> None:
    first = ann_client.post("/archives/", data=CHOSEN).location
    ann_client.post(f"{first}/cancel")
    assert "Request again" in ann_client.get(first).text
    second = ann_client.post("/archives/again", data={"archive_id": first.rpartition("/")[2]})
    assert (second.status_code, second.location == first, len(rung)) == (303, False, 2)
    assert last(ann).choices == load(first.rpartition("/")[2]).choices != EVERYTHING


def test_nobody_asks_for_somebody_elses_archive_again(app: Flask, ann: User, bob: User, rung: list[str]) -> None:
    anns, _ = ledger.insert(ann.id)
    service.cancel(ann.id, anns)
    bobs = sign_in(app.test_client(), "bob@example.org")
    for named in ({"archive_id": anns}, {"archive_id": "0" * 64}, {"archive_id": "\0"}, {}):
        assert bobs.post("/archives/again", data=named).status_code == 404
    assert (len(service.list_archives(bob.id)), len(service.list_archives(ann.id)), rung) == (0, 1, [])


def test_what_was_chosen_outlives_the_session(ann: User, ann_client: FlaskClient) -> None:
    """Signed in again, the person finds the form as they had filled it in."""
    db.session.execute(sa.delete(SignIn))
    forget_who_asked()
    sent = ann_client.post("/archives/", data=CHOSEN)
    assert sent.location.startswith("/sign-in?next=/archives/new?")
    assert list(service.list_archives(ann.id)) == []
    back = ann_client.post(sent.location, data={"email": ann.email, "password": PASSWORD})
    assert back.location.startswith("/archives/new?")
    page = ann_client.get(back.location).text
    assert ticked(page) == {"entry", "comment"}
    assert 'value="2026-06-30"' in page
    assert re.search('value="without" checked', page)


def test_what_was_chosen_goes_through_the_confirmation(ann: User, ann_client: FlaskClient) -> None:
    """Which says what that was, and carries each of the ticks."""
    let_sign_in_age()
    asked = ann_client.post("/archives/", data=CHOSEN)
    assert asked.location.startswith("/confirm?deed=archives.create&category=&category=entry&category=comment")
    page = ann_client.get(asked.location).text
    for words in ("Everything but: ", "From January 1, 2026 to June 30, 2026", "Left out, only listed"):
        assert words in page, words
    carried = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page)
    form = {name: [value for each, value in carried if each == name] for name, _ in carried}
    assert form["category"] == CHOSEN["category"]
    ann_client.post(asked.location, data={**form, "password": PASSWORD})
    assert last(ann).choices == from_document(
        {
            "without": sorted(last(ann).choices.without),
            "since": "2026-01-01",
            "until": "2026-06-30",
            "files": False,
            "formats": ["json", "csv"],
        },
        None,
    )


def test_the_same_again_is_confirmed_with_what_it_is(ann: User, ann_client: FlaskClient) -> None:
    archive_id, _ = service.request_archive(ann.id, Choices(without=frozenset({"comment"})))
    service.cancel(ann.id, archive_id)
    let_sign_in_age()
    asked = ann_client.post("/archives/again", data={"archive_id": archive_id})
    assert asked.location == f"/confirm?deed=archives.again&archive_id={archive_id}"
    assert "Everything but: Comments" in ann_client.get(asked.location).text
    done = ann_client.post(asked.location, data={"archive_id": archive_id, "password": PASSWORD})
    assert done.status_code == 303
    assert last(ann).choices.without == {"comment"}


def test_your_data_says_what_is_held_and_why(ann: User, ann_client: FlaskClient, journal: Entry) -> None:
    page = ann_client.get("/your-data").text
    held = dict(re.findall(r"<h3>([^<]+)</h3><p[^>]*>\s*([\d,]+) item", page))
    assert (held["Account"], held["Entries"], held["Comments"]) == ("1", "2", "5")
    form = ann_client.get("/archives/new").text
    assert not re.search(r"\d rows?\b", page)
    assert re.search(r"\d rows\b", form)  # of an archive, which has more of them, and says why
    assert all("An archive has more rows than these items" in each for each in (page, form))
    for each in ("What it is for", "How long it is kept", "Who gets it", "Where it comes from"):
        assert each in page, each


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (None, "Take your data with you"),
        (State.QUEUED, "Cancel request"),
        (State.RUNNING, "Cancel request"),
        (State.READY, "Download"),
        (State.FAILED, "Try again"),
        (State.CANCELLED, "Take your data with you"),
    ],
)
def test_your_data_shows_what_matters_now(ann: User, ann_client: FlaskClient, state: State | None, words: str) -> None:
    if state is not None:
        archive_id, _ = service.request_archive(ann.id)
        if state == State.READY:
            making.generate(ann.id)
        change(archive_id, state=state, fence="f", lease_until=now() + timedelta(minutes=1))
    page = ann_client.get("/your-data").text
    assert words in page
    others = {"Take your data with you", "Cancel request", "Try again", "Delete from server"} - {words}
    assert not [
        other for other in others if other in page and not (other == "Delete from server" and words == "Download")
    ]


@pytest.mark.parametrize(("days", "words"), [(1, "kept for 1 day."), (7, "kept for 7 days.")])
def test_days_are_counted_as_people_do(
    app: Flask, ann_client: FlaskClient, waiting: str, days: int, words: str
) -> None:
    app.config["ARCHIVE_KEEP_DAYS"] = days
    change(waiting, state=State.EXPIRED, expires_at=now())
    assert words in ann_client.get(f"/archives/{waiting}/download").text


def test_an_archive_without_its_report_says_how_to_open_the_tables(
    ann: User, ann_client: FlaskClient, journal: object
) -> None:
    archive_id, _ = service.request_archive(ann.id, Choices(formats=frozenset({"csv"})))
    making.generate(ann.id)
    page = ann_client.get(f"/archives/{archive_id}").text
    storage.discard([part.file_name for part in service.list_parts(archive_id)])
    page += ann_client.get(f"/archives/{archive_id}").text
    assert not re.search(r"index\.html|report inside|shows the report|report is", page)
    for words in ("in the folder data/csv", "in the folder data/json", "data/coverage.json inside lists each missing"):
        assert words in page, words


def test_gaps_that_cannot_be_read_keep_no_page_away(ann: User, ann_client: FlaskClient, journal: object) -> None:
    """Which are missing stands in the file; the store may be away."""
    archive_id, _ = service.request_archive(ann.id)
    making.generate(ann.id)
    assert "lost.jpg" in ann_client.get(f"/archives/{archive_id}").text
    storage.discard([part.file_name for part in service.list_parts(archive_id)])
    page = ann_client.get(f"/archives/{archive_id}")
    assert page.status_code == 200
    assert "The report inside lists each missing item." in page.text
    assert "index.html" in page.text
