"""Asking for an archive: what it shall hold, how large it will be, and the same once more."""

from flask import Response, abort, flash, jsonify, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from app.archives import service
from app.archives.allowance import NotYetError, find_allowance
from app.archives.choices import EVERYTHING, Choices, are_same, is_of, part_sizes, still_possible
from app.archives.estimate import estimate as find_estimate
from app.archives.holdings import list_holdings, whole_of
from app.archives.listing import find_active
from app.choice_words import sum_up
from app.engine.census import Amount
from app.models import Archive
from app.web.archive_form import ArchiveForm, find_earlier, read_form, read_instead
from app.web.archives import View, bp
from app.web.bell import ring
from app.web.counting import limit_counting
from app.web.estimate_words import Estimated, describe_allowance, describe_estimate, describe_next
from app.web.origin import read_origin
from app.words import languages

__all__ = ["bp"]


@bp.route("/new", methods=["GET", "POST"])
@limit_counting
def new() -> View:
    """Posting only works out the estimate, for browsers without scripts."""
    is_sent = request.method == "POST"
    form = ArchiveForm() if is_sent else read_form(request.args)
    is_right = form.validate() if is_sent or request.args else True
    return make_response(_render_form(form, is_right=is_right), 422 if is_sent and not is_right else 200)


@bp.get("/new/estimate")
@limit_counting
def estimate() -> Response:
    """What the page asks while somebody chooses."""
    form = read_form(request.args)
    if form.validate():
        return jsonify(vars(describe_estimate(find_estimate(current_user.id, form.chosen))))
    wrong = " ".join(str(error) for errors in form.errors.values() for error in errors)
    return jsonify(vars(Estimated("", "", wrong)))


@bp.post("/")
@limit_counting
def create() -> View:
    """Where another archive is at work, it goes on, unless the form says that this one takes its place."""
    form = ArchiveForm()
    if not form.validate():
        return make_response(_render_form(form, is_right=False), 422)
    instead = read_instead(request.form)
    try:
        archive_id, is_new = service.request_archive(current_user.id, form.chosen, instead_of=instead, **read_origin())
    except NotYetError:
        return make_response(_render_form(form, is_right=True), 422)
    if not is_new and _find_other(archive_id, form.chosen):
        return make_response(_render_form(form, is_right=True, is_dropped=True), 409)
    return _ring_and_show(archive_id, is_new=is_new)


@bp.post("/again")
def again() -> View:
    """What was asked for before, once more."""
    earlier = find_earlier(request.form) or abort(404)
    try:
        archive_id, is_new = service.request_again(current_user.id, earlier.id, **read_origin())
    except NotYetError as refused:
        flash(describe_next(refused.next_at), "warn")
        return redirect(url_for("archives.show", archive_id=earlier.id), 303)
    if not is_new and (other := _find_other(archive_id, still_possible(earlier.choices))):
        flash(_tell_other(other), "warn")
        return redirect(url_for("archives.show", archive_id=archive_id), 303)
    return _ring_and_show(archive_id, is_new=is_new)


def _find_other(archive_id: str, chosen: Choices) -> Archive | None:
    """The archive that is at work, if it is not what they would get by these choices now."""
    archive = service.find_archive(current_user.id, archive_id)
    return archive if archive and not is_of(archive, chosen, current_user) else None


def _tell_other(archive: Archive) -> str:
    return str(
        _(
            "Another archive is being made for you: %(choices)s. So this one was not requested. "
            "Wait for the other one, or cancel it.",
            choices=_sum_up(archive),
        )
    )


def _sum_up(archive: Archive) -> str:
    """With the time zone of its days and with its language, where the person has another one by now."""
    zone = archive.time_zone if archive.time_zone != current_user.time_zone else None
    said = sum_up(archive.choices, zone)
    if archive.locale is None or archive.locale == current_user.language:
        return said
    return f"{said} · {languages.list_locales().get(archive.locale, archive.locale)}"


def _ring_and_show(archive_id: str, *, is_new: bool) -> View:
    """The row is there, now the bell."""
    if not ring([current_user.id]):
        flash(_("Workers cannot be reached at the moment. Your request is kept, and starts by itself."), "info")
    if not is_new:
        flash(_("Your archive is already being made."), "info")
    return redirect(url_for("archives.show", archive_id=archive_id), 303)


def _render_form(form: ArchiveForm, *, is_right: bool, is_dropped: bool = False) -> str:
    """The page. `is_right`: whether what was chosen can be worked out; `is_dropped`: another archive is at work, and
    so this one was not requested.
    """
    allowance, holdings = find_allowance(current_user.id), list_holdings(current_user.id)
    whole = whole_of(holdings)
    estimated = describe_estimate(find_estimate(current_user.id, form.chosen, whole)) if is_right else None
    active = find_active(current_user.id)
    return render_template(
        "archives/new.html",
        form=form,
        holdings=holdings,
        is_everything=is_right and are_same(form.chosen, EVERYTHING),
        is_large=bool(form.part_size.data) or _is_large(whole),
        estimated=estimated,
        active=active,
        active_choices=_sum_up(active) if active else "",
        is_dropped=is_dropped,
        allowance=allowance,
        often=describe_allowance(allowance),
    )


def _is_large(whole: Amount) -> bool:
    """Whether everything would be more than the smallest of several files holds."""
    sizes = part_sizes()
    return bool(sizes) and find_estimate(current_user.id, EVERYTHING, whole).size > min(sizes)
