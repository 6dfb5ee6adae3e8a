"""The checks of `tests/accessibility.py` find what they are for; and the colours of both looks can be read."""

import re

import pytest
from playwright.sync_api import Page

from tests.accessibility import CHECKS, find_bad_colours
from tests.browser import NewPage
from tests.programs import ROOT

PAGE = """<!doctype html><html lang="en"><head><title>A page</title><style>
body{margin:0}[aria-current]{outline:2px solid}a,button{display:inline-block;min-width:44px;min-height:44px}
@media print{.no-print{display:none}}</style></head>
<body><main><h1>A page</h1><p role="status">Saved.</p><a href="#" aria-current="page">Here</a>PLANTED
</main></body></html>"""
PLANTED = {
    "axe": '<img src="data:,">',
    "cut off": '<p style="width:2000px">Wide</p>',
    "small targets": '<button style="min-height:0;height:30px">Small</button>',
    "messages": '<p role="status">Deleted.</p>',
    "cut off when text is spaced": '<p style="white-space:nowrap;font:16px monospace">SPACED</p>',
    "cut off at 200 %": '<p style="width:45rem">Large</p>',
    "not marked with forced colours": '<a href="#" aria-current="true" style="outline:none">There</a>',
    "moves although that is not wanted": '<p style="transition:color 1s">Moving</p>',
    "printed": '<p class="skip">Skip</p>',
}


@pytest.mark.browser
def test_each_check_finds_a_planted_fault_and_no_other(new_page: NewPage) -> None:
    page = new_page(may_err=True, viewport={"width": 1280, "height": 900})
    assert PLANTED.keys() == CHECKS.keys()
    _show(page, "")
    assert not {kind for kind, find in CHECKS.items() if find(page)}
    for kind, planted in PLANTED.items():
        _show(page, planted.replace("SPACED", "x" * 120))  # 9.6 px each, and 11.5 px when spaced
        assert CHECKS[kind](page), kind


@pytest.mark.browser
@pytest.mark.parametrize(
    ("planted", "count"),
    [
        ('<p style="color:#777;background:#666">Grey</p>', 1),
        (PLANTED["axe"], 0),
    ],
    ids=["contrast", "no colour"],
)
def test_colours_are_looked_at_alone(new_page: NewPage, planted: str, count: int) -> None:
    page = new_page(may_err=True, color_scheme="dark")
    _show(page, planted)
    assert len(find_bad_colours(page)) == count


def _show(page: Page, planted: str) -> None:
    page.set_content(PAGE.replace("PLANTED", planted))


BASE = (ROOT / "app/engine/report/assets/base.css").read_text()
TEXTS = [
    (ink, paper) for ink in ("ink", "ink-2", "ink-3", "accent", "bad") for paper in ("bg", "surface", "surface-2")
]
SIGNALS = [(name, f"{name}-soft") for name in ("ok", "info", "warn", "bad", "idle", "accent")]
NOTES = [("ink", f"{name}-soft") for name in ("ok", "info", "warn", "bad")]
BUTTONS = [("on-accent", "accent"), ("on-accent", "accent-strong"), ("surface", "bad"), ("ink-2", "idle-soft")]
EDGES = [(edge, paper) for edge in ("line-strong", "focus") for paper in ("bg", "surface", "surface-2")]


def read_tokens(block: str) -> dict[str, str]:
    found = re.findall(r"--([a-z0-9-]+):#([0-9a-f]{3}|[0-9a-f]{6})\b", block)
    return {name: value if len(value) == 6 else "".join(2 * each for each in value) for name, value in found}


def looks() -> dict[str, dict[str, str]]:
    light, dark, paper = (BASE.partition(start)[2].partition("}")[0] for start in STARTS)
    tokens = read_tokens(light)
    return {"light": tokens, "dark": tokens | read_tokens(dark), "print": tokens | read_tokens(paper)}


STARTS = (":root{", "@media (prefers-color-scheme:dark){:root{", "@media print{:root{")


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def find_pale(tokens: dict[str, str]) -> list[str]:
    texts = [*TEXTS, *SIGNALS, *NOTES, *BUTTONS]
    pairs = [(ink, paper, 4.5) for ink, paper in texts] + [(edge, paper, 3.0) for edge, paper in EDGES]
    measured = [(ink, paper, least, contrast(tokens[ink], tokens[paper])) for ink, paper, least in pairs]
    return [f"{ink} on {paper}: {ratio:.2f}" for ink, paper, least, ratio in measured if ratio < least]


def test_colours_can_be_told_apart() -> None:
    assert round(contrast("ffffff", "767676"), 2) == 4.54  # as WCAG's own examples have it
    found = {look: find_pale(tokens) for look, tokens in looks().items()}
    assert not any(found.values()), found
    assert find_pale(looks()["light"] | {"ink-3": "8a8a8a"})  # the control
