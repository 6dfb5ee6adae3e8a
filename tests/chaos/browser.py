"""A client without a browser: http.client with cookies. Each page that it asks for is noted, answered or not."""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPMessage
from http.cookies import SimpleCookie
from urllib.parse import urlencode

GIVES_UP = 60.0
"""Seconds; far more than any page may take, so that a slow page is measured and not only missed."""
_TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


class UnansweredError(Exception):
    """The server ended the connection before the whole answer was there, or did not listen."""


@dataclass(frozen=True)
class Page:
    """`status` 0: unanswered. Times are seconds since 1970."""

    method: str
    path: str
    began: float
    ended: float
    status: int


@dataclass(frozen=True)
class Answer:
    status: int
    headers: HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


class Browser:
    """`number` makes its address: whoever signs in too often from one address is asked to wait."""

    def __init__(self, address: tuple[str, int], number: int, pages: list[Page]) -> None:
        self._address = address
        self._pages = pages
        self._from = f"10.0.{number // 250}.{number % 250 + 1}"
        self._cookies: dict[str, str] = {}
        self._token = ""

    def get(self, path: str) -> Answer:
        return self._ask("GET", path, None)

    def post(self, path: str, **fields: str) -> Answer:
        return self._ask("POST", path, urlencode({"csrf_token": self._token, **fields}))

    def take_bytes(self, path: str, count: int) -> None:
        """Ask, take so many bytes of the answer, and be gone. Raises OSError, HTTPException."""
        connection = HTTPConnection(*self._address, timeout=GIVES_UP)
        try:
            connection.request("GET", path, headers=self._headers())
            connection.getresponse().read(count)
        finally:
            connection.close()

    def _ask(self, method: str, path: str, body: str | None) -> Answer:
        began, status = time.time(), 0
        connection = HTTPConnection(*self._address, timeout=GIVES_UP)
        try:
            connection.request(method, path, body, self._headers())
            response = connection.getresponse()
            answer = Answer(response.status, response.headers, response.read())
            status = answer.status
        except (OSError, HTTPException) as error:
            raise UnansweredError(f"{method} {path}: {error!r}") from error
        finally:
            connection.close()
            self._pages.append(Page(method, path, began, time.time(), status))
        self._remember(answer)
        return answer

    def _headers(self) -> Mapping[str, str]:
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        form = "application/x-www-form-urlencoded"
        return {"Cookie": cookies, "X-Forwarded-For": self._from, "Content-Type": form, "Connection": "close"}

    def _remember(self, answer: Answer) -> None:
        for line in answer.headers.get_all("Set-Cookie", []):
            self._cookies |= {name: morsel.value for name, morsel in SimpleCookie(line).items()}
        if answer.headers.get_content_type() == "text/html" and (found := _TOKEN.search(answer.text)):
            self._token = found[1]
