"""What belongs to a person, found row by row in plain Python. Slow, and shares nothing with the engine."""

from dataclasses import replace
from typing import Any

from app.engine.choices import Choices
from tests.engine.worlds import Key, Row, Sheet, World, is_category

Found = dict[str, list[Row]]


def find_target(world: World, key: Key, row: Row) -> Row | None:
    values = [row[column] for column in key.columns]
    if None in values:
        return None
    rows = world.sheets[key.target].rows
    return next((each for each in rows if [each[column] for column in key.target_columns] == values), None)


def reaches(
    world: World,
    sheet: Sheet,
    row: Row,
    path: list[Key],
    person: Any,
    *,
    with_deleted: bool = False,
    passed: tuple[Row, ...] = (),
) -> bool:
    """Whether this path leads from a row of the sheet to the person, and nothing on it is out."""
    if not with_deleted and _is_out(sheet, row, path):
        return False
    if not path:
        return bool(row["id"] == person)
    target, there = find_target(world, path[0], row), world.sheets[path[0].target]
    if target is None:
        return False
    goes_on = path[0].repeats and not any(target is each for each in passed)
    ways: list[tuple[list[Key], tuple[Row, ...]]] = [(path[1:], ())]
    ways += [(path, (*passed, target))] if goes_on else []
    return any(
        reaches(world, there, target, way, person, with_deleted=with_deleted, passed=behind) for way, behind in ways
    )


def _is_out(sheet: Sheet, row: Row, path: list[Key]) -> bool:
    """`path`: by which it would be somebody's."""
    return bool(row.get("unwanted")) or (_is_gone(sheet, row) and sheet.deleted_by in (None, path))


def find_rows(world: World, person: Any, *, with_deleted: bool = False) -> Found:
    found: Found = {name: [] for name in world.sheets}
    for name, sheet in world.sheets.items():
        for row in sheet.rows:
            if sheet.kind == "subject" and row["id"] == person:
                found[name].append(row)
            if any(reaches(world, sheet, row, path, person, with_deleted=with_deleted) for path in sheet.paths):
                found[name].append(row)
    _follow(world, found)
    return {name: sorted(rows, key=lambda row, n=name: _order(world.sheets[n], row)) for name, rows in found.items()}  # type: ignore[misc]


def leave_out(world: World, choices: Choices) -> World:
    """The same world, where all that was chosen against is marked."""
    return World({name: _mark(world, sheet, choices) for name, sheet in world.sheets.items()}, world.ids)


def _mark(world: World, sheet: Sheet, choices: Choices) -> Sheet:
    if not is_category(world, sheet):
        return replace(sheet, rows=[dict(row) for row in sheet.rows])
    return replace(sheet, rows=[{**row, "unwanted": _is_unwanted(sheet, row, choices)} for row in sheet.rows])


def _is_gone(sheet: Sheet, row: Row) -> bool:
    return bool(sheet.leaves_out_deleted and row["gone"])


def _is_unwanted(sheet: Sheet, row: Row, choices: Choices) -> bool:
    if sheet.name in choices.without or row["date"] is None:
        return sheet.name in choices.without
    return bool((choices.since and row["date"] < choices.since) or (choices.until and row["date"] > choices.until))


def _order(sheet: Sheet, row: Row) -> list[Any]:
    return [row[column] for column in sheet.primary]


def _follow(world: World, found: Found) -> None:
    """Adds reference rows until no row in the archive points to one outside of it."""
    grown = True
    while grown:
        grown = False
        for name, sheet in world.sheets.items():
            for row in list(found[name]):
                for key in sheet.keys:
                    target = find_target(world, key, row)
                    is_plain = not {*key.columns} & (sheet.hidden | sheet.others)
                    is_new = target is not None and not any(target is each for each in found[key.target])
                    if is_plain and is_new and world.sheets[key.target].kind == "reference":
                        assert target is not None
                        found[key.target].append(target)
                        grown = True
