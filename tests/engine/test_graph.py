"""A schema that leaves something open makes no archive: each fault, and the words that say how to mend it."""

from typing import Any

import pytest
import sqlalchemy as sa

from app.engine.graph import RegisterError, build_graph
from app.engine.register import (
    deletion_mark,
    excluded,
    file,
    harmless,
    internal,
    owned,
    reference,
    secret,
    subject,
    third_party,
    words,
)


def findings(schema: sa.MetaData) -> str:
    with pytest.raises(RegisterError) as caught:
        build_graph(schema)
    return str(caught.value)


def add(schema: sa.MetaData, *columns: sa.Column[Any], info: dict[Any, Any] | None = None) -> None:
    sa.Table("extra", schema, sa.Column("id", sa.Integer, primary_key=True), *columns, info=info)


def test_the_shop_is_declared_whole(schema: sa.MetaData) -> None:
    graph = build_graph(schema)
    assert graph.nodes[0].table is graph.subject is schema.tables["person"]
    assert [path.role for path in graph.node(schema.tables["message"]).paths] == ["sender", "recipient"]
    assert len(graph.node(schema.tables["photo"]).paths[0].hops) == 2


def test_an_unclassified_table_is_found_and_the_line_is_suggested(schema: sa.MetaData) -> None:
    add(schema, sa.Column("person_id", sa.ForeignKey("person.id")))
    assert "extra: this table is not classified" in findings(schema)
    assert 'owned("person_id"' in findings(schema)


SECRETS = [
    "password",
    "api_key",
    "reset_token",
    "totp_secret",
    "PasswdCrypt",
    "otp",
    "pwd",
    "passphrase",
    "passcode",
    "pin",
    "card_pin",
    "pinCode",
    "credentials",
    "access_key",
    "accessKey",
    "signing_key",
    "encryption_key",
    "session_key",
    "ssh_key",
    "recovery_code",
    "backup_codes",
    "mfa_seed",
    "cvv",
    "card_cvc",
]


@pytest.mark.parametrize("name", SECRETS)
def test_a_column_that_looks_like_a_secret_is_found(schema: sa.MetaData, name: str) -> None:
    add(schema, sa.Column("person_id", sa.ForeignKey("person.id")), sa.Column(name, sa.Text), info=owned("person_id"))
    assert f"extra.{name}: this looks like a secret" in findings(schema)


@pytest.mark.parametrize("name", ["pinned", "pin_id", "spin", "shipping", "session_id", "key", "postcode", "seed"])
def test_other_columns_need_no_word(schema: sa.MetaData, name: str) -> None:
    add(schema, sa.Column("person_id", sa.ForeignKey("person.id")), sa.Column(name, sa.Text), info=owned("person_id"))
    build_graph(schema)


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("nothing", "has no column 'nothing'"),
        ("id", "belongs to 0 foreign keys"),
        ("genre_id", "ends at genre"),
        ("setting_id.person_id", "goes through setting, which is excluded"),
    ],
)
def test_a_path_that_does_not_reach_the_person_is_found(schema: sa.MetaData, path: str, problem: str) -> None:
    add(
        schema,
        sa.Column("genre_id", sa.ForeignKey("genre.id")),
        sa.Column("setting_id", sa.ForeignKey("setting.id"), info=third_party()),
        info=owned(path),
    )
    assert problem in findings(schema)


def test_only_a_key_of_a_table_to_itself_repeats(schema: sa.MetaData) -> None:
    schema.tables["photo"].info.update(owned("shelf+.owner_id"))
    found = findings(schema)
    assert "photo: owner path 'shelf+.owner_id': photo.shelf leads to another table" in found
    assert "    shelf, without +" in found


def test_a_column_may_be_called_as_if_it_repeated(schema: sa.MetaData) -> None:
    columns: list[sa.Column[Any]] = [
        sa.Column(name, sa.ForeignKey("person.id"), info=third_party()) for name in ("by", "by+")
    ]
    add(schema, *columns, info=owned("by+"))
    (path,) = build_graph(schema).node(schema.tables["extra"]).paths
    assert [[column.name for column in hop.key.columns] for hop in path.hops] == [["by+"]]


