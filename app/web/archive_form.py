"""The form that asks for an archive: what it holds, in which formats, in files of which size."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from flask_login import current_user
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import RadioField, SelectField, SelectMultipleField
from wtforms.validators import Optional, ValidationError

from app.archives import service
from app.archives.choices import FORMATS, ChoiceError, Choices, check_choices, part_sizes, still_possible
from app.archives.listing import find_active
from app.choice_words import category_titles
from app.models import Archive
from app.web.choices import CHOOSE, choices
from app.web.formats import file_size
from app.web.journal_forms import DayField

WITH, WITHOUT = "with", "without"
INSTEAD_OF = "instead_of"
"""Name of the button that asks for an archive in place of another."""


class TicksField(SelectMultipleField):
    """Checkboxes. An empty value comes with them, so that none ticked is told from none shown, which means all."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        if valuelist:
            super().process_formdata([value for value in valuelist if value])

    def pre_validate(self, form: Any) -> None:  # noqa: ARG002  # WTForms calls it so
        offered = {choice[0] for choice in self.iter_choices()}
        if not offered.issuperset(self.data or ()):
            raise ValidationError(str(CHOOSE))


class ArchiveForm(FlaskForm):
    category = TicksField(lazy_gettext("What it holds"))
    since = DayField(lazy_gettext("First day"), validators=[Optional()])
    until = DayField(lazy_gettext("Last day"), validators=[Optional()])
    files = RadioField(  # type: ignore[call-arg]  # new in WTForms 3.3
        lazy_gettext("Pictures and files"), default=WITH, invalid_choice_message=CHOOSE
    )
    format = TicksField(lazy_gettext("Formats"))
    part_size = SelectField(  # type: ignore[call-arg]  # new in WTForms 3.3
        lazy_gettext("Size of each file"),
        default="",
        invalid_choice_message=lazy_gettext("Choose one of the sizes in the list."),
    )

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.category.choices = choices(category_titles().items())
        self.files.choices = choices([(WITH, _("Include them")), (WITHOUT, _("Leave them out, and only list them"))])
        self.format.choices = choices([(name, name) for name in FORMATS])
        self.part_size.choices = choices(
            [("", _("One file")), *((str(size), file_size(size)) for size in part_sizes())]
        )
        for ticks in (self.category, self.format):
            if ticks.data is None:
                ticks.data = [choice[0] for choice in ticks.iter_choices()]

    def validate(self, *given: Any, **named: Any) -> bool:
        """Each field by itself, and then whether the site can make such an archive."""
        if not super().validate(*given, **named):
            return False
        try:
            check_choices(self.chosen)
        except ChoiceError as error:
            self._refuse(error.field)
            return False
        return True

    @property
    def chosen(self) -> Choices:
        optional = {choice[0] for choice in self.category.iter_choices()}
        return Choices(
            without=frozenset(optional.difference(self.category.data or ())),
            since=self.since.data,
            until=self.until.data,
            files=self.files.data == WITH,
            formats=frozenset(self.format.data or ()),
            part_size=int(self.part_size.data) if self.part_size.data else None,
        )

    def _refuse(self, wrong: str) -> None:
        """`wrong`: a field of `Choices`."""
        if wrong == "until":
            self.until.errors = [_("The last day cannot be before the first.")]
        else:
            field = {"without": self.category, "formats": self.format}.get(wrong) or self[wrong]
            field.errors = [str(CHOOSE)]


def read_form(given: MultiDict[str, str]) -> ArchiveForm:
    """What was chosen before, from the query of an address, to be shown again. Nothing is done with it."""
    return ArchiveForm(given or None, meta={"csrf": False})


def read_asked(deed: str, given: MultiDict[str, str]) -> Choices | None:
    """Which archive a deed that is to be confirmed asks for; None: none, or one that cannot be made."""
    if deed == "archives.again":
        earlier = find_earlier(given)
        return still_possible(earlier.choices) if earlier else None
    form = read_form(given)
    return form.chosen if deed == "archives.create" and form.validate() else None


def read_instead(given: MultiDict[str, str]) -> str | None:
    """The id of the archive at work whose place the form's shall take; None once it has ended."""
    active = find_active(current_user.id) if INSTEAD_OF in given else None
    return active.id if active and active.id == given[INSTEAD_OF] else None


def find_earlier(given: MultiDict[str, str]) -> Archive | None:
    """The person's archive that a form names."""
    archive_id = given.get("archive_id", "")
    return None if "\0" in archive_id else service.find_archive(current_user.id, archive_id)  # PostgreSQL refuses NUL
