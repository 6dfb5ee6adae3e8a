"""axe's rules, WCAG 2.2 AA and best practice; and nothing of a page is cut off."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

OPTIONS = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],  # of rules that hold it need not describe every element
    "preload": False,  # axe would fetch the style sheets, which the pages' policy rightly forbids
}


def find_faults(page: Page) -> list[str]:
    found: dict[str, Any] = Axe().run(page, options=OPTIONS).response
    return [f"{each['id']}: {node['html']}" for each in found["violations"] for node in each["nodes"]]


def check(page: Page, name: str) -> None:
    """`name`: of the page or its state, for the message."""
    faults = find_faults(page)
    assert not faults, f"{name}: {faults}"
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide == 0, f"{name} is cut off"
