"""axe's rules: WCAG 2.2 AA and best practice."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

OPTIONS = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "preload": False,  # axe would fetch the style sheets, which the pages' policy rightly forbids
}


def find_faults(page: Page) -> list[str]:
    found: dict[str, Any] = Axe().run(page, options=OPTIONS).response
    return [f"{each['id']}: {node['html']}" for each in found["violations"] for node in each["nodes"]]
