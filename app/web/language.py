"""Which language a page is in: the person's setting, else the browser's cookie, else what the browser asks for.

Whoever is signed in chooses in the settings. For everybody else the foot of each page has a button for each other
language, which keeps the choice in a cookie. Pages of both kinds are kept by no cache: `headers` says so.
"""

from babel import Locale, UnknownLocaleError, negotiate_locale
from flask import Blueprint, Flask, abort, current_app, g, has_request_context, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_login import current_user

from app.extensions import csrf
from app.web.redirects import safe_next
from app.words import languages

bp = Blueprint("language", __name__)
COOKIE = "language"
_YEAR = 365 * 24 * 3600


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)
    # Not by a context processor: the page of a fault is made without those.
    app.jinja_env.globals |= {
        "page_language": page_language,
        "page_direction": lambda: Locale.parse(page_language()).text_direction,
        "other_languages": other_languages,
        "page_address": page_address,
    }


def choose_locale() -> str | None:
    """As Babel names it. None where nobody asks for a page."""
    if not has_request_context():
        return None
    g.locale = _setting() or choose_for_stranger()
    return g.locale  # type: ignore[no-any-return]  # anything may stand in g


def choose_without_person() -> str:
    """For the page of a fault: nobody is loaded for it who was not known before."""
    return g.get("locale") or choose_for_stranger()


def choose_for_stranger() -> str:
    kept = request.cookies.get(COOKIE)
    return kept if kept in languages.list_codes() else _negotiate()


def page_language() -> str:
    """Of the words of this page; dates may be written in another language that we have no words of."""
    return languages.language_of(str(get_locale()))


def other_languages() -> dict[str, str]:
    return {code: name for code, name in languages.list_languages().items() if code != page_language()}


def page_address() -> str:
    """To come back to this page, if it can be asked for; otherwise the first."""
    rule = request.url_rule
    try:
        address = request.full_path.removesuffix("?")
    except UnicodeDecodeError:
        return url_for("home.index")
    return address if rule and "GET" in (rule.methods or ()) else url_for("home.index")


@bp.post("/language")
@csrf.exempt  # a token would give every stranger a session; all that could be forged is the language of their pages
def choose() -> ResponseReturnValue:
    wanted = request.form.get("language", "")
    if wanted not in languages.list_codes():
        abort(404)
    response = current_app.make_response(redirect(safe_next(request.form.get("next")) or url_for("home.index"), 303))
    secure = current_app.config["SESSION_COOKIE_SECURE"]
    response.set_cookie(COOKIE, wanted, max_age=_YEAR, secure=secure, httponly=True, samesite="Lax")
    return response


def _setting() -> str | None:
    """Of the person who is signed in; None for one that Babel does not know."""
    try:
        return str(Locale.parse(getattr(current_user, "language", None) or ""))
    except (UnknownLocaleError, ValueError):
        return None


def _negotiate() -> str:
    wanted = [tag.replace("-", "_") for tag, quality in request.accept_languages if quality > 0]
    return str(Locale.parse(negotiate_locale(wanted, languages.list_locale_codes()) or languages.ENGLISH))
