"""Is each table and column declared, and does what is declared make sense? Looks at one table at a time."""

import re
from collections.abc import Iterator

from sqlalchemy import Column, Table, types

from app.engine.findings import Finding
from app.engine.paths import suggest
from app.engine.register import (
    KEY,
    ColumnDeclaration,
    DeletionMark,
    Internal,
    StoredFile,
    TableDeclaration,
    ThirdParty,
    Words,
)
from app.engine.schema import column_declaration, is_date, is_left_out, keys_of, stored_type, table_declaration
from app.engine.stored import to_code

LOOKS_SECRET = re.compile(
    r"password|passwd|pwd|passphrase|passcode|hash|token|secret|credential|otp(?![a-z])|salt|mfa_?seed"
    r"|(api|private|access|signing|encryption|session|ssh)_?key|(recovery|backup)_?codes?(?![a-z])"
    r"|(?<![a-z])(cvv|cvc)2?(?![a-z])|(^|_)pin(_?code)?$",
    re.IGNORECASE,
)
LOOKS_DELETED = re.compile(r"(is_)?(soft_)?(deleted|removed|trashed)(_at|_on|_date|_time)?", re.IGNORECASE)
LOOKS_DELETED_BY_ONE = re.compile(
    r"\w+_(deleted|removed|trashed)(_at|_on|_date|_time)?|(deleted|removed|trashed)_(by|for)_\w+", re.IGNORECASE
)
"""`sender_deleted_at`. Under such names there are numbers and keys, too: only a flag or a moment marks a row."""


def check_table(table: Table, subject: Table | None) -> Iterator[Finding]:
    """Everything but owner paths and what foreign keys point to."""
    declaration = table_declaration(table)
    if declaration is None:
        yield _unclassified(table, subject)
    elif declaration.kind == "excluded":
        if not declaration.reason.strip():
            yield Finding(table.fullname, "excluded without a reason", 'info=excluded("a reason a person can read")')
    else:
        yield from _check_shape(table, declaration)
        for column in table.columns:
            where = f"{table.fullname}.{column.key}"
            yield from (Finding(where, problem, fix) for problem, fix in _check_column(column, declaration))


def _unclassified(table: Table, subject: Table | None) -> Finding:
    if KEY in table.info:
        problem = f"{type(table.info[KEY]).__name__} describes a column, not a table"
        return Finding(table.fullname, problem, suggest(table, subject))
    return Finding(table.fullname, "this table is not classified", suggest(table, subject))


def _check_shape(table: Table, declaration: TableDeclaration) -> Iterator[Finding]:
    keys = len(table.primary_key.columns)
    if not keys:
        yield Finding(table.fullname, "rows have no primary key, so they have no order", "give it a primary key")
    if declaration.kind == "subject" and keys > 1:
        fix = "give it a primary key of one column; other tables may go on pointing to the unique columns"
        yield Finding(table.fullname, f"a person is named by one column, not by {keys}", fix)
    if declaration.kind == "owned" and not declaration.paths:
        yield Finding(table.fullname, "owned, but no owner path is given", 'info=owned("user_id")')
    if declaration.dated and not _is_date(table, declaration.dated):
        columns = ", ".join(column.key for column in table.columns if is_date(column)) or "none"
        fix = f"columns with a date: {columns}"
        yield Finding(table.fullname, f"dated={declaration.dated!r}: {table.fullname} has no such date", fix)
    for path in sorted({path for path in declaration.paths if declaration.paths.count(path) > 1}):
        yield Finding(table.fullname, f"owner path {path!r} is given twice", f'info=owned("{path}")')


def _is_date(table: Table, name: str) -> bool:
    return name in table.columns and is_date(table.columns[name])


def _check_column(column: Column[object], declaration: TableDeclaration) -> Iterator[tuple[str, str]]:
    declared = column_declaration(column)
    if declared is None:
        yield from _check_undeclared(column, declaration)
    if column.primary_key and is_left_out(column):
        yield (
            "rows are named by their primary key, so it cannot stay here",
            'let it leave, or info=excluded("…") for the table, or give rows another primary key',
        )
    if isinstance(declared, Internal) and not declared.reason.strip():
        yield "left out without a reason", 'info=internal("a reason a person can read")'
    if isinstance(declared, StoredFile):
        yield from _check_file(column, declared)
    if isinstance(declared, ThirdParty) and declared.shows is not None:
        yield from _check_shows(column, declared.shows)
    if isinstance(declared, Words):
        yield from _check_words(column, declared)
    if isinstance(declared, DeletionMark):
        yield from _check_mark(declared, declaration)


