"""Shapes of schemas that people really have, on SQLite and on PostgreSQL: one SELECT a table, and the right rows."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Column, ForeignKey, ForeignKeyConstraint, Integer, MetaData, String, Table, Uuid
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.engine.coverage import count_left_out, cover
from app.engine.graph import build_graph
from app.engine.pieces import Piece, narrow
from app.engine.plan import plan_tables
from app.engine.register import deletion_mark, excluded, internal, owned, reference, secret, subject, third_party
from app.engine.report.contents import tell_line
from app.engine.report.formats import ENGLISH
from app.engine.rows import Pseudonyms, read_rows
from app.engine.selection import Selection
from app.engine.shape import Value, WantedFile
from tests.engine.shop import ROWS, make_schema

Rows = dict[str, list[dict[str, Any]]]
Read = Callable[[MetaData, Rows, str], Rows]


@pytest.fixture(params=["sqlite", "postgresql"])
def connection(request: pytest.FixtureRequest) -> Iterator[sa.Connection]:
    url = sa.make_url("sqlite://")
    if request.param == "postgresql":
        settings = request.getfixturevalue("postgresql_settings")
        url = sa.make_url(settings["DATABASE_URL"]).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        if request.param == "postgresql":
            connection.exec_driver_sql("DROP SCHEMA public CASCADE")  # it comes with our own tables
            connection.exec_driver_sql("CREATE SCHEMA public")
        yield connection
    engine.dispose()


def fill(connection: sa.Connection, metadata: MetaData, rows: Rows) -> None:
    metadata.create_all(connection)
    for name, found in rows.items():
        for row in found:
            connection.execute(metadata.tables[name].insert().values(row))


@pytest.fixture
def read(connection: sa.Connection) -> Read:
    """The archive's rows of a person, by table."""

    def read(metadata: MetaData, rows: Rows, person: str) -> Rows:
        fill(connection, metadata, rows)
        return read_all(connection, metadata, person)

    return read


def read_all(connection: sa.Connection, metadata: MetaData, person: str) -> Rows:
    pseudonyms = Pseudonyms({person})
    found: Rows = {}
    for planned in plan_tables(build_graph(metadata), person):
        names = [each.name for each in planned.shape.fields]
        rows = [list(map(without_file, row)) for batch in read_rows(connection, planned, pseudonyms) for row in batch]
        found[planned.shape.name] = [dict(zip(names, row, strict=True)) for row in rows]
        assert connection.execute(planned.count, planned.given).scalar_one() == len(found[planned.shape.name])
    return found


def without_file(value: Value) -> Value:
    return value.stored_name if isinstance(value, WantedFile) else value


def people(metadata: MetaData, key: Column[Any] | None = None, *more: Column[Any]) -> None:
    key = Column("id", Integer, primary_key=True) if key is None else key
    Table("person", metadata, key, *more, info=subject())


def ids(rows: list[dict[str, Any]]) -> list[Any]:
    return [row["id"] for row in rows]


def test_the_shop(read: Read) -> None:
    found = read(make_schema(), {name: ROWS[name] for name in ("person", "message", "genre", "album", "photo")}, "1")
    assert {name: len(rows) for name, rows in found.items()} == {
        "person": 1,
        "message": 4,
        "album": 2,
        "photo": 3,
        "genre": 1,
    }
    assert [row["roles"] for row in found["message"]] == ["sender", "recipient", "recipient", "sender, recipient"]
    assert [row["sender_id"] for row in found["message"]] == [1, "Bob", "Bob (2)", 1]


def test_one_select_reads_a_table(connection: sa.Connection) -> None:
    metadata = make_schema()
    fill(connection, metadata, {name: ROWS[name] for name in ("person", "message", "genre", "album", "photo")})
    sent: list[str] = []
    sa.event.listen(connection, "before_cursor_execute", lambda *event: sent.append(event[2]))
    for planned in plan_tables(build_graph(metadata), "1"):
        sent.clear()
        list(read_rows(connection, planned, Pseudonyms()))
        assert len(sent) == 1
        assert " ORDER BY " in sent[0]


