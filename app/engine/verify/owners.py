"""Whether each row belongs into the archive: it leads to a row of it, or a row of it leads there.

The foreign keys tell it of most tables. Here it is asked of those whose keys may be empty or show pseudonyms, and of
reference tables, whose rows somebody must refer to.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.engine.verify.documents import ForeignKey
from app.engine.verify.keys import Keys, RowKeys
from app.engine.verify.part import Part
from app.engine.verify.problems import VerificationError, raise_all
from app.engine.verify.references import Reference, follow


@dataclass(frozen=True)
class Belonging:
    """Of one table: the keys of its rows, and for each key where it must be found."""

    name: str
    rows: RowKeys
    there: list[list[Keys]]


def watch_owners(parts: Sequence[Part], references: Sequence[Reference]) -> list[Belonging]:
    """What will collect the keys while the rows of a complete archive are read. Raises VerificationError."""
    tables = {held.resource_name: held for part in parts for held in part.documents.tables}
    owned = [_watch_owned(parts, name, sorted(held.owner_keys)) for name, held in tables.items() if held.owner_keys]
    return owned + [_watch_referred(parts, name, references) for name, held in tables.items() if held.is_referred_to]


def _watch_owned(parts: Sequence[Part], table: str, keys: Sequence[ForeignKey]) -> Belonging:
    found = Belonging(table, RowKeys([len(fields) for fields, _target, _there in keys]), [[Keys()] for _ in keys])
    follow(parts, table, found.rows, [name for fields, _target, _there in keys for name in fields])
    for (_fields, target, there), (targets,) in zip(keys, found.there, strict=True):
        follow(parts, target, targets, there)
    return found


def _watch_referred(parts: Sequence[Part], table: str, references: Sequence[Reference]) -> Belonging:
    by_columns: dict[tuple[str, ...], list[Keys]] = {}
    for each in references:
        if each.target == table:
            by_columns.setdefault(each.there, []).append(each.values)
    if not by_columns:
        raise VerificationError(f"{table}: no foreign key of this archive leads to its rows")
    found = Belonging(table, RowKeys(list(map(len, by_columns))), list(by_columns.values()))
    follow(parts, table, found.rows, [name for columns in by_columns for name in columns])
    return found


def check_owners(found: Sequence[Belonging]) -> Iterator[str]:
    """What was found, in words, if there was something to ask; after all rows were read. Raises VerificationError."""
    counts = ((each.name, each.rows.count_strange(each.there)) for each in found)
    raise_all(
        f"{name}: {count} rows lead to no row of this archive, nor any to them" for name, count in counts if count
    )
    if found:
        yield f"Owners: each row of {len(found)} tables, whose keys do not tell it, leads to a row here or is led to."
