"""Archives in parts: verified together, alone, and never mixed."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from app.engine.minisign import Signer
from app.engine.verify import Expected, VerificationError, verify_archive
from tests.engine.forging import Members, change, describe, divide, pack, seal

SHARES = [
    {"person": slice(0, 1), "message": slice(0, 2)},
    {"message": slice(2, 4), "album": slice(0, 2), "photo": slice(0, 1)},
    {"photo": slice(1, 3), "genre": slice(0, 1)},
]
FOLDERS = ["satchel-2026-01-02-A1B2C3D4", "satchel-2026-01-02-A1B2C3D4-part2", "satchel-2026-01-02-A1B2C3D4-part3"]

Pack = Callable[[Sequence[Members]], list[Path]]


@pytest.fixture
def parts(whole: Members) -> list[Members]:
    return divide(whole, SHARES)


@pytest.fixture
def pack_all(tmp_path: Path, signer: Signer) -> Pack:
    return lambda parts: [pack(tmp_path / f"{n}.zip", seal(part, signer)) for n, part in enumerate(parts, 1)]


@pytest.fixture
def expected(signer: Signer) -> Expected:
    return Expected("1", [signer.public_key], signed=True, complete=True)


@pytest.fixture
def refuses(pack_all: Pack, expected: Expected) -> Callable[[Sequence[Members], str], None]:
    def check(parts: Sequence[Members], complaint: str) -> None:
        with pytest.raises(VerificationError, match=complaint):
            verify_archive(pack_all(parts), expected)

    return check


Refuses = Callable[[Sequence[Members], str], None]


def test_all_parts_in_any_order(parts: list[Members], pack_all: Pack, expected: Expected) -> None:
    """The control for every test below."""
    said: list[str] = []
    assert verify_archive(pack_all(parts)[::-1], expected, say=said.append) == []
    text = "\n".join(said)
    assert "Parts: all 3 were given" in text
    assert "Tables: 5 with 11 rows" in text
    assert "Files: 2 pictures" in text
    assert "Foreign keys: 2 declared" in text
    assert said[0].startswith("3.zip: The ZIP file")


def test_some_parts(parts: list[Members], pack_all: Pack, signer: Signer, expected: Expected) -> None:
    paths, said = pack_all(parts), list[str]()
    assert verify_archive(paths[:2], Expected("1", [signer.public_key]), say=said.append) == FOLDERS[2:]
    text = "\n".join(said)
    assert f"Missing: {FOLDERS[2]}" in text
    assert "8 of 11 rows are here" in text
    assert "1 were followed; not followed, for they lead to missing parts: album.genre_id" in text
    with pytest.raises(VerificationError, match=f"a part is missing: {FOLDERS[2]}"):
        verify_archive(paths[:2], expected)


def test_one_part_alone(parts: list[Members], pack_all: Pack, signer: Signer) -> None:
    for number, path in enumerate(pack_all(parts)):
        said: list[str] = []
        missing = verify_archive([path], Expected(None, [signer.public_key]), say=said.append)
        assert missing == [folder for folder in FOLDERS if folder != FOLDERS[number]]
        assert ("was not checked" in said[-1]) == (number > 0)
    with pytest.raises(VerificationError, match="whose archive this is stands in part 1, which is missing"):
        verify_archive([path], Expected("1", [signer.public_key]))


def test_what_is_wrong_in_one_part_is_named_with_it(parts: list[Members], refuses: Refuses) -> None:
    change(parts[1], "data/json/message.json", ",\n", "\n")
    describe(parts[1])
    refuses(parts, r"part2: data/json/message\.json: not")


def test_a_part_twice(parts: list[Members], refuses: Refuses) -> None:
    refuses([*parts, parts[1]], "part 2 is given more than once")


def test_parts_of_two_archives(parts: list[Members], refuses: Refuses) -> None:
    for name in ("data/coverage.json", "bag-info.txt"):
        change(parts[1], name, "A1B2C3D4", "FFFFFFFF")
    refuses(parts, "are not parts of one archive")


def test_another_snapshot_of_the_same_reference(parts: list[Members], refuses: Refuses) -> None:
    statement = json.loads(parts[2]["data/coverage.json"])
    parts[2]["data/coverage.json"] = json.dumps(statement | {"snapshot_at": "2026-01-03T00:00:00Z"}).encode()
    refuses(parts, "part3 says other things of the whole archive")


def test_a_gap_that_one_part_hides(parts: list[Members], refuses: Refuses) -> None:
    statement = json.loads(parts[2]["data/coverage.json"])
    assert statement["gaps"]
    parts[2]["data/coverage.json"] = json.dumps(statement | {"gaps": []}).encode()
    refuses(parts, "says other things")


@pytest.mark.parametrize("count", ["2 of 4", "1 of 3", ""])
def test_a_bag_that_says_another_count(parts: list[Members], refuses: Refuses, count: str) -> None:
    change(parts[1], "bag-info.txt", "Bag-Count: 2 of 3", f"Bag-Count: {count}")
    refuses(parts, "bag-info.txt and coverage.json say different things of the parts")


def test_a_bag_of_another_reference(parts: list[Members], refuses: Refuses) -> None:
    change(parts[1], "bag-info.txt", "External-Identifier: A1B2C3D4", "External-Identifier: B1B2C3D4")
    refuses(parts, "are not parts of one archive")


def test_a_lost_row_at_the_border(whole: Members, refuses: Refuses) -> None:
    """Each part is right by itself; only the sum is not what the database counted."""
    short = divide(whole, [{**SHARES[0], "message": slice(0, 1)}, *SHARES[1:]])
    refuses(short, "message: 4 rows in the database, 3 in this archive")


def test_a_row_in_two_parts(whole: Members, refuses: Refuses) -> None:
    double = divide(whole, [SHARES[0], {**SHARES[1], "message": slice(1, 4)}, SHARES[2]])
    refuses(double, "message: 4 rows in the database, 5 in this archive")


def test_the_person_in_another_part(whole: Members, refuses: Refuses) -> None:
    moved = divide(whole, [{"message": slice(0, 2)}, {**SHARES[1], "person": slice(0, 1)}, SHARES[2]])
    refuses(moved, "does not say which table holds the person")


def test_a_foreign_key_to_another_part_that_leads_nowhere(parts: list[Members], refuses: Refuses) -> None:
    kind = "csv" if "data/csv/genre.csv" in parts[2] else "json"
    old, new = ('"1"', '"2"') if kind == "csv" else (":1,", ":2,")
    change(parts[2], f"data/{kind}/genre.{kind}", old, new)
    describe(parts[2])
    refuses(parts, "album.genre_id: 1 values lead to rows that are not here")


@pytest.fixture
def two_genres(whole: Members) -> Members:
    """Of the two albums, each is of another genre."""
    change(whole, "data/json/album.json", '"genre_id":null', '"genre_id":2')
    change(whole, "data/json/genre.json", "\n]", ',\n{"id":2,"name":"Hills"}\n]')
    if "data/csv/genre.csv" in whole:
        change(whole, "data/csv/album.csv", '"1",""', '"1","2"')
        whole["data/csv/genre.csv"] += b'"2","Hills"\r\n'
    statement = json.loads(whole["data/coverage.json"])
    next(line for line in statement["tables"] if line["table"] == "genre")["rows"] = 2
    whole["data/coverage.json"] = json.dumps(statement).encode()
    return whole


def test_a_foreign_key_to_a_table_that_goes_on_in_another_part(
    two_genres: Members, pack_all: Pack, expected: Expected, signer: Signer
) -> None:
    shares = [SHARES[0], {**SHARES[1], "genre": slice(0, 1)}, {**SHARES[2], "genre": slice(1, 2)}]
    paths, said = pack_all(divide(two_genres, shares)), list[str]()
    verify_archive(paths, expected, say=said.append)
    assert "Foreign keys: 2 declared" in "\n".join(said)
    verify_archive(paths[:2], Expected("1", [signer.public_key]), say=said.append)
    assert "missing parts: album.genre_id" in "\n".join(said)


def test_a_foreign_key_that_only_one_part_declares(whole: Members, refuses: Refuses) -> None:
    """A part that forgets a key of a divided table would let its rows lead anywhere."""
    parts = divide(whole, [{**SHARES[0], "album": slice(0, 1)}, {**SHARES[1], "album": slice(1, 2)}, SHARES[2]])
    change(parts[1], "data/datapackage.json", "foreignKeysBeyondThisPart", "somethingElse")
    refuses(parts, "album is described in different ways")


def test_a_key_to_what_is_no_table(parts: list[Members], refuses: Refuses) -> None:
    change(parts[1], "data/datapackage.json", '"resource": "genre"', '"resource": 5')
    refuses(parts, "album.genre_id leads to no table of this archive")


def test_a_key_that_is_said_to_stay_within(parts: list[Members], refuses: Refuses) -> None:
    change(parts[1], "data/datapackage.json", "foreignKeysBeyondThisPart", "foreignKeys")
    refuses(parts, "is said to lead to rows of this file only, and (genre|person) is not wholly here")


def test_a_file_in_another_part_than_its_row(parts: list[Members], refuses: Refuses) -> None:
    parts[2]["data/media/000001.png"] = parts[1].pop("data/media/000001.png")
    refuses(parts, r"part2: data/(json|csv)/photo\.(json|csv): a row names 'media/000001\.png'")


def test_a_table_with_other_columns(parts: list[Members], refuses: Refuses) -> None:
    change(parts[2], "data/datapackage.json", "schema.org/MediaObject", "schema.org/Text")
    refuses(parts, "photo is described in different ways")


def test_signed_and_not(parts: list[Members], tmp_path: Path, signer: Signer, pack_all: Pack) -> None:
    paths = pack_all(parts)
    change(parts[1], "bag-info.txt", "Signed-With", "Was-Signed-With")
    paths[1] = pack(tmp_path / "unsigned.zip", seal(parts[1]))
    with pytest.raises(VerificationError, match="not signed with the same key"):
        verify_archive(paths, Expected("1", [signer.public_key]))
    verify_archive(paths[:1], Expected("1", [signer.public_key]))
    verify_archive(paths[1:2], Expected(None))


@pytest.mark.parametrize(
    "part",
    [{"number": 0, "of": 3}, {"number": 4, "of": 3}, {"number": 2, "of": 2}, {"folders": 5}, {"number": "x"}, 5],
)
def test_a_statement_of_parts_that_is_none(parts: list[Members], refuses: Refuses, part: object) -> None:
    statement = json.loads(parts[1]["data/coverage.json"])
    statement["part"] = statement["part"] | part if isinstance(part, dict) else part
    parts[1]["data/coverage.json"] = json.dumps(statement).encode()
    refuses(parts, "do not fit")


def test_a_folder_with_another_name(
    parts: list[Members], tmp_path: Path, pack_all: Pack, signer: Signer, expected: Expected
) -> None:
    """The report of one part looks for the others by their folders' names."""
    paths = pack_all(parts)
    paths[1] = pack(tmp_path / "renamed.zip", seal(parts[1], signer), top=f"{FOLDERS[1]}-1")
    with pytest.raises(VerificationError, match=f"renamed.zip: the top folder is not {FOLDERS[1]}"):
        verify_archive(paths, expected)
