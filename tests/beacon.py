"""Notices what fires in a browser, and what would: each payload asks for an address of its own."""

from urllib.parse import urlsplit

from playwright.sync_api import Page, Route

MARKS = "script:not([src]), iframe, object, embed, base, meta[http-equiv=refresh], main style, [srcdoc], [autofocus]"
PAINT = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
FIND = """async marks => {
  await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
  const handlers = [...document.all].filter(each => each.getAttributeNames().some(name => name.startsWith("on")));
  return [...document.querySelectorAll(marks), ...handlers].map(each => each.outerHTML);
}"""

Fired = set[str]


def listen(page: Page, host: str) -> Fired:
    """The numbers of the payloads that fired, as it fills."""
    fired: Fired = set()

    def take(route: Route) -> None:
        fired.add(urlsplit(route.request.url).path.strip("/").split("/")[0])
        route.fulfill(status=204)

    page.context.route(f"{host}/**", take)
    return fired


def find_planted(page: Page) -> list[str]:
    """Elements that a payload asked for, whether or not they fired; waits until the page is painted."""
    found: list[str] = page.evaluate(FIND, MARKS)
    return found


def look(page: Page, address: str) -> None:
    """Stays for what waits to fire; and no element is there that a payload asked for."""
    answer = page.goto(address)
    assert answer is None or answer.ok, address
    assert find_planted(page) == [], address


def brave(page: Page, address: str) -> None:
    """A page that is taken over may leave, and is no failure of the test."""
    page.goto(address, wait_until="commit")
    page.wait_for_load_state("load")
    page.evaluate(PAINT)
