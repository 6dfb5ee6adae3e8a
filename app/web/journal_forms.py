"""The forms of the journal: an entry, a comment; and what their errors say."""

from collections.abc import Sequence
from datetime import date
from itertools import chain, repeat
from typing import Any
from uuid import UUID

from flask import current_app, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from flask_babel.speaklater import LazyString
from flask_login import current_user
from flask_wtf import FlaskForm
from werkzeug.datastructures import FileStorage
from wtforms import DateField, Field, MultipleFileField, RadioField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, Optional, ValidationError

from app.accounts import people
from app.journal.attachments import DESCRIPTION_MAX, Upload
from app.journal.comments import COMMENT_MAX
from app.journal.entries import TITLE_MAX, Draft
from app.journal.tags import TAG_MAX, TAGS_MAX, split_tags
from app.journal.text_room import find_room
from app.models import Entry, User, Visibility
from app.web.choices import choices
from app.web.formats import file_size, number
from app.web.strangers import count_strangers, may_name_strangers
from app.words.text import clean, clean_line, clean_lines

READERS_MAX = 100
VISIBILITIES: list[tuple[str, Any]] = [
    (Visibility.PRIVATE.value, lazy_gettext("Only me")),
    (Visibility.CHOSEN.value, lazy_gettext("People I choose")),
    (Visibility.MEMBERS.value, lazy_gettext("Every member of this site")),
]


class DayField(DateField):
    """A date; the browser's own error would not say what is expected."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError as error:
            raise ValueError(_("This is not a date. Write it as 2026-11-22: year, month, day.")) from error

    def _value(self) -> str:
        # Not by strftime: it writes the year 800 with three digits, which browsers refuse.
        return self.data.isoformat() if isinstance(self.data, date) else " ".join(self.raw_data or [])


class ReadersField(TextAreaField):
    """Addresses, a line each: typed, or chosen by boxes of the same name."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        self.data = "\n".join(valuelist)

    def addresses(self) -> set[str]:
        return {people.normalize_email(line) for line in (self.data or "").splitlines() if line.strip()}

    def besides(self, known: Sequence[User]) -> str:
        """The lines that have no box."""
        boxes = {user.email for user in known}
        lines = (self.data or "").splitlines()
        return "\n".join(line for line in lines if people.normalize_email(line) not in boxes)


DESCRIBE = lazy_gettext("Describe it for people who cannot see it")
TOO_LONG = lazy_gettext("A description may have at most %(most)s characters.", most=DESCRIPTION_MAX)


class LinesField(Field):
    """One for each file, in the order of the files."""

    most = DESCRIPTION_MAX

    def process_formdata(self, valuelist: list[Any]) -> None:
        self.data = [clean_line(text) for text in valuelist]


