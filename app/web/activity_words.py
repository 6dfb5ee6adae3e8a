"""What a page says about a row of the audit: one place decides the words of each deed."""

from dataclasses import dataclass
from datetime import datetime

from app.audit import NOBODY, OPERATOR, SYSTEM
from app.models import AuditRow, SignIn, What
from app.web.archive_words import REASONS
from app.web.formats import browser

WORDS: dict[str, str] = {
    What.ACCOUNT_MADE: "The account was made",
    What.SIGNED_IN: "Signed in",
    What.SIGN_IN_REFUSED: "Somebody gave a wrong password, and was not signed in",
    What.CONFIRMATION_REFUSED: "A wrong password was given while signed in",
    What.CODE_REFUSED: "A wrong code was given, after the right password",
    What.CONFIRMED: "The password or a code was given again",
    What.SIGNED_OUT: "Signed out",
    What.SIGN_IN_ENDED: "Another browser was signed out",
    What.OTHERS_ENDED: "Other browsers were signed out",
    What.PASSWORD_CHANGED: "The password was changed",
    What.RESET_REQUESTED: "A mail to replace the password was asked for",
    What.FACTOR_ON: "The second factor was switched on",
    What.FACTOR_OFF: "The second factor was switched off",
    What.RECOVERY_CODES_MADE: "New recovery codes were made",
    What.ACCOUNT_LOCKED: "The account was locked",
    What.ARCHIVE_REQUESTED: "An archive was requested",
    What.ARCHIVE_MADE: "An archive was made",
    What.ARCHIVE_FAILED: "An archive could not be made",
    What.ARCHIVE_DOWNLOADED: "An archive was downloaded",
    What.ARCHIVE_CANCELLED: "A request for an archive was cancelled",
    What.ARCHIVE_DELETED: "An archive was deleted from the server",
    What.ARCHIVE_EXPIRED: "An archive expired",
}
ACTORS = {OPERATOR.actor: "The site’s operators", SYSTEM.actor: "The site", NOBODY.actor: "Somebody not signed in"}


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
    who = "You" if row.actor == person_id else ACTORS.get(row.actor, "Another member")
    where = address = ""
    if sign_in is not None:
        where = "This browser" if sign_in.id == here else browser(sign_in.user_agent)
        address = sign_in.ip_address
    return Deed(row.at, _what(row.what, row.result), archive_id, who, where, address)


def _what(what: str, result: str | None) -> str:
    words = WORDS.get(what, what)  # a later version may have written it, before somebody went back to this one
    if what == What.ARCHIVE_FAILED:
        return f"{words}, because {REASONS.get(result or '', 'of a fault on our side')}"
    return f"{words}: {result}" if result else words
