"""The form that asks for an archive."""

from typing import Any

from flask_wtf import FlaskForm
from wtforms import SelectField

from app.archives.choices import Choices, part_sizes
from app.web.choices import choices
from app.web.formats import file_size


class ArchiveForm(FlaskForm):
    part_size = SelectField(  # type: ignore[call-arg]  # new in WTForms 3.3
        "Size of each file", default="", invalid_choice_message="Choose one of the sizes in the list."
    )

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        sizes = [(str(size), file_size(size)) for size in part_sizes()]
        self.part_size.choices = choices([("", "One file"), *sizes])

    @property
    def chosen(self) -> Choices:
        return Choices(part_size=int(self.part_size.data) if self.part_size.data else None)
