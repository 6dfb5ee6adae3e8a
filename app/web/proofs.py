"""A password or a code that was typed into a form: what its field says when it is not accepted."""

from flask import flash
from flask_login import current_user
from wtforms import Field

from app import people
from app.second_factor import checking, recovery_codes
from app.web.formats import moment_text

FEW = 3


def take_password(field: Field) -> bool:
    """Of the person who is signed in; or the field says that it is not."""
    if people.check_password(current_user.email, field.data or "") is not None:
        return True
    field.errors = ["This is not your password."]
    return False


def take_code(field: Field, user_id: str, *, uses: int | None = None) -> bool:
    """Spends the code; or the field says why not."""
    try:
        checking.accept(user_id, field.data or "", uses=uses)
    except checking.WrongCodeError:
        field.errors = ["This code is not right, or it was used already. Wait for the next one, and enter that."]
    except checking.WaitError as error:
        until = moment_text(error.until)
        field.errors = [f"Too many codes were wrong. Wait until {until}, or enter a recovery code, which works now."]
    else:
        return True
    return False


def say_codes_left(user_id: str, typed: str | None) -> None:
    """After a recovery code was taken, on the next page; a new session would lose what was said before it."""
    if not typed or checking.is_of_app(typed):
        return
    left = recovery_codes.count_left(user_id)
    are = "is" if left == 1 else "are"
    advice = " Make new ones in your settings." if left < FEW else ""
    flash(f"You have used a recovery code: {left or 'none'} of {recovery_codes.COUNT} {are} left.{advice}", "info")
