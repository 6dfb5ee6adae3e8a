"""An archive of less than everything says what is not there, and the verifier holds it to that."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app.engine.build import Order
from app.engine.choices import EVERYTHING, Choices
from app.engine.graph import RegisterError, build_graph
from app.engine.minisign import Signer
from app.engine.plan import plan_tables
from app.engine.register import owned, subject
from app.engine.verify import Expected, VerificationError, verify_archive
from app.engine.verify.choices import Chosen, Line, _find_touched
from tests.engine.conftest import make_archive, open_shop
from tests.engine.forging import Members, pack, seal, unpack
from tests.engine.shop import make_schema

Make = Callable[[Choices], Members]


@pytest.fixture(scope="module")
def make(ann: Order, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Make]:
    """The members of Ann's archive with these choices, made once; it has been verified."""
    folder, schema = tmp_path_factory.mktemp("chosen"), make_schema()
    made: dict[Choices, Members] = {}

    def make(choices: Choices) -> Members:
        if choices not in made:
            built = make_archive(replace(ann, choices=choices), engine, schema, folder / str(len(made)))
            made[choices] = unpack(built.parts[0].file)
        return dict(made[choices])

    with open_shop(folder, schema) as engine:
        yield make


def read_coverage(members: Members) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(members["data/coverage.json"])
    return found


def lines(members: Members) -> dict[str, tuple[Any, ...]]:
    keys = ("status", "rows", "rows_left_out", "files_left_out")
    return {line["table"]: tuple(line[key] for key in keys) for line in read_coverage(members)["tables"]}


def test_a_category_takes_along_what_belongs_to_it(make: Make) -> None:
    members = make(Choices(without=frozenset({"album"})))
    assert lines(members) == {
        "person": ("included", 1, 0, 0),
        "album": ("left_out", 0, 2, 0),
        "genre": ("left_out", 0, 1, 0),
        "message": ("included", 4, 0, 0),
        "photo": ("left_out", 0, 3, 0),
        "setting": ("excluded", 0, 0, 0),
    }
    assert read_coverage(members)["gaps"] == []  # two photos of hers have lost their files, and she wants none
    assert not [name for name in members if "album" in name or "photo" in name or "media" in name]
    told = "Without 3 rows that you chose to leave out."
    assert told in members["data/coverage.json"].decode()
    assert told in members["coverage.html"].decode()
    for page in ("README.txt", "about.html", "index.html", "coverage.html"):
        assert "Without “Albums”." in members[page].decode()
        assert "Left out in all: 6 rows of yours." in members[page].decode()


def test_without_files_their_rows_stay_and_nothing_is_a_gap(make: Make) -> None:
    members = make(Choices(files=False))
    assert lines(members)["photo"] == ("included", 3, 0, 3)
    assert read_coverage(members)["gaps"] == []
    assert [row["title"] for row in json.loads(members["data/json/photo.json"])] == [
        "waves.PNG",
        "lost.jpg",
        "page.html",
    ]
    assert not [name for name in members if name.startswith("data/media/")]
    assert "3 files themselves are not here, as you chose." in members["coverage.html"].decode()


def test_everything_says_so(make: Make) -> None:
    """The control: with nothing left out nothing is said of it."""
    members = make(EVERYTHING)
    assert read_coverage(members)["choices"] == {
        "without": [],
        "since": None,
        "until": None,
        "time_zone": "Europe/London",
        "files": True,
        "formats": ["json", "csv", "report"],
    }
    assert {line[2:] for line in lines(members).values()} == {(0, 0)}
    for page in ("README.txt", "about.html", "index.html", "coverage.html"):
        assert "eft out in all" not in members[page].decode()
        assert "you chose" not in members[page].decode()


@pytest.fixture
def verify(tmp_path: Path, signer: Signer) -> Callable[[Members], list[str]]:
    def verify(members: Members) -> list[str]:
        said: list[str] = []
        path = pack(tmp_path / "sealed.zip", seal(members, signer))
        verify_archive([path], Expected("1", [signer.public_key], signed=True), say=said.append)
        return said

    return verify


