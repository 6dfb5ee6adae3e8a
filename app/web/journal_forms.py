"""The forms of the journal: an entry, a comment, a search; and what their errors say."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from flask_wtf import FlaskForm
from werkzeug.datastructures import FileStorage
from wtforms import DateField, MultipleFileField, RadioField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, Optional, ValidationError

from app import people
from app.journal.attachments import Upload
from app.journal.comments import COMMENT_MAX
from app.journal.entries import TITLE_MAX, Draft
from app.journal.tags import TAG_MAX, split_tags
from app.models import Entry, User, Visibility
from app.web.choices import choices
from app.web.text import clean, clean_line

VISIBILITIES = [
    (Visibility.PRIVATE.value, "Only me"),
    (Visibility.CHOSEN.value, "People I choose"),
    (Visibility.MEMBERS.value, "Every member of this site"),
]


class DayField(DateField):
    """A date; the browser's own error would not say what is expected."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError as error:
            raise ValueError("This is not a date. Write it as 2026-11-22: year, month, day.") from error

    def _value(self) -> str:
        # Not by strftime: it writes the year 800 with three digits, which browsers refuse.
        return self.data.isoformat() if isinstance(self.data, date) else " ".join(self.raw_data or [])


class EntryForm(FlaskForm):
    title = StringField(
        "Title",
        filters=[clean_line],
        validators=[
            DataRequired("Give the entry a title."),
            Length(max=TITLE_MAX, message=f"A title may have at most {TITLE_MAX} characters."),
        ],
    )
    date = DayField("Date", validators=[Optional()])
    body = TextAreaField("Text", filters=[clean])
    tags = StringField("Tags", filters=[clean_line])
    visibility = RadioField("Who can read it", choices=choices(VISIBILITIES), default=Visibility.PRIVATE.value)
    readers = TextAreaField("People I choose", filters=[clean])
    files = MultipleFileField("Add pictures and files")

    found_readers: Sequence[User] = ()

    @classmethod
    def of(cls, entry: Entry) -> "EntryForm":
        return cls(
            title=entry.title,
            date=entry.date,
            body=entry.body,
            tags=", ".join(tag.name for tag in entry.tags),
            visibility=entry.visibility.value,
            readers="\n".join(reader.email or reader.name for reader in entry.readers),
        )

    def validate_tags(self, field: StringField) -> None:
        for name in split_tags(field.data or ""):
            if len(name) > TAG_MAX:
                raise ValidationError(f"A tag may have at most {TAG_MAX} characters. Put commas between tags.")

    def validate_readers(self, field: TextAreaField) -> None:
        if self.visibility.data != Visibility.CHOSEN.value:
            return
        wanted = {people.normalize_email(line) for line in (field.data or "").splitlines() if line.strip()}
        self.found_readers = people.find_users(wanted)
        unknown = sorted(wanted - {user.email for user in self.found_readers})
        if not wanted:
            raise ValidationError("Write the e-mail address of at least one person, or choose who else can read it.")
        if unknown:
            raise ValidationError(f"These people have no account here: {', '.join(unknown)}.")

    def draft(self) -> Draft:
        return Draft(
            title=self.title.data or "",
            body=self.body.data or "",
            date=self.date.data,
            tags=split_tags(self.tags.data or ""),
            visibility=Visibility(self.visibility.data),
            readers=self.found_readers,
        )

    def uploads(self) -> list[Upload]:
        """The chosen files; a browser sends one without a name when none was chosen."""
        given = [file for file in self.files.data or [] if isinstance(file, FileStorage) and file.filename]
        return [Upload(file.filename or "", file.stream) for file in given]


class CommentForm(FlaskForm):
    body = TextAreaField(
        "Write a comment",
        filters=[clean],
        validators=[
            DataRequired("Write something."),
            Length(max=COMMENT_MAX, message=f"A comment may have at most {COMMENT_MAX:,} characters."),
        ],
    )
