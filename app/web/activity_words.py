"""What a page says about a row of the audit: one place decides the words of each deed."""

from dataclasses import dataclass
from datetime import datetime

from flask_babel import LazyString, gettext
from flask_babel import lazy_gettext as _

from app.audit import NOBODY, OPERATOR, SYSTEM
from app.models import AuditRow, SignIn, What
from app.web.archive_words import REASONS
from app.web.formats import browser

WORDS: dict[str, LazyString] = {
    What.ACCOUNT_MADE: _("The account was made"),
    What.SIGNED_IN: _("Signed in"),
    What.SIGN_IN_REFUSED: _("Somebody gave a wrong password, and was not signed in"),
    What.CONFIRMATION_REFUSED: _("A wrong password was given while signed in"),
    What.CODE_REFUSED: _("A wrong code was given, after the right password"),
    What.CONFIRMED: _("The password or a code was given again"),
    What.SIGNED_OUT: _("Signed out"),
    What.SIGN_IN_ENDED: _("Another browser was signed out"),
    What.OTHERS_ENDED: _("Other browsers were signed out"),
    What.PASSWORD_CHANGED: _("The password was changed"),
    What.RESET_REQUESTED: _("A mail to replace the password was asked for"),
    What.FACTOR_ON: _("The second factor was switched on"),
    What.FACTOR_OFF: _("The second factor was switched off"),
    What.RECOVERY_CODES_MADE: _("New recovery codes were made"),
    What.ACCOUNT_LOCKED: _("The account was locked"),
    What.ARCHIVE_REQUESTED: _("An archive was requested"),
    What.ARCHIVE_MADE: _("An archive was made"),
    What.ARCHIVE_FAILED: _("An archive could not be made"),
    What.ARCHIVE_DOWNLOADED: _("An archive was downloaded"),
    What.ARCHIVE_CANCELLED: _("A request for an archive was cancelled"),
    What.ARCHIVE_DELETED: _("An archive was deleted from the server"),
    What.ARCHIVE_EXPIRED: _("An archive expired"),
}
ACTORS: dict[str, LazyString] = {
    OPERATOR.actor: _("The site’s operators"),
    SYSTEM.actor: _("The site"),
    NOBODY.actor: _("Somebody not signed in"),
}


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
    who = gettext("You") if row.actor == person_id else str(ACTORS.get(row.actor) or gettext("Another member"))
    where = address = ""
    if sign_in is not None:
        where = gettext("This browser") if sign_in.id == here else browser(sign_in.user_agent)
        address = sign_in.ip_address
    return Deed(row.at, _what(row.what, row.result), archive_id, who, where, address)


def _what(what: str, result: str | None) -> str:
    words = str(WORDS.get(what, what))  # a later version may have written it, before somebody went back to this one
    if what == What.ARCHIVE_FAILED:
        return _failure(result or "")
    if what == What.ARCHIVE_DOWNLOADED and (number := (result or "").removeprefix("part ")).isdecimal():
        return str(gettext("Part %(number)s of an archive was downloaded", number=number))
    return f"{words}: {result}" if result else words


def _failure(result: str) -> str:
    why = str(REASONS.get(result) or gettext("of a fault on our side"))
    return str(gettext("An archive could not be made, because %(reason)s", reason=why))
