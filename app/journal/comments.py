"""What readers say about an entry. Whoever may read it may comment; the author of either may delete the comment."""

from sqlalchemy import func, or_, select
from sqlalchemy.orm import joinedload

from app.extensions import db
from app.models import Comment, Entry
from app.pages import Page, count_pages, turn_to

COMMENT_MAX = 10_000
PAGE_SIZE = 50


def list_comments(entry_id: str, number: int) -> Page[Comment]:
    """Oldest first, with their authors. A number beyond the last page gives the last page."""
    total = _count(entry_id)
    number = turn_to(number, total, PAGE_SIZE)
    found = select(Comment).where(Comment.entry_id == entry_id).order_by(Comment.id)
    found = found.limit(PAGE_SIZE).offset((number - 1) * PAGE_SIZE)
    items = db.session.scalars(found.options(joinedload(Comment.author))).all()
    return Page(items, number, total, PAGE_SIZE)


def find_page_of_next(entry_id: str) -> int:
    """The page that one more comment will stand on."""
    return count_pages(_count(entry_id) + 1, PAGE_SIZE)


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


def _count(entry_id: str) -> int:
    return db.session.scalar(select(func.count()).select_from(Comment).where(Comment.entry_id == entry_id)) or 0
