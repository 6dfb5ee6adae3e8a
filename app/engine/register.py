"""What each table and column is to a person: the declarations that stand beside the schema.

They live in `Table.info` and `Column.info`, SQLAlchemy's own place for such facts, so they work alike for
declarative models, plain tables and reflected ones. `graph` reads them; nothing here touches a database.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

KEY = "satchel"

TableKind = Literal["subject", "owned", "reference", "excluded"]


@dataclass(frozen=True)
class TableDeclaration:
    """What a table is, and what its page tells the person about it (GDPR Art. 15(1))."""

    kind: TableKind
    paths: tuple[str, ...] = ()
    title: str = ""
    icon: str = "file-text"
    purpose: str = ""
    retention: str = ""
    recipients: str = ""
    source: str = ""
    reason: str = ""
    dated: str | None = None
    """The column that says when a row is from; None: by its name. Empty: none does."""


@dataclass(frozen=True)
class Secret:
    """Never leaves: password hashes, tokens, keys."""


@dataclass(frozen=True)
class Internal:
    """Left out, and the archive says why."""

    reason: str


@dataclass(frozen=True)
class ThirdParty:
    """Points to somebody else or to what is theirs: written as a pseudonym, or as the column `shows`."""

    shows: str | None = None


@dataclass(frozen=True)
class StoredFile:
    """Names a file of the store; its bytes come along. The others name sibling columns."""

    store: str
    title: str | None = None
    sha256: str | None = None
    size: str | None = None
    alt: str | None = None


@dataclass(frozen=True)
class Harmless:
    """Leaves like any other column, although its name looks like a secret's."""


@dataclass(frozen=True)
class DeletionMark:
    """Set on rows that were deleted and that the database still holds: `deleted_at`, `is_deleted`."""

    leave_out: bool
    by: str | None = None
    """The owner path to whoever sets it; None: what it marks is deleted for every owner."""


@dataclass(frozen=True)
class Words:
    """Holds one of a few codes, which the report says in words."""

    pairs: tuple[tuple[Any, str], ...]
    """Each code with its word."""


ColumnDeclaration = Secret | Internal | ThirdParty | StoredFile | Harmless | DeletionMark | Words

Info = dict[Any, Any]


def subject(**facts: str) -> Info:
    """The table whose rows are the people. Facts: title, icon, purpose, retention, recipients, source."""
    return {KEY: TableDeclaration("subject", (), **facts)}


def owned(*paths: str, dated: str | None = None, **facts: str) -> Info:
    """Rows that reach the person by at least one owner path, for example `entry_id.author_id`.

    A step that ends in `+`, such as `parent_id+.author_id`, is a key of a table to itself that is followed once or
    more often, up to any depth; without `+` it is followed once.

    `dated`: the column that says when a row is from, for people who ask for a range of dates. By itself it is the
    column `date`, `at` or `created_at`, the first that there is; `""`: none, the rows belong to every date.
    """
    return {KEY: TableDeclaration("owned", paths, dated=dated, **facts)}


def reference(**facts: str) -> Info:
    """Rows that owned rows point to; included as far as they are pointed to."""
    return {KEY: TableDeclaration("reference", (), **facts)}


def excluded(reason: str) -> Info:
    """Not in the archive; the archive shows the reason."""
    return {KEY: TableDeclaration("excluded", reason=reason)}


def secret() -> Info:
    """Never leaves: password hashes, tokens, keys."""
    return {KEY: Secret()}


def internal(reason: str) -> Info:
    """Left out; the archive shows the reason."""
    return {KEY: Internal(reason)}


def third_party(shows: str | None = None) -> Info:
    """`shows`: a column of the table pointed to that its owner shows publicly, such as a display name.

    A foreign key to a row that is in the archive is written as it is; every other value becomes a pseudonym.
    """
    return {KEY: ThirdParty(shows)}


def harmless() -> Info:
    """For a column whose name looks like a secret's and is none, such as a file's checksum."""
    return {KEY: Harmless()}


def deletion_mark(*, leave_out: bool, by: str | None = None) -> Info:
    """For the column that is set, or true, on deleted rows.

    `leave_out`: such rows stay out of the archive with whatever is reached only through them, and the coverage
    statement counts them. Otherwise they are in it like all others, and the coverage statement says so.
    `by`: the owner path to whoever deletes a row by it, where rows have several owners; the others keep it,
    and are not told.
    """
    return {KEY: DeletionMark(leave_out, by)}


def words(of: Mapping[Any, str]) -> Info:
    """For a column that holds one of a few codes. `of`: each code, or member of an enumeration, with its word.

    The report says the word, in the person's language; JSON and CSV keep what is stored.
    """
    return {KEY: Words(tuple(of.items()))}


def file(
    store: str,
    *,
    title: str | None = None,
    sha256: str | None = None,
    size: str | None = None,
    alt: str | None = None,
) -> Info:
    """`title`: the column with the file's own name. `sha256`: that with its checksum; a file that differs is a gap.
    `size`: that with its bytes, by which people are told how large their archive will be. `alt`: that which says what
    a picture shows, to people who cannot see it.
    """
    return {KEY: StoredFile(store, title, sha256, size, alt)}
