"""A password or a code that was typed into a form: what its field says when it is not accepted."""

from flask import flash
from flask_babel import gettext as _
from flask_babel import lazy_gettext, ngettext
from flask_login import current_user
from wtforms import Field

from app.accounts import people
from app.accounts.second_factor import checking, recovery_codes, setting_up, totp
from app.web.formats import moment_text

FEW = 3
NOT_YOURS = lazy_gettext("This is not your password.")


def take_password(field: Field) -> bool:
    """Of the person who is signed in; or the field says that it is not."""
    if people.check_password(current_user.email, field.data or "") is not None:
        return True
    field.errors = [NOT_YOURS]
    return False


def take_code(field: Field, user_id: str, *, uses: int | None = None) -> bool:
    """Spends the code; or the field says why not."""
    try:
        checking.accept(user_id, field.data or "", uses=uses)
    except checking.WrongCodeError as error:
        used = _("This code is not right, or it was used already. Wait for the next one, and enter that.")
        field.errors = [tell_wrong_code(error) or used]
    except checking.WaitError as error:
        wait = _(
            "Too many codes were wrong. Wait until %(moment)s, or enter a recovery code, which works now.",
            moment=moment_text(error.until),
        )
        field.errors = [wait]
    else:
        return True
    return False


def tell_wrong_code(error: checking.WrongCodeError) -> str | None:
    """Why it is wrong, where that can be known."""
    if isinstance(error, setting_up.LegacyHashError):
        old = _(
            "This app makes codes by SHA-1, an old method that this site does not take. Scan with another one, such "
            "as Google Authenticator, Aegis, 2FAS or a password manager."
        )
        return str(old)
    return _tell_time(error.steps) if isinstance(error, checking.OtherTimeError) else None


def _tell_time(steps: int) -> str:
    if steps == 1:
        return str(_("This code has just ended. Enter the one that the app shows now."))
    minutes = max(1, round(abs(steps) * totp.STEP_SECONDS / 60))
    if steps > 0:
        clock = ngettext(
            "The clock of the device with the app is about %(num)d minute slow.",
            "The clock of the device with the app is about %(num)d minutes slow.",
            minutes,
        )
    else:
        clock = ngettext(
            "The clock of the device with the app is about %(num)d minute fast.",
            "The clock of the device with the app is about %(num)d minutes fast.",
            minutes,
        )
    remedy = _("Have it set its time by itself, and enter the next code.")
    return f"{clock} {remedy}"


def say_codes_left(user_id: str, typed: str | None) -> None:
    """After a recovery code was taken, on the next page; a new session would lose what was said before it."""
    if not typed or checking.is_of_app(typed):
        return
    left = recovery_codes.count_left(user_id)
    said = [_("You have used a recovery code."), tell_codes_left(left)]
    if left < FEW:
        said.append(_("Make new ones in your settings."))
    flash(" ".join(said), "info")


def tell_codes_left(left: int) -> str:
    if left == 0:
        return str(_("None of %(all)s recovery codes is left.", all=recovery_codes.COUNT))
    said = ngettext(
        "%(left)s of %(all)s recovery codes is left.",
        "%(left)s of %(all)s recovery codes are left.",
        left,
        left=left,
        all=recovery_codes.COUNT,
    )
    return str(said)