def edit(members: Members, **changes: Any) -> None:
    coverage = read_coverage(members)
    coverage["choices"] |= changes
    members["data/coverage.json"] = json.dumps(coverage).encode()


def test_the_verifier_says_what_is_left_out(make: Make, verify: Callable[[Members], list[str]]) -> None:
    said = verify(make(Choices(without=frozenset({"message"}), files=False)))
    assert "Left out by the person's choice: 4 rows of 1 tables." in said
    assert "Left out by the person's choice: 3 files, whose rows are here." in said


@pytest.mark.parametrize(
    ("choices", "said", "complaint"),
    [
        (Choices(without=frozenset({"album"})), {"without": []}, "album: 2 rows are left out, and by no choice"),
        (
            Choices(without=frozenset({"album"})),
            {"without": ["genre"]},
            "photo: 3 rows are left out, and by no choice",
        ),
        (Choices(without=frozenset({"album"})), {"without": [], "since": "2026-01-01"}, "by no choice"),
        (Choices(files=False), {"files": True}, "photo: 3 files are left out, and by no choice"),
        (EVERYTHING, {"without": ["album"]}, "album has rows here, although it was left out"),
        (EVERYTHING, {"without": ["nowhere"]}, "nowhere is said to be left out by choice, and nobody can"),
        (EVERYTHING, {"without": ["person"]}, "person is said to be left out by choice, and nobody can"),
        (EVERYTHING, {"without": ["setting"]}, "setting is said to be left out by choice, and nobody can"),
        (EVERYTHING, {"without": None}, "do not fit"),
        (EVERYTHING, {"since": "yesterday"}, "do not fit"),
        (EVERYTHING, {"until": 5}, "do not fit"),
        (EVERYTHING, {"since": "2026-02-01", "until": "2026-01-31"}, "days end on 2026-01-31, before they begin"),
    ],
    ids=[
        "rows",
        "another category",
        "days of what has none",
        "files",
        "too many",
        "no table",
        "the person",
        "excluded",
        "no list",
        "no day",
        "a number",
        "days in the wrong order",
    ],
)
def test_it_refuses_what_no_choice_explains(
    make: Make, verify: Callable[[Members], list[str]], choices: Choices, said: dict[str, Any], complaint: str
) -> None:
    members = make(choices)
    verify(members)
    edit(members, **said)
    with pytest.raises(VerificationError, match=complaint):
        verify(members)


LIES: dict[str, tuple[Choices, dict[str, Any], str]] = {
    "below zero": (Choices(without=frozenset({"album"})), {"photo": {"rows_left_out": -3}}, "no such thing"),
    "files below zero": (Choices(files=False), {"photo": {"files_left_out": -3}}, "no such thing"),
    "an unknown status": (EVERYTHING, {"setting": {"status": "lost"}}, "setting: lost"),
    "left out, and none": (
        Choices(without=frozenset({"album"})),
        {"photo": {"rows_left_out": 0}},
        "photo is said to be left_out, with 0 rows here and 0 left out",
    ),
    "empty, and some": (
        Choices(without=frozenset({"album"})),
        {"photo": {"status": "empty"}},
        "photo is said to be empty, with 0 rows here and 3 left out",
    ),
    "left out, and here": (EVERYTHING, {"setting": {"rows": 2}}, "setting has rows here, and is said to be excluded"),
    "the person": (
        Choices(without=frozenset({"album"})),
        {"person": {"rows_left_out": 1, "depends_on": ["album"], "dated": "id"}},
        "person: 1 rows are left out, and by no choice",
    ),
    "what is excluded": (
        Choices(without=frozenset({"album"})),
        {"setting": {"rows_left_out": 1, "depends_on": ["album"]}},
        "setting: 1 rows are left out, and by no choice",
    ),
    "what depends on nothing chosen": (
        Choices(without=frozenset({"album"})),
        {"message": {"rows_left_out": 1}},
        "message: 1 rows are left out, and by no choice",
    ),
    "what has no date": (
        Choices(since=date(2026, 1, 1)),
        {"message": {"rows_left_out": 1}},
        "message: 1 rows are left out, and by no choice",
    ),
    "no reason given": (
        Choices(without=frozenset({"album"})),
        {"photo": {"depends_on": []}},
        "photo: 3 rows are left out, and by no choice",
    ),
    "files of what is not here": (Choices(files=False), {"setting": {"files_left_out": 1}}, "setting: 1 files"),
}


