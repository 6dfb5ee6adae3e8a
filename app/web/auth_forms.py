"""The forms of signing up, signing in and settings, and what their errors say."""

from flask import current_app
from flask_babel import lazy_gettext as _
from flask_login import current_user
from flask_wtf import FlaskForm
from wtforms import PasswordField, SelectField, StringField
from wtforms.validators import DataRequired, Email, InputRequired, Length, ValidationError

from app.models import User
from app.passwords import PASSWORD_MAX, find_weakness, least_length
from app.people import EMAIL_MAX, LANGUAGES, NAME_MAX, time_zones
from app.second_factor import checking
from app.text import clean_line
from app.web.choices import choices


def _name_field() -> StringField:
    return StringField(
        "Name",
        filters=[clean_line],
        validators=[
            DataRequired("Enter your name."),
            Length(max=NAME_MAX, message=f"A name may have at most {NAME_MAX} characters."),
        ],
    )


def _time_zone_field() -> SelectField:
    return SelectField(
        "Time zone", choices=choices((zone, zone.replace("_", " ")) for zone in time_zones()), default="UTC"
    )


class ForgottenForm(FlaskForm):
    email = StringField(
        "E-mail address", filters=[clean_line], validators=[DataRequired("Enter your e-mail address.")]
    )


class SignInForm(ForgottenForm):
    password = PasswordField("Password", validators=[InputRequired("Enter your password.")])


def _code_field(label: str = "Code") -> StringField:
    return StringField(label, filters=[clean_line], validators=[InputRequired("Enter a code.")])


class CodeForm(FlaskForm):
    """A code of the app, or a recovery code."""

    code = _code_field()


class ConfirmForm(FlaskForm):
    """One of the two; who has no second factor is not asked for a code."""

    password = PasswordField("Password")
    code = StringField("Or a code", filters=[clean_line])

    def validate_password(self, field: PasswordField) -> None:
        if not field.data and not self.code.data:
            raise ValidationError("Enter your password.")


class NewPasswordForm(FlaskForm):
    """What is asked of a new password, wherever one is chosen."""

    password = PasswordField("Password", validators=[InputRequired("Choose a password.")])

    @property
    def least_length(self) -> int:
        return least_length()

    def validate_password(self, field: PasswordField) -> None:
        password = field.data or ""
        length, least = len(password), self.least_length
        if length < least:
            raise ValidationError(
                f"The password is too short: it has {length} of at least {least} characters. "
                f"Add {least - length} more; another word or two will do."
            )
        if length > PASSWORD_MAX:
            raise ValidationError(f"A password may have at most {PASSWORD_MAX} characters.")
        if weakness := find_weakness(password, [*self.about_owner(), current_app.config["SITE_NAME"]]):
            raise ValidationError(weakness)

    def about_owner(self) -> list[str | None]:
        """What others know of whose password it will be."""
        return [current_user.name, current_user.email] if current_user.is_authenticated else []


class ForgottenPasswordForm(NewPasswordForm):
    password = PasswordField("New password", validators=[InputRequired("Choose a password.")])
    person: User | None = None
    """Whose it is; nobody is signed in."""

    def about_owner(self) -> list[str | None]:
        return [self.person.name, self.person.email] if self.person else []


class PasswordForm(NewPasswordForm):
    current = PasswordField("Your password now", validators=[InputRequired("Enter your password.")])
    password = PasswordField("New password", validators=[InputRequired("Choose a password.")])

    @property
    def least_length(self) -> int:
        return least_length(has_second_factor=checking.is_on(current_user.id))


class SwitchOffForm(NewPasswordForm):
    """The password that is left alone has to be long enough for that."""

    current = PasswordField("Your password now", validators=[InputRequired("Enter your password.")])
    code = _code_field()
    password = PasswordField("New password")

    def validate_password(self, field: PasswordField) -> None:
        has = len(self.current.data or "")
        if field.data:
            super().validate_password(field)
        elif has < self.least_length:
            raise ValidationError(
                f"Your password has {has} characters. Without a second factor it needs {self.least_length}: "
                "choose another one."
            )


class SignUpForm(NewPasswordForm):
    name = _name_field()
    email = StringField(
        "E-mail address",
        filters=[clean_line],
        validators=[
            DataRequired("Enter your e-mail address."),
            Length(max=EMAIL_MAX, message=f"An e-mail address has at most {EMAIL_MAX} characters."),
            Email("This is not an e-mail address. It should look like name@example.org."),
        ],
    )
    time_zone = _time_zone_field()

    def about_owner(self) -> list[str | None]:
        return [self.name.data, self.email.data]


class SettingsForm(FlaskForm):
    name = _name_field()
    language = SelectField(_("Language"), choices=choices(LANGUAGES.items()))
    time_zone = _time_zone_field()
