"""Markdown of entries and comments → HTML that is safe to show, and → plain text for excerpts.

Two walls: the parser lets no HTML through, and the sanitiser drops every element and address that is not listed.
"""

import html
from collections.abc import Sequence

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

_TAGS = {
    "a", "blockquote", "br", "code", "em", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "strong", "ul",
}  # fmt: skip
_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
_SCHEMES = {"http", "https", "mailto"}
_DEEPEST = 6

# No images: one from elsewhere would tell its server who reads, and when. Pictures are attached instead.
_parser = MarkdownIt("commonmark", {"html": False, "linkify": False}).disable("image")


def render_markdown(text: str) -> str:
    tokens = _parser.parse(text)
    _lower_headings(tokens)
    return sanitize(_parser.renderer.render(tokens, _parser.options, {}))


def sanitize(markup: str) -> str:
    return nh3.clean(
        markup,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        link_rel="noopener noreferrer nofollow",
    )


def plain_text(text: str) -> str:
    """The words alone, on one line."""
    return " ".join(html.unescape(nh3.clean(_parser.render(text), tags=set())).split())


def _lower_headings(tokens: Sequence[Token]) -> None:
    """The page's own title is its only first-level heading."""
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(int(token.tag[1]) + 1, _DEEPEST)}"
