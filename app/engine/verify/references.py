"""Foreign keys, followed through all the files that were given."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from app.engine.verify.documents import ForeignKey, Held
from app.engine.verify.following import Following
from app.engine.verify.keys import Keys
from app.engine.verify.part import Part
from app.engine.verify.problems import raise_all


@dataclass(frozen=True)
class Reference:
    """A foreign key: the values it has, and those it may have."""

    text: str
    target: str
    """The name of the resource."""
    there: tuple[str, ...]
    """Its columns."""
    is_followed: bool
    """All rows that it may lead to are in the files that were given."""
    values: Keys = field(repr=False)
    targets: Keys = field(repr=False)


def watch_references(parts: Sequence[Part], following: Following, *, complete: bool) -> list[Reference]:
    """What will collect the keys of each while the rows are read. Raises VerificationError for what cannot be so."""
    here: dict[str, int] = {}
    declared: dict[str, set[ForeignKey]] = {}
    for held in _held(parts):
        here[held.resource_name] = here.get(held.resource_name, 0) + held.rows
        declared.setdefault(held.resource_name, held.keys)
    whole = {held.resource_name for held in _held(parts) if here[held.resource_name] == held.total}
    for part in parts:
        _check_within(part)
    found = [(table, key) for table, keys in declared.items() for key in sorted(keys)]
    if complete:
        raise_all(
            f"{table}.{', '.join(key[0])} leads to no table of this archive"
            for table, key in found
            if key[1] not in here
        )
    return [_watch(following, table, key, is_followed=key[1] in whole) for table, key in found]


def _held(parts: Sequence[Part]) -> list[Held]:
    return [held for part in parts for held in part.documents.tables]


def _check_within(part: Part) -> None:
    """What a program may expect that follows the keys within one data package."""
    whole = {held.resource_name for held in part.documents.tables if held.rows == held.total}
    raise_all(
        f"{held.name}.{', '.join(fields)} is said to lead to rows of this file only, and {target} is not wholly here"
        for held in part.documents.tables
        for fields, target, _there in sorted(held.keys_within)
        if target not in whole
    )


def _watch(following: Following, table: str, key: ForeignKey, *, is_followed: bool) -> Reference:
    fields, target, there = key
    found = (following.keys(table, fields), following.keys(target, there)) if is_followed else (Keys(), Keys())
    return Reference(f"{table}.{', '.join(fields)}", target, there, is_followed, *found)


def check_references(references: Sequence[Reference]) -> str:
    """What was found, in words; after all rows were read."""
    missing = ((each.text, each.values.count_missing(each.targets)) for each in references)
    raise_all(f"{text}: {count} values lead to rows that are not here" for text, count in missing if count)
    followed = sum(each.is_followed for each in references)
    if followed < len(references):
        beyond = ", ".join(each.text for each in references if not each.is_followed)
        return f"Foreign keys: {followed} were followed; not followed, for they lead to missing parts: {beyond}."
    return f"Foreign keys: {followed} declared; each value leads to a row of this archive."
