"""Lists of entries: a person's own, or those that others share with them; newest first, a page at a time."""

from dataclasses import dataclass
from typing import Literal

from flask import current_app
from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, defer, joinedload

from app.extensions import db
from app.journal.access import shared_with
from app.journal.tags import FirstTags, find_first_tags
from app.models import Attachment, Comment, Entry, Tag, entry_tag
from app.pages import Page, turn_to
from app.words.text import with_any_marks

PAGE_SIZE = 20
_BEGINNING = 600
_MOST_TAGS = 24
MOST_TAGS_OF_ENTRY = 10
MOST_WORDS = 10
MOST_SIGNS = 200
_LONGEST_WORD = 40

Shelf = Literal["mine", "shared"]


@dataclass(frozen=True)
class Listed:
    """One entry of a list, with only the beginning of its text."""

    entry: Entry
    beginning: str
    attachments: int
    comments: int
    tags: FirstTags


def list_entries(reader_id: str, shelf: Shelf, *, words: str = "", tag: str = "", number: int = 1) -> Page[Listed]:
    """A number beyond the last page gives the last page."""
    if words:
        _end_when_nobody_waits()
    wanted = and_(_on_shelf(reader_id, shelf), *_matches(words, tag))
    total = db.session.scalar(select(func.count()).select_from(Entry).where(wanted)) or 0
    number = turn_to(number, total, PAGE_SIZE)
    return Page(_load(wanted, number), number, total, PAGE_SIZE)


def cut_words(words: str) -> str:
    """What is searched for: each word reads every text again, and a long one compares more at each place of it."""
    return " ".join(words[:MOST_SIGNS].split()[:MOST_WORDS])


def count_tags(reader_id: str, shelf: Shelf) -> list[tuple[str, int]]:
    """The most used tags of these entries, with the number of entries, in alphabetical order."""
    uses = func.count(entry_tag.c.entry_id)
    rows = (
        select(Tag.name, uses)
        .join(entry_tag, entry_tag.c.tag_id == Tag.id)
        .join(Entry, Entry.id == entry_tag.c.entry_id)
        .where(_on_shelf(reader_id, shelf))
        .group_by(Tag.name)
        .order_by(uses.desc(), Tag.name)
        .limit(_MOST_TAGS)
    )
    return sorted(((name, count) for name, count in db.session.execute(rows)), key=lambda pair: pair[0].casefold())


def _on_shelf(reader_id: str, shelf: Shelf) -> ColumnElement[bool]:
    if shelf == "mine":
        return Entry.author_id == reader_id
    return and_(Entry.author_id != reader_id, shared_with(reader_id))


def _matches(words: str, tag: str) -> list[ColumnElement[bool]]:
    """Every word must stand in the title or the text."""
    conditions: list[ColumnElement[bool]] = [
        or_(_contains(Entry.title, word), _contains(Entry.body, word)) for word in cut_words(words).split()
    ]
    if tag:
        conditions.append(Entry.tags.any(Tag.name == tag))
    return conditions


def _contains(text: InstrumentedAttribute[str], word: str) -> ColumnElement[bool]:
    """`dem` finds `Đêm`; with a mark the word is meant as it is written: `đêm` finds neither `dem` nor `đem`."""
    if word.isascii() and len(word) <= _LONGEST_WORD:
        return text.regexp_match(with_any_marks(word))
    return text.icontains(word, autoescape=True)


def _end_when_nobody_waits() -> None:
    """PostgreSQL does not notice that a page has given up, and would go on for DATABASE_STATEMENT_SECONDS."""
    limits = [current_app.config[f"DATABASE_{name}_SECONDS"] for name in ("ANSWER", "STATEMENT")]
    seconds = min(filter(None, limits), default=0)
    if db.engine.dialect.name == "postgresql":
        db.session.execute(select(func.set_config("statement_timeout", f"{1000 * seconds:.0f}", True)))


def _load(wanted: ColumnElement[bool], number: int) -> list[Listed]:
    attachments = select(func.count()).where(Attachment.entry_id == Entry.id).scalar_subquery()
    comments = select(func.count()).where(Comment.entry_id == Entry.id).scalar_subquery()
    rows = (
        select(Entry, func.substr(Entry.body, 1, _BEGINNING), attachments, comments)
        .where(wanted)
        .order_by(Entry.date.is_(None), Entry.date.desc(), Entry.id.desc())
        .limit(PAGE_SIZE)
        .offset((number - 1) * PAGE_SIZE)
        .options(defer(Entry.body), joinedload(Entry.author))
    )
    found = db.session.execute(rows).all()
    tags = find_first_tags([entry.id for entry, *_ in found], MOST_TAGS_OF_ENTRY)
    return [Listed(entry, start, files, said, tags[entry.id]) for entry, start, files, said in found]
