"""One value as the page shows it: text, and perhaps a machine-readable time, a link or a picture.

`values.js` and `cells.js` say the same for rows that are not in the page; change both together.
"""

from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import quote

from markupsafe import Markup, escape

from app.engine.names import ACTIVE
from app.engine.report.formats import Formats
from app.engine.report.tables import is_readable
from app.engine.shape import Field, Kind, Value

PICTURES = frozenset({"png", "jpg", "jpeg", "gif", "webp"})


class Cell(NamedTuple):
    kind: str
    text: str
    time: str = ""
    link: str = ""
    is_picture: bool = False
    alt: str = ""
    """What a picture shows, where somebody has said it."""


def to_cell(
    field: Field, value: Value, formats: Formats, person: str | None, base: str = "", *, alt: str = ""
) -> Cell:
    """`person`: their key, in a column where it may stand.

    `base`: where the row's files lie, from the page: empty in the same part, else the folder of another. A picture of
    another part is a link only: the folder may not be there.
    """
    if value is None:
        return Cell(field.kind, "")
    if word := dict(field.words).get(value) if field.words else None:
        return Cell(field.kind, formats.translate(word))
    if field.kind in {"moment", "date"}:
        shown = formats.moment(str(value)) if field.kind == "moment" else formats.date(str(value))
        return Cell(field.kind, shown, time=str(value))
    if field.kind == "file":
        is_picture = not base and _ending(value) in PICTURES
        return Cell(field.kind, str(value), link=link_file(str(value), base), is_picture=is_picture, alt=alt)
    text = _say(field.kind, value, formats, person)
    return Cell("name" if field.kind == "id" and is_readable(text) else field.kind, text)


def draw_row(head: Cell, others: Sequence[tuple[Cell, str]]) -> Markup:
    """What stands between `<tr>` and `</tr>`. `head` names the row; each other cell comes with more classes for it.

    All cells of the first rows pass here: Jinja, and even `Markup.format`, take several times as long.
    """
    drawn = [f'<th scope="row" class="t-{head.kind}">{_draw(head, "")}</th>']
    drawn += [f'<td class="t-{cell.kind}{more}">{_draw(cell, head.text)}</td>' for cell, more in others]
    return Markup("".join(drawn))  # noqa: S704  # kinds and classes are words of ours, and `_draw` escapes


def _draw(cell: Cell, title: str) -> str:
    """`title`: what a picture is called that nobody has described; empty: as its file is."""
    text, link = escape(cell.text), escape(cell.link)
    if cell.time:
        return f'<time datetime="{escape(cell.time)}">{text}</time>'
    if link and cell.is_picture:
        picture = f'<img src="{link}" alt="{escape(cell.alt or title) or text}" loading="lazy" decoding="async">'
        return f'<a class="thumb" href="{link}">{picture}</a>'
    if link:
        return f'<a href="{link}">{text}</a>'
    return f'<span class="clip">{text}</span>' if cell.kind in {"longtext", "json"} else text


def _say(kind: Kind, value: Value, formats: Formats, person: str | None) -> str:
    if kind == "number":
        return formats.number(value)
    if kind == "bytes":
        return formats.translate("Bytes: %(count)s") % {"count": formats.number(value)}
    if kind == "flag":
        return formats.translate("Yes") if value else formats.translate("No")
    if kind == "id" and str(value) == person:
        return formats.translate("You")
    return str(value)


def link_file(path: str, base: str = "") -> str:
    """The link to a member below `data/`; empty for files that a browser would run, and for what is no such path."""
    parts = path.split("/")
    if _ending(path) in ACTIVE or any(part in {"", ".", ".."} for part in parts):
        return ""
    return f"{base}data/" + "/".join(quote(part, safe="") for part in parts)


def _ending(path: str) -> str:
    return path.rpartition(".")[2].lower()
