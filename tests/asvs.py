"""docs/asvs.md: which test proves which requirement of OWASP ASVS 5.0. `python -m tests.asvs` counts and checks it."""

import ast
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
TABLE = Path("docs") / "asvs.md"
NOT_APPLICABLE, NOT_MET = "Not applicable:", "Not met:"
NONE = "–"
"""What stands in the place of tests where there are none."""

SECTIONS = """
1.1 22          1.2 1111122223  1.3 112222222223  1.4 222
1.5 123         2.1 122         2.2 112           2.3 12223       2.4 23
3.1 3           3.2 113         3.3 12223         3.4 11222233    3.5 11122333  3.6 3       3.7 22333
4.1 12233       4.2 23333       4.3 22            4.4 1222
5.1 2           5.2 112333      5.3 113           5.4 222
6.1 122         6.2 111111112222                  6.3 11223333    6.4 112233
6.5 22222333    6.6 2223        6.7 33            6.8 2222
7.1 222         7.2 1111        7.3 22            7.4 11222       7.5 223       7.6 22
8.1 1233        8.2 1123        8.3 133           8.4 23
9.1 111         9.2 1222
10.1 22         10.2 223        10.3 22223        10.4 1111122222233333
10.5 22222      10.6 22         10.7 222
11.1 2233       11.2 22233      11.3 11233        11.4 1222       11.5 23       11.6 23     11.7 33
12.1 12233      12.2 11         12.3 22223
13.1 2333       13.2 222223     13.3 2233         13.4 1222233
14.1 22         14.2 12223333   14.3 122
15.1 12233      15.2 12233      15.3 1222222      15.4 3333
16.1 2          16.2 22222      16.3 2222         16.4 222        16.5 2223
17.1 23         17.2 22223333   17.3 22
"""
"""Every section of ASVS 5.0, with the level of its first, second, … requirement."""


class Row(NamedTuple):
    number: str
    level: int
    asked: str
    how: str
    """Or why it does not apply, or why it is not met."""
    tests: Sequence[str]
    """As pytest names them, without what stands in brackets."""

    @property
    def status(self) -> str:
        prefixes = {"not applicable": NOT_APPLICABLE, "not met": NOT_MET}
        return next((status for status, prefix in prefixes.items() if self.how.startswith(prefix)), "met")


def list_requirements() -> dict[str, int]:
    """The numbers of level 1 and 2, and their levels."""
    words = SECTIONS.split()
    numbers = {
        f"{section}.{place}": int(level)
        for section, levels in zip(words[::2], words[1::2], strict=True)
        for place, level in enumerate(levels, 1)
    }
    return {number: level for number, level in numbers.items() if level <= 2}


def read_table(text: str) -> list[Row]:
    """The rows that begin with a number. Raises ValueError where one has not five cells."""
    return [_read_row(line) for line in text.splitlines() if re.match(r"\| *\d", line)]


def _read_row(line: str) -> Row:
    cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
    if len(cells) != len(Row._fields):
        raise ValueError(f"this row has {len(cells)} cells, not {len(Row._fields)}: {line}")
    number, level, asked, how, tests = cells
    return Row(number, int(level), asked, how, re.findall(r"`([^`]+)`", tests))


def find_faults(rows: Sequence[Row], root: Path = ROOT) -> Iterator[str]:
    """What is wrong with the table, a sentence each; that its tests pass, a run of them says."""
    wanted, found = list_requirements(), Counter(row.number for row in rows)
    yield from (f"{number} is missing" for number in wanted.keys() - found.keys())
    yield from (f"{number} stands there {times} times" for number, times in found.items() if times > 1)
    for row in rows:
        yield from (f"{row.number}: {fault}" for fault in _find_faults(row, wanted, root))


def _find_faults(row: Row, wanted: Mapping[str, int], root: Path) -> Iterator[str]:
    if wanted.get(row.number) != row.level:
        yield f"ASVS has no such requirement of level {row.level}"
    if not row.asked or not row.how.removeprefix(NOT_APPLICABLE).removeprefix(NOT_MET):
        yield "it does not say what is asked, or how it is met, or why not"
    if (row.status == "met") != bool(row.tests):
        yield f"it is {row.status}, and names {len(row.tests)} tests"
    yield from (f"there is no test {test}" for test in row.tests if not exists(test, root))


def exists(test: str, root: Path) -> bool:
    path, _, name = test.partition("::")
    return name in _list_tests(root / path)


@cache
def _list_tests(path: Path) -> frozenset[str]:
    """`test_a` and `TestB::test_c` of a file; read, not collected, which would take as long as the start of a run."""
    if not path.is_file():
        return frozenset()
    names = set()
    for node in ast.parse(path.read_text()).body:
        inner = node.body if isinstance(node, ast.ClassDef) and node.name.startswith("Test") else [node]
        prefix = f"{node.name}::" if isinstance(node, ast.ClassDef) else ""
        names |= {prefix + each.name for each in inner if isinstance(each, ast.FunctionDef)}
    return frozenset(name for name in names if name.rpartition("::")[2].startswith("test_"))


def list_named(rows: Sequence[Row]) -> frozenset[str]:
    return frozenset(test for row in rows for test in row.tests)


def summarize(rows: Sequence[Row]) -> str:
    """The sentence of the README."""
    of = Counter(row.status for row in rows)
    return (
        f"Of the {len(rows)} requirements of OWASP ASVS 5.0 at levels 1 and 2, {of['met']} are met, each with the "
        f"tests that prove it, {of['not applicable']} do not apply, and {of['not met'] or 'none'} of them "
        f"{'is' if of['not met'] <= 1 else 'are'} left open"
    )


def main() -> str | None:
    """The exit code of the command: what is wrong, or None."""
    rows = read_table((ROOT / TABLE).read_text())
    sys.stdout.write(f"{summarize(rows)}.\n")
    return "\n".join(find_faults(rows)) or None


if __name__ == "__main__":
    sys.exit(main())
