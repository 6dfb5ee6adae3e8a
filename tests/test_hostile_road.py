"""What others wrote runs nowhere on its whole way: not on the site's pages, not in the archive, not in a spreadsheet.

The browser is told to pass over the Content Security Policy, so that escaping alone must do. The same pages without
escaping do fire; with the policy, even then nearly nothing does.
"""

import csv
import json
import re
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from urllib.parse import quote_plus

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from app import create_app
from app.accounts import people
from app.archives import making, service
from app.engine.report import cells, pages
from app.engine.shape import ENGLISH_WORDS
from app.engine.writers.to_csv import unescape_formula
from app.extensions import db
from app.models import Archive, Comment, Entry, State
from app.web import journal
from app.words.text import clean
from tests.archives.conftest import paths_of
from tests.beacon import Fired, brave, find_planted, listen, look
from tests.browser import NewPage
from tests.hostile import EMAIL, FORMULAS, HOST, PAYLOADS, post, write_everything
from tests.site import enter, serve

pytestmark = pytest.mark.browser

MOST = 40
"""The least number of payloads that must fire unescaped. Some are for other contexts than HTML, and where many stand
on one page, one may swallow the next."""
STEP = """async () => {
  const frame = () => new Promise(done => requestAnimationFrame(done));
  const next = document.getElementById("detail-next");
  let seen = 1;
  for (; !next.disabled; seen += 1) {
    next.click();
    do await frame(); while (document.getElementById("detail-status").textContent);
  }
  return seen;
}"""


@dataclass(frozen=True)
class Scene:
    app: Flask
    ann: FlaskClient
    paths: list[str]
    """Every page of the site on which Ann sees what was written."""


