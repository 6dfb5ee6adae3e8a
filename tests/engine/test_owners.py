"""A row that does not belong to the person is refused, whatever brought it there."""

import json
from contextlib import nullcontext
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.engine.build import Order
from app.engine.datapackage import OWNERS, REFERRED
from app.engine.minisign import Signer
from app.engine.register import owned, third_party
from app.engine.selection import Selection
from app.engine.verify import Expected, VerificationError, verify_archive
from app.engine.verify.keys import Keys, RowKeys
from tests.engine.conftest import make_archive
from tests.engine.forging import Members, change, drop_csv, pack, seal, unpack
from tests.mixing.bugs import forget_where

COMPLAINTS = {
    "person": "not about one person only",
    "message": "message: 1 rows lead to no row of this archive",
    "album": "album.owner_id: 1 values lead to rows that are not here",
    "photo": "photo: 2 rows lead to no row of this archive",
    "genre": "genre: 2 rows lead to no row of this archive, nor any to them",
}


@pytest.mark.parametrize("table", COMPLAINTS)
def test_a_select_without_its_where_makes_no_archive(
    ann: Order, engine: sa.Engine, schema: sa.MetaData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    monkeypatch.setattr(Selection, "includes", forget_where(table))
    with pytest.raises(VerificationError, match=COMPLAINTS[table]):
        make_archive(ann, engine, schema, tmp_path / "workspace")


def add_answers(schema: sa.MetaData, engine: sa.Engine) -> None:
    """To whatever Ann said, and to answers to that; and one to Bob."""
    answer = sa.Table(
        "answer",
        schema,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("to_id", sa.ForeignKey("answer.id"), info=third_party()),
        sa.Column("author_id", sa.ForeignKey("person.id"), info=third_party()),
        info=owned("author_id", "to_id+.author_id"),
    )
    answer.create(engine)
    rows = [(1, None, 1), (2, 1, 2), (3, 2, 3), (4, None, 2), (5, 4, 3)]
    with engine.begin() as connection:
        for number, to_id, author_id in rows:
            connection.execute(answer.insert().values(id=number, to_id=to_id, author_id=author_id))


def test_a_tree_is_in_the_archive_and_somebody_elses_is_not(
    ann: Order, engine: sa.Engine, schema: sa.MetaData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_answers(schema, engine)
    built = make_archive(ann, engine, schema, tmp_path / "workspace")
    rows = json.loads(unpack(built.parts[0].file)["data/json/answer.json"])
    assert [(row["id"], row["roles"]) for row in rows] == [(1, "author"), (2, "to author"), (3, "to author")]
    monkeypatch.setattr(Selection, "includes", forget_where("answer"))
    with pytest.raises(VerificationError, match="answer: 2 rows lead to no row of this archive"):
        make_archive(ann, engine, schema, tmp_path / "wrong")


def test_without_what_the_data_package_says_of_owners_it_would_pass(
    members: Members, tmp_path: Path, signer: Signer
) -> None:
    """The control: a row whose owners are both somebody else, as a pseudonym says."""
    change(
        members, "data/json/message.json", '"sender_id":1,"recipient_id":1', '"sender_id":"Bob","recipient_id":"Bob"'
    )
    members = drop_csv(members)
    verify(members, tmp_path, signer, refused="message: 1 rows lead to no row")
    package = json.loads(members["data/datapackage.json"])
    for resource in package["resources"]:
        resource["schema"].pop(OWNERS, None)
    verify(members | {"data/datapackage.json": json.dumps(package).encode()}, tmp_path, signer)


def verify(members: Members, folder: Path, signer: Signer, refused: str = "") -> None:
    file = pack(folder / "changed.zip", seal(members, signer))
    with pytest.raises(VerificationError, match=refused) if refused else nullcontext():
        verify_archive([file], Expected("1", [signer.public_key]))


def test_the_data_package_says_only_what_its_foreign_keys_do_not(members: Members) -> None:
    schemas = {each["name"]: each["schema"] for each in json.loads(members["data/datapackage.json"])["resources"]}
    assert {name for name, schema in schemas.items() if OWNERS in schema} == {"message", "album", "photo"}
    assert {name for name, schema in schemas.items() if REFERRED in schema} == {"genre"}
    assert [key["fields"] for key in schemas["message"][OWNERS]] == [["sender_id"], ["recipient_id"]]
    assert [key["fields"] for key in schemas["photo"][OWNERS]] == [["shelf", "number"]]


def test_rows_alike_are_counted_each() -> None:
    strange = RowKeys([1, 1])
    for _ in range(2):
        strange.add(lambda _position: [b"7", b"7", b"8"], (0, 1))
    known = Keys()
    known.add(lambda _position: [b"8"], (0,))
    assert strange.count_strange([[Keys()], [Keys()]]) == 6
    assert strange.count_strange([[Keys()], [known]]) == 4
