"""Small archives that claim much memory or work of whoever checks them. Each is sealed anew, and nobody has signed it.

The controls lift one limit, or do what was done once: then it is as much as the file claims.
"""

import base64
import json
import random
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import fields, replace
from itertools import product
from pathlib import Path

import pytest

from app.engine.build import Built
from app.engine.verify import FOREIGN, Expected, Limits, VerificationError, verify_archive
from app.engine.verify.documents import Held, check_columns
from app.engine.verify.following import Following
from app.engine.verify.json_text import read_json
from app.engine.verify.keys import Keys, Room, RowKeys
from app.engine.verify.limits import TAG
from app.engine.verify.part import open_part
from app.engine.writers.to_json import encode_document
from tests.engine.forging import Members, describe, find_top, pack, seal, unpack
from tests.programs import ROOT

MIB = 1024**2
SMALL = 12 * MIB
"""More than checking an honest archive of a few rows takes, and less than each of these would."""


@pytest.fixture(scope="module")
def few(built_once: Built) -> Members:
    """Ann's archive without its report and its signature."""
    (part,) = built_once.parts
    members = unpack(part.file)
    kept = {"bagit.txt", "bag-info.txt"}
    few = {name: text for name, text in members.items() if name in kept or name.startswith("data/")}
    lines = few["bag-info.txt"].splitlines(keepends=True)
    return few | {"bag-info.txt": b"".join(line for line in lines if not line.startswith(b"Signed-With"))}


class Outcome:
    """What came of a check. `peak`: the most bytes held at once."""

    problem: str | None = None
    peak = 0


@contextmanager
def tracing(outcome: Outcome) -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
    finally:
        _, outcome.peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()


Check = Callable[..., Outcome]


@pytest.fixture
def check(few: Members, tmp_path: Path) -> Check:
    """Checks the few, with these members among them or in their place."""

    def check(changed: Members, limits: Limits = FOREIGN, most: int = MIB) -> Outcome:
        members = seal({name: text for name, text in few.items() if name not in changed} | changed)
        path = pack(tmp_path / "greedy.zip", members | changed, find_top(few))
        assert path.stat().st_size < most
        outcome = Outcome()
        with tracing(outcome):
            try:
                verify_archive([path], Expected("1"), limits=limits)
            except VerificationError as error:
                outcome.problem = str(error)
        return outcome

    return check


def test_an_honest_one_takes_little(check: Check) -> None:
    outcome = check({})
    assert outcome.problem is None
    assert outcome.peak < SMALL / 2


@pytest.mark.parametrize("name", ["bagit.txt", "bag-info.txt", "tagmanifest-sha256.txt.minisig"])
def test_tag_files_of_line_ends(check: Check, name: str) -> None:
    text = b"\n" * 16 * MIB
    outcome = check({name: text})
    assert outcome.problem == f"{name} has more than 65,536 bytes, and is not read"
    assert outcome.peak < SMALL
    control = Outcome()
    with tracing(control):
        text.decode().splitlines()
    assert control.peak > 4 * SMALL


BEYOND = replace(FOREIGN, values=2**40)
ENDLESS = "it has more than 500,000 values, and is not read"