@pytest.mark.parametrize(
    ("paths", "is_found"),
    [(("owner_id", "up_id+.owner_id"), False), (("owner_id", "up_id.owner_id"), True), (("owner_id",), True)],
)
def test_what_stands_in_a_tree_needs_the_tree_in_the_archive(
    schema: sa.MetaData, paths: tuple[str, ...], is_found: bool
) -> None:
    key: sa.Column[Any] = sa.Column("id", sa.Integer, primary_key=True)
    ways = {"up_id": sa.ForeignKey("folder.id"), "owner_id": sa.ForeignKey("person.id")}
    columns: list[sa.Column[Any]] = [sa.Column(name, way, info=third_party()) for name, way in ways.items()]
    sa.Table("folder", schema, key, *columns, info=owned(*paths))
    add(schema, sa.Column("folder_id", sa.ForeignKey("folder.id")), info=owned("folder_id.up_id+.owner_id"))
    if is_found:
        assert "extra.folder_id: may point to a row of folder that is not in the archive" in findings(schema)
    else:
        build_graph(schema)


def test_an_unreachable_table_is_told_the_path_that_reaches(schema: sa.MetaData) -> None:
    columns: tuple[Any, ...] = (
        sa.Column("genre_id", sa.ForeignKey("genre.id")),
        sa.Column("shelf", sa.Integer),
        sa.Column("number", sa.Integer),
        sa.ForeignKeyConstraint(["shelf", "number"], ["album.shelf", "album.number"]),
    )
    sa.Table("extra", schema, sa.Column("id", sa.Integer, primary_key=True), *columns, info=owned("genre_id"))
    assert 'owned("shelf.owner_id"' in findings(schema)


def test_an_unclassified_table_that_others_point_to_may_be_a_reference(schema: sa.MetaData) -> None:
    schema.tables["genre"].info.clear()
    assert 'info": reference(' in findings(schema)
    add(schema)
    assert 'info": excluded("why it holds nothing about a person")' in findings(schema)


def ambiguous(schema: sa.MetaData, path: str) -> None:
    both = (sa.ForeignKey("person.id", name="to_person"), sa.ForeignKey("genre.id", name="to_genre"))
    add(schema, sa.Column("who", *both), info=owned(path))


def test_a_column_of_two_foreign_keys_is_ambiguous(schema: sa.MetaData) -> None:
    ambiguous(schema, "who")
    assert "belongs to 2 foreign keys" in findings(schema)
    assert "name the constraint" in findings(schema)


def test_a_constraints_name_says_which_foreign_key_is_meant(schema: sa.MetaData) -> None:
    ambiguous(schema, "to_person")
    assert build_graph(schema).node(schema.tables["extra"]).paths[0].tables == [schema.tables["person"]]


def test_a_foreign_key_that_may_lead_out_of_the_archive_is_found(schema: sa.MetaData) -> None:
    add(
        schema,
        sa.Column("mine_id", sa.ForeignKey("person.id")),
        sa.Column("other_id", sa.ForeignKey("person.id")),
        info=owned("mine_id"),
    )
    assert "extra.other_id: may point to a row of person that is not in the archive" in findings(schema)
    assert "mine_id" not in findings(schema)


@pytest.mark.parametrize("target", ["person", "album", "setting"])
def test_a_reference_table_may_not_lead_out_of_the_archive(schema: sa.MetaData, target: str) -> None:
    genre, key = schema.tables["genre"], next(iter(schema.tables[target].primary_key.columns))
    genre.append_column(sa.Column("extra_id", sa.ForeignKey(key)))
    assert f"genre.extra_id: may point to a row of {target} that is not in the archive" in findings(schema)
    genre.c.extra_id.info.update(third_party())
    build_graph(schema)


def test_a_reference_table_may_lead_to_others_and_to_itself(schema: sa.MetaData) -> None:
    genre = schema.tables["genre"]
    sa.Table("mood", schema, sa.Column("id", sa.Integer, primary_key=True), info=reference())
    genre.append_column(sa.Column("mood_id", sa.ForeignKey("mood.id")))
    genre.append_column(sa.Column("parent_id", sa.ForeignKey("genre.id")))
    build_graph(schema)


UNREACHED = "a reference that no key of an archive leads to"


def test_a_reference_that_nothing_points_to_is_found(schema: sa.MetaData) -> None:
    """Its rows come as far as they are pointed to, and so none of them would ever be in an archive."""
    add(schema, info=reference())
    assert f"extra: {UNREACHED}" in findings(schema)
    schema.tables["album"].append_column(sa.Column("extra_id", sa.ForeignKey("extra.id")))
    build_graph(schema)


