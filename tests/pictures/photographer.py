"""Takes the pictures of one look after the other, and keeps what could not be taken."""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Error, Page

from tests.pictures.cast import PASSWORD
from tests.pictures.looks import Look
from tests.pictures.pages import ANYONE, DEMO, Shot, find_endpoint, type_password
from tests.pictures.stage import Stage, describe


@dataclass
class Photographer:
    folder: Path
    browser: Browser
    stage: Stage
    looks: Sequence[Look]
    cookies: dict[str, list[dict[str, str]]]
    """Of each role."""
    names: list[str] = field(default_factory=list)
    """Of all pictures, in order."""
    endpoints: set[str | None] = field(default_factory=set)
    """That are in a picture."""
    missed: list[str] = field(default_factory=list)

    def take_all(self, look: Look, shots: Iterable[Shot]) -> None:
        """Shots of the site; of one role they share a browser."""
        contexts: dict[str, BrowserContext] = {}
        for shot in shots:
            if shot.role not in contexts:
                contexts[shot.role] = look.open(self.browser, self.cookies.get(shot.role, ()))
            with self._trying(shot.name, look):
                self._take(contexts[shot.role], shot, look)
        for role, context in contexts.items():
            if role in self.cookies:  # typing the password again gives a new cookie; the next look goes on with it
                self.cookies[role] = context.cookies()  # type: ignore[assignment]  # a TypedDict of str and more
            context.close()

    def _take(self, context: BrowserContext, shot: Shot, look: Look) -> None:
        if shot.role != ANYONE and shot.role not in self.cookies:
            raise RuntimeError(f"{shot.role} is not signed in")
        page = context.new_page()
        answer = page.goto(self.stage.url + shot.path)
        if self._endpoint(page) == "confirm.index" and not shot.asks_itself:
            type_password(page, self.stage.demo.password if shot.role == DEMO else PASSWORD)
        if shot.act:
            shot.act(page)
        self.endpoints.add(self._endpoint(page))
        if answer and "html" in answer.headers.get("content-type", ""):
            self._keep(page, shot.name, look)
        else:
            page.close()

    def _endpoint(self, page: Page) -> str | None:
        return find_endpoint(self.stage.app, urlsplit(page.url).path)

    def take_file(self, look: Look, name: str, file: Path) -> None:
        """A page on the disk, without a network."""
        with self._trying(name, look), look.open(self.browser) as context:
            page = context.new_page()
            page.goto(file.as_uri())
            self._keep(page, name, look)

    def take_html(self, look: Look, name: str, html: str) -> None:
        with self._trying(name, look), look.open(self.browser) as context:
            page = context.new_page()
            page.set_content(html)
            self._keep(page, name, look)

    def _keep(self, page: Page, name: str, look: Look) -> None:
        page.screenshot(path=self.folder / f"{name}-{look.name}.png", full_page=True, animations="disabled")
        if name not in self.names:
            self.names.append(name)
        page.close()

    @contextmanager
    def _trying(self, name: str, look: Look) -> Iterator[None]:
        """One page that cannot be taken leaves the others their pictures."""
        try:
            yield
        except (Error, RuntimeError, OSError) as error:
            self.missed.append(f"{name}, {look.name}: {describe(error)}")


def safe(name: Any) -> str:
    """As a part of a file's name."""
    return re.sub(r"[^a-z0-9]+", "-", str(name).lower()).strip("-")
