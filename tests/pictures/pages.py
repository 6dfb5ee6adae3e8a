"""What to look at: one shot for each page of POLICY that is a page, and more for its states and refusals."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Flask
from playwright.sync_api import Page
from werkzeug.exceptions import HTTPException
from werkzeug.routing import BuildError, RequestRedirect, Rule

from app.web.policy import POLICY, Access

ANYONE = ""
DEMO = "demo"
"""The roles that nobody of the cast plays."""
ROLES = {Access.ANYONE: ANYONE, Access.HALF_SIGNED_IN: "second-factor"}
"""Who looks at a page; the demo person where nothing is said."""
AS = {
    "second_factor.set_up": "new-factor",
    "second_factor.renew": "second-factor signed in",
    "second_factor.switch_off": "second-factor signed in",
}
"""Endpoints whose page only some people see."""
NO_PAGES = {
    "static": "files of the site",
    "shared.static": "files of the site",
    "health.check": "for probes",
    "health.inspect": "for probes",
    "description.show": "for programs",
    "keys.public_key": "a key as text",
    "second_factor.qr": "an image; it is on the page that sets up the factor",
    "files.show": "a picture or file of an entry",
    "archives.status": "JSON, for the page that polls",
    "archives.download": "the file itself; its refusals are looked at",
    "examples.result": "JSON",
}
"""Endpoints that answer GET with something that nobody looks at, and why. What is no HTML is noticed by itself."""

Act = Callable[[Page], None]


@dataclass(frozen=True)
class Shot:
    name: str
    path: str
    role: str = ANYONE
    act: Act | None = None
    """Done on the page before the picture."""

    @property
    def asks_itself(self) -> bool:
        """Whether it is the page on which the password is typed again."""
        return self.path.startswith("/confirm")


def shots_of_policy(app: Flask, values: Mapping[str, Any], missed: list[str]) -> Iterator[Shot]:
    """Each page as the people see it who may. `missed` gets a line for each that no address is known of."""
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.endpoint in NO_PAGES:
            continue
        if unknown := rule.arguments - values.keys():
            missed.append(f"{rule.endpoint}: VALUES of tests/pictures/__main__.py need {', '.join(sorted(unknown))}")
            continue
        role = AS.get(rule.endpoint, ROLES.get(POLICY[rule.endpoint], DEMO))
        yield Shot(_name(rule), _path(app, rule, values), role)


def _name(rule: Rule) -> str:
    return str(rule.endpoint).replace(".", "-")


def _path(app: Flask, rule: Rule, values: Mapping[str, Any]) -> str:
    given = {name: values[name] for name in rule.arguments}
    try:
        return app.url_map.bind("localhost").build(rule.endpoint, given)
    except BuildError as error:
        raise RuntimeError(f"{rule.endpoint}: {error}") from error


def find_endpoint(app: Flask, path: str) -> str | None:
    """Which page answered under this path; None: no such page."""
    try:
        found: str = app.url_map.bind("localhost").match(path, method="GET")[0]
    except (HTTPException, RequestRedirect):
        return None
    return found


def pages_without_picture(app: Flask, seen: Collection[str | None]) -> list[str]:
    """Endpoints that answer GET with a page, and are in no picture."""
    answering = {rule.endpoint for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    return sorted((answering & POLICY.keys()) - set(seen) - NO_PAGES.keys())


def send_empty(page: Page) -> None:
    """The page's own form as it stands; what is refused is shown."""
    page.locator("main form").last.locator("button").last.click()
    page.wait_for_load_state()


def type_password(page: Page, password: str) -> None:
    """Where a page asks once more, the way to it leads over this form."""
    field = page.locator("main input[name=password]")
    if field.count():
        field.fill(password)
        send_empty(page)


def send_code(code: str, page: Page) -> None:
    page.locator("main input[name=code]").last.fill(code)
    send_empty(page)


def send_address(page: Page) -> None:
    page.locator("main input[name=email]").fill("somebody@example.org")
    send_empty(page)


def open_details(page: Page) -> None:
    for each in page.locator("main details:not([open]) > summary").all():
        each.click()


REFUSALS: Sequence[Shot] = (
    Shot("home-signed-in", "/", DEMO),
    Shot("error-404", "/nowhere"),
    Shot("sign-in-refused", "/sign-in", act=send_empty),
    Shot("sign-up-refused", "/sign-up", act=send_empty),
    Shot("forgotten-sent", "/forgotten", act=send_address),
    Shot("journal-new-refused", "/journal/new", DEMO, send_empty),
    Shot("journal-shared", "/journal?show=shared", DEMO),
    Shot("password-refused", "/settings/password", DEMO, send_empty),
    Shot("confirm-refused", "/confirm", DEMO, send_empty),
    Shot("confirm-request", "/confirm?deed=archives.create&category=entry&category=comment&files=without", DEMO),
    Shot("confirm-download", "/confirm?deed=archives.download", DEMO),
    Shot("archives-new-refused", "/archives/new?since=2026-11-22&until=2026-11-01", DEMO, send_empty),
)
"""Addresses that stay, and roles; no words that may change."""
