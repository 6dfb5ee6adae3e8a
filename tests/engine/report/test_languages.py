"""A report for somebody who reads Vietnamese: all of it, offline, scripts included."""

import dataclasses
from pathlib import Path

import pytest
from playwright.sync_api import expect

from app.words import languages
from tests.browser import NewPage
from tests.engine.report.sample import GAPS, list_tables, make_edition, make_media, write_report
from tests.engine.report.test_viewer import expect_status, open_page, search_box

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def vietnamese(tmp_path_factory: pytest.TempPathFactory) -> Path:
    edition = make_edition(locale="vi", time_zone="Asia/Ho_Chi_Minh")
    edition = dataclasses.replace(edition, translations=languages.translations_of("vi"))
    folder = tmp_path_factory.mktemp("sample") / "archive"
    write_report(folder, list_tables(5000, 120), edition=edition, gaps=GAPS)
    make_media(folder)
    return folder


def test_it_speaks_vietnamese(vietnamese: Path, new_page: NewPage) -> None:
    page = open_page(new_page(), vietnamese, "index.html")
    expect(page.locator("html")).to_have_attribute("lang", "vi")
    expect(page.get_by_role("heading", level=1)).to_have_text("Dữ liệu của Ann")
    page.get_by_role("main").get_by_role("link", name="Bài viết", exact=True).click()
    expect_status(page, "Dòng 1–50 trong số 5.000")
    expect(page.locator("tbody tr").nth(3)).to_contain_text("Chỉ bạn")
    search_box(page).fill("tau ngam")
    expect_status(page, "Không tìm thấy “tau ngam”. Hãy kiểm tra chính tả hoặc thử ít từ hơn.")


def test_search_needs_no_marks(vietnamese: Path, new_page: NewPage) -> None:
    page = open_page(new_page(), vietnamese, "entry.html")
    search_box(page).fill("da lat")
    expect(page.locator("mark").filter(has_text="Đà").first).to_be_visible()
    expect(page.get_by_role("status")).to_contain_text("dòng tìm thấy (tổng cộng 5.000)")


def test_readme_is_vietnamese(vietnamese: Path) -> None:
    readme = (vietnamese / "README.txt").read_text("utf-8")
    assert readme.startswith("Dữ liệu của Ann, từ Satchel\nTại thời điểm ")
    assert "sha256sum -c manifest-sha256.txt" in readme
