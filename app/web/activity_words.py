"""What a page says about a row of the audit: one place decides the words of each deed."""

from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext

from app.models import ACTORS, DEEDS, AuditRow, SignIn, What
from app.web.archive_words import REASONS
from app.web.formats import browser


@dataclass(frozen=True)
class Deed:
    at: datetime
    what: str
    archive_id: str | None
    """Of which archive, if of any."""
    who: str
    where: str
    """The browser; nothing for what was not done in one."""
    address: str


def describe(row: AuditRow, sign_in: SignIn | None, person_id: str, here: str) -> Deed:
    """`sign_in`: that it was done in; `here`: the id of the one that asks."""
    archive_id = row.object_id if row.what.startswith("archive_") else None
    who = gettext("You") if row.actor == person_id else _actor(row.actor)
    where = address = ""
    if sign_in is not None:
        where = gettext("This browser") if sign_in.id == here else browser(sign_in.user_agent)
        address = sign_in.ip_address
    return Deed(row.at, _what(row.what, row.result), archive_id, who, where, address)


def _actor(actor: str) -> str:
    return str(gettext(ACTORS[actor]) if actor in ACTORS else gettext("Another member"))


def _what(what: str, result: str | None) -> str:
    # A later version may have written it, before somebody went back to this one.
    words = gettext(DEEDS.get(what, what))
    if what == What.ARCHIVE_FAILED:
        return _failure(result or "")
    if what == What.ARCHIVE_DOWNLOADED and (number := (result or "").removeprefix("part ")).isdecimal():
        return str(gettext("Part %(number)s of an archive was downloaded", number=number))
    return f"{words}: {result}" if result else words


def _failure(result: str) -> str:
    why = str(REASONS.get(result) or gettext("of a fault on our side"))
    return str(gettext("An archive could not be made, because %(reason)s", reason=why))