def tags(metadata: MetaData) -> None:
    people(metadata)
    Table(
        "tag",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("parent_id", ForeignKey("tag.id")),
        Column("same_as_id", ForeignKey("tag.id")),
        Column("language", ForeignKey("language.code")),
        info=reference(),
    )
    Table("language", metadata, Column("code", String(2), primary_key=True), info=reference())
    Table(
        "mark",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("person_id", ForeignKey("person.id")),
        Column("tag_id", ForeignKey("tag.id")),
        Column("guessed_id", ForeignKey("tag.id"), info=internal("A guess of ours.")),
        info=owned("person_id"),
    )


TAGS: Rows = {
    "person": [{"id": 1}, {"id": 2}],
    "language": [{"code": "de"}, {"code": "en"}, {"code": "vi"}],
    "tag": [
        {"id": 1, "language": "de"},
        {"id": 2, "parent_id": 1},
        {"id": 3, "parent_id": 2, "language": "en"},
        {"id": 4, "same_as_id": 4},
        {"id": 5, "same_as_id": 4, "parent_id": 3},
        {"id": 6, "parent_id": 5, "language": "vi"},
    ],
    "mark": [
        {"id": 1, "person_id": 1, "tag_id": 3, "guessed_id": 6},
        {"id": 2, "person_id": 2, "tag_id": 5},
    ],
}


def test_a_tags_parents_come_along_and_a_guess_of_ours_does_not(read: Read) -> None:
    metadata = MetaData()
    tags(metadata)
    found = read(metadata, TAGS, "1")
    assert ids(found["tag"]) == [1, 2, 3]
    assert [row["code"] for row in found["language"]] == ["de", "en"]


def test_several_keys_of_a_tag_to_tags_are_followed(connection: sa.Connection) -> None:
    metadata = MetaData()
    tags(metadata)
    fill(connection, metadata, TAGS)
    assert ids(read_all(connection, metadata, "2")["tag"]) == [1, 2, 3, 4, 5]


def test_reference_tables_in_a_ring(connection: sa.Connection) -> None:
    metadata = MetaData()
    people(metadata, None, Column("city_id", ForeignKey("city.id")))
    Table(
        "city",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("land", String(9)),
        Column("region", Integer),
        ForeignKeyConstraint(["land", "region"], ["region.land", "region.number"], name="city_region", use_alter=True),
        info=reference(),
    )
    Table(
        "region",
        metadata,
        Column("land", String(9), primary_key=True),
        Column("number", Integer, primary_key=True, autoincrement=False),
        Column("capital_id", ForeignKey("city.id")),
        info=reference(),
    )
    rows: Rows = {
        "city": [{"id": 1}, {"id": 2}, {"id": 3}, {"id": 4}],
        "region": [{"land": "a", "number": 1, "capital_id": 2}, {"land": "b", "number": 1, "capital_id": 3}],
        "person": [{"id": 1, "city_id": 1}, {"id": 2, "city_id": 4}],
    }
    fill(connection, metadata, rows)
    city = metadata.tables["city"]
    for number, land in ((1, "a"), (2, "b"), (3, "a"), (4, "b")):
        values = {"land": land, "region": None if number == 4 else 1}
        connection.execute(city.update().where(city.c.id == number).values(values))
    assert ids(read_all(connection, metadata, "1")["city"]) == [1, 2, 3]
    found = read_all(connection, metadata, "2")
    assert (ids(found["city"]), found["region"]) == ([4], [])  # half a key points to nothing


class Base(DeclarativeBase):
    pass


class Person(Base):
    __tablename__ = "person"
    __table_args__ = ({"info": subject()},)
    id: Mapped[int] = mapped_column(primary_key=True)


