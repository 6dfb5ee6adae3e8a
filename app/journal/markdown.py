"""Markdown of entries and comments → HTML that is safe to show, and → plain text for excerpts.

Two walls: the parser lets no HTML through, and the sanitiser drops every element and address that is not listed.

What would take long is shown as it was written. The parser's work grows with the signs of Markdown and the line ends
of a text, sometimes with their square: 2 MB of lines `[a` held a thread for 40 s. The worst that was found takes 0.7 s
within the limits below.
"""

import html
import re
from collections.abc import Sequence

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

MOST_SIGNS = 5_000
"""Of an entry, line ends among them: 2,000 words in *italics*, or 1,000 links."""
MOST_SIGNS_OF_COMMENT = 200
"""A page shows many of them."""
LONGEST = 100_000
"""Characters; some forty printed pages."""
_SIGNS = re.compile(r"[\[\]!*_`<&\\\n]")
_TAGS = {
    "a", "blockquote", "br", "code", "em", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "strong", "ul",
}  # fmt: skip
_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
_SCHEMES = {"http", "https", "mailto"}
_DEEPEST = 6

# No images: one from elsewhere would tell its server who reads, and when. Pictures are attached instead.
_parser = MarkdownIt("commonmark", {"html": False, "linkify": False}).disable("image")
# The parser tries every rule at each of some twenty signs, once for each open bracket. Those that no rule of ours
# begins with are plain text and cost nothing: 50 comments of `a:a:a:` after 20 brackets had taken 12 s.
_parser.inline.terminator_re = _SIGNS


def render_markdown(text: str, most_signs: int = MOST_SIGNS) -> str:
    """With more than so many signs of Markdown, or with more than LONGEST characters, the text as it was written."""
    if is_costly(text, most_signs):
        return _as_written(text)
    tokens = _parser.parse(text)
    _lower_headings(tokens)
    return sanitize(_parser.renderer.render(tokens, _parser.options, {}))


def is_costly(text: str, most_signs: int = MOST_SIGNS) -> bool:
    """Would it hold a thread of the web server for long?"""
    if len(text) > LONGEST:
        return True
    return sum(1 for _ in _SIGNS.finditer(text)) > most_signs


def sanitize(markup: str) -> str:
    return nh3.clean(
        markup,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        link_rel="noopener noreferrer nofollow",
    )


def plain_text(text: str, most_signs: int = MOST_SIGNS) -> str:
    """The words alone, on one line."""
    if is_costly(text, most_signs):
        return " ".join(text.split())
    return " ".join(html.unescape(nh3.clean(_parser.render(text), tags=set())).split())


def _as_written(text: str) -> str:
    """Paragraphs and line breaks, and nothing else."""
    paragraphs = re.split(r"\n\s*\n", text.strip())
    return "\n".join(f"<p>{html.escape(each).replace(chr(10), '<br>')}</p>" for each in paragraphs)


def _lower_headings(tokens: Sequence[Token]) -> None:
    """The page's own title is its only first-level heading."""
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(int(token.tag[1]) + 1, _DEEPEST)}"
