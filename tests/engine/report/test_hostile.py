"""What others wrote must never run in the report: neither script, nor a request that tells that it was opened.

Each payload asks for an address when it fires. The same payloads, written without escaping, do fire.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.engine.shape import Coverage, Field, Gap, Reference, Row, TableShape
from tests.beacon import Fired, listen
from tests.browser import NewPage
from tests.engine.report.sample import declare, make_edition, write_report

pytestmark = pytest.mark.browser

HOST = "http://beacon.invalid"
SCRIPTS = (
    "<script>%s</script>",
    '"><script>%s</script>',
    "'><script>%s</script>",
    "</script><script>%s</script>",
    "</textarea><script>%s</script>",
    "</title><script>%s</script>",
    "</style><script>%s</script>",
    "--><script>%s</script>",
    "]]><script>%s</script>",
    '<img src=x onerror="%s">',
    '"><img src=x onerror="%s">',
    "'><img src=x onerror='%s'>",
    '<svg onload="%s">',
    "<svg><script>%s</script></svg>",
    '<math><mtext></table><img src=x onerror="%s">',
    '<details open ontoggle="%s">',
    '<video><source onerror="%s"></video>',
    '<body onload="%s">',
    '<input autofocus onfocus="%s">',
    '<select autofocus onfocus="%s"></select>',
    '<iframe srcdoc="<script>parent.%s</script>"></iframe>',
    '<iframe src="javascript:parent.%s"></iframe>',
    '<object data="javascript:%s"></object>',
    '<marquee onstart="%s">',
    '<style onload="%s"></style>',
    "<ScRiPt>%s</sCrIpT>",
    "<script\x0c>%s</script>",
    '<img/src=x/onerror="%s">',
    '<a autofocus tabindex=1 onfocus="%s">x</a>',
    '<svg><animate onbegin="%s" attributeName=x dur=1s>',
    "<script type=module>%s</script>",
    '<noscript><p title="</noscript><script>%s</script>">',
    '" autofocus onfocus="%s" x="',
    "{{ %s }}",
    "${%s}",
    "javascript:%s",
    "\\u003cscript\\u003e%s\\u003c/script\\u003e",
    "\u2028;%s;//",
    '"]]);%s;//',
)
REQUESTS = (
    '<img src="%s">',
    '"><img src="%s">',
    '<link rel=stylesheet href="%s">',
    '<style>@import "%s";</style>',
    "<style>body{background:url(%s)}</style>",
    '<iframe src="%s"></iframe>',
    '<object data="%s"></object>',
    '<embed src="%s">',
    '<video poster="%s"></video>',
    '<audio src="%s" preload=auto></audio>',
    '<link rel=prefetch href="%s">',
    '<link rel=preload as=image href="%s">',
    '<meta http-equiv=refresh content="0;url=%s">',
    '<base href="%s/"><img src=x>',
    '<p style="background:url(%s)">x</p>',
    '" style="background:url(%s)" x="',
    '<svg><image href="%s"/></svg>',
    '<input type=image src="%s">',
    '<table background="%s"><tr><td>x</table>',
    '<script src="%s"></script>',
)
PAYLOADS = tuple(
    form % (f"(new Image).src=`{HOST}/{number}`" if number < len(SCRIPTS) else f"{HOST}/{number}")
    for number, form in enumerate(SCRIPTS + REQUESTS)
)
MOST = 45
"""The least number of payloads that must fire unescaped; the rest are for other contexts than HTML."""


def write_hostile(folder: Path) -> Path:
    """Every payload in every place that takes text: names, labels, titles, values, reasons, facts of the archive."""
    kinds = ("text", "longtext", "id", "json", "file", "moment", "date", "number")
    all_in_one = " ".join(PAYLOADS)
    tables: list[tuple[TableShape, list[Row]]] = []
    for number, payload in enumerate(PAYLOADS[8:10]):
        fields = tuple(Field(f"{payload}{kind}", f"{kind} {PAYLOADS[-number - 1]}", kind) for kind in kinds)  # type: ignore[arg-type]  # mypy does not infer literals from a tuple
        declaration = declare(
            payload, icon=payload, purpose=payload, retention=payload, recipients=payload, source=payload
        )
        rows: list[Row] = [(value,) * len(kinds) for value in PAYLOADS]
        rows += [(*(value,) * 4, f"media/{value.replace('/', '')}.png", value, value, value) for value in PAYLOADS]
        rows.append((all_in_one,) * len(kinds))
        key = f"{PAYLOADS[8]}id"
        to_first = Reference(f"{payload}id", f"{PAYLOADS[8]}0", key)
        tables.append((TableShape(f"{payload}{number}", declaration, fields, (), (to_first,)), rows))
    coverage = [
        Coverage(table, table, status, 1, table, ((table, table),))
        for table in PAYLOADS
        for status in ("included", "empty", "excluded")
    ]
    gaps = [Gap(payload, payload, payload, payload) for payload in PAYLOADS]
    edition = make_edition(site=all_in_one, name=all_in_one, email=all_in_one, id=all_in_one)
    return write_report(folder, tables, edition=replace(edition, reference=PAYLOADS[9]), coverage=coverage, gaps=gaps)


def visit(page: Page, folder: Path) -> None:
    """Open every page, search, sort, and look at rows and at what belongs to them."""
    related = 0
    for path in sorted(folder.glob("*.html")):
        page.goto(path.as_uri())
        if not page.locator("#table").count():
            continue
        expect(page.locator("tbody button")).to_have_count(50)
        for query in ("script", "img src", "</"):
            page.locator("#q").fill(query)
            expect(page.get_by_role("status")).to_contain_text("found")
            expect(page.locator("tbody mark").first).to_be_attached()
        page.locator("thead button").first.click()
        expect(page.locator("thead th").first).to_have_attribute("aria-sort", "ascending")
        page.locator("tbody button").first.click()
        expect(page.get_by_role("dialog")).to_be_visible()
        expect(page.locator("#detail-fields a:not([href^=data])").first).to_be_visible()
        while page.locator("#detail-next").is_enabled():
            page.locator("#detail-next").click()
            expect(page.locator("#detail-status")).to_have_text("")
            related += page.locator(".related a").count()
        page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert related > len(PAYLOADS)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_hostile(tmp_path_factory.mktemp("hostile") / "archive")


def test_nothing_fires(hostile: Path, new_page: NewPage) -> None:
    assert len(PAYLOADS) >= 55
    page = new_page(may_err=True)  # pictures with hostile names do not exist
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    fired = listen(page, HOST)
    visit(page, hostile)
    assert fired == set()
    assert [text for text in complaints if "ERR_FILE_NOT_FOUND" not in text] == []


def test_escaping_alone_keeps_it_so(hostile: Path, new_page: NewPage, tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    (folder / "viewer").mkdir(parents=True)
    for path in (hostile / "viewer").iterdir():
        (folder / "viewer" / path.name).write_bytes(path.read_bytes())
    for path in hostile.glob("*.html"):
        text, found = re.subn('<meta http-equiv="Content-Security-Policy"[^>]*>', "", path.read_text(encoding="utf-8"))
        assert found == 1
        (folder / path.name).write_text(text, encoding="utf-8")
    page = new_page(may_err=True)
    fired = listen(page, HOST)
    visit(page, folder)
    assert fired == set()


POLICY = re.compile('<meta http-equiv="Content-Security-Policy"[^>]*>')


def write_raw(folder: Path, policy: str) -> list[Path]:
    paths = []
    for number, payload in enumerate(PAYLOADS):
        path = folder / f"{number}.html"
        path.write_text(
            f"<!doctype html><html lang=en><head><meta charset=utf-8>{policy}<title>{payload}</title></head>"
            f'<body><h1>{payload}</h1><p title="{payload}">{payload}</p></body></html>',
            encoding="utf-8",
        )
        paths.append(path)
    return paths


def fire(new_page: NewPage, paths: list[Path], patience: Sequence[int], is_enough: Callable[[Fired], bool]) -> Fired:
    """Opens each page; those that did not fire again and longer, as some wait for an animation or a picture.

    `patience`: milliseconds to stay on each page, round by round.
    """
    page = new_page(may_err=True)
    fired = listen(page, HOST)
    for milliseconds in patience:
        for path in (path for path in paths if path.stem not in fired):
            # A page that refreshes itself away at once is no failure of the test.
            page.goto(path.as_uri(), wait_until="commit")
            page.wait_for_load_state("load")
            page.wait_for_timeout(milliseconds)
        if is_enough(fired):
            break
    return fired


def test_unescaped_they_do_fire(new_page: NewPage, tmp_path: Path) -> None:
    fired = fire(new_page, write_raw(tmp_path, ""), (0, 100, 500), lambda fired: len(fired) >= MOST)
    assert len(fired) >= MOST, sorted(set(map(str, range(len(PAYLOADS)))) - fired, key=int)


def test_the_policy_alone_stops_nearly_all(hostile: Path, new_page: NewPage, tmp_path: Path) -> None:
    policy = POLICY.search((hostile / "about.html").read_text(encoding="utf-8"))
    assert policy
    fired = fire(new_page, write_raw(tmp_path, policy[0]), (100,), lambda _: False)
    refresh = next(number for number, payload in enumerate(PAYLOADS) if "http-equiv=refresh" in payload)
    assert fired <= {str(refresh)}  # a policy does not forbid to go elsewhere, therefore the escaping
