"""How long something takes, as people say it."""

from flask_babel import gettext as _
from flask_babel import ngettext

from app.web.formats import number

MINUTE, HOUR = 60, 3600


def duration_text(seconds: float) -> str:
    """Minutes up to an hour and a half, then hours."""
    if seconds < MINUTE / 2:
        return str(_("a few seconds"))
    if seconds <= 1.5 * HOUR:
        minutes = max(1, round(seconds / MINUTE))
        return str(ngettext("%(count)s minute", "%(count)s minutes", minutes, count=number(minutes)))
    hours = round(seconds / HOUR)
    return str(ngettext("%(count)s hour", "%(count)s hours", hours, count=number(hours)))