@pytest.mark.parametrize("lie", LIES)
def test_it_refuses_numbers_that_cannot_be(make: Make, verify: Callable[[Members], list[str]], lie: str) -> None:
    choices, changes, complaint = LIES[lie]
    members = make(choices)
    verify(members)
    coverage = read_coverage(members)
    for line in coverage["tables"]:
        line.update(changes.get(line["table"], {}))
    members["data/coverage.json"] = json.dumps(coverage).encode()
    with pytest.raises(VerificationError, match=complaint):
        verify(members)


def test_it_refuses_a_table_that_is_told_of_twice(make: Make, verify: Callable[[Members], list[str]]) -> None:
    """What the first line says, the second would hide."""
    members = make(EVERYTHING)
    coverage = read_coverage(members)
    [message] = [line for line in coverage["tables"] if line["table"] == "message"]
    coverage["tables"].insert(0, {**message, "status": "empty", "rows": 0, "rows_left_out": 7})
    members["data/coverage.json"] = json.dumps(coverage).encode()
    with pytest.raises(VerificationError, match="told of twice"):
        verify(members)


def test_however_many_tables_depend_on_each_other_each_is_looked_at_once() -> None:
    """Whoever makes a false archive says how many there are. The control: all of them are found."""
    looked_at: list[str] = []

    class Lines(dict[str, Line]):
        def __getitem__(self, name: str) -> Line:
            looked_at.append(name)
            return super().__getitem__(name)

    def line(number: int) -> Line:
        return Line(str(number), "empty", 0, 0, 0, is_dated=False, depends_on=frozenset({str(number - 1)}))

    lines = Lines({str(number): line(number) for number in range(100)})
    chosen = Chosen(frozenset({"0"}), None, None, files=True)
    assert _find_touched(chosen, lines, "person") == lines.keys()
    assert len(looked_at) <= 2 * len(lines)


@pytest.mark.parametrize("is_older", [True, False])
def test_older_archives_did_not_say_what_depends_on_what(
    make: Make, verify: Callable[[Members], list[str]], is_older: bool
) -> None:
    """In the control one table says it, and so must all."""
    members = make(Choices(without=frozenset({"album"})))
    coverage = read_coverage(members)
    for line in coverage["tables"]:
        if is_older or line["table"] != "album":
            del line["depends_on"], line["dated"]
    members["data/coverage.json"] = json.dumps(coverage).encode()
    if is_older:
        assert any("rows of 3 tables" in said for said in verify(members))
    else:
        with pytest.raises(VerificationError, match="by no choice"):
            verify(members)


def test_it_follows_what_depends_on_what_was_left_out(make: Make, verify: Callable[[Members], list[str]]) -> None:
    """The control: through two tables, and by a date."""
    members = make(Choices(without=frozenset({"album"})))
    found = {line["table"]: (line["dated"], line["depends_on"]) for line in read_coverage(members)["tables"]}
    assert found == {
        "person": (None, []),
        "album": (None, []),
        "genre": (None, ["album"]),
        "message": (None, []),
        "photo": (None, ["album"]),
        "setting": (None, []),
    }
    coverage = read_coverage(members)
    coverage["choices"] |= {"without": [], "since": "2026-01-01"}
    for line in coverage["tables"]:
        line.update({"dated": "at"} if line["table"] == "album" else {})
    members["data/coverage.json"] = json.dumps(coverage).encode()
    assert "Left out by the person's choice: 6 rows of 3 tables." in verify(members)


