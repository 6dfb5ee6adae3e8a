"""What a person does: sign in, click (sometimes twice at once), watch the page, download, open the ZIP files."""

import json
import random
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.chaos.browser import Answer, Browser, UnansweredError
from tests.chaos.downloaded import find_faults
from tests.chaos.people import Person
from tests.conftest import PASSWORD

_FILES = re.compile(r'href="(/archives/[0-9a-f]{64}/download(?:/\d+)?)"')


SIGN_IN_PAUSE = 6.1
"""Seconds between two tries: the site hears ten a minute, also of those that it answers with 503."""


class ImpatientError(Exception):
    """The person has waited long enough."""


@dataclass(frozen=True)
class Download:
    archive_id: str
    faults: list[str]


class Visit:
    """`patience`: seconds from now on. `clicks`: ids of archives that a page has promised are added to it."""

    def __init__(
        self, browser: Browser, person: Person, rng: random.Random, *, patience: float, clicks: list[str]
    ) -> None:
        self._browser, self._person, self._rng, self._clicks = browser, person, rng, clicks
        self._deadline = time.monotonic() + patience

    def request_and_download(self) -> Download:
        """Raises ImpatientError."""
        self.sign_in()
        size = self._rng.choice(("", "", "400000"))
        archive_id = self._click_twice(size) if self._rng.random() < 0.25 else self._click(size)
        self._watch(archive_id)
        return self.download(archive_id)

    def sign_in(self) -> None:
        self._insist(self._sign_in, 302, pause=SIGN_IN_PAUSE)

    def _sign_in(self) -> Answer:
        form = self._browser.get("/sign-in")
        if form.status != 200:  # 302: still signed in
            return form
        return self._browser.post("/sign-in", email=self._person.email, password=PASSWORD)

    def _click(self, size: str) -> str:
        self._insist(lambda: self._browser.get("/archives/"), 200)
        answer = self._insist(lambda: self._browser.post("/archives/", part_size=size), 303)
        archive_id = answer.headers["Location"].rpartition("/")[2]
        self._clicks.append(archive_id)
        return str(archive_id)

    def _click_twice(self, size: str) -> str:
        """The other click may be lost: whatever row it made is found in the database at the end."""
        self._insist(lambda: self._browser.get("/archives/"), 200)
        other = threading.Thread(target=self._click_once, args=[size])
        other.start()
        archive_id = self._click(size)
        other.join()
        return archive_id

    def _click_once(self, size: str) -> None:
        try:
            self._browser.post("/archives/", part_size=size)
        except UnansweredError:
            return

    def _watch(self, archive_id: str) -> None:
        """As the page does: it asks again when the server says."""
        while True:
            answer = self._insist(lambda: self._browser.get(f"/archives/{archive_id}/status"), 200)
            words = json.loads(answer.body)
            if words["done"]:
                return
            self._pause(words["poll_after"])

    def download(self, archive_id: str) -> Download:
        page = self._insist(lambda: self._browser.get(f"/archives/{archive_id}"), 200)
        paths = _FILES.findall(page.text)
        files = [self._insist(lambda path=path: self._browser.get(path), 200).body for path in paths]  # type: ignore[misc]
        return Download(archive_id, find_faults(files, self._person) if files else ["not served"])

    def _insist(self, ask: Callable[[], Answer], wanted: int, pause: float = 0.3) -> Answer:
        """Until it is answered as wanted. Every other answer is noted by the browser, and judged at the end."""
        while True:
            try:
                answer = ask()
            except UnansweredError:
                pass
            else:
                if answer.status == wanted:
                    return answer
            self._pause(pause)

    def _pause(self, seconds: float) -> None:
        if time.monotonic() + seconds > self._deadline:
            raise ImpatientError(self._person.email)
        time.sleep(seconds)
