"""The report of an archive in three parts, from `file://`: all beside each other, nested, one missing, one alone."""

import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from app.engine.report import Report
from tests.accessibility import check
from tests.browser import NewPage
from tests.engine.report.chunks import read_chunk, read_manifest
from tests.engine.report.sample import COMMENT, ENTRY, GAPS, make_comments, make_edition, make_entries, write_parts
from tests.engine.report.sample import write_sample_parts as write_sample

browser = pytest.mark.browser

NAMES = ["satchel-2026-11-19-A1B2C3D4", "satchel-2026-11-19-A1B2C3D4-part2", "satchel-2026-11-19-A1B2C3D4-part3"]
PART_2_ABSENT = f"Part 2 is not here. Unpack {NAMES[1]}.zip beside this folder."

Lay = Callable[..., list[Path]]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_sample(tmp_path_factory.mktemp("sample"))


@pytest.fixture
def lay(sample: Sequence[Path], tmp_path: Path) -> Lay:
    """Copies parts: `lay(1, 3)` side by side; `lay(1, 2, 3, nested=(1, 2, 3))` with a folder round each of these."""

    def copy(*parts: int, nested: Sequence[int] = ()) -> list[Path]:
        return [
            shutil.copytree(sample[part - 1], tmp_path.joinpath(*[NAMES[part - 1]] * (2 if part in nested else 1)))
            for part in parts
        ]

    return copy