class Seller(Person):
    __tablename__ = "seller"
    __table_args__ = ({"info": owned("id", title="Your shop")},)
    id: Mapped[int] = mapped_column(ForeignKey(Person.id), primary_key=True)
    shop: Mapped[str]


class Item(Base):
    """Two kinds in one table."""

    __tablename__ = "item"
    __table_args__ = ({"info": owned("seller_id.id")},)
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "item"}  # noqa: RUF012  # as SQLAlchemy has it
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    seller_id: Mapped[int] = mapped_column(ForeignKey(Seller.id))


class Book(Item):
    __mapper_args__ = {"polymorphic_identity": "book"}  # noqa: RUF012  # as SQLAlchemy has it
    pages: Mapped[int | None]


class Picture(Item):
    """A table of its own below the items'."""

    __tablename__ = "picture"
    __table_args__ = ({"info": owned("id.seller_id.id")},)
    __mapper_args__ = {"polymorphic_identity": "picture"}  # noqa: RUF012  # as SQLAlchemy has it
    id: Mapped[int] = mapped_column(ForeignKey(Item.id), primary_key=True)
    width: Mapped[int]


Base.registry.dispose()  # its tables are enough; models would be strays to the tests of our own


def test_inherited_keys_are_followed_and_stay_keys(read: Read) -> None:
    rows: Rows = {
        "person": [{"id": 1}, {"id": 2}, {"id": 3}],
        "seller": [{"id": 1, "shop": "Mine"}, {"id": 2, "shop": "Other"}],
        "item": [
            {"id": 1, "kind": "book", "seller_id": 1, "pages": 5},
            {"id": 2, "kind": "picture", "seller_id": 1},
            {"id": 3, "kind": "picture", "seller_id": 2},
        ],
        "picture": [{"id": 2, "width": 10}, {"id": 3, "width": 20}],
    }
    found = read(Base.metadata, rows, "1")
    assert found["seller"] == [{"id": 1, "shop": "Mine"}]
    assert [(row["id"], row["kind"], row["pages"]) for row in found["item"]] == [(1, "book", 5), (2, "picture", None)]
    assert found["picture"] == [{"id": 2, "width": 10}]


def test_an_owner_by_type_and_id_is_declared_on_a_view(connection: sa.Connection) -> None:
    """As docs/own-models.md tells it: the id alone may be a person's or a team's, so no foreign key can be on it."""
    metadata = MetaData()
    people(metadata)
    key, kind = Column("id", Integer, primary_key=True), Column("owner_type", String(9))
    note = Table("note", metadata, key, kind, Column("owner_id", Integer), info=excluded("See your notes."))
    metadata.create_all(connection)
    connection.exec_driver_sql("CREATE VIEW your_note AS SELECT id, owner_id FROM note WHERE owner_type = 'person'")
    owner: Column[Any] = Column("owner_id", ForeignKey("person.id"))
    Table("your_note", metadata, Column("id", Integer, primary_key=True), owner, info=owned("owner_id"))
    fill(connection, metadata, {"person": [{"id": 1}, {"id": 2}]})
    rows = [(1, "person", 1), (2, "team", 1), (3, "person", 2)]
    connection.execute(note.insert().values([{"id": n, "owner_type": of, "owner_id": who} for n, of, who in rows]))
    assert read_all(connection, metadata, "1")["your_note"] == [{"id": 1, "owner_id": 1}]


def deletable(*, leave_out: bool, kind: Any) -> MetaData:
    metadata = MetaData()
    people(metadata)
    Table(
        "post",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("author_id", ForeignKey("person.id")),
        Column("deleted", kind, info=deletion_mark(leave_out=leave_out)),
        info=owned("author_id"),
    )
    Table(
        "reply",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("post_id", ForeignKey("post.id"), info=third_party()),
        Column("author_id", ForeignKey("person.id"), info=third_party()),
        info=owned("author_id", "post_id.author_id"),
    )
    return metadata


