"""The files of one archive that was divided: each part once, and all of them say the same of the whole."""

from collections.abc import Sequence

from app.engine.verify.part import Part
from app.engine.verify.problems import VerificationError, raise_all


def check_group(parts: Sequence[Part]) -> list[str]:
    """The folders of parts that are missing. Raises VerificationError if these are not parts of one archive."""
    numbers = [part.documents.number for part in parts]
    raise_all(f"part {number} is given more than once" for number in sorted(set(numbers)) if numbers.count(number) > 1)
    first = parts[0]
    for part in parts[1:]:
        _compare(first, part)
    _check_tables(parts)
    folders = first.documents.folders
    return [folder for number, folder in enumerate(folders, 1) if number not in numbers]


def _compare(first: Part, part: Part) -> None:
    if part.documents.common["part"] != first.documents.common["part"] or part.reference != first.reference:
        raise VerificationError(f"{part.folder} and {first.folder} are not parts of one archive")
    if part.documents.common != first.documents.common:
        raise VerificationError(f"{part.folder} says other things of the whole archive than {first.folder}")
    if part.signer != first.signer:
        raise VerificationError(f"{part.folder} and {first.folder} are not signed with the same key")


def _check_tables(parts: Sequence[Part]) -> None:
    """What the parts say of one table: the same columns, keys and formats, under one name that no other table has."""
    said: dict[str, tuple[object, ...]] = {}
    names: dict[str, str] = {}
    for held in (held for part in parts for held in part.documents.tables):
        fields = held.resource["schema"]["fields"]
        facts = (held.resource_name, held.json, held.csv, fields, held.keys, held.owner_keys, held.is_referred_to)
        if said.setdefault(held.name, facts) != facts or names.setdefault(held.resource_name, held.name) != held.name:
            raise VerificationError(f"{held.name} is described in different ways")
    if len({held.csv is None for part in parts for held in part.documents.tables}) > 1:
        raise VerificationError("some tables have a CSV and others have none")


def check_totals(parts: Sequence[Part], *, complete: bool) -> str:
    """What was found of the whole archive's tables, in words."""
    totals = parts[0].documents.totals
    here = dict.fromkeys(totals, 0)
    for held in (held for part in parts for held in part.documents.tables):
        here[held.name] += held.rows
    raise_all(
        f"{name}: {total} rows in the database, {here[name]} in this archive"
        for name, total in totals.items()
        if here[name] > total or (complete and here[name] < total)
    )
    if complete:
        rows = sum(totals.values())
        return f"Tables: {len(totals)} with {rows:,} rows; JSON, CSV, coverage and data package agree."
    return (
        f"Tables: {sum(here.values()):,} of {sum(totals.values()):,} rows are here; the missing parts hold the rest."
    )


def check_person(parts: Sequence[Part], expected: str | None) -> str:
    """Whose the archive is, in words. Their own row is in part 1."""
    if all(part.documents.number != 1 for part in parts):
        if expected is not None:
            raise VerificationError("whose archive this is stands in part 1, which is missing")
        return "Person: whose archive this is stands in part 1, which is missing, and was not checked."
    people = [person for part in parts for rows in part.tables.rows for person in rows.people]
    if len(people) != 1 or expected not in {None, people[0]}:
        raise VerificationError("the archive is not about this person, or not about one person only")
    return f"Person: the archive is about one person, {people[0]}."
