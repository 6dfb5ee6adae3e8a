"""How each page is looked at, and how one picture is taken."""

from dataclasses import dataclass
from typing import Any, Literal

from playwright.sync_api import Browser, BrowserContext

WIDE = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 844}


@dataclass(frozen=True)
class Look:
    name: str
    title: str
    scheme: Literal["light", "dark"] = "light"
    viewport: dict[str, int] | None = None
    has_script: bool = True
    language: str = "en"

    def open(self, browser: Browser, cookies: Any = ()) -> BrowserContext:
        context = browser.new_context(
            color_scheme=self.scheme,
            viewport=self.viewport or WIDE,  # type: ignore[arg-type]  # a TypedDict of the same keys
            java_script_enabled=self.has_script,
            locale="vi-VN" if self.language == "vi" else "en-US",
            reduced_motion="reduce",
        )
        context.set_default_timeout(20_000)
        context.add_cookies(list(cookies))
        return context


LOOKS = (
    Look("light", "Light"),
    Look("dark", "Dark", scheme="dark"),
    Look("phone", "390 px", viewport=PHONE),
    Look("no-script", "JavaScript off", has_script=False),
    Look("vietnamese", "Vietnamese", language="vi"),
)