@pytest.mark.parametrize(
    ("kind", "unset", "mark"), [(sa.Boolean, False, True), (sa.Date, None, sa.func.current_date()), (sa.Integer, 0, 1)]
)
@pytest.mark.parametrize("leave_out", [True, False])
def test_deleted_rows_are_a_declared_choice(
    connection: sa.Connection, kind: Any, unset: Any, mark: Any, *, leave_out: bool
) -> None:
    metadata = deletable(leave_out=leave_out, kind=kind)
    fill(
        connection,
        metadata,
        {
            "person": [{"id": 1}, {"id": 2}],
            "post": [
                {"id": 1, "author_id": 1, "deleted": unset},
                {"id": 2, "author_id": 1, "deleted": mark},
                {"id": 3, "author_id": 1, "deleted": None},
                {"id": 4, "author_id": 2, "deleted": mark},
            ],
            "reply": [
                {"id": 1, "post_id": 1, "author_id": 2},
                {"id": 2, "post_id": 2, "author_id": 2},
                {"id": 3, "post_id": 2, "author_id": 1},
            ],
        },
    )
    found = read_all(connection, metadata, "1")
    told = tell(connection, metadata, "1")
    if leave_out:
        assert ids(found["post"]) == [1, 3]
        assert [(row["id"], row["post_id"]) for row in found["reply"]] == [(1, 1), (3, "Post 1")]
        assert told["post"] == "Without 1 row that is marked as deleted or that stood under something deleted."
        assert told["reply"] == told["post"]
    else:
        assert ids(found["post"]) == [1, 2, 3]
        assert ids(found["reply"]) == [1, 2, 3]
        assert told["post"] == "Rows that are marked as deleted and still held are included."
        assert told["reply"] == ""


def folders(*paths: str) -> MetaData:
    """In folders in folders; only the first of each tree says whose it is. `paths`: those of files."""
    metadata = MetaData()
    people(metadata)
    Table(
        "folder",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("parent_id", ForeignKey("folder.id"), info=third_party()),
        Column("owner_id", ForeignKey("person.id"), info=third_party()),
        Column("gone", sa.Boolean, info=deletion_mark(leave_out=True)),
        info=owned("owner_id", "parent_id+.owner_id"),
    )
    Table(
        "file",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("folder_id", ForeignKey("folder.id"), info=third_party() if len(paths) == 1 else {}),
        info=owned(*paths),
    )
    return metadata


FOLDERS: Rows = {
    "person": [{"id": 1}, {"id": 2}],
    "folder": [
        {"id": 1, "owner_id": 1},
        {"id": 2, "owner_id": 2},
        *({"id": number + 2, "parent_id": number} for number in range(1, 21)),
        {"id": 50, "parent_id": 20, "gone": True},  # below it are none of hers but in the database
        {"id": 51, "parent_id": 50},
        {"id": 60, "parent_id": None},
        {"id": 61, "parent_id": 60},
    ],
    "file": [{"id": number, "folder_id": number} for number in (1, 2, 21, 22, 51, 61)],
}


@pytest.mark.parametrize(
    ("paths", "hers"),
    [
        (("folder_id.owner_id", "folder_id.parent_id+.owner_id"), [1, 21]),
        (("folder_id.parent_id.owner_id",), []),  # the control: to one depth, which none of these files has
    ],
)
def test_a_tree_is_followed_to_any_depth(connection: sa.Connection, paths: tuple[str, ...], hers: list[int]) -> None:
    metadata = folders(*paths)
    fill(connection, metadata, FOLDERS)
    found = read_all(connection, metadata, "1")
    assert ids(found["folder"]) == list(range(1, 23, 2))
    assert [row["roles"] for row in found["folder"]] == ["owner", *["parent owner"] * 10]
    assert ids(found["file"]) == hers
    assert ids(read_all(connection, metadata, "2")["folder"]) == list(range(2, 23, 2))