class EntryForm(FlaskForm):
    title = StringField(
        lazy_gettext("Title"),
        filters=[clean_line],
        validators=[
            DataRequired(lazy_gettext("Give the entry a title.")),
            Length(
                max=TITLE_MAX, message=lazy_gettext("A title may have at most %(most)s characters.", most=TITLE_MAX)
            ),
        ],
    )
    date = DayField(lazy_gettext("Date"), validators=[Optional()])
    body = TextAreaField(lazy_gettext("Text"), filters=[clean])
    tags = StringField(lazy_gettext("Tags"), filters=[clean_line])
    visibility = RadioField(
        lazy_gettext("Who can read it"), choices=choices(VISIBILITIES), default=Visibility.PRIVATE.value
    )
    readers = ReadersField(lazy_gettext("People I choose"), filters=[clean_lines])
    files = MultipleFileField(lazy_gettext("Add pictures and files"))
    description = LinesField(DESCRIBE)
    """Of the chosen files; only the page's script makes inputs for them."""
    earlier_file = LinesField()
    """Names of files that came with an earlier try, and have to be chosen again."""
    earlier_description = LinesField()
    """Of those."""

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

    def validate_body(self, field: TextAreaField) -> None:
        size, most = len((field.data or "").encode()), current_app.config["MAX_FORM_MEMORY_SIZE"]
        if size > most:
            raise ValidationError(
                _(
                    "This text has %(size)s, and one entry may have %(most)s. Divide it into several entries.",
                    size=file_size(size),
                    most=file_size(most),
                )
            )
        _check_room(size, (request.view_args or {}).get("entry_id"))

    def validate_tags(self, field: StringField) -> None:
        names = split_tags(field.data or "")
        if len(names) > TAGS_MAX:
            raise ValidationError(
                _("These are %(count)s tags. Choose at most %(most)s.", count=number(len(names)), most=TAGS_MAX)
            )
        for name in names:
            if len(name) > TAG_MAX:
                raise ValidationError(
                    _("A tag may have at most %(most)s characters. Put commas between tags.", most=TAG_MAX)
                )

    def validate_files(self, field: MultipleFileField) -> None:
        if any(isinstance(each, str) and each for each in field.data or ()):
            # Some programs write a line break into the header as it is; what comes behind is then no name of a file.
            raise ValidationError(_("A file came without a name that can be read. Rename it, and choose it again."))
        if any(len(text) > DESCRIPTION_MAX for text in self.description.data or ()):
            raise ValidationError(str(TOO_LONG))

    def validate_readers(self, field: ReadersField) -> None:
        if self.visibility.data != Visibility.CHOSEN.value:
            return
        wanted = field.addresses()
        if not wanted:
            raise ValidationError(
                _("Write the e-mail address of at least one person, or choose who else can read it.")
            )
        if len(wanted) > READERS_MAX:
            raise ValidationError(
                _(
                    "These are %(count)s people. Choose at most %(most)s, or let every member read it.",
                    count=number(len(wanted)),
                    most=READERS_MAX,
                )
            )
        self.found_readers = _find_readers(wanted)

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
        described = zip(given, chain(self.description.data or (), repeat("")), strict=False)
        return [Upload(file.filename or "", file.stream, text) for file, text in described]

    def to_choose_again(self) -> list[tuple[str, str]]:
        """Names of the files of this try and of earlier ones, each with what was written of it, if anything."""
        files = [(clean_line(file.name), file.description) for file in self.uploads()]
        known = {name for name, _ in files}
        texts = chain(self.earlier_description.data or (), repeat(""))
        earlier = zip(self.earlier_file.data or (), texts, strict=False)
        return files + [each for each in earlier if each[0] not in known]


class DescriptionForm(FlaskForm):
    description = TextAreaField(
        DESCRIBE, filters=[clean_line], validators=[Length(max=DESCRIPTION_MAX, message=TOO_LONG)]
    )


class CommentForm(FlaskForm):
    body = TextAreaField(
        lazy_gettext("Write a comment"),
        filters=[clean],
        validators=[
            DataRequired(lazy_gettext("Write something.")),
            Length(
                max=COMMENT_MAX,
                message=lazy_gettext(
                    "A comment may have at most %(most)s characters.", most=LazyString(number, COMMENT_MAX)
                ),
            ),
        ],
    )

    def validate_body(self, field: TextAreaField) -> None:
        _check_room(len((field.data or "").encode()))


def _check_room(size: int, entry_id: UUID | None = None) -> None:
    """Raises ValidationError. `entry_id`: whose text it replaces."""
    room = find_room(current_user.id, str(entry_id) if entry_id else None)
    if room is not None and size > room:
        raise ValidationError(
            _(
                "There is no room for this text: all your texts together may have %(quota)s, and %(room)s are left. "
                "Shorten it, or delete what you no longer need.",
                quota=file_size(current_app.config["TEXT_QUOTA_BYTES"]),
                room=file_size(room),
            )
        )


def _find_readers(wanted: set[str]) -> Sequence[User]:
    """Raises ValidationError: it names the addresses without an account, as long as there were few of them of late."""
    too_many = ValidationError(
        _(
            "You have named many addresses that have no account here. "
            "Wait an hour, or choose who else can read it; then save again."
        )
    )
    if not may_name_strangers():
        raise too_many
    found = people.find_users(wanted)
    strangers = sorted(wanted - {user.email for user in found})
    if not strangers:
        return found
    if not count_strangers(len(strangers)):
        raise too_many
    raise ValidationError(_("These people have no account here: %(people)s.", people=", ".join(strangers)))
