"""A small shop with every kind of path the engine must follow; it shares nothing with our own models."""

from typing import Any

import sqlalchemy as sa

from app.engine.register import excluded, file, harmless, internal, owned, reference, secret, subject, third_party


def make_schema() -> sa.MetaData:
    metadata = sa.MetaData()
    sa.Table(
        "person",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(80)),
        sa.Column("password_hash", sa.String(80), info=secret()),
        info=subject(title="Account"),
    )
    sa.Table(
        "message",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("sender_id", sa.ForeignKey("person.id"), info=third_party(shows="name")),
        sa.Column("recipient_id", sa.ForeignKey("person.id"), info=third_party()),
        sa.Column("reply_to_id", sa.ForeignKey("message.id"), info=third_party()),
        sa.Column("body", sa.Text),
        sa.Column("spam_score", sa.Float, info=internal("Used against spam.")),
        sa.Column("body_hash", sa.String(64), info=harmless()),
        info=owned("sender_id", "recipient_id", title="Messages"),
    )
    sa.Table(
        "album",
        metadata,
        sa.Column("shelf", sa.Integer, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("owner_id", sa.ForeignKey("person.id")),
        sa.Column("genre_id", sa.ForeignKey("genre.id")),
        info=owned("owner_id", title="Albums"),
    )
    sa.Table(
        "photo",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("shelf", sa.Integer),
        sa.Column("number", sa.Integer),
        sa.Column("stored", sa.String(80), info=file("photos", title="title")),
        sa.Column("title", sa.String(80)),
        sa.ForeignKeyConstraint(["shelf", "number"], ["album.shelf", "album.number"]),
        info=owned("shelf.owner_id", title="Photos"),
    )
    sa.Table(
        "genre",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(80)),
        info=reference(title="Genres"),
    )
    sa.Table(
        "setting",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        info=excluded("About the shop, not about people."),
    )
    return metadata


ROWS: dict[str, list[dict[str, Any]]] = {
    "person": [
        {"id": 1, "name": "Ann", "password_hash": "CANARY-1"},
        {"id": 2, "name": "Bob", "password_hash": "CANARY-2"},
        {"id": 3, "name": "Bob", "password_hash": "CANARY-3"},
    ],
    "message": [
        {"id": 1, "sender_id": 1, "recipient_id": 2, "body": "to Bob", "spam_score": 0.5},
        {"id": 2, "sender_id": 2, "recipient_id": 1, "body": "from Bob", "reply_to_id": 1},
        {"id": 3, "sender_id": 2, "recipient_id": 3, "body": "between others"},
        {"id": 4, "sender_id": 3, "recipient_id": 1, "body": "from the other Bob", "reply_to_id": 3},
        {"id": 5, "sender_id": 1, "recipient_id": 1, "body": "to myself"},
    ],
    "genre": [{"id": 1, "name": "Sea"}, {"id": 2, "name": "Hills"}, {"id": 3, "name": "Nobody's"}],
    "album": [
        {"shelf": 1, "number": 1, "owner_id": 1, "genre_id": 1},
        {"shelf": 1, "number": 2, "owner_id": 2, "genre_id": 2},
        {"shelf": 2, "number": 1, "owner_id": 1, "genre_id": None},
    ],
    "photo": [
        {"id": 1, "shelf": 1, "number": 1, "stored": "a", "title": "waves.PNG"},
        {"id": 2, "shelf": 1, "number": 2, "stored": "b", "title": "not mine.png"},
        {"id": 3, "shelf": 2, "number": 1, "stored": "missing", "title": "lost.jpg"},
        {"id": 4, "shelf": None, "number": None, "stored": "c", "title": "nowhere.jpg"},
        {"id": 5, "shelf": 2, "number": 1, "stored": "page", "title": "page.html"},
    ],
    "setting": [{"id": 1}],
}