def test_it_misses_a_row_as_before(make: Make, verify: Callable[[Members], list[str]]) -> None:
    members = make(Choices(without=frozenset({"album"})))
    rows = members["data/json/message.json"].splitlines(keepends=True)
    members["data/json/message.json"] = b"".join([*rows[:1], *rows[2:]])
    with pytest.raises(VerificationError, match="message: 4 rows should be here"):
        verify(members)


def dated(column: sa.Column[Any], **facts: str) -> sa.MetaData:
    metadata = sa.MetaData()
    sa.Table("person", metadata, sa.Column("id", sa.Integer, primary_key=True), info=subject(title="Account"))
    sa.Table(
        "visit",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("person_id", sa.ForeignKey("person.id")),
        column,
        info=owned("person_id", **facts),
    )
    return metadata


@pytest.mark.parametrize(
    ("kind", "zone"),
    [(sa.DateTime(timezone=True), UTC), (sa.DateTime(), None), (sa.Date(), None)],
    ids=["zone", "no zone", "date"],
)
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_days_begin_and_end_where_the_person_lives(
    database: str, kind: Any, zone: Any, request: pytest.FixtureRequest
) -> None:
    """In Ho Chi Minh City a day begins at 17:00 of the day before in UTC."""
    metadata = dated(sa.Column("at", kind))
    moments: list[Any] = [
        datetime(2026, 1, 30, 16, 59, 59, tzinfo=zone),
        datetime(2026, 1, 30, 17, tzinfo=zone),
        datetime(2026, 1, 31, 16, 59, 59, tzinfo=zone),
        datetime(2026, 1, 31, 17, tzinfo=zone),
    ]
    expected = [2, 3]
    if isinstance(kind, sa.Date):
        moments, expected = [date(2026, 1, 30), date(2026, 1, 31), date(2026, 2, 1)], [2]
    url = sa.make_url("sqlite://")
    if database == "postgresql":
        url = sa.make_url(request.getfixturevalue("postgres")).set(
            drivername="postgresql+psycopg", database="postgres"
        )
    engine = sa.create_engine(url)
    day = date(2026, 1, 31)
    with engine.connect() as connection:  # nothing is committed
        metadata.create_all(connection)
        connection.execute(metadata.tables["person"].insert(), [{"id": 1}])
        rows = [{"id": number, "person_id": 1, "at": moment} for number, moment in enumerate(moments, 1)]
        connection.execute(metadata.tables["visit"].insert(), [*rows, {"id": 9, "person_id": 1, "at": None}])
        for time_zone, is_theirs in (("Asia/Ho_Chi_Minh", True), ("UTC", isinstance(kind, sa.Date))):
            plan = plan_tables(build_graph(metadata), "1", Choices(since=day, until=day), time_zone)
            ids = [row.id for row in connection.execute(plan[1].select, plan[1].given)]
            assert (ids == [*expected, 9]) == is_theirs
        ends = Choices(since=date.min, until=date.max)
        plan = plan_tables(build_graph(metadata), "1", ends, "Asia/Ho_Chi_Minh")
        assert len(connection.execute(plan[1].select, plan[1].given).all()) == len(moments) + 1
    engine.dispose()


@pytest.mark.parametrize("column", ["nothing", "id"])
def test_a_date_that_is_none_is_a_finding(column: str) -> None:
    with pytest.raises(RegisterError, match=r"columns with a date: at") as found:
        build_graph(dated(sa.Column("at", sa.DateTime()), dated=column))
    assert f"dated={column!r}" in str(found.value)


@pytest.mark.parametrize(("facts", "stays"), [({}, False), ({"dated": ""}, True), ({"dated": "at"}, False)], ids=str)
def test_a_table_may_have_no_date(facts: dict[str, str], stays: bool) -> None:
    graph = build_graph(dated(sa.Column("at", sa.DateTime()), **facts))
    plan = plan_tables(graph, "1", Choices(since=date(2026, 1, 1)))
    assert (plan[1].count_all is None) == stays
