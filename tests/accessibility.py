"""What every page must be, whatever it shows: axe's rules (WCAG 2.2 AA and best practice), nothing cut off, targets of
44 px, one place for messages; and usable with large or spaced text, forced colours, without motion, and on paper.
"""

from collections.abc import Callable
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

OPTIONS = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],  # of rules that hold it need not describe every element
    "preload": False,  # axe would fetch the style sheets, which the pages' policy rightly forbids
}
COLOURS = {**OPTIONS, "runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
"""The rules that ask for colours. A dark page is a light one in other colours, so that all others find the same."""
SPACED = (
    "*{line-height:1.5!important;letter-spacing:.12em!important;word-spacing:.16em!important}p{margin-block-end:2em}"
)
"""What WCAG 1.4.12 lets people set."""
NARROW = 600
"""Pages of fewer pixels are what is left of a wide one at 400 %; enlarging them once more is asked by nobody."""

_WIDTH = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
_WEAR = "css => { const s = new CSSStyleSheet(); s.replaceSync(css); document.adoptedStyleSheets = css ? [s] : [] }"
_SHOWN = "const shown = e => e.checkVisibility({ visibilityProperty: true }) && !e.closest('.vh,.skip');"
_SMALL_TARGETS = """least => { SHOWN
  const inText = e => getComputedStyle(e).display === "inline"
    && e.parentElement.textContent.trim().length > e.textContent.trim().length + 1;
  const box = e => [e, ...(e.type === "radio" || e.type === "checkbox" ? e.labels : [])]
    .map(each => each.getBoundingClientRect())
    .reduce((a, b) => ({ width: Math.max(a.width, b.width), height: Math.max(a.height, b.height) }));
  return [...document.querySelectorAll("a[href],button,input:not([type=hidden]),select,textarea,summary")]
    .filter(e => shown(e) && !e.disabled && !inText(e))
    .filter(e => Math.min(box(e).width, box(e).height) < least - 0.5)
    .map(e => `${e.outerHTML.slice(0, 90)}: ${Math.round(box(e).width)} × ${Math.round(box(e).height)}`);
}""".replace("SHOWN", _SHOWN)
_UNMARKED = """() => { SHOWN
  return [...document.querySelectorAll("[aria-current]")].filter(shown)
    .filter(e => getComputedStyle(e).outlineStyle === "none").map(e => e.outerHTML.slice(0, 90));
}""".replace("SHOWN", _SHOWN)
_MOVING = """() => [...document.querySelectorAll("*")].filter(e => {
  const style = getComputedStyle(e);
  return parseFloat(style.transitionDuration) > 0 || style.animationName !== "none";
}).map(e => e.outerHTML.slice(0, 90))"""
_ON_PAPER = """() => { SHOWN
  const left = [...document.querySelectorAll(".no-print,.skip")].filter(e => e.checkVisibility());
  return shown(document.querySelector("main")) ? left.map(e => e.outerHTML.slice(0, 90)) : ["nothing is printed"];
}""".replace("SHOWN", _SHOWN)


def find_faults(page: Page, options: dict[str, Any] = OPTIONS) -> list[str]:
    found: dict[str, Any] = Axe().run(page, options=options).response
    return [f"{each['id']}: {node['html']}" for each in found["violations"] for node in each["nodes"]]


def find_bad_colours(page: Page) -> list[str]:
    return find_faults(page, COLOURS)


def find_small_targets(page: Page, least: int = 44) -> list[str]:
    """Links inside a sentence are as high as its line, as WCAG 2.5.8 allows; boxes are as large as their labels."""
    found: list[str] = page.evaluate(_SMALL_TARGETS, least)
    return found


def find_cut_off(page: Page) -> list[str]:
    wide = page.evaluate(_WIDTH)
    return [f"{wide} px are beyond the edge"] if wide else []


def find_rivals(page: Page) -> list[str]:
    """Of two places that are read out by themselves, one interrupts the other."""
    count = page.locator("[role=status]:visible:not(:empty)").count()
    return [f"{count} messages at once"] if count > 1 else []


def find_bad_spacing(page: Page) -> list[str]:
    page.evaluate(_WEAR, SPACED)
    try:
        return find_cut_off(page)
    finally:
        page.evaluate(_WEAR, "")


def find_bad_zoom(page: Page) -> list[str]:
    """To a page, 200 % is a window half as wide."""
    size = page.viewport_size
    if not size or size["width"] < NARROW:
        return []
    page.set_viewport_size({"width": size["width"] // 2, "height": size["height"] // 2})
    try:
        return find_cut_off(page)
    finally:
        page.set_viewport_size(size)


def find_unmarked(page: Page) -> list[str]:
    """With forced colours no background tells which link is the current one."""
    return _as_if(page, _UNMARKED, forced_colors="active")


def find_motion(page: Page) -> list[str]:
    return _as_if(page, _MOVING, reduced_motion="reduce")


def find_waste(page: Page) -> list[str]:
    """What is printed and of no use on paper."""
    return _as_if(page, _ON_PAPER, media="print")


CHECKS: dict[str, Callable[[Page], list[str]]] = {
    "axe": find_faults,
    "cut off": find_cut_off,
    "small targets": find_small_targets,
    "messages": find_rivals,
    "cut off when text is spaced": find_bad_spacing,
    "cut off at 200 %": find_bad_zoom,
    "not marked with forced colours": find_unmarked,
    "moves although that is not wanted": find_motion,
    "printed": find_waste,
}


IN_DARK = {"colours": find_bad_colours, "cut off": find_cut_off}


def check(page: Page, name: str, *, in_light: bool = False) -> None:
    """`name`: of the page or its state, for the message. `in_light`: it is dark, and checked in light as well."""
    page.wait_for_load_state()  # a page can be read, and asked for its faults, before its style sheets are there
    found = {kind: faults for kind, find in (IN_DARK if in_light else CHECKS).items() if (faults := find(page))}
    assert not found, f"{name}: {found}"


def _as_if(page: Page, script: str, **media: Any) -> list[str]:
    page.emulate_media(**media)
    try:
        found: list[str] = page.evaluate(script)
        return found
    finally:
        back: dict[str, Any] = dict.fromkeys(media, "null")
        page.emulate_media(**back)
