"""Owner paths: from the dotted words of a declaration to the foreign keys that lead to the person."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import ForeignKeyConstraint, Table

from app.engine.findings import Finding, RegisterError
from app.engine.schema import foreign_keys, kind_of

AGAIN = "+"
"""Behind a step, as in `parent_id+`: once or more often."""


@dataclass(frozen=True)
class Hop:
    """From a row to the one that a foreign key names; or to any above it, where it repeats."""

    key: ForeignKeyConstraint
    repeats: bool = False


@dataclass(frozen=True)
class OwnerPath:
    """The foreign keys that lead from a row to the person, in order."""

    text: str
    hops: tuple[Hop, ...]

    @property
    def role(self) -> str:
        """`entry_id.author_id` → "entry author"."""
        steps = (step.removesuffix(AGAIN).removesuffix("_id") for step in self.text.split("."))
        return " ".join(step.replace("_", " ") for step in steps)

    @property
    def tables(self) -> list[Table]:
        """Those that it goes through, the last being the person's own."""
        return [hop.key.referred_table for hop in self.hops]


def resolve_path(table: Table, text: str, subject: Table) -> OwnerPath:
    """Raises RegisterError with the one thing that is wrong with it."""
    hops: list[Hop] = []
    here, rest = table, text
    while rest:
        hop, rest = _next_hop(table, text, here, rest)
        hops.append(hop)
        here = hop.key.referred_table
    if here is not subject:
        problem = f"owner path {text!r} ends at {here.fullname}, not at {subject.fullname}"
        raise _fault(table, problem, suggest(table, subject))
    return OwnerPath(text, tuple(hops))


def _next_hop(table: Table, text: str, here: Table, rest: str) -> tuple[Hop, str]:
    """The hop that the first step of `rest` names, and the steps after it."""
    # A name may itself hold dots; the longest that fits is meant.
    names = {**{f"{name}{AGAIN}": name for name in _steps(here)}, **{name: name for name in _steps(here)}}
    steps = [step for step in names if rest == step or rest.startswith(f"{step}.")]
    if not steps:
        problem = f"owner path {text!r}: {here.fullname} has no column {rest.partition('.')[0]!r}"
        raise _fault(table, problem, f"columns: {', '.join(here.columns.keys())}")
    step = max(steps, key=len)
    name = names[step]
    keys = [key for key in foreign_keys(here) if name in {*key.columns.keys(), key.name}]
    if len(keys) != 1:
        problem = f"owner path {text!r}: {here.fullname}.{name} belongs to {len(keys)} foreign keys, not to one"
        raise _fault(table, problem, "choose a column that belongs to exactly one foreign key, or name the constraint")
    if kind_of(keys[0].referred_table) == "excluded":
        problem = f"owner path {text!r} goes through {keys[0].referred_table.fullname}, which is excluded"
        raise _fault(table, problem, "choose another path, or include that table")
    repeats = step != name
    if repeats and keys[0].referred_table is not here:
        problem = f"owner path {text!r}: {here.fullname}.{name} leads to another table, from where it leads no further"
        raise _fault(table, problem, f"{name}, without {AGAIN}: only a key of a table to itself can repeat")
    return Hop(keys[0], repeats), rest[len(step) + 1 :]


def _steps(table: Table) -> list[str]:
    """What a step may say: a column, or the name of a foreign key where a column belongs to several."""
    return [*table.columns.keys(), *(str(key.name) for key in foreign_keys(table) if key.name)]


def _fault(table: Table, problem: str, fix: str) -> RegisterError:
    return RegisterError([Finding(table.fullname, problem, fix)])


def suggest(table: Table, subject: Table | None) -> str:
    """The declaration that the foreign keys make likely."""
    path = find_path(table, subject) if subject is not None else None
    if path:
        return f'__table_args__ = {{"info": owned("{path}", title="…", purpose="…")}}'
    pointing = {
        key.table
        for other in table.metadata.tables.values()
        for key in foreign_keys(other)
        if other is not table and key.referred_table is table
    }
    if any(kind_of(other) in {"subject", "owned", "reference"} for other in pointing):
        return '__table_args__ = {"info": reference(title="…", purpose="…")}'
    return '__table_args__ = {"info": excluded("why it holds nothing about a person")}'


def find_path(table: Table, subject: Table) -> str | None:
    """The shortest chain of foreign keys to the person, as a declaration writes it."""
    ways: deque[tuple[Table, tuple[str, ...]]] = deque([(table, ())])
    seen = {table}
    while ways:
        here, steps = ways.popleft()
        for key, step in _unambiguous_hops(here):
            target = key.referred_table
            if target is subject:
                return ".".join((*steps, step))
            if target not in seen and kind_of(target) != "excluded":
                seen.add(target)
                ways.append((target, (*steps, step)))
    return None


def _unambiguous_hops(table: Table) -> Iterator[tuple[ForeignKeyConstraint, str]]:
    keys = foreign_keys(table)
    for key in keys:
        for name in key.columns.keys():  # noqa: SIM118  # a collection of columns iterates over columns
            if sum(name in each.columns for each in keys) == 1:
                yield key, name
                break