@pytest.mark.parametrize("name", ["data/coverage.json", "data/datapackage.json"])
@pytest.mark.parametrize("value", [b"[]", b'{"a":0}'])
def test_descriptions_of_many_values(check: Check, name: str, value: bytes) -> None:
    """Each byte of them becomes up to thirty."""
    text = b'{"tables":[%b%b]}' % ((value + b",") * (2 * MIB // (1 + len(value))), value)
    outcome = check({name: text})
    assert outcome.problem == f"{name}: {ENDLESS}"
    assert outcome.peak < 1.5 * SMALL
    control = check({name: text}, BEYOND)
    assert control.problem is not None
    assert ENDLESS not in control.problem
    assert control.peak > 3 * SMALL


@pytest.mark.parametrize("value", [b"[]", b"{}", b'{"a":0}', b'"ab"'])
def test_descriptions_of_as_many_values_as_are_read(value: bytes) -> None:
    count = FOREIGN.values // (1 + sum(map(value.count, b"[{,:")))
    text = b"[%b]" % b",".join([value] * count)
    outcome = Outcome()
    with tracing(outcome):
        assert len(read_json(text, FOREIGN.values)) == count
    assert outcome.peak < 60 * MIB


def test_descriptions_that_are_long(check: Check) -> None:
    """One sign that is seldom makes each of the others four bytes long."""
    text = b'{"tables":"%b"}' % ("\U0001f30a".encode() + b" " * 9 * MIB)
    problem = check({"data/datapackage.json": text}).problem
    assert problem == "data/datapackage.json has more than 8,388,608 bytes, and is not read"
    outcome = check({"data/coverage.json": text})
    assert outcome.problem == "data/coverage.json: it has more than 8,388,608 bytes beside the gaps, and is not read"
    assert outcome.peak < 4 * SMALL


def write_gaps(few: Members, gaps: list[dict[str, str]]) -> bytes:
    coverage: dict[str, object] = json.loads(few["data/coverage.json"])
    return encode_document(coverage | {"gaps": gaps})


def test_a_hundred_thousand_gaps_are_honest(few: Members, check: Check) -> None:
    """A store may have been lost. As objects they would take several times as much."""
    gaps = [
        {"table": "photo", "row": f"{number}", "name": f"IMG_{number}.jpg", "reason": "The file is missing."}
        for number in range(100_000)
    ]
    text = write_gaps(few, gaps)
    outcome = check({"data/coverage.json": text}, most=4 * MIB)
    assert outcome.problem is None
    assert outcome.peak < SMALL + 2.5 * len(text)
    control = Outcome()
    with tracing(control):
        assert json.loads(text)
    assert control.peak > 4 * len(text)


def test_gaps_without_end(few: Members, check: Check) -> None:
    text = write_gaps(few, []).replace(b'"gaps": []', b'"gaps": [%b[]]' % (b"[]," * (22 * MIB)))
    problem = check({"data/coverage.json": text}).problem
    assert problem == "data/coverage.json has more than 67,108,864 bytes, and is not read"


class Counting(list[dict[str, str]]):
    """How many times it is gone through."""

    times = 0

    def __iter__(self) -> Iterator[dict[str, str]]:
        self.times += 1
        return super().__iter__()


class Forgetful(Held):
    """As it was once: the columns are gathered whenever somebody asks for one."""

    @property
    def positions(self) -> dict[str, int]:
        return {each["name"]: position for position, each in enumerate(self.resource["schema"]["fields"])}


def test_columns_are_gathered_once_and_not_for_each_key() -> None:
    def count(kind: type[Held], keys: int) -> int:
        columns = Counting({"name": f"c{number}"} for number in range(keys))
        schema = {"fields": columns, "foreignKeys": [lead([each["name"]], ["id"]) for each in list(columns)]}
        held = kind("a", 1, 1, "data/json/a.json", None, {"name": "a", "schema": schema})
        columns.times = 0
        check_columns(held, FOREIGN)
        return columns.times

    assert count(Held, 500) == count(Held, 50) < 5
    assert count(Forgetful, 500) > 500  # the control


def lead(columns: Sequence[str], there: Sequence[str], resource: str = "") -> dict[str, object]:
    """A foreign key."""
    return {"fields": columns, "reference": {"resource": resource, "fields": there}}


def change_schema(few: Members, name: str, **more: Sequence[object]) -> Members:
    """The data package with these added to what it says of a table."""
    package = json.loads(few["data/datapackage.json"])
    (schema,) = [each["schema"] for each in package["resources"] if each["name"] == name]
    for kind, values in more.items():
        schema[kind] = [*schema.get(kind, []), *values]
    return {"data/datapackage.json": json.dumps(package).encode()}


@pytest.mark.parametrize(("count", "length"), [(2000, 0), (1, 1001)])
def test_very_many_columns_and_long_names(few: Members, check: Check, count: int, length: int) -> None:
    columns = [{"name": f"c{number:0{length}}"} for number in range(count)]
    changed = change_schema(few, "message", fields=columns)
    said = "message has more than 2,000 columns, or a name of more than 1,000 characters, and is not read"
    assert check(changed).problem == f"data/datapackage.json: {said}"
    control = check(changed, replace(FOREIGN, columns=2**31, name=2**31)).problem
    assert control is not None
    assert said not in control


@pytest.mark.parametrize("kind", ["foreignKeys", "ownerKeys"])
def test_very_many_keys(few: Members, check: Check, kind: str) -> None:
    """A table of few columns has any number of keys of several."""
    columns = ["id", "sender_id", "recipient_id"]
    keys = [lead(each, each) for each in product(columns, repeat=5)]
    said = "message: more than 400 columns of keys, and they are not followed"
    assert check(change_schema(few, "message", **{kind: keys})).problem == said
    control = check(change_schema(few, "message", **{kind: keys}), replace(FOREIGN, keys=2**31)).problem
    assert control is None


def test_keys_of_the_same_columns_are_collected_once(few: Members, tmp_path: Path) -> None:
    """To a person's own table leads a key of every other table of the site."""
    path = pack(tmp_path / "few.zip", seal(few))
    with open_part(path, FOREIGN, [], lambda _said: None, signed=False) as part:
        following = Following([part])
        assert len({id(following.keys("person", ("id",))) for _ in range(1000)}) == 1
        for _ in range(399):  # the control: each for itself
            following.follow("person", Keys(), ["id"])
        with pytest.raises(VerificationError, match="more than 400 columns"):
            following.follow("person", Keys(), ["id"])


def test_keys_are_held_as_many_as_a_file_of_its_size_has(check: Check) -> None:
    outcome = check({}, replace(FOREIGN, few_hashes=5, hashes=0))
    assert outcome.problem is not None
    assert "its rows have more keys than files of this size have: over 5" in outcome.problem
    assert check({}, replace(FOREIGN, few_hashes=5)).problem is None


@pytest.mark.parametrize("count", [1, 2])
def test_keys_stay_in_their_room(count: int) -> None:
    """One key of each row, or several."""

    def fill(room: Room) -> int:
        outcome, keys = Outcome(), Keys(room) if count == 1 else RowKeys([1] * count, room)
        with tracing(outcome), suppress(VerificationError):
            for start in range(0, 200_000, 1000):
                cells = [b"%d" % number for number in range(start, start + 1000)]
                keys.add(lambda _position, cells=cells: cells, tuple(range(count)))  # type: ignore[misc]
        return outcome.peak

    assert fill(Room(20_000)) < MIB
    assert fill(Room()) > 1.5 * MIB  # the control


def test_a_long_row_is_read_where_its_member_is_large_when_packed(few: Members, check: Check) -> None:
    """Some tables have whole files in their rows. A small member is not believed that it has."""
    limits = replace(FOREIGN, row=MIB, long_row=4 * MIB)

    def write(text: bytes) -> Members:
        changed = dict(few)
        for name in ("data/json/genre.json", "data/csv/genre.csv"):
            changed[name] = changed[name].replace(b"Sea", text)
        describe(changed)
        return changed

    honest = base64.b64encode(random.Random(1).randbytes(3 * MIB // 2))
    assert check(write(honest), limits, most=8 * MIB).problem is None
    complaint = check(write(b"x" * 2 * MIB), limits).problem
    assert complaint is not None
    assert "data/json/genre.json: a row is longer than 1,048,576 bytes" in complaint


def test_the_page_says_what_is_not_read() -> None:
    page = (ROOT / "docs" / "archive-format.md").read_text().partition("## What is not read")[2]
    numbers = {field.name: getattr(FOREIGN, field.name) for field in fields(FOREIGN)}
    words = {
        f"{number // MIB:,} MiB" if name in {"row", "long_row", "document", "gaps"} else f"{number:,}"
        for name, number in numbers.items()
        if name not in {"total", "hashes"}
    }
    assert not [word for word in words if word not in page]
    assert (FOREIGN.total, FOREIGN.hashes, TAG) == (256 * 1024 * MIB, 4, 64 * 1024)
