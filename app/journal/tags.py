"""Words that entries are found by. They are shared by all members, and go when the last entry lets go of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache

from sqlalchemy import Select, bindparam, delete, exists, func, select, union_all
from sqlalchemy.dialects import postgresql, sqlite

from app.extensions import db
from app.models import Tag, entry_tag
from app.models.columns import new_id

TAG_MAX = 80
TAGS_MAX = 50
"""Of one entry; earlier ones may have more."""


@dataclass
class FirstTags:
    """Some tags of an entry, in alphabetical order."""

    names: list[str] = field(default_factory=list)
    more: int = 0
    """How many it has besides."""


def split_tags(text: str) -> list[str]:
    """`"Sea,  long walks , sea"` → `["Sea", "long walks"]`."""
    found: dict[str, str] = {}
    for part in text.split(","):
        name = " ".join(part.split())
        if name:
            found.setdefault(name.casefold(), name)
    return list(found.values())


def find_first_tags(entry_ids: Sequence[str], most: int) -> dict[str, FirstTags]:
    """So many tags of each entry. The index ends the reading: an earlier entry may have tens of thousands."""
    found = {entry_id: FirstTags() for entry_id in entry_ids}
    if not found:
        return found
    given = {f"entry_{number}": entry_id for number, entry_id in enumerate(found)}
    for entry_id, name in db.session.execute(_select_first(tuple(given), most), given):
        found[entry_id].names.append(name)
    _count_others({entry_id: tags for entry_id, tags in found.items() if len(tags.names) == most})
    return found


@cache
def _select_first(entries: tuple[str, ...], most: int) -> Select[str, str]:
    """`entries`: names of parameters. Put together once: of a page of entries that takes as long as all the rest."""
    each = [select(entry_tag).where(entry_tag.c.entry_id == bindparam(entry)) for entry in entries]
    first = [links.order_by(entry_tag.c.tag_id).limit(most).subquery() for links in each]
    chosen = union_all(*map(select, first)).subquery()
    return select(chosen.c.entry_id, Tag.name).join(Tag, Tag.id == chosen.c.tag_id).order_by(Tag.name)


def _count_others(full: dict[str, FirstTags]) -> None:
    """Few entries have so many tags, and mostly nothing is asked."""
    if not full:
        return
    uses = select(entry_tag.c.entry_id, func.count()).where(entry_tag.c.entry_id.in_(full))
    for entry_id, count in db.session.execute(uses.group_by(entry_tag.c.entry_id)):
        full[entry_id].more = count - len(full[entry_id].names)


def ensure_tags(names: Iterable[str]) -> dict[str, Tag]:
    """The tags of these names, made where there are none. Does not commit."""
    wanted = set(names)
    tags: dict[str, Tag] = {}
    # A tag that another person's edit deletes in between is made again.
    while missing := wanted - tags.keys():
        _insert_tags(missing)
        # The lock keeps them until our entries point to them; SQLite has one writer and needs none.
        rows = select(Tag).where(Tag.name.in_(missing)).with_for_update(read=True, key_share=True)
        tags |= {tag.name: tag for tag in db.session.scalars(rows)}
    return tags


def drop_unused_tags(tags: Iterable[Tag]) -> None:
    """Delete those of these tags that no entry uses any more. Does not commit."""
    ids = {tag.id for tag in tags}
    if not ids:
        return
    db.session.flush()
    unused = ~exists().where(entry_tag.c.tag_id == Tag.id)
    # The lock comes first, and its own statement: an entry that took the tag meanwhile is then seen.
    locked = db.session.scalars(select(Tag.id).where(Tag.id.in_(ids), unused).with_for_update()).all()
    db.session.execute(delete(Tag).where(Tag.id.in_(locked), unused))


def _insert_tags(names: Iterable[str]) -> None:
    """Somebody may add the same name at this moment; then theirs counts."""
    dialect = {"sqlite": sqlite, "postgresql": postgresql}[db.engine.dialect.name]
    rows = [{"id": new_id(), "name": name} for name in sorted(names)]
    db.session.execute(dialect.insert(Tag).on_conflict_do_nothing(index_elements=[Tag.name]), rows)