def _check_undeclared(column: Column[object], declaration: TableDeclaration) -> Iterator[tuple[str, str]]:
    if KEY in column.info:
        name = type(column.info[KEY]).__name__
        known = ", ".join(kind.__name__ for kind in ColumnDeclaration.__args__)
        yield f"{name} does not describe a column", f"one of {known}; see engine/register.py"
    if looks_secret(column):
        yield (
            "this looks like a secret and is not declared",
            'info=secret(), or internal("why it stays here"), or harmless() if it may leave',
        )
    if declaration.kind == "owned" and _looks_deleted(column):
        yield (
            "this looks like the mark of deleted rows, and nothing says what becomes of them",
            "info=deletion_mark(leave_out=False), or leave_out=True, or harmless() if it is none",
        )


def _looks_deleted(column: Column[object]) -> bool:
    name = _snake(column.name)
    if LOOKS_DELETED.fullmatch(name):
        return True
    is_mark = isinstance(column.type, types.Boolean | types.DateTime | types.Date)
    return is_mark and LOOKS_DELETED_BY_ONE.fullmatch(name) is not None


def looks_secret(column: Column[object]) -> bool:
    """By its name, or by the name of its type: `EncryptedPassword` under any column name."""
    own = [kind for kind in type(column.type).__mro__ if kind.__module__.partition(".")[0] != "sqlalchemy"]
    names = [column.name, column.key, *(kind.__name__ for kind in own)]
    return any(LOOKS_SECRET.search(form) for name in names for form in (name, _snake(name)))


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _check_file(column: Column[object], declared: StoredFile) -> Iterator[tuple[str, str]]:
    if not declared.store.strip():
        yield "a file without a store", 'info=file("uploads"), with the store that holds the bytes'
    for option in ("title", "sha256", "size", "alt"):
        name = getattr(declared, option)
        if name is None:
            continue
        problem = _missing(column.table, name)
        if problem:
            yield f"file({option}={name!r}): {problem}", f"columns: {_exported(column.table)}"


def _check_shows(column: Column[object], shows: str) -> Iterator[tuple[str, str]]:
    targets = [key.referred_table for key in keys_of(column)]
    if not targets:
        yield f"third_party(shows={shows!r}): this is no foreign key", "info=third_party()"
    elif all(_missing(target, shows) for target in targets):
        problem = f"third_party(shows={shows!r}): {_missing(targets[0], shows)}"
        yield problem, f"columns: {_exported(targets[0])}"


def _check_mark(declared: DeletionMark, declaration: TableDeclaration) -> Iterator[tuple[str, str]]:
    if declared.leave_out and declaration.kind != "owned":
        problem = f"rows of a {declaration.kind} table are never left out: others point to them"
        yield problem, "info=deletion_mark(leave_out=False)"
    elif declared.by is not None and declared.by not in declaration.paths:
        paths = ", ".join(declaration.paths) or "none"
        yield f"deletion_mark(by={declared.by!r}): this table has no such owner path", f"owner paths: {paths}"


def _check_words(column: Column[object], declared: Words) -> Iterator[tuple[str, str]]:
    """A code without its word would be read as it is stored, in one language."""
    given = [to_code(column, code) for code, _word in declared.pairs]
    kind = stored_type(column)
    held = [to_code(column, code) for code in kind.enum_class or kind.enums] if isinstance(kind, types.Enum) else given
    for code in sorted(set(held) ^ set(given), key=str):
        problem = f"words(): none for {code!r}" if code in held else f"words(): this column never holds {code!r}"
        yield problem, f"codes: {', '.join(map(repr, held))}"
    for code, word in declared.pairs:
        if not word.strip():
            yield f"words(): an empty one for {to_code(column, code)!r}", "say it as a person would read it"


def _missing(table: Table, name: str) -> str:
    if name not in table.columns:
        return f"{table.fullname} has no column {name!r}"
    return f"{table.fullname}.{name} stays here" if is_left_out(table.columns[name]) else ""


def _exported(table: Table) -> str:
    return ", ".join(column.key for column in table.columns if not is_left_out(column))
