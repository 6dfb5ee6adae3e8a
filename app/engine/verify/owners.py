"""Whether each row belongs into the archive: it leads to a row of it, or a row of it leads there.

The foreign keys tell it of most tables. Here it is asked of those whose keys may be empty or show pseudonyms, and of
reference tables, whose rows somebody must refer to.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.engine.verify.documents import ForeignKey
from app.engine.verify.following import Following
from app.engine.verify.keys import Keys, RowKeys
from app.engine.verify.part import Part
from app.engine.verify.problems import VerificationError, raise_all
from app.engine.verify.references import Reference


@dataclass(frozen=True)
class Belonging:
    """Of one table: the keys of its rows, and for each key where it must be found."""

    name: str
    rows: RowKeys
    there: list[list[Keys]]


def watch_owners(parts: Sequence[Part], following: Following, references: Sequence[Reference]) -> list[Belonging]:
    """What will collect the keys while the rows of a complete archive are read. Raises VerificationError."""
    tables = {held.resource_name: held for part in parts for held in part.documents.tables}
    leading: defaultdict[str, list[Reference]] = defaultdict(list)
    for each in references:
        leading[each.target].append(each)
    owned = [
        _watch_owned(following, name, sorted(held.owner_keys)) for name, held in tables.items() if held.owner_keys
    ]
    referred = [name for name, held in tables.items() if held.is_referred_to]
    return owned + [_watch_referred(following, name, leading[name]) for name in referred]


def _watch_owned(following: Following, table: str, keys: Sequence[ForeignKey]) -> Belonging:
    rows = RowKeys([len(fields) for fields, _target, _there in keys], following.room)
    following.follow(table, rows, [name for fields, _target, _there in keys for name in fields])
    return Belonging(table, rows, [[following.keys(target, there)] for _fields, target, there in keys])


def _watch_referred(following: Following, table: str, leading: Sequence[Reference]) -> Belonging:
    """`leading`: those that lead to the table."""
    by_columns: dict[tuple[str, ...], list[Keys]] = {}
    for each in leading:
        by_columns.setdefault(each.there, []).append(each.values)
    if not by_columns:
        raise VerificationError(f"{table}: no foreign key of this archive leads to its rows")
    found = Belonging(table, RowKeys(list(map(len, by_columns)), following.room), list(by_columns.values()))
    following.follow(table, found.rows, [name for columns in by_columns for name in columns])
    return found


def check_owners(found: Sequence[Belonging]) -> Iterator[str]:
    """What was found, in words, if there was something to ask; after all rows were read. Raises VerificationError."""
    counts = ((each.name, each.rows.count_strange(each.there)) for each in found)
    raise_all(
        f"{name}: {count} rows lead to no row of this archive, nor any to them" for name, count in counts if count
    )
    if found:
        yield f"Owners: each row of {len(found)} tables, whose keys do not tell it, leads to a row here or is led to."