@pytest.mark.parametrize("source", ["itself", "a ring", "an excluded table", "a key that stays here", "a pseudonym"])
def test_it_must_be_a_key_of_an_archive(schema: sa.MetaData, source: str) -> None:
    add(schema, sa.Column("parent_id", sa.ForeignKey("extra.id")), info=reference())
    key: sa.Column[Any] = sa.Column("extra_id", sa.ForeignKey("extra.id"))
    if source == "a ring":
        ring = sa.Table("ring", schema, sa.Column("id", sa.Integer, primary_key=True), key, info=reference())
        schema.tables["extra"].append_column(sa.Column("ring_id", sa.ForeignKey(ring.c.id)))
    elif source == "an excluded table":
        schema.tables["setting"].append_column(key)
    elif source != "itself":
        key.info.update(third_party() if source == "a pseudonym" else internal("x"))
        schema.tables["album"].append_column(key)
    assert f"extra: {UNREACHED}" in findings(schema)


def test_a_table_that_is_not_classified_yet_may_point_to_it(schema: sa.MetaData) -> None:
    add(schema, info=reference())
    sa.Table("next", schema, sa.Column("extra_id", sa.ForeignKey("extra.id"), primary_key=True))
    assert "next: this table is not classified" in findings(schema)
    assert UNREACHED not in findings(schema)


def elsewhere(info: dict[Any, Any] | None) -> dict[str, sa.MetaData]:
    """Another database with a table that is called as one of the shop's."""
    metadata = sa.MetaData()
    sa.Table("message", metadata, sa.Column("id", sa.Integer, primary_key=True), info=info)
    return {"letters": metadata}


@pytest.mark.parametrize("info", [None, owned("person_id"), reference()])
def test_a_table_of_another_database_cannot_be_included(schema: sa.MetaData, info: dict[Any, Any] | None) -> None:
    with pytest.raises(RegisterError, match="letters:message: this table is in another database than the people"):
        build_graph(schema, elsewhere(info))


def test_a_table_of_another_database_is_excluded_with_a_reason(schema: sa.MetaData) -> None:
    with pytest.raises(RegisterError, match="excluded without a reason"):
        build_graph(schema, elsewhere(excluded("")))
    graph = build_graph(schema, elsewhere(excluded("Ask the post office.")))
    assert {node.name for node in graph.nodes} == {*schema.tables, "letters:message"}


def test_a_key_to_what_is_a_pseudonym_there_is_found(schema: sa.MetaData) -> None:
    schema.tables["genre"].c.id.info.update(third_party())
    assert "album.genre_id: shows what genre.id does not" in findings(schema)


def test_half_a_key_must_not_show_what_is_a_pseudonym_there(schema: sa.MetaData) -> None:
    """Found on random schemas: the other half was declared, and this one gave somebody's id away."""
    schema.tables["album"].c.number.info.update(third_party())
    schema.tables["photo"].c.shelf.info.update(third_party())
    assert "photo.number: shows what album.number does not" in findings(schema)
    schema.tables["photo"].c.number.info.update(third_party())
    build_graph(schema)


def test_the_rest_of_a_key_must_not_name_somebody(schema: sa.MetaData) -> None:
    """Found on random schemas, as above: the row is not in the archive, and half of its key is a person."""
    both: list[sa.Column[Any]] = [
        sa.Column(name, sa.ForeignKey("person.id"), primary_key=True) for name in ("left", "right")
    ]
    sa.Table("pair", schema, *both, info=excluded("x"))
    add(
        schema,
        sa.Column("person_id", sa.ForeignKey("person.id")),
        sa.Column("left", sa.Integer, info=internal("x")),
        sa.Column("right", sa.Integer),
        info=owned("person_id"),
    )
    extra = schema.tables["extra"]
    extra.append_constraint(sa.ForeignKeyConstraint(["left", "right"], ["pair.left", "pair.right"]))
    assert "extra.right: may name somebody else, like the rest of the key to pair" in findings(schema)
    extra.c.right.info.update(third_party())
    build_graph(schema)


def test_every_path_must_agree_before_a_key_counts_as_resolved(schema: sa.MetaData) -> None:
    inherits: sa.Column[Any] = sa.Column("message_id", sa.ForeignKey("message.id"))
    add(schema, inherits, info=owned("message_id.sender_id", "message_id.recipient_id"))
    build_graph(schema)
    schema.tables["extra"].info.update(owned("message_id.sender_id", "message_id.reply_to_id.sender_id"))
    assert "extra.message_id: may point to a row of message" in findings(schema)