class Visitor:
    """A page that notes what it reads and what fails; missing files are no error here."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.read: list[str] = []
        self.failed: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self.read.append(request.url))
        page.on("requestfailed", lambda request: self.failed.append(request.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def open(self, folder: Path, name: str) -> Page:
        self.page.goto("about:blank")
        page, _, anchor = name.partition("#")
        self.page.goto((folder / page).as_uri() + (f"#{anchor}" if anchor else ""))
        return self.page


@pytest.fixture
def visitor(new_page: NewPage) -> Visitor:
    return Visitor(new_page(may_err=True))


def expect_status(page: Page, text: str) -> None:
    expect(page.locator("#status")).to_have_text(text)


def expect_absent(page: Page, text: str) -> None:
    expect(page.locator("#absent")).to_have_text(text)


def days(page: Page) -> list[int]:
    """The numbers of the entries that the page shows."""
    return [int(day) for day in re.findall(r"Day (\d+) in", page.locator("tbody").inner_text())]


def open_row(page: Page) -> Locator:
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    expect(dialog.locator("#detail-status")).not_to_contain_text("Looking for")
    return dialog


class TestMembers:
    def test_a_chunk_lies_in_one_part(self, sample: Sequence[Path]) -> None:
        for number, folder in enumerate(sample, 1):
            manifest = read_manifest(folder / "viewer")
            assert (manifest["part"], manifest["parts"]) == (number, NAMES)
            (entry,) = (table for table in manifest["tables"] if table["name"] == "entry")
            assert entry["rows"] == 2600
            found = [part for part in sample for _ in part.glob("viewer/entry.[0-9]*.js")]
            assert [sample.index(part) + 1 for part in found] == entry["chunkParts"]
            assert {entry["starts"][entry["chunkParts"].index(part)] for part in (1, 2, 3)} == {0, 1000, 2000}

    def test_all_rows_lie_in_some_part(self, sample: Sequence[Path]) -> None:
        paths = sorted((path for part in sample for path in part.glob("viewer/entry.[0-9]*.js")), key=lambda p: p.name)
        assert [row[0] for path in paths for row in read_chunk(path)] == [row[0] for row in make_entries(2600)]

    def test_the_order_of_members_is_that_of_the_call(self) -> None:
        stored: dict[str, bytes] = {}
        report = Report(make_edition(), stored.__setitem__)
        table = report.table(ENTRY)
        table.write(make_entries(3))
        table.flush()
        report.part = 2
        table.write(make_entries(2))
        table.flush()
        assert list(stored) == ["viewer/entry.0000.js", "viewer/entry.0001.js"]
        assert (table.chunk_parts, table.first_parts, table.starts) == ([1, 2], [1, 1, 1, 2, 2], [0, 3])
        one, again, other = (dict(report.render(part, NAMES[:2], [], GAPS, ("json",))) for part in (1, 1, 2))
        assert list(one) == list(other)
        assert one == again
        assert {name for name in one if one[name] != other[name]} == {
            "index.html",
            "entry.html",
            "about.html",
            "coverage.html",
            "README.txt",
            "viewer/manifest.js",
        }

    def test_a_part_of_nothing_is_no_chunk(self) -> None:
        stored: dict[str, bytes] = {}
        report = Report(make_edition(), stored.__setitem__)
        table = report.table(ENTRY)
        table.flush()
        report.part = 2
        table.write(make_entries(1))
        table.flush()
        table.flush()
        assert (list(stored), table.chunk_parts) == (["viewer/entry.0000.js"], [2])


class TestPages:
    def test_the_readme_says_which_part_it_is_and_where_the_others_go(self, sample: Sequence[Path]) -> None:
        text = (sample[1] / "README.txt").read_text(encoding="utf-8")
        assert "This is part 2 of 3." in text
        assert f"  part 2   {NAMES[1]}   (this folder)\n  part 3   {NAMES[2]}\n" in text
        assert "side by side" in text

    def test_an_archive_in_one_part_says_nothing_of_parts(self, tmp_path: Path) -> None:
        (folder,) = write_parts(tmp_path, [(COMMENT, make_comments(3))], ())
        for path in (*folder.glob("*.html"), folder / "README.txt"):
            text = path.read_text(encoding="utf-8").replace('"viewer/parts.js"', "")
            assert not re.search(r"[Pp]arts? (\d|of)|\.\./", text), path.name

    def test_the_overview_says_what_lies_where(self, sample: Sequence[Path]) -> None:
        text = (sample[1] / "index.html").read_text(encoding="utf-8")
        assert "<strong>Part 2 of 3.</strong>" in text
        assert "Account: 1 · Entries: 1,000 of 2,600<" in text
        assert "Entries: 600 of 2,600 · Comments: 120 · Pictures and files: 4" in text
        assert re.findall(r'href="(data/[^"]*)"', text) == ["data/json/entry.json", "data/csv/entry.csv"]

    def test_files_of_another_part_are_linked_without_javascript(self, sample: Sequence[Path]) -> None:
        here, there = ((folder / "attachment.html").read_text(encoding="utf-8") for folder in (sample[2], sample[0]))
        assert '<img src="data/media/000001.png"' in here
        assert f'<a href="../{NAMES[2]}/data/media/000001.png">media/000001.png</a>' in there
        assert f'<a href="../{NAMES[2]}/data/media/000002.txt">' in there
        assert "<img" not in there
        assert "page.html" in there
        assert "000003.html</a>" not in there


@browser
@pytest.mark.parametrize(
    "nested", [(), (1, 2, 3), (1,), (2, 3)], ids=["beside", "nested", "this nested", "others nested"]
)
class TestAllParts:
    def test_every_row_is_shown_and_found(self, lay: Lay, visitor: Visitor, nested: Sequence[int]) -> None:
        folder = lay(1, 2, 3, nested=nested)[0]
        page = visitor.open(folder, "entry.html")
        expect_status(page, "Rows 1–50 of 2,600")
        assert not any("-part2/viewer/entry" in url for url in visitor.read), "chunks are read when they are needed"
        page.get_by_role("button", name="Last").click()
        expect_status(page, "Rows 2,551–2,600 of 2,600")
        assert days(page) == list(range(2551, 2601))
        page.locator("#q").fill("555")
        expect(page.locator("#status")).to_contain_text("found (2,600 in all)")
        assert set(days(page)) >= {555, 1555, 2555}
        page.locator("#q").fill("")
        page.get_by_role("button", name="Score").click()
        expect(page.get_by_role("columnheader", name="Score")).to_have_attribute("aria-sort", "ascending")
        assert {(day - 1) // 1000 for day in days(page)} == {0, 1, 2}
        expect_absent(page, "")
        assert visitor.complaints == []

    def test_files_of_another_part_are_shown(self, lay: Lay, visitor: Visitor, nested: Sequence[int]) -> None:
        folder = lay(1, 2, 3, nested=nested)[0]
        page = visitor.open(folder, "attachment.html")
        picture = page.get_by_role("img", name="A sun over the sea")
        assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 640
        page.get_by_role("link", name="media/000002.txt").click()
        expect(page.get_by_text("Some notes.")).to_be_visible()
        page = visitor.open(folder, "entry.html#row=5")
        dialog = open_row(page)
        expect(dialog.get_by_role("heading", name="Comments (1)")).to_be_visible()
        picture = dialog.locator(".related img")
        assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 640
        dialog.get_by_role("link", name="Harbour at dusk.png").click()
        picture = page.get_by_role("dialog").locator("#detail-fields img")
        assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 640
        assert visitor.complaints == []

    def test_the_overview_finds_them(self, lay: Lay, visitor: Visitor, nested: Sequence[int]) -> None:
        page = visitor.open(lay(1, 2, 3, nested=nested)[0], "index.html")
        expect(page.locator(".parts .badge")).to_have_text(["This part", "Found", "Found"])
        expect_absent(page, "")


@browser
class TestOneMissing:
    def test_the_rest_is_shown_and_one_sentence_says_what_to_do(self, lay: Lay, visitor: Visitor) -> None:
        page = visitor.open(lay(1, 3)[0], "entry.html")
        expect_absent(page, PART_2_ABSENT)
        expect_status(page, "Rows 1–50 of 1,600 that are here (2,600 in all)")
        page.get_by_label("Page", exact=True).fill("21")
        page.get_by_label("Page", exact=True).press("Enter")
        expect_status(page, "Rows 1,001–1,050 of 1,600 that are here (2,600 in all)")
        assert days(page) == list(range(2001, 2051))

    def test_search_sort_and_year_go_over_what_is_here(self, lay: Lay, visitor: Visitor) -> None:
        page = visitor.open(lay(1, 3)[0], "entry.html")
        page.locator("#q").fill("555")
        expect(page.locator("#status")).to_contain_text("found (1,600 here, 2,600 in all)")
        assert set(days(page)) >= {555, 2555}
        assert {(day - 1) // 1000 for day in days(page)} == {0, 2}
        page.locator("#q").fill("submarine")
        expect_status(page, "Nothing found for “submarine”. Check the spelling, or try fewer words.")
        page.locator("#q").fill("")
        page.get_by_role("button", name="Date").click()
        expect(page.get_by_role("columnheader", name="Date")).to_have_attribute("aria-sort", "ascending")
        expect_status(page, "Rows 1–50 of 1,600 that are here (2,600 in all)")
        page.get_by_label("Year").select_option("1661")
        expect(page.locator("#status")).to_contain_text("found (1,600 here, 2,600 in all)")
        page.get_by_label("Year").select_option("1664")
        expect_status(page, "Nothing found in 1664. Choose all years, or try other words.")
        assert visitor.complaints == []

    def test_it_is_looked_for_once(self, lay: Lay, visitor: Visitor) -> None:
        page = visitor.open(lay(1, 3)[0], "entry.html")
        page.locator("#q").fill("lodz")
        expect(page.locator("#status")).to_contain_text("found (1,600 here, 2,600 in all)")
        page.locator("tbody button").first.click()
        open_row(page).get_by_role("button", name="Next").click()
        open_row(page)
        tried = [url for url in visitor.failed if f"{NAMES[1]}/" in url]
        assert len(tried) == len(set(tried)) == 4, tried
        assert all(url.endswith("viewer/manifest.js") for url in tried)

    def test_a_row_of_it_is_no_broken_view(self, lay: Lay, visitor: Visitor) -> None:
        folder = lay(1, 3)[1]
        page = visitor.open(folder, "entry.html#row=1500")
        expect_absent(page, PART_2_ABSENT)
        expect(page.get_by_role("dialog")).to_be_hidden()
        comments = visitor.open(folder, "comment.html#row=3")
        dialog = open_row(comments)
        expect(dialog.locator("dd a")).to_have_text(["4 Jan 1660"])
        expect(dialog.locator("#detail-status")).to_have_text("")

    def test_the_view_of_a_row_says_what_may_be_missing(self, lay: Lay, visitor: Visitor) -> None:
        dialog = open_row(visitor.open(lay(1, 2)[0], "entry.html#row=5"))
        absent = f"Part 3 is not here. Unpack {NAMES[2]}.zip beside this folder."
        expect(dialog.locator("#detail-status")).to_have_text(absent)
        expect(dialog).to_contain_text("Day 5 in")
        expect(dialog.locator("dd a")).to_have_text(["You"])

    def test_it_is_found_once_it_is_there(self, lay: Lay, visitor: Visitor) -> None:
        folder = lay(1, 3)[0]
        page = visitor.open(folder, "entry.html")
        expect_absent(page, PART_2_ABSENT)
        lay(2)
        page.reload()
        expect_status(page, "Rows 1–50 of 2,600")
        expect_absent(page, "")

    def test_another_archive_is_not_taken_for_it(self, lay: Lay, visitor: Visitor, tmp_path: Path) -> None:
        folder = lay(1, 3)[0]
        shutil.copytree(folder, tmp_path / NAMES[1])
        page = visitor.open(folder, "entry.html")
        expect_absent(page, PART_2_ABSENT)
        expect_status(page, "Rows 1–50 of 1,600 that are here (2,600 in all)")

    def test_a_chunk_of_another_part_that_is_missing_is_named(self, lay: Lay, visitor: Visitor) -> None:
        first, second, _ = lay(1, 2, 3)
        for path in second.glob("viewer/entry.[0-9]*.js"):
            path.write_text("", encoding="utf-8")
        page = visitor.open(first, "entry.html#page=25")
        expect(page.locator("#status")).to_contain_text(f"The file ../{NAMES[1]}/viewer/entry.")
        expect(page.locator("tbody tr")).to_have_count(50)


@browser
class TestPart2Alone:
    def test_its_rows_are_shown_and_found(self, lay: Lay, visitor: Visitor) -> None:
        page = visitor.open(lay(2)[0], "entry.html")
        absent = f"Parts 1 and 3 are not here. Unpack {NAMES[0]}.zip and {NAMES[2]}.zip beside this folder."
        expect_absent(page, absent)
        expect_status(page, "Rows 1–50 of 1,000 that are here (2,600 in all)")
        assert days(page)[0] == 1001
        page.locator("#q").fill("da lat 1998")
        expect_status(page, "Rows 1–1 of 1 found (1,000 here, 2,600 in all)")
        page.locator("tbody button").click()
        dialog = open_row(page)
        expect(dialog).to_contain_text("Row 1 of 1")
        expect(dialog).to_contain_text("Day 1998 in")
        expect(dialog.locator("#detail-status")).to_have_text(absent)
        assert visitor.complaints == []

    def test_tables_of_other_parts_keep_their_first_rows(self, lay: Lay, visitor: Visitor) -> None:
        page = visitor.open(lay(2)[0], "attachment.html")
        expect_absent(page, f"Part 3 is not here. Unpack {NAMES[2]}.zip beside this folder.")
        expect(page.locator("tbody tr")).to_have_count(4)
        expect(page.locator("tbody")).to_contain_text("media/000001.png")
        expect(page.locator("tbody a")).to_have_count(0)
        expect(page.get_by_role("search")).to_be_hidden()
        expect_status(page, "4 rows")
        assert visitor.complaints == []

    def test_the_overview_says_so(self, lay: Lay, visitor: Visitor) -> None:
        page = visitor.open(lay(2)[0], "index.html")
        expect(page.locator(".parts .badge")).to_have_text(["Not here", "This part", "Not here"])
        expect(page.locator("#absent")).to_contain_text("Parts 1 and 3 are not here.")


@browser
def test_without_looking_beside_the_rows_are_missing(lay: Lay, visitor: Visitor) -> None:
    folder = lay(1, 2, 3)[0]
    script = folder / "viewer" / "parts.js"
    text, found = re.subn(r"of placesOf\(part\)", "of []", script.read_text(encoding="utf-8"))
    assert found == 1
    script.write_text(text, encoding="utf-8")
    page = visitor.open(folder, "entry.html")
    expect_status(page, "Rows 1–50 of 1,000 that are here (2,600 in all)")
    page.locator("#q").fill("555")
    expect(page.locator("#status")).to_contain_text("found (1,000 here, 2,600 in all)")
    assert {(day - 1) // 1000 for day in days(page)} == {0}


@browser
@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_parts_have_no_accessibility_faults(lay: Lay, new_page: NewPage, scheme: str, width: int) -> None:
    folder = lay(2)[0]
    page = new_page(may_err=True, color_scheme=scheme, viewport={"width": width, "height": 900})
    for name in ("index", "entry", "attachment", "about"):
        page.goto((folder / f"{name}.html").as_uri())
        if name != "about":
            expect(page.locator("#absent")).to_contain_text("not here")
        check(page, name, in_light=scheme == "dark")