def test_pieces_of_a_table_know_the_whole_tree(connection: sa.Connection) -> None:
    metadata = folders("folder_id.owner_id", "folder_id.parent_id+.owner_id")
    fill(connection, metadata, FOLDERS)
    planned = next(each for each in plan_tables(build_graph(metadata), "1") if each.shape.name == "file")
    for low, high, expected in ((None, "2", [1]), ("2", "22", [21]), ("22", None, [])):
        piece = narrow(planned, Piece(1, "file", low, high))
        assert [row[0] for batch in read_rows(connection, piece, Pseudonyms()) for row in batch] == expected


def test_what_stands_under_something_deleted_is_counted_at_any_depth(connection: sa.Connection) -> None:
    metadata = folders("folder_id.owner_id", "folder_id.parent_id+.owner_id")
    fill(connection, metadata, FOLDERS)
    assert 51 not in ids(read_all(connection, metadata, "2")["folder"])
    told = tell(connection, metadata, "2")
    assert told["folder"] == "Without 2 rows that are marked as deleted or that stood under something deleted."
    assert told["file"] == "Without 1 row that is marked as deleted or that stood under something deleted."


def test_a_tree_that_asked_only_its_first_row_would_go_past_what_was_deleted(
    connection: sa.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control."""
    find_tree = Selection._find_tree
    monkeypatch.setattr(Selection, "_find_tree", lambda self, hops, **_: find_tree(self, hops, with_deleted=True))
    metadata = folders("folder_id.owner_id", "folder_id.parent_id+.owner_id")
    fill(connection, metadata, FOLDERS)
    assert 51 in ids(read_all(connection, metadata, "2")["folder"])


def test_a_ring_of_folders_ends(connection: sa.Connection) -> None:
    metadata = folders("folder_id.owner_id", "folder_id.parent_id+.owner_id")
    fill(connection, metadata, {"person": FOLDERS["person"], "folder": FOLDERS["folder"][:3]})
    folder = metadata.tables["folder"]
    connection.execute(folder.update().where(folder.c.id == 1).values(parent_id=3))
    found = read_all(connection, metadata, "1")["folder"]
    assert [(row["id"], row["roles"]) for row in found] == [(1, "owner, parent owner"), (3, "parent owner")]


def letters(by: dict[str, str | None]) -> MetaData:
    """Each has a sender and a recipient, and may have enclosures. `by`: columns that mark a letter as deleted."""
    metadata = MetaData()
    people(metadata)
    Table(
        "letter",
        metadata,
        Column("id", Integer, primary_key=True),
        *(Column(name, ForeignKey("person.id"), info=third_party()) for name in ("from_id", "to_id")),
        *(Column(name, sa.Boolean, info=deletion_mark(leave_out=True, by=path)) for name, path in by.items()),
        info=owned("from_id", "to_id"),
    )
    Table(
        "enclosure",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("letter_id", ForeignKey("letter.id")),
        info=owned("letter_id.from_id", "letter_id.to_id"),
    )
    return metadata


LETTERS: Rows = {
    "person": [{"id": 1}, {"id": 2}],
    "letter": [
        {"id": 1, "from_id": 1, "to_id": 2},
        {"id": 2, "from_id": 1, "to_id": 2, "gone_from": True},
        {"id": 3, "from_id": 1, "to_id": 2, "gone_to": True},
        {"id": 4, "from_id": 1, "to_id": 1, "gone_to": True},
    ],
    "enclosure": [{"id": number, "letter_id": number} for number in (1, 2, 3, 4)],
}


@pytest.mark.parametrize(
    ("by", "hers", "his"),
    [
        ({"gone_from": "from_id", "gone_to": "to_id"}, {1: "from", 3: "from", 4: "from"}, {1: "to", 2: "to"}),
        ({"gone_from": None, "gone_to": None}, {1: "from"}, {1: "to"}),  # the control: deleted for both
    ],
    ids=["by one", "for all"],
)
def test_what_one_owner_deleted_is_still_the_others(
    connection: sa.Connection, by: dict[str, str | None], hers: dict[int, str], his: dict[int, str]
) -> None:
    metadata = letters(by)
    fill(connection, metadata, LETTERS)
    for person, expected in (("1", hers), ("2", his)):
        found = read_all(connection, metadata, person)
        assert {row["id"]: row["roles"] for row in found["letter"]} == expected
        assert {row["id"]: row["roles"] for row in found["enclosure"]} == {
            number: f"letter {role}" for number, role in expected.items()
        }
        told = {column for row in found["letter"] for column in row if column.startswith("gone_")}
        assert not told if by["gone_to"] else told  # what somebody deleted is theirs to know


def test_nobody_is_told_that_they_deleted_what_another_did(connection: sa.Connection) -> None:
    """The mark says that a letter is deleted, and not by whom."""
    metadata = letters({"gone_from": None, "gone_to": None})
    fill(connection, metadata, LETTERS)
    told = tell(connection, metadata, "2")
    assert told["letter"] == "Without 2 rows that are marked as deleted or that stood under something deleted."
    assert not any("you deleted" in line for line in told.values())


def tell(connection: sa.Connection, metadata: MetaData, person: str) -> dict[str, str]:
    """What the coverage statement says of each table."""
    graph = build_graph(metadata)
    plan = plan_tables(graph, person)
    counts = [connection.execute(planned.count, planned.given).scalar_one() for planned in plan]
    left_out = count_left_out(connection, plan, counts, {})
    return {line.table: " ".join(tell_line(line, ENGLISH)) for line in cover(graph, plan, counts, left_out)}


def test_a_ring_of_people_and_teams(connection: sa.Connection) -> None:
    metadata = MetaData()
    team = ForeignKey("team.id", name="person_team", use_alter=True)
    people(metadata, None, Column("name", String(9)), Column("team_id", team, info=third_party(shows="name")))
    Table(
        "team",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("name", String(9)),
        Column("captain_id", ForeignKey("person.id"), info=third_party(shows="name")),
        info=owned("captain_id", "captain_id.team_id.captain_id"),
    )
    person, teams = metadata.tables["person"], metadata.tables["team"]
    fill(connection, metadata, {"person": [{"id": number, "name": f"P{number}"} for number in (1, 2, 3)]})
    connection.execute(teams.insert().values([{"id": n, "name": f"T{n}", "captain_id": n} for n in (1, 2, 3)]))
    for number, team_id in ((1, 3), (2, 1), (3, None)):
        connection.execute(person.update().where(person.c.id == number).values(team_id=team_id))
    found = read_all(connection, metadata, "1")
    assert found["person"] == [{"id": 1, "name": "P1", "team_id": "T3"}]
    # Team 1 is mine; team 2 is of a captain who plays in mine.
    assert [(row["id"], row["captain_id"], row["roles"]) for row in found["team"]] == [
        (1, 1, "captain"),
        (2, "P2", "captain team captain"),
    ]


def test_nobody_can_be_called_by_the_persons_id(read: Read) -> None:
    metadata = MetaData()
    people(metadata, Column("id", String(9), primary_key=True), Column("name", String(9)))
    other = ForeignKey("person.id")
    Table(
        "wave",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("from_id", other, info=third_party(shows="name")),
        Column("to_id", ForeignKey("person.id"), info=third_party(shows="name")),
        info=owned("from_id", "to_id"),
    )
    rows: Rows = {
        "person": [{"id": "ann", "name": "Ann"}, {"id": "bob", "name": "ann"}],
        "wave": [{"id": 1, "from_id": "bob", "to_id": "ann"}],
    }
    assert read(metadata, rows, "ann")["wave"] == [{"id": 1, "from_id": "ann (2)", "to_id": "ann", "roles": "to"}]


def test_nobody_can_be_called_by_the_key_of_another_row(read: Read) -> None:
    """Eve calls herself what Ann's profile is called in the archive; the note that Ann wrote herself stays Ann's."""
    metadata = MetaData()
    people(metadata)
    Table(
        "profile",
        metadata,
        Column("id", String(9), primary_key=True),
        Column("person_id", ForeignKey("person.id")),
        Column("nick", String(99)),
        info=owned("person_id"),
    )
    Table(
        "message",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("to_id", ForeignKey("person.id")),
        Column("sender_id", ForeignKey("profile.id"), info=third_party(shows="nick")),
        info=owned("to_id"),
    )
    rows: Rows = {
        "person": [{"id": 1}, {"id": 2}],
        "profile": [
            {"id": "p1", "person_id": 1, "nick": "Ann"},
            {"id": "p2", "person_id": 2, "nick": "p1"},
            {"id": "p3", "person_id": 2, "nick": "p2"},
        ],
        "message": [
            {"id": 1, "to_id": 1, "sender_id": "p2"},
            {"id": 2, "to_id": 1, "sender_id": "p1"},
            {"id": 3, "to_id": 1, "sender_id": "p3"},
        ],
    }
    found = read(metadata, rows, "1")["message"]
    assert [row["sender_id"] for row in found] == ["p1 (2)", "p1", "p2"]


def test_somebody_has_one_name_however_they_are_pointed_to(read: Read) -> None:
    metadata = MetaData()
    people(metadata, None, Column("handle", String(9), unique=True))
    Table(
        "nod",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("mine", ForeignKey("person.handle")),
        Column("by_id", ForeignKey("person.id"), info=third_party()),
        Column("by_handle", ForeignKey("person.handle"), info=third_party()),
        Column("by_mail", String(20), info=third_party()),
        info=owned("mine"),
    )
    rows: Rows = {
        "person": [{"id": 1, "handle": "ann"}, {"id": 2, "handle": "bob"}, {"id": 3, "handle": "eve"}],
        "nod": [
            {"id": 1, "mine": "ann", "by_id": 3, "by_handle": "bob", "by_mail": "bob@example.org"},
            {"id": 2, "mine": "ann", "by_id": 2, "by_handle": "ann", "by_mail": None},
            {"id": 3, "mine": "bob"},
        ],
    }
    found = read(metadata, rows, "1")["nod"]
    assert [(row["mine"], row["by_id"], row["by_handle"], row["by_mail"]) for row in found] == [
        ("ann", "Person 1", "Person 2", "By mail 1"),
        ("ann", "Person 2", "ann", None),
    ]


def test_a_pseudonym_is_shown_as_no_number() -> None:
    metadata = MetaData()
    people(metadata, None, Column("doctor_number", Integer, info=third_party()))
    shape = plan_tables(build_graph(metadata), "1")[0].shape
    assert [(each.name, each.kind) for each in shape.fields] == [("id", "id"), ("doctor_number", "id")]


def test_the_same_number_in_two_tenants_is_two_people(read: Read) -> None:
    metadata = MetaData()
    people(metadata)
    Table(
        "guest",
        metadata,
        Column("house", Integer, primary_key=True, autoincrement=False),
        Column("number", Integer, primary_key=True, autoincrement=False),
        Column("host_id", ForeignKey("person.id")),
        info=owned("host_id"),
    )
    Table(
        "visit",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("person_id", ForeignKey("person.id")),
        Column("house", Integer),
        Column("number", Integer, info=third_party()),
        ForeignKeyConstraint(["house", "number"], ["guest.house", "guest.number"]),
        info=owned("person_id"),
    )
    rows: Rows = {
        "person": [{"id": 1}, {"id": 2}],
        "guest": [
            {"house": 1, "number": 7, "host_id": 2},
            {"house": 2, "number": 7, "host_id": 2},
            {"house": 3, "number": 7, "host_id": 1},
        ],
        "visit": [
            {"id": 1, "person_id": 1, "house": 1, "number": 7},
            {"id": 2, "person_id": 1, "house": 2, "number": 7},
            {"id": 3, "person_id": 1, "house": 3, "number": 7},
            {"id": 4, "person_id": 1, "house": 1, "number": None},
            {"id": 5, "person_id": 1, "house": None, "number": 7},
        ],
    }
    found = read(metadata, rows, "1")
    assert [row["number"] for row in found["visit"]] == ["Guest 1", "Guest 2", 7, None, "Guest 3"]
    assert [row["house"] for row in found["guest"]] == [3]


def test_tables_of_two_schemas_keep_apart(connection: sa.Connection) -> None:
    metadata = MetaData()
    people(metadata)
    for schema in ("left", "odd one"):
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql(f"ATTACH ':memory:' AS \"{schema}\"")
        else:
            connection.exec_driver_sql(f'CREATE SCHEMA "{schema}"')
        Table(
            "No te.",
            metadata,
            Column("Key %", Integer, primary_key=True),
            Column("per.son", ForeignKey("person.id")),
            Column("roles", String(9)),
            Column("order", Integer),
            schema=schema,
            info=owned("per.son"),
        )
    fill(
        connection,
        metadata,
        {
            "person": [{"id": 1}, {"id": 2}],
            "left.No te.": [{"Key %": 1, "per.son": 1, "roles": "x"}, {"Key %": 2, "per.son": 2}],
            "odd one.No te.": [{"Key %": 3, "per.son": 1, "order": 5}],
        },
    )
    found = read_all(connection, metadata, "1")
    assert found["left.No te."] == [{"Key %": 1, "per.son": 1, "roles": "x", "order": None}]
    assert found["odd one.No te."] == [{"Key %": 3, "per.son": 1, "roles": None, "order": 5}]


def test_a_column_called_roles_is_not_hidden(read: Read) -> None:
    metadata = MetaData()
    people(metadata)
    columns: list[Column[Any]] = [
        Column(name, ForeignKey("person.id"), info=third_party()) for name in ("a_id", "b_id")
    ]
    Table(
        "part",
        metadata,
        Column("id", Integer, primary_key=True),
        *columns,
        Column("roles", String(9)),
        info=owned("a_id", "b_id"),
    )
    rows: Rows = {"person": [{"id": 1}], "part": [{"id": 1, "a_id": 1, "b_id": 1, "roles": "cook"}]}
    assert read(metadata, rows, "1")["part"] == [{"id": 1, "a_id": 1, "b_id": 1, "roles": "cook", "roles_": "a, b"}]


@pytest.mark.parametrize(
    ("kind", "keys"),
    [
        (sa.BigInteger(), [2**60, 5]),
        (sa.String(20), ["ann'; --", "bob"]),
        (Uuid(), [uuid.UUID(int=1), uuid.UUID(int=2)]),
        (Uuid(as_uuid=False), [str(uuid.UUID(int=1)), str(uuid.UUID(int=2))]),
    ],
)
def test_people_may_be_numbers_words_or_uuids(read: Read, kind: Any, keys: list[Any]) -> None:
    metadata = MetaData()
    people(metadata, Column("id", kind, primary_key=True), Column("password", String(9), info=secret()))
    Table(
        "note",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("person_id", ForeignKey("person.id")),
        info=owned("person_id"),
    )
    rows: Rows = {
        "person": [{"id": key} for key in keys],
        "note": [{"id": number, "person_id": key} for number, key in enumerate(keys)],
    }
    found = read(metadata, rows, str(keys[0]))
    assert found["person"] == [{"id": str(keys[0])}]
    assert found["note"] == [{"id": 0, "person_id": str(keys[0])}]
