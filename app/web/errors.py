"""Error pages in words: what happened, and what to do now.

They never show an exception's own text. Faults on our side carry a reference that the log carries too. Pages for
faults read neither session nor database, since those may be what is broken.
"""

import secrets
from collections.abc import Sequence

from flask import Flask, current_app, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from flask_limiter import RateLimitExceeded
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import BadHost, HTTPException, RequestEntityTooLarge, SecurityError

from app.log_format import about
from app.web.formats import file_size, number
from app.web.language import choose_without_person
from app.web.policy import FORM_PAGES, read_chosen
from app.web.serving_slots import LEASE_SECONDS, NoSlotError
from app.web.typed import Typed, typed_text

WORDS = {
    400: (_l("This request could not be understood"), _l("Go back and try again.")),
    403: (
        _l("You may not do this"),
        _l("If you think you should be able to, ask the person who shared the link with you."),
    ),
    404: (
        _l("Page not found"),
        _l("It does not exist, it was deleted, or it is not shared with you. Check the address."),
    ),
    405: (_l("This address cannot be used like that"), _l("Go back to the page you came from, and use its buttons.")),
    409: (_l("Not yet"), _l("It is not ready. Go back to its page, which says how far it is.")),
    415: (_l("This cannot be sent to a form"), _l("Send its fields as a form does, not as JSON.")),
    429: (_l("Too many attempts"), _l("Wait a minute, then try again.")),
}


def init_app(app: Flask) -> None:
    app.register_error_handler(HTTPException, explain)
    app.register_error_handler(CSRFError, explain_expired_form)
    app.register_error_handler(RequestEntityTooLarge, explain_too_large)
    app.register_error_handler(SecurityError, explain_strange_host)
    app.register_error_handler(BadHost, explain_strange_host)
    app.register_error_handler(RateLimitExceeded, explain_limit)
    app.register_error_handler(NoSlotError, explain_no_slot)
    app.register_error_handler(OperationalError, explain_busy)
    app.register_error_handler(PoolTimeoutError, explain_busy)
    app.register_error_handler(500, explain_fault)
    app.log_exception = _leave_to_fault_page  # type: ignore[assignment]  # a function in a method's place


def explain(error: HTTPException) -> ResponseReturnValue:
    if error.code is None or error.response is not None:
        return error  # a redirect, or an answer that is complete already
    title, advice = WORDS.get(error.code, (error.name, _("Go back and try again.")))
    headers = [pair for pair in error.get_headers() if pair[0] != "Content-Type"]
    return render_template("error.html", title=title, advice=advice), error.code, headers


def explain_expired_form(error: CSRFError) -> ResponseReturnValue:
    """What was chosen is in the form again, and what was typed is shown, so that it can be copied."""
    current_app.logger.info("Refused a form: %s", error.description)
    if form := _form_with_choices():
        warn_next_page(
            _("Nothing was requested: this page was open for too long. What you chose is below. Send it again.")
        )
        return redirect(form, 303)
    return render_template("error_form.html", typed=typed_text()), 400


def warn_next_page(text: str) -> None:
    """Only where a session came along. Forms of other sites bring none, although the browser may have one: an answer
    with a new session would take its place, and the person would be signed out.
    """
    if session:
        flash(text, "warn")


def explain_too_large(_error: RequestEntityTooLarge, typed: Sequence[Typed] = ()) -> ResponseReturnValue:
    if request.max_content_length != current_app.config["MAX_CONTENT_LENGTH"]:
        most = file_size(request.max_content_length or 0)
        advice = _(
            "A form like this one may have at most %(most)s. Nothing was saved. Go back and send less.", most=most
        )
        return render_template("error.html", title=_("This is too large"), advice=advice), 413
    one, all_ = (file_size(current_app.config[name]) for name in ("UPLOAD_MAX_BYTES", "MAX_CONTENT_LENGTH"))
    text = file_size(current_app.config["MAX_FORM_MEMORY_SIZE"])
    advice = _(
        "A picture or file may have at most %(one)s, a text at most %(text)s, and everything sent at most %(all)s. "
        "Nothing was saved. Go back and send less.",
        one=one,
        text=text,
        all=all_,
    )
    return render_template("error.html", title=_("This is too large"), advice=advice, typed=typed), 413


def explain_strange_host(_error: SecurityError | BadHost) -> ResponseReturnValue:
    """Not a page of ours: without a host that is trusted, or that is a name at all, nothing can be linked to."""
    with force_locale(choose_without_person()):
        text = _("This site does not answer under this name.")
    return f"{text}\n", 400, {"Content-Type": "text/plain; charset=utf-8"}


def explain_limit(error: RateLimitExceeded) -> ResponseReturnValue:
    """`error.limit.limit` counts anew after so many seconds, and has counted for some of them already."""
    seconds = error.limit.limit.get_expiry()
    shown = {"title": WORDS[429][0], "advice": _tell_wait(seconds), "form": _form_with_choices()}
    page = render_template("error.html", **shown)
    return page, 429, {"Retry-After": str(seconds)}


def _form_with_choices() -> str | None:
    """Address of the form that was asked for or sent, with what was chosen in it; None: nothing was."""
    endpoint = request.endpoint or ""
    chosen = read_chosen(endpoint, request.values)
    return url_for(FORM_PAGES[endpoint], **chosen) if chosen and endpoint in FORM_PAGES else None


def _tell_wait(seconds: int) -> str:
    known = {
        60: _("Wait, then try again: in a minute at the latest."),
        3600: _("Wait, then try again: in an hour at the latest."),
    }
    found: str = known.get(seconds) or ngettext(
        "Wait, then try again: in %(count)s second at the latest.",
        "Wait, then try again: in %(count)s seconds at the latest.",
        seconds,
        count=number(seconds),
    )
    return found


def explain_no_slot(_error: NoSlotError) -> ResponseReturnValue:
    advice = _(
        "You are being sent as many files as one person can be at once. The next can start as soon as one of them is "
        "complete. If one of them broke off, that is in %(count)s seconds at the latest.",
        count=number(LEASE_SECONDS),
    )
    page = render_template("error.html", title=_("Too many downloads at once"), advice=advice)
    return page, 429, {"Retry-After": str(LEASE_SECONDS)}


def explain_busy(error: Exception) -> ResponseReturnValue:
    """The database is away, somebody else has been writing for too long, or every connection is in use."""
    page = _fault_page(_l("The site is busy"), _l("Nothing was saved. Wait a minute, then try again."), error)
    return page, 503, {"Retry-After": "60"}


def explain_fault(error: Exception) -> ResponseReturnValue:
    """The database may also go away while another error is being explained, since pages name who is signed in."""
    cause = getattr(error, "original_exception", None) or error
    if isinstance(cause, OperationalError | PoolTimeoutError):
        return explain_busy(cause)
    return _fault_page(_l("Sorry, there is a fault on our side"), _l("Try again later."), cause), 500


def _leave_to_fault_page(_exc_info: object) -> None:
    """Flask would log each fault again, with the address as it came: line breaks in it would be lines of the log."""


def _fault_page(title: LazyString, advice: LazyString, error: BaseException) -> str:
    reference = secrets.token_hex(4).upper()
    with about(reference=reference):
        current_app.logger.error("Fault %s at %s %r", reference, request.method, request.path, exc_info=error)
    template = current_app.jinja_env.get_template("error.html")  # without the context processors that load the person
    with force_locale(choose_without_person()):
        return template.render(title=title, advice=advice, reference=reference, bare=True)
