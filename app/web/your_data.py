"""What the site holds about the person who looks, and what has become of their last request."""

from collections.abc import Sequence

from flask import Blueprint, render_template
from flask_login import current_user

from app.archives import service
from app.archives.allowance import find_allowance
from app.archives.holdings import list_holdings
from app.models import Archive, State
from app.web.archive_words import Described, describe, is_past
from app.web.estimate_words import describe_allowance

bp = Blueprint("your_data", __name__)


@bp.get("/your-data")
def index() -> str:
    archives = service.list_archives(current_user.id)
    allowance = find_allowance(current_user.id)
    return render_template(
        "your_data.html",
        holdings=list_holdings(current_user.id),
        archive=_present(archives),
        has_archives=bool(archives),
        allowance=allowance,
        often=describe_allowance(allowance),
    )


def _present(archives: Sequence[Archive]) -> Described | None:
    """The archive that matters now: one at work, else the last if it has failed, else one that is ready."""
    at = service.read_clock()
    held = [archive for archive in archives if archive.state == State.READY and not is_past(archive, at)]
    failed = [archive for archive in archives[:1] if archive.state == State.FAILED]
    found = next((archive for archive in archives if archive.is_active), None) or next(iter(failed + held), None)
    return describe(found, at) if found else None
