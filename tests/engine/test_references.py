"""Which columns of an archive lead from row to row."""

import sqlalchemy as sa

from app.engine.graph import build_graph
from app.engine.plan import plan_tables
from app.engine.register import internal, owned, subject, third_party
from tests.engine.shop import make_schema


def find_references(schema: sa.MetaData) -> set[tuple[str, str, str, str]]:
    shapes = [planned.shape for planned in plan_tables(build_graph(schema), "1")]
    return {(shape.name, each.column, each.table, each.to) for shape in shapes for each in shape.references}


def test_keys_of_one_column_lead_to_included_tables_even_where_a_pseudonym_may_stand() -> None:
    assert find_references(make_schema()) == {
        ("message", "sender_id", "person", "id"),
        ("message", "recipient_id", "person", "id"),
        ("message", "reply_to_id", "message", "id"),
        ("album", "owner_id", "person", "id"),
        ("album", "genre_id", "genre", "id"),
    }


def test_only_columns_of_the_archive_and_whole_primary_keys_count() -> None:
    schema = sa.MetaData()
    handle = sa.Column("handle", sa.String(20), unique=True)
    sa.Table("person", schema, sa.Column("id", sa.Integer, primary_key=True), handle, info=subject())
    sa.Table(
        "note",
        schema,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("person_id", sa.ForeignKey("person.id")),
        sa.Column("written_as", sa.ForeignKey("person.handle"), info=third_party()),
        sa.Column("checked_by", sa.ForeignKey("person.id"), info=internal("For the site's own work.")),
        info=owned("person_id"),
    )
    assert find_references(schema) == {("note", "person_id", "person", "id")}
