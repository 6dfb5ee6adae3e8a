"""No accessibility faults on every kind of page of the report, light and dark, wide and narrow."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.accessibility import find_bad_colours, find_faults
from tests.browser import NewPage
from tests.engine.report.sample import write_sample

pytestmark = pytest.mark.browser

PAGES = ("index", "entry", "attachment", "entry_tag", "coverage", "about")


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sample(tmp_path_factory.mktemp("sample") / "archive", entries=8, comments=8)


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_have_no_faults(sample: Path, new_page: NewPage, scheme: str, width: int) -> None:
    page = new_page(color_scheme=scheme, viewport={"width": width, "height": 900})
    find = find_bad_colours if scheme == "dark" else find_faults  # in light, the rest is found
    for name in PAGES:
        page.goto((sample / f"{name}.html").as_uri())
        if page.locator("#table").count():
            expect(page.locator("tbody button").first).to_be_visible()
            page.locator("details summary").first.click()
        assert find(page) == [], name
    for name, shown in (("attachment", "#detail-fields img"), ("entry", ".related img"), ("comment", "dd a")):
        page.goto((sample / f"{name}.html").as_uri() + ("#row=1" if name == "attachment" else "#row=5"))
        expect(page.get_by_role("dialog").locator(shown).first).to_be_visible()
        expect(page.locator("#detail-status")).to_have_text("")
        assert find(page) == [], f"the view of a row of {name}"
        assert page.evaluate("document.getElementById('detail').scrollWidth") <= width


def test_the_rules_do_find_faults(sample: Path, new_page: NewPage, tmp_path: Path) -> None:
    text = (sample / "about.html").read_text(encoding="utf-8")
    (tmp_path / "about.html").write_text(text.replace(' lang="en"', ""), encoding="utf-8")
    page = new_page(may_err=True)
    page.goto((tmp_path / "about.html").as_uri())
    assert any(fault.startswith("html-has-lang") for fault in find_faults(page))
