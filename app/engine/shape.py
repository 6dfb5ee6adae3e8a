"""What the parts of the engine hand to each other: the shape of a table, its rows, and what is missing.

A row is a tuple of values, one for each field of its table's shape; a value is what JSON can say without loss.
"""

from dataclasses import dataclass
from datetime import datetime
from gettext import NullTranslations
from typing import Any, Literal

from app.engine.names import folder_name
from app.engine.register import TableDeclaration

Value = Any  # None, bool, int, float, str, or lists and dicts of these
Row = tuple[Value, ...]

Kind = Literal["id", "text", "longtext", "number", "moment", "date", "flag", "json", "bytes", "file"]
"""How a value reads. moment: ISO 8601 with zone. date: ISO 8601. bytes: base64. json: the text of a JSON document.
file: the path of a member below `data/`, such as `media/000001.jpg`; None when the file is a gap or there is none."""

ENGLISH_WORDS = NullTranslations()
"""Those that stand in the code."""
REPORT = "report"
FORMATS = ("json", "csv", REPORT)
"""JSON is in every archive: it alone loses nothing."""


@dataclass(frozen=True)
class Field:
    name: str
    label: str
    kind: Kind
    number: bool = False
    """The value is written as text to keep every digit, but sorts as a number."""
    words: tuple[tuple[Value, str], ...] = ()
    """Values that the report says in words, each with its word in English."""
    may_nest: bool = False
    """Lists and dicts may stand there: its type is the site's own."""
    alt: str | None = None
    """Of a file: the name of the field that says what a picture shows."""


@dataclass(frozen=True)
class Reference:
    """A column that holds keys of rows in a table of the archive; where it may hold a pseudonym, not in every row."""

    column: str
    table: str
    to: str
    """The primary key of that table."""


@dataclass(frozen=True)
class TableShape:
    """A table as the archive shows it."""

    name: str
    declaration: TableDeclaration
    fields: tuple[Field, ...]
    key: tuple[str, ...]
    """Names of the primary key's columns."""
    references: tuple[Reference, ...] = ()

    def find(self, name: str) -> int:
        """The position of this field."""
        return next(position for position, field in enumerate(self.fields) if field.name == name)


@dataclass(frozen=True)
class WantedFile:
    """A file that a row names."""

    store: str
    stored_name: str
    name: str
    """What the person calls it."""
    row: str
    """The row's primary key, as text."""
    sha256: str | None
    """What its bytes must come to, where the row says so."""


@dataclass(frozen=True)
class Gap:
    """Something that should be in the archive and could not be read."""

    table: str
    row: str
    """The row's primary key, as text."""
    name: str
    """What the person calls it: a file's name."""
    reason: str


@dataclass(frozen=True)
class Coverage:
    """One line of the coverage statement: what became of one table of the database."""

    table: str
    title: str
    status: Literal["included", "empty", "left_out", "excluded"]
    """empty: none are the person's. left_out: all that are the person's, by their choice."""
    rows: int
    reason: str
    left_out: tuple[tuple[str, str], ...]
    """Columns that are not in the archive, each with the reason."""
    deleted: int = 0
    """Rows that stay out because they, or what they stood under, are marked as deleted."""
    rows_left_out: int = 0
    """The person's own, which their choices keep out."""
    files_left_out: int = 0
    """That rows of the archive name, and that the person did not want."""


@dataclass(frozen=True)
class Subject:
    """Whose archive it is, and how they read dates and numbers."""

    id: str
    name: str
    email: str
    locale: str
    """As Babel names it: `en`, `en_GB`, `vi`."""
    time_zone: str
    """An IANA name."""


@dataclass(frozen=True)
class Edition:
    """The facts of one archive that do not come from the rows."""

    site: str
    reference: str
    """Eight letters or digits that name this archive to people."""
    snapshot_at: datetime
    """The one moment that all rows were read at."""
    subject: Subject
    translations: NullTranslations = ENGLISH_WORDS
    """Into the language of the report, and of what the data package says to people."""

    @property
    def language(self) -> str:
        """Of the words; dates and numbers may be written as elsewhere."""
        return self.translations.info().get("language", "en").replace("_", "-")

    def folder(self, part: int = 1) -> str:
        """The top folder of a part."""
        return folder_name(self.snapshot_at.date(), self.reference, part)