@pytest.fixture(scope="module")
def scene(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("hostile")
    shutil.copy(migrated_sqlite, folder / "satchel.sqlite")
    app = open_site(folder)
    ann = write_everything(app, folder)
    make_archive(app)
    with app.app_context():
        address = f"/archives/{db.session.scalars(db.select(Archive.id)).one()}/download"
    for payload in PAYLOADS:
        assert ann.get(address, headers={"User-Agent": payload}, buffered=True).status_code == 200
    yield Scene(app, ann, list_paths(app))
    with app.app_context():
        db.engine.dispose()


def open_site(folder: Path) -> Flask:
    more = {"WTF_CSRF_ENABLED": False, "RATELIMIT_ENABLED": False, "UPLOAD_MORE_TYPES": ["html"]}
    return create_app({"INSTANCE_PATH": folder, **more})


def make_archive(app: Flask) -> list[Path]:
    """By the service itself, as a worker would; returns its files."""
    with app.app_context():
        ann = people.find_user(EMAIL)
        assert ann is not None
        archive_id, _ = service.request_archive(ann.id)
        making.generate(ann.id)
        archive = service.find_archive(ann.id, archive_id)
        assert archive is not None
        assert (archive.state, archive.gap_count) == (State.READY, 0)
        return paths_of(archive)


def list_paths(app: Flask) -> list[str]:
    with app.app_context():
        ann = people.find_user(EMAIL)
        assert ann is not None
        everything = db.session.scalars(db.select(Entry).where(Entry.title == "Everything")).one()
        imported = db.session.scalars(db.select(Entry).where(Entry.title == "Imported")).one()
        mine = db.session.scalars(db.select(Entry).where(Entry.author_id == ann.id)).all()
        entries = [entry for entry in mine if entry.title not in FORMULAS]
        others = db.session.scalars(db.select(Entry).where(Entry.author_id != ann.id).limit(5)).all()
        comments = db.session.scalars(db.select(Comment).where(Comment.entry_id == everything.id)).all()
        archive = db.session.scalars(db.select(Archive)).first()
        assert archive is not None
        shelves = [f"/journal?{show}page={page}" for show in ("", "show=shared&") for page in (1, 2, 3)]
        searches = [f"/journal?{field}=%3Cscript%3E{PAYLOADS[0]}" for field in ("q", "tag")]
        return [
            *("/settings", "/journal?q=script", "/archives/", f"/archives/{archive.id}", *shelves, *searches),
            *(f"/journal/{entry.id}" for entry in (*entries, *others)),
            f"/journal/{imported.id}?comments=2",
            *(f"/journal/{entry.id}/{page}" for entry in entries for page in ("edit", "delete")),
            *(f"/files/{each.id}/remove" for each in everything.attachments),
            *(f"/files/{each.id}/describe" for each in everything.attachments if each.is_picture),
            *(f"/journal/comments/{comment.id}/delete" for comment in comments),
        ]


def test_nothing_fires_on_the_site(scene: Scene, new_page: NewPage) -> None:
    page = new_page(bypass_csp=True)
    fired = listen(page, HOST)
    with serve(scene.app) as url:
        enter(page, url, EMAIL)
        for path, name in zip(scene.paths, cycle(PAYLOADS), strict=False):
            post(scene.ann, "/settings", name=name, language="en", time_zone="UTC")  # it heads every page
            look(page, f"{url}{path}")
    assert len(scene.paths) > len(PAYLOADS)
    assert fired == set()


def show_unescaped(scene: Scene, patch: pytest.MonkeyPatch) -> Flask:
    """The same site, with its templates and its Markdown writing what they are given."""
    patch.setattr(journal, "render_markdown", lambda text, _most_signs: text)
    app = open_site(Path(scene.app.instance_path))
    app.jinja_env.autoescape = False
    return app


def fire(scene: Scene, page: Page, app: Flask, most: int) -> Fired:
    """Opens page after page of this site until so many have fired."""
    with serve(scene.app) as url:
        enter(page, url, EMAIL)
    fired = listen(page, HOST)
    with serve(app) as url:
        for path in scene.paths:
            if len(fired) < most:
                brave(page, f"{url}{path}")
    return fired


def test_on_the_site_they_fire_unescaped(scene: Scene, new_page: NewPage, monkeypatch: pytest.MonkeyPatch) -> None:
    page = new_page(may_err=True, bypass_csp=True)
    fired = fire(scene, page, show_unescaped(scene, monkeypatch), MOST)
    assert len(fired) >= MOST, sorted(fired)


def test_the_policy_alone_stops_nearly_all(scene: Scene, new_page: NewPage, monkeypatch: pytest.MonkeyPatch) -> None:
    few = Scene(scene.app, scene.ann, scene.paths[:14])
    fired = fire(few, new_page(may_err=True), show_unescaped(scene, monkeypatch), MOST)
    refresh = next(number for number, payload in enumerate(PAYLOADS) if "http-equiv=refresh" in payload)
    assert fired <= {str(refresh)}  # a policy does not forbid to go elsewhere, therefore the escaping


@pytest.fixture(scope="module")
def report(scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpack(make_archive(scene.app), tmp_path_factory.mktemp("report"))


def unpack(parts: list[Path], folder: Path) -> Path:
    (part,) = parts
    with zipfile.ZipFile(part) as opened:
        opened.extractall(folder)
    (top,) = folder.iterdir()
    return top


def test_nothing_fires_in_the_report(report: Path, new_page: NewPage) -> None:
    page = new_page(bypass_csp=True)
    fired = listen(page, HOST)
    seen = 0
    for path in sorted(report.glob("*.html")):
        look(page, path.as_uri())
        if page.locator("#table").count():
            seen += search_and_open(page)
    assert fired == set()
    assert seen > len(PAYLOADS)


def search_and_open(page: Page) -> int:
    """Searches, then looks at row after row; returns at how many."""
    for query in ("script", "img src", "</"):
        page.locator("#q").fill(query)
        expect(page).to_have_url(re.compile(re.escape(f"q={quote_plus(query)}")))
        assert find_planted(page) == []
    page.locator("#q").fill("")
    page.locator("thead button").first.click()
    expect(page.locator("thead th").first).to_have_attribute("aria-sort", "ascending")
    page.locator("tbody button").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    seen: int = page.evaluate(STEP)
    assert find_planted(page) == []
    return seen


def test_in_the_report_they_fire_unescaped(
    scene: Scene, new_page: NewPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    templates = pages.load_templates.__wrapped__(ENGLISH_WORDS).overlay(autoescape=False)
    monkeypatch.setattr(pages, "load_templates", lambda _translations: templates)
    monkeypatch.setattr(cells, "escape", str)
    top = unpack(make_archive(scene.app), tmp_path)
    page = new_page(may_err=True, bypass_csp=True)
    fired = listen(page, HOST)
    for path in sorted(top.glob("*.html")):
        brave(page, path.as_uri())
    assert len(fired) >= MOST, sorted(fired)


def test_no_cell_is_a_formula(report: Path) -> None:
    """Not one in the CSV that a spreadsheet would calculate, and each gives back what the JSON holds."""
    started: set[str] = set()
    for path in sorted((report / "data" / "csv").glob("*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as file:
            cells = list(csv.DictReader(file))
        rows = json.loads((report / "data" / "json" / f"{path.stem}.json").read_text(encoding="utf-8"))
        for cell, row in zip(cells, rows, strict=True):
            for name, value in row.items():
                if isinstance(value, str):
                    assert cell[name].strip()[:1] not in {*"=+-@|%＝"}, cell[name]  # spreadsheets take it too
                    assert unescape_formula(cell[name]) == value
                    started.update({value} & {*FORMULAS})
    assert started == {each for each in FORMULAS if clean(each) == each}  # a carriage return is nobody's any more