def test_the_column_to_declare_is_one_that_belongs_to_this_key_alone(schema: sa.MetaData) -> None:
    album = schema.tables["album"]
    album.append_column(sa.Column("next_number", sa.Integer))
    album.append_constraint(sa.ForeignKeyConstraint(["shelf", "next_number"], ["album.shelf", "album.number"]))
    assert "album.next_number: may point to" in findings(schema)


class EncryptedPassword(sa.TypeDecorator[str]):
    impl = sa.String
    cache_ok = True


class TotpSeed(EncryptedPassword):
    pass


@pytest.mark.parametrize("kind", [EncryptedPassword, TotpSeed])
def test_a_type_that_looks_like_a_secret_is_found(schema: sa.MetaData, kind: type[EncryptedPassword]) -> None:
    add(schema, sa.Column("person_id", sa.ForeignKey("person.id")), sa.Column("x", kind), info=owned("person_id"))
    assert "extra.x: this looks like a secret" in findings(schema)


@pytest.mark.parametrize("info", [secret(), internal("x"), harmless(), third_party()])
def test_a_declared_secret_is_none_to_be_found(schema: sa.MetaData, info: dict[Any, Any]) -> None:
    column: sa.Column[Any] = sa.Column("apiToken", EncryptedPassword, info=info)
    add(schema, sa.Column("person_id", sa.ForeignKey("person.id")), column, info=owned("person_id"))
    build_graph(schema)


@pytest.mark.parametrize(
    ("info", "problem"),
    [
        (third_party(shows="nmae"), "third_party(shows='nmae'): person has no column 'nmae'"),
        (third_party(shows="password_hash"), "person.password_hash stays here"),
        (internal(" "), "left out without a reason"),
        (owned("id"), "TableDeclaration does not describe a column"),
    ],
)
def test_a_declaration_that_makes_no_sense_is_found(schema: sa.MetaData, info: dict[Any, Any], problem: str) -> None:
    mine: sa.Column[Any] = sa.Column("mine_id", sa.ForeignKey("person.id"))
    add(schema, mine, sa.Column("other_id", sa.ForeignKey("person.id"), info=info), info=owned("mine_id"))
    assert problem in findings(schema)


@pytest.mark.parametrize(
    ("info", "problem"),
    [
        (file(""), "a file without a store"),
        (file("photos", title="nmae"), "file(title='nmae'): extra has no column 'nmae'"),
        (file("photos", sha256="sum"), "file(sha256='sum'): extra has no column 'sum'"),
        (file("photos", title="note"), "file(title='note'): extra.note stays here"),
        (file("photos", alt="note"), "file(alt='note'): extra.note stays here"),
        (third_party(shows="note"), "third_party(shows='note'): this is no foreign key"),
        (deletion_mark(leave_out=True), None),
        (deletion_mark(leave_out=True, by="person_id"), None),
        (deletion_mark(leave_out=True, by="id"), "deletion_mark(by='id'): this table has no such owner path"),
        (third_party(), None),
        (file("photos", title="id"), None),
    ],
)
def test_what_a_declaration_names_must_exist(schema: sa.MetaData, info: dict[Any, Any], problem: str | None) -> None:
    columns = (sa.Column("stored", sa.Text, info=info), sa.Column("note", sa.Text, info=internal("x")))
    add(schema, sa.Column("person_id", sa.ForeignKey("person.id")), *columns, info=owned("person_id"))
    if problem:
        assert f"extra.stored: {problem}" in findings(schema)
    else:
        build_graph(schema)


@pytest.mark.parametrize(
    ("of", "problem"),
    [
        ({"a": "First"}, "words(): none for 'b'"),
        ({"a": "First", "b": "Second", "c": "Third"}, "words(): this column never holds 'c'"),
        ({"a": "First", "b": " "}, "words(): an empty one for 'b'"),
        ({"a": "First", "b": "Second"}, None),
    ],
    ids=["missing", "unknown", "empty", "whole"],
)
def test_every_code_has_its_word(schema: sa.MetaData, of: dict[str, str], problem: str | None) -> None:
    columns: tuple[Any, ...] = (
        sa.Column("person_id", sa.ForeignKey("person.id")),
        sa.Column("kind", sa.Enum("a", "b"), info=words(of)),
        sa.Column("code", sa.String(9), info=words({"a": "First"})),  # nobody knows what else may stand there
    )
    add(schema, *columns, info=owned("person_id"))
    if problem:
        assert f"extra.kind: {problem}" in findings(schema)
    else:
        build_graph(schema)


