"""What the site holds about a person, for the page that shows it: each category with its numbers.

Whose rows they are is the engine's to say: the same conditions decide as in an archive of everything.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo

from app.engine.census import Amount, Counted, add_up, count_categories
from app.engine.time_zones import find_zone
from app.extensions import db
from app.models import User
from app.sources import graph


@dataclass(frozen=True)
class Holding:
    """A category. Its texts are as the register has them, in English."""

    name: str
    """What `Choices.without` calls it."""
    title: str
    icon: str
    purpose: str
    retention: str
    recipients: str
    source: str
    rows: int
    """Of the table itself; those that belong to them are not counted."""
    all_rows: int
    """With those that belong to them; the account's also with those of tables that belong to no category."""
    earliest: date | None
    """The first day that a row is from, in the person's time zone."""
    latest: date | None
    file_count: int
    """Pictures and files that its rows, or those that belong to them, name."""
    file_bytes: int
    """As far as the tables say how large they are."""
    is_optional: bool
    """It may be left out; the account itself may not."""
    is_dated: bool
    """Its rows have a date of their own."""
    bonds: tuple[str, ...]
    """Titles of the categories that some of its rows come with: what is left out there takes them along."""


def list_holdings(user_id: str) -> list[Holding]:
    """The account first. One statement, whatever the number of tables; a person who is gone holds nothing."""
    person = db.session.get(User, user_id)
    if person is None:
        return []
    zone = find_zone(person.time_zone)
    return [_hold(counted, zone) for counted in count_categories(db.session.connection(), graph(), person.id)]


def whole_of(holdings: Iterable[Holding]) -> Amount:
    """What an archive of everything holds."""
    return add_up([Amount(each.all_rows, each.file_bytes) for each in holdings])


def _hold(counted: Counted, zone: tzinfo) -> Holding:
    node = counted.node
    declaration = node.declaration
    return Holding(
        name=node.name,
        title=declaration.title or node.name,
        icon=declaration.icon,
        purpose=declaration.purpose,
        retention=declaration.retention,
        recipients=declaration.recipients,
        source=declaration.source,
        rows=counted.rows,
        all_rows=counted.all_rows,
        earliest=to_day(counted.earliest, zone),
        latest=to_day(counted.latest, zone),
        file_count=counted.files,
        file_bytes=counted.file_bytes,
        is_optional=declaration.kind == "owned",
        is_dated=counted.is_dated,
        bonds=tuple(bond.declaration.title or bond.name for bond in counted.bonds),
    )


def to_day(moment: date | datetime | None, zone: tzinfo) -> date | None:
    """A moment without a zone is in UTC, as reports show it."""
    if not isinstance(moment, datetime):
        return moment
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(zone).date()
