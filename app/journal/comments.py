"""What readers say about an entry. Whoever may read it may comment; the author of either may delete the comment."""

from collections.abc import Sequence

from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload

from app.extensions import db
from app.models import Comment, Entry

COMMENT_MAX = 10_000


def list_comments(entry_id: str) -> Sequence[Comment]:
    """Oldest first, with their authors."""
    found = select(Comment).where(Comment.entry_id == entry_id).order_by(Comment.id)
    return db.session.scalars(found.options(joinedload(Comment.author))).all()


def add_comment(entry: Entry, author_id: str, body: str) -> Comment:
    comment = Comment(entry_id=entry.id, author_id=author_id, body=body)
    db.session.add(comment)
    db.session.commit()
    return comment


def find_deletable_comment(user_id: str, comment_id: str) -> Comment | None:
    mine = or_(Comment.author_id == user_id, Entry.author_id == user_id)
    return db.session.scalar(select(Comment).join(Entry).where(Comment.id == comment_id, mine))


def delete_comment(comment: Comment) -> None:
    db.session.delete(comment)
    db.session.commit()
