"""How large an archive will be, when it will be ready, and when the next may be asked for: in words."""

from dataclasses import dataclass
from datetime import datetime

from flask import current_app
from flask_babel import gettext as _
from flask_babel import lazy_gettext, ngettext

from app.archives.allowance import Allowance
from app.archives.estimate import Estimate
from app.web.durations import HOUR, duration_text
from app.web.formats import file_size, moment_text, number

NO_SPACE = lazy_gettext(
    "At the moment there is too little space on the server for it. You can request it, and it waits until there is "
    "space. Without pictures and files, or for fewer dates, it is smaller."
)


@dataclass(frozen=True)
class Estimated:
    text: str
    rows_text: str
    warning: str
    """Empty: nothing stands in the way."""


def describe_estimate(found: Estimate) -> Estimated:
    said = [_("About %(size)s", size=file_size(found.size))]
    if found.seconds is not None:
        said.append(_("usually ready in %(duration)s", duration=duration_text(found.seconds)))
    said.append(kept_text())
    rows = ngettext("%(count)s row", "%(count)s rows", found.rows, count=number(found.rows))
    return Estimated(" – ".join(said), rows, _warn(found))


def _warn(found: Estimate) -> str:
    quota = current_app.config["ARCHIVE_QUOTA_BYTES"]
    if quota is not None and found.size > quota:
        said = _(
            "It will probably be larger than the %(size)s that this site can keep, and you would get none. Without "
            "pictures and files, or for fewer dates, it is smaller.",
            size=file_size(quota),
        )
        return str(said)
    return "" if found.fits else str(NO_SPACE)


def kept_text() -> str:
    """For how long a finished archive can be downloaded."""
    days = current_app.config["ARCHIVE_KEEP_DAYS"]
    return str(ngettext("kept for %(count)s day", "kept for %(count)s days", days, count=number(days)))


def describe_allowance(found: Allowance) -> list[str]:
    """Sentences."""
    if found.most is None:
        return [_("You can request an archive at any time, one after the other.")]
    hours = round(found.per.total_seconds() / HOUR)
    often = ngettext(
        "%(count)s archive every %(hours)s hours.",
        "%(count)s archives every %(hours)s hours.",
        found.most,
        count=number(found.most),
        hours=number(hours),
    )
    return [
        often,
        *_when(found),
        _("Requests that failed don’t count, nor those you cancelled before they were begun."),
    ]


def _when(found: Allowance) -> list[str]:
    return [] if found.next_at is None else [describe_next(found.next_at)]


def describe_next(at: datetime) -> str:
    """When another archive may be asked for."""
    return str(_("You can request the next one on %(moment)s.", moment=moment_text(at)))
