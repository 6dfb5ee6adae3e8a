"""The page that shows all pictures side by side, and the few that the docs use."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

from PIL import Image

from tests.pictures.looks import WIDE, Look
from tests.programs import ROOT

DOCS = ROOT / "docs" / "pictures"
PUBLISHED = {
    "start.png": ("site-home-index",),
    "journal.png": ("site-journal-index",),
    "request.png": ("site-archives-new", "state-none-yet"),
    "archives.png": ("state-history",),
    "ready.png": ("state-ready-own",),
    "report.png": ("report-index",),
    "coverage.png": ("report-coverage",),
}
"""Picture of the docs → whose look it is: the first of these that was taken."""
PUBLISHED_LOOK = "light"
COLOURS = 128


def write_index(folder: Path, names: Sequence[str], looks: Sequence[Look], missed: Sequence[str]) -> Path:
    """`folder` holds `NAME-LOOK.png` for each that could be taken."""
    heads = "".join(f"<th scope=col>{escape(look.title)}</th>" for look in looks)
    rows = "".join(
        f"<tr id={escape(name)}><th scope=row><a href=#{escape(name)}>{escape(name)}</a></th>"
        f"{''.join(_cell(folder, name, look.name) for look in looks)}</tr>"
        for name in names
    )
    complaints = "".join(f"<li>{escape(line)}" for line in missed)
    page = folder / "index.html"
    page.write_text(
        f"<!doctype html><html lang=en><meta charset=utf-8><title>Pictures</title><style>{_STYLE}</style>"
        f"<h1>{len(names)} pages, each in {len(looks)} looks</h1><ul>{complaints}</ul>"
        f"<table><thead><tr><td></td>{heads}</tr></thead>{rows}</table>"
    )
    return page


_STYLE = (
    "body{font:14px system-ui;margin:1rem}img{width:18rem;border:1px solid #888}"
    "td,th{vertical-align:top;padding:.25rem;text-align:left}thead th{position:sticky;top:0;background:#fff}"
)


def _cell(folder: Path, name: str, look: str) -> str:
    file = f"{name}-{look}.png"
    if not (folder / file).exists():
        return "<td>–</td>"
    image = f"<img loading=lazy alt='{escape(name)}, {escape(look)}' src={escape(file)}>"
    return f"<td><a href={escape(file)}>{image}</a></td>"


def publish(folder: Path, into: Path = DOCS) -> list[str]:
    """Write the pictures of the docs: the top of the page, of one size, with few colours. Returns what is missing."""
    into.mkdir(exist_ok=True)
    missing = []
    for name, taken in PUBLISHED.items():
        sources = [folder / f"{each}-{PUBLISHED_LOOK}.png" for each in taken]
        if source := next((each for each in sources if each.exists()), None):
            shrink(source, into / name)
        else:
            missing.append(f"docs/pictures/{name}: there is no picture {sources[0].name}")
    return missing


def shrink(source: Path, target: Path) -> None:
    size = (WIDE["width"], WIDE["height"])
    with Image.open(source) as image:
        cut = image.convert("RGB").crop((0, 0, *size))
    cut.quantize(COLOURS, dither=Image.Dither.NONE).save(target, optimize=True)
