"""What the site holds about the person who looks, and what has become of their last request."""

from flask import Blueprint, render_template
from flask_login import current_user

from app.archives import service
from app.archives.allowance import find_allowance
from app.archives.holdings import list_holdings
from app.archives.listing import find_newest, list_current
from app.models import Archive, State
from app.web.archive_words import Described, describe, is_past
from app.web.counting import limit_counting
from app.web.estimate_words import describe_allowance

bp = Blueprint("your_data", __name__)


@bp.get("/your-data")
@limit_counting
def index() -> str:
    newest = find_newest(current_user.id)
    allowance = find_allowance(current_user.id)
    return render_template(
        "your_data.html",
        holdings=list_holdings(current_user.id),
        archive=_present(newest),
        has_archives=newest is not None,
        allowance=allowance,
        often=describe_allowance(allowance),
    )


def _present(newest: Archive | None) -> Described | None:
    """The archive that matters now: one at work, else the last if it has failed, else one that is ready."""
    if newest is None:
        return None
    at, current = service.read_clock(), list_current(current_user.id)
    active = [archive for archive in current if archive.is_active]
    failed = [newest] if newest.state == State.FAILED else []
    ready = [archive for archive in current if archive.state == State.READY and not is_past(archive, at)]
    found = next(iter(active + failed + ready), None)
    return describe(found, at) if found else None
