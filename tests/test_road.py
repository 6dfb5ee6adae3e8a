"""The whole road in a real browser: sign in, ask, watch, download, unpack, open. Nothing is imported from the site."""

import csv
import json
import sqlite3
import zipfile
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser import NewPage
from tests.programs import wait_until
from tests.site import Site, sign_up

pytestmark = [pytest.mark.browser, pytest.mark.worker]

SECONDS = 90_000
"""Milliseconds that a busy machine may take for the demo's archive."""


def test_from_click_to_opened_report(site: Site, signed_in: Page, new_page: NewPage, tmp_path: Path) -> None:
    page = signed_in
    page.get_by_role("link", name="Your data").click()
    page.get_by_role("link", name="Request an archive").click()
    page.get_by_role("button", name="Request an archive").click()
    expect(page.get_by_role("heading", name="Your archive")).to_be_visible()
    download_link = page.get_by_role("link", name="Download")
    expect(download_link).to_be_visible(timeout=SECONDS)
    with page.expect_download() as started:
        download_link.click()
    package = tmp_path / "archive.zip"
    started.value.save_as(package)

    top = unpack(package, tmp_path)
    expected = count_in_database(site)
    assert count_in_json(top) == expected
    assert count_in_csv(top) == expected
    report = new_page(viewport={"width": 1280, "height": 900})
    report.goto(f"file://{top}/index.html")
    expect(report.get_by_role("heading", name="data", level=1)).to_be_visible()
    for table, count in expected.items():
        report.goto(f"file://{top}/{table}.html")
        expect(report.get_by_role("status").first).to_contain_text(f"of {count:,}")


def unpack(package: Path, folder: Path) -> Path:
    with zipfile.ZipFile(package) as opened:
        assert opened.testzip() is None
        opened.extractall(folder)
    (top,) = (path for path in folder.iterdir() if path.is_dir())
    return top


def count_in_database(site: Site) -> dict[str, int]:
    """What the demo person's tables hold, counted by hand in SQL."""
    with sqlite3.connect(site.instance / "satchel.sqlite") as connection:
        (me,) = connection.execute("SELECT id FROM user WHERE email = ?", [site.email]).fetchone()
        mine = "entry_id IN (SELECT id FROM entry WHERE author_id = :me)"

        def count(sql: str) -> int:
            found: int = connection.execute(f"SELECT count(*) FROM {sql}", {"me": me}).fetchone()[0]
            return found

        return {
            "entry": count("entry WHERE author_id = :me"),
            "comment": count(f"comment WHERE author_id = :me OR {mine}"),
            "attachment": count(f"attachment WHERE {mine}"),
            "entry_tag": count(f"entry_tag WHERE {mine}"),
            "tag": count(f"tag WHERE id IN (SELECT tag_id FROM entry_tag WHERE {mine})"),
            "entry_reader": count(f"entry_reader WHERE user_id = :me OR {mine}"),
        }


def count_in_json(top: Path) -> dict[str, Any]:
    return {table: len(json.loads((top / "data" / "json" / f"{table}.json").read_text())) for table in TABLES}


def count_in_csv(top: Path) -> dict[str, Any]:
    found = {}
    for table in TABLES:
        with (top / "data" / "csv" / f"{table}.csv").open(encoding="utf-8-sig", newline="") as file:
            found[table] = sum(1 for _ in csv.DictReader(file))
    return found


TABLES = ("entry", "comment", "attachment", "entry_tag", "tag", "entry_reader")


def test_without_javascript(site: Site, new_page: NewPage) -> None:
    page = sign_up(site, new_page(java_script_enabled=False), "Nora")
    page.goto(f"{site.url}/archives/new")
    page.get_by_role("button", name="Request an archive").click()

    def check_again() -> bool:
        again = page.get_by_role("link", name="Check again")
        if again.count():
            again.click()
        return page.get_by_role("link", name="Download").count() > 0

    wait_until(check_again, seconds=90, what="the archive")
    with page.expect_download() as started:
        page.get_by_role("link", name="Download").click()
    assert zipfile.is_zipfile(started.value.path())


def test_progress_is_shown_while_it_is_made(site: Site, new_page: NewPage) -> None:
    """The page follows by itself: nobody reloads it between the click and the download link."""
    page = sign_up(site, new_page(), "Paul")
    for _ in range(2):  # as many as there are worker processes; so the archive has to wait
        assert page.request.post(f"{site.url}/process", form={"total": "10"}).ok
    page.goto(f"{site.url}/archives/new")
    page.get_by_role("button", name="Request an archive").click()
    expect(page.get_by_text("Waiting to start")).to_be_visible()
    expect(page.get_by_role("progressbar")).to_be_visible()
    expect(page.get_by_text("Queued").first).to_be_visible()
    expect(page.get_by_role("link", name="Download")).to_be_visible(timeout=SECONDS)
    expect(page.get_by_text("Ready", exact=True)).to_be_visible()


def test_another_person_and_a_stranger_get_nothing(site: Site, new_page: NewPage) -> None:
    owner = sign_up(site, new_page(), "Olga")
    owner.goto(f"{site.url}/archives/new")
    owner.get_by_role("button", name="Request an archive").click()
    expect(owner.get_by_role("heading", name="Your archive")).to_be_visible()
    other = sign_up(site, new_page(may_err=True), "Otto")
    answer = other.goto(owner.url)
    assert answer is not None
    assert answer.status == 404
    stranger = new_page()
    stranger.goto(owner.url)
    expect(stranger.get_by_role("heading", name="Sign in")).to_be_visible()
