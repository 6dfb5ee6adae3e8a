"""Names of an archive's folder, and of the files that stand for tables: `data/json/entry.json`, `entry.html`.

A table's name comes from a schema that nobody here wrote, so only plain letters are taken over. Different tables get
different names, also on file systems that ignore case, and the same table the same name in every archive.
"""

import hashlib
from datetime import date

PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_-")
PAGES = frozenset({"index", "about", "coverage"})
"""Names of the report's own pages."""
DEVICES = frozenset(
    {"con", "prn", "aux", "nul", *(f"{device}{number}" for device in ("com", "lpt") for number in range(10))}
)
"""Windows opens a device in place of a file with such a name, whatever its extension."""
LONGEST = 100
ACTIVE = frozenset(
    {"htm", "html", "shtml", "xht", "xhtml", "xml", "xsl", "xslt", "svg", "svgz", "mht", "mhtml", "js", "mjs", "hta"}
)
"""Endings of files in which a browser would run what stands there, next to this person's data."""


def folder_name(day: date, reference: str, number: int = 1) -> str:
    """The top folder of a part, and what its ZIP file is called. `day`: of the snapshot, in UTC."""
    name = f"satchel-{day.isoformat()}-{reference}"
    return name if number == 1 else f"{name}-part{number}"


def file_name(table: str) -> str:
    """The table's name with every other character as `=` and its UTF-8 bytes in hex, as in quoted-printable."""
    name = "".join(character if character in PLAIN else _escape(character) for character in table)
    if table in PAGES | DEVICES or table.startswith("-"):
        name = _escape(name[0]) + name[1:]
    if len(name) > LONGEST or not name:
        digest = hashlib.sha256(table.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        name = f"{name[: LONGEST - 18]}=={digest}"  # `==` comes from no escape
    return name


def data_path(table: str, ending: str) -> str:
    """Of the member below `data/` that holds the table in one format: `json/entry.json`."""
    return f"{ending}/{file_name(table)}.{ending}"


def _escape(character: str) -> str:
    return "".join(f"={byte:02x}" for byte in character.encode("utf-8", "surrogatepass"))
