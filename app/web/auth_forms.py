"""The forms of signing up, signing in and settings, and what their errors say."""

from functools import cache
from typing import Any

from flask import current_app
from flask_babel import lazy_gettext as _
from flask_login import current_user
from flask_wtf import FlaskForm
from wtforms import PasswordField, SelectField, StringField
from wtforms.validators import DataRequired, Email, InputRequired, Length, ValidationError

from app.accounts.passwords import PASSWORD_MAX, find_weakness, least_length
from app.accounts.people import EMAIL_MAX, NAME_MAX, time_zones
from app.accounts.second_factor import checking
from app.models import User
from app.web.choices import CHOOSE, choices
from app.words.languages import list_locales
from app.words.text import clean_address, clean_line


def _name_field() -> StringField:
    return StringField(
        _("Name"),
        filters=[clean_line],
        validators=[
            DataRequired(_("Enter your name.")),
            Length(max=NAME_MAX, message=_("A name may have at most %(most)s characters.", most=NAME_MAX)),
        ],
    )


@cache
def _zones() -> Any:
    """Some 490, the same for everybody."""
    return choices((zone, zone.replace("_", " ")) for zone in time_zones())


def _time_zone_field() -> SelectField:
    return SelectField(  # type: ignore[call-arg]  # new in WTForms 3.3
        _("Time zone"),
        choices=_zones,
        default="UTC",
        invalid_choice_message=CHOOSE,
    )


def _address_field() -> StringField:
    return StringField(
        _("E-mail address"),
        filters=[clean_address],
        validators=[
            DataRequired(_("Enter your e-mail address.")),
            Length(max=EMAIL_MAX, message=_("An e-mail address has at most %(most)s characters.", most=EMAIL_MAX)),
            Email(_("This is not an e-mail address. It should look like name@example.org.")),
        ],
    )


class ForgottenForm(FlaskForm):
    email = StringField(
        _("E-mail address"), filters=[clean_address], validators=[DataRequired(_("Enter your e-mail address."))]
    )


def _token_of(text: str | None) -> str | None:
    """Of what a mail shows: the code, or its whole link."""
    return text and "".join(text.rpartition("#")[2].split())


class LinkForm(FlaskForm):
    """What a mailed link carries. A script takes it from the address; without one it is pasted."""

    code = StringField(
        _("Code from the mail"), filters=[_token_of], validators=[DataRequired(_("Paste the code from our mail."))]
    )


class SignInForm(ForgottenForm):
    password = PasswordField(_("Password"), validators=[InputRequired(_("Enter your password."))])


def _code_field() -> StringField:
    return StringField(_("Code"), filters=[clean_line], validators=[InputRequired(_("Enter a code."))])


class CodeForm(FlaskForm):
    """A code of the app, or a recovery code."""

    code = _code_field()


class ConfirmForm(FlaskForm):
    """One of the two; who has no second factor is not asked for a code."""

    password = PasswordField(_("Password"))
    code = StringField(_("Or a code"), filters=[clean_line])

    def validate_password(self, field: PasswordField) -> None:
        if not field.data and not self.code.data:
            raise ValidationError(_("Enter your password."))


class NewPasswordForm(FlaskForm):
    """What is asked of a new password, wherever one is chosen."""

    password = PasswordField(_("Password"), validators=[InputRequired(_("Choose a password."))])

    @property
    def least_length(self) -> int:
        return least_length()

    def validate_password(self, field: PasswordField) -> None:
        password = field.data or ""
        length, least = len(password), self.least_length
        if length < least:
            raise ValidationError(
                _(
                    "The password is too short: it has %(length)s of at least %(least)s characters. "
                    "Add %(missing)s more; another word or two will do.",
                    length=length,
                    least=least,
                    missing=least - length,
                )
            )
        if length > PASSWORD_MAX:
            raise ValidationError(_("A password may have at most %(most)s characters.", most=PASSWORD_MAX))
        about = [*self.about_owner(), current_app.config["SITE_NAME"]]
        if weakness := find_weakness(password, about, breached=current_app.config["BREACHED_PASSWORDS"]):
            raise ValidationError(weakness)

    def about_owner(self) -> list[str | None]:
        """What others know of whose password it will be."""
        return [current_user.name, current_user.email] if current_user.is_authenticated else []


class ForgottenPasswordForm(NewPasswordForm):
    password = PasswordField(_("New password"), validators=[InputRequired(_("Choose a password."))])
    person: User | None = None
    """Whose it is; nobody is signed in."""

    def about_owner(self) -> list[str | None]:
        return [self.person.name, self.person.email] if self.person else []


class PasswordForm(NewPasswordForm):
    current = PasswordField(_("Your password now"), validators=[InputRequired(_("Enter your password."))])
    password = PasswordField(_("New password"), validators=[InputRequired(_("Choose a password."))])

    @property
    def least_length(self) -> int:
        return least_length(has_second_factor=checking.is_on(current_user.id))


class SwitchOffForm(NewPasswordForm):
    """The password that is left alone has to be long enough for that."""

    current = PasswordField(_("Your password now"), validators=[InputRequired(_("Enter your password."))])
    code = _code_field()
    password = PasswordField(_("New password"))

    def validate_password(self, field: PasswordField) -> None:
        has = len(self.current.data or "")
        if field.data:
            super().validate_password(field)
        elif has < self.least_length:
            raise ValidationError(
                _(
                    "Your password has %(has)s characters. Without a second factor it needs %(least)s: "
                    "choose another one.",
                    has=has,
                    least=self.least_length,
                )
            )


class FinishForm(NewPasswordForm):
    """What a new account needs besides its address."""

    name = _name_field()
    time_zone = _time_zone_field()
    person: User | None = None
    """Whose address was proven."""

    def about_owner(self) -> list[str | None]:
        return [self.name.data, self.person.email if self.person else None]


class AddressForm(FlaskForm):
    """To which a link is sent that leads on."""

    email = _address_field()


class SignUpForm(FinishForm):
    email = _address_field()

    def about_owner(self) -> list[str | None]:
        return [self.name.data, self.email.data]


class SettingsForm(FlaskForm):
    name = _name_field()
    language = SelectField(  # type: ignore[call-arg]  # new in WTForms 3.3
        _("Language"), choices=lambda: choices(list_locales().items()), invalid_choice_message=CHOOSE
    )
    time_zone = _time_zone_field()