@pytest.mark.parametrize("info", [secret(), internal("x")])
def test_the_name_of_a_row_cannot_stay_here(schema: sa.MetaData, info: dict[Any, Any]) -> None:
    key: sa.Column[Any] = sa.Column("token", sa.Text, primary_key=True, info=info)
    mine: sa.Column[Any] = sa.Column("person_id", sa.ForeignKey("person.id"))
    sa.Table("session", schema, key, mine, info=owned("person_id"))
    assert "session.token: rows are named by their primary key" in findings(schema)


@pytest.mark.parametrize(
    "name",
    [
        *("deleted_at", "is_deleted", "deletedAt", "removed_on", "soft_deleted"),
        *("sender_deleted_at", "deletedByRecipient", "deleted_for_sender"),
    ],
)
def test_deleted_rows_need_a_choice(schema: sa.MetaData, name: str) -> None:
    mark: sa.Column[Any] = sa.Column(name, sa.DateTime)
    add(schema, sa.Column("person_id", sa.ForeignKey("person.id")), mark, info=owned("person_id"))
    assert f"extra.{name}: this looks like the mark of deleted rows" in findings(schema)
    mark.info.update(deletion_mark(leave_out=False))
    build_graph(schema)


def test_numbers_and_keys_mark_no_row_as_deleted(schema: sa.MetaData) -> None:
    names = ("lines_removed", "files_deleted", "deleted_by_id")
    counts: list[sa.Column[Any]] = [sa.Column(name, sa.Integer) for name in names]
    add(schema, sa.Column("person_id", sa.ForeignKey("person.id")), *counts, info=owned("person_id"))
    build_graph(schema)


@pytest.mark.parametrize("table", ["person", "genre"])
def test_rows_that_others_point_to_are_never_left_out(schema: sa.MetaData, table: str) -> None:
    schema.tables[table].append_column(sa.Column("gone", sa.Boolean, info=deletion_mark(leave_out=True)))
    assert f"{table}.gone: rows of a" in findings(schema)


def test_a_table_is_classified_by_a_tables_declaration(schema: sa.MetaData) -> None:
    schema.tables["genre"].info.update(secret())
    assert "genre: Secret describes a column, not a table" in findings(schema)


def test_an_exclusion_needs_a_reason_and_a_path_is_given_once(schema: sa.MetaData) -> None:
    schema.tables["setting"].info.update(excluded(""))
    schema.tables["album"].info.update(owned("owner_id", "owner_id"))
    assert "setting: excluded without a reason" in findings(schema)
    assert "album: owner path 'owner_id' is given twice" in findings(schema)


def test_a_person_is_named_by_one_column() -> None:
    schema = sa.MetaData()
    keys: list[sa.Column[Any]] = [sa.Column(name, sa.Integer, primary_key=True) for name in ("house", "number")]
    sa.Table("person", schema, *keys, info=subject())
    assert "person: a person is named by one column, not by 2" in findings(schema)


def test_a_foreign_key_to_an_unknown_table_is_found(schema: sa.MetaData) -> None:
    add(schema, sa.Column("nowhere_id", sa.ForeignKey("nowhere.id")), info=owned("nowhere_id"))
    assert "read that table into the same MetaData" in findings(schema)


def test_owned_needs_a_path_and_a_primary_key(schema: sa.MetaData) -> None:
    sa.Table("extra", schema, sa.Column("a", sa.Integer), info=owned())
    assert "no owner path is given" in findings(schema)
    assert "no primary key" in findings(schema)


def test_one_table_holds_the_people(schema: sa.MetaData) -> None:
    schema.tables["setting"].info.update(subject())
    assert "exactly one table holds the people; declared: person, setting" in findings(schema)
    schema.tables["setting"].info.update(excluded("x"))
    schema.tables["person"].info.update(excluded("x"))
    assert "declared: none" in findings(schema)


def test_all_findings_are_reported_at_once(schema: sa.MetaData) -> None:
    add(schema, sa.Column("token", sa.Text), info=owned("nothing"))
    sa.Table("other", schema, sa.Column("id", sa.Integer, primary_key=True))
    with pytest.raises(RegisterError) as caught:
        build_graph(schema)
    assert [finding.where for finding in caught.value.findings] == ["extra.token", "extra", "other"]
