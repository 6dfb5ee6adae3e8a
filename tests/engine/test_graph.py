"""A schema that leaves something open makes no archive: each fault, and the words that say how to mend it."""

from typing import Any

import pytest
import sqlalchemy as sa

from app.engine.graph import RegisterError, build_graph
from app.engine.register import excluded, owned, subject, third_party


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


@pytest.mark.parametrize("name", ["password", "api_key", "reset_token", "totp_secret", "PasswdCrypt", "otp"])
def test_a_column_that_looks_like_a_secret_is_found(schema: sa.MetaData, name: str) -> None:
    add(schema, sa.Column("person_id", sa.ForeignKey("person.id")), sa.Column(name, sa.Text), info=owned("person_id"))
    assert f"extra.{name}: this looks like a secret" in findings(schema)


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


def test_a_column_of_two_foreign_keys_is_ambiguous(schema: sa.MetaData) -> None:
    both: sa.Column[Any] = sa.Column("who", sa.ForeignKey("person.id"), sa.ForeignKey("genre.id"))
    add(schema, both, info=owned("who"))
    assert "belongs to 2 foreign keys" in findings(schema)


def test_a_foreign_key_that_may_lead_out_of_the_archive_is_found(schema: sa.MetaData) -> None:
    add(
        schema,
        sa.Column("mine_id", sa.ForeignKey("person.id")),
        sa.Column("other_id", sa.ForeignKey("person.id")),
        info=owned("mine_id"),
    )
    assert "extra.other_id: may point to a row of person that is not in the archive" in findings(schema)
    assert "mine_id" not in findings(schema)


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
