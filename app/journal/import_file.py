"""Reads a journal from JSON lines, and checks every line before anything is stored.

One line, one entry: `{"date": "1660-01-01" or null, "title": …, "body": …, "tags": […], "comments": [{"author": …,
"body": …}], "files": […]}`. Only the title is needed. `files` names files of the media folder.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from flask import current_app

from app.accounts.people import NAME_MAX
from app.journal.attachments import FILES_MAX
from app.journal.comments import COMMENT_MAX
from app.journal.entries import TITLE_MAX
from app.journal.tags import TAG_MAX, TAGS_MAX
from app.words.text import clean, clean_line

_DIGITS = 1000
_FIELDS = {"date", "title", "body", "tags", "comments", "files"}


class ImportFileError(Exception):
    """The file cannot be imported; the message says where and why."""


@dataclass(frozen=True)
class Line:
    """One entry to be, with everything about it checked."""

    title: str
    body: str
    date: date | None
    tags: tuple[str, ...]
    comments: tuple[tuple[str, str], ...]
    """Author and text."""
    files: tuple[Path, ...]
    key: str
    """The same for the same line, and different for each of several equal lines in one file."""


def read_lines(path: Path, media: Path | None = None) -> list[Line]:
    """Every line of the file. Raises ImportFileError at the first that is wrong."""
    lines = []
    seen: Counter[str] = Counter()
    for number, text in _numbered(path):
        try:
            line = _read_line(text, media, seen)
        except ValueError as error:
            raise ImportFileError(f"Line {number}: {error}. Nothing was imported.") from error
        except RecursionError as error:
            message = f"Line {number}: there are too many brackets within brackets. Nothing was imported."
            raise ImportFileError(message) from error
        lines.append(line)
    return lines


def _numbered(path: Path) -> Iterator[tuple[int, str]]:
    """Blank lines are passed over, and counted."""
    with path.open("rb") as file:
        for number, raw in enumerate(file, start=1):
            try:
                text = raw.decode("utf-8-sig" if number == 1 else "utf-8").strip()
            except UnicodeDecodeError as error:
                message = f"Line {number}: this is not UTF-8 (byte {error.start + 1}). Nothing was imported."
                raise ImportFileError(message) from error
            if text:
                yield number, text


def _read_line(text: str, media: Path | None, seen: Counter[str]) -> Line:
    row = _parse(text)
    key = _key(row, seen)
    return Line(
        title=_title(row),
        body=_body(row.get("body", "")),
        date=_date(row.get("date")),
        tags=_tags(row),
        comments=tuple(_comment(each) for each in _list(row, "comments")),
        files=_files(row, media),
        key=key,
    )


def _parse(text: str) -> dict[str, Any]:
    try:
        row = json.loads(text, object_pairs_hook=_each_once, parse_int=_read_int)
    except json.JSONDecodeError as error:
        raise ValueError(f"this is not JSON: {error.msg} (character {error.pos + 1})") from error
    if not isinstance(row, dict):
        raise ValueError("this is not a JSON object, which begins with { and ends with }")  # noqa: TRY004
    unknown = ", ".join(f"“{name}”" for name in sorted(row.keys() - _FIELDS))
    if unknown:
        raise ValueError(f"unknown field {unknown}; known are {', '.join(sorted(_FIELDS))}")
    return row


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of two values of one name, JSON's readers would lose one."""
    for name, uses in Counter(name for name, _ in pairs).items():
        if uses > 1:
            raise ValueError(f"“{name}” stands there {uses} times")
    return dict(pairs)


def _read_int(digits: str) -> int:
    """None is wanted anywhere, and Python's own refusal of a long one would tell of its settings."""
    if len(digits) > _DIGITS:
        raise ValueError(f"a number has {len(digits)} digits")
    return int(digits)


def _key(row: dict[str, Any], seen: Counter[str]) -> str:
    canonical = json.dumps(row, sort_keys=True, separators=(",", ":"))
    seen[canonical] += 1
    return hashlib.sha256(f"{canonical}\n{seen[canonical]}".encode()).hexdigest()


def _title(row: dict[str, Any]) -> str:
    if "title" not in row:
        raise ValueError("“title” is missing")
    return _short(row["title"], "title", TITLE_MAX)


def _short(value: object, field: str, longest: int) -> str:
    return _within(clean_line(_text(value, field)), field, longest)


def _within(text: str, field: str, longest: int) -> str:
    if not text.strip():
        raise ValueError(f"“{field}” is empty")
    if len(text) > longest:
        raise ValueError(f"“{field}” has {len(text)} characters; at most {longest} are possible")
    return text


def _text(value: object, field: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"“{field}” must be text in quotes, and is {json.dumps(value)[:40]}")  # noqa: TRY004
    if any(each == "\0" or "\ud800" <= each <= "\udfff" for each in value):
        raise ValueError(f"“{field}” holds a character that cannot be stored (NUL, or half of a pair)")
    return value


def _body(value: object) -> str:
    text, most = clean(_text(value, "body")), current_app.config["MAX_FORM_MEMORY_SIZE"]
    size = len(text.encode())
    if size > most:
        raise ValueError(f"“body” has {size} bytes; at most {most} are possible (MAX_FORM_MEMORY_SIZE)")
    return text


def _date(value: object) -> date | None:
    if value is None:
        return None
    try:
        return date.fromisoformat(_text(value, "date"))
    except ValueError as error:
        wrong = json.dumps(value)[:40]
        raise ValueError(f'“date” must be like "1660-01-31", or null, and is {wrong}') from error


def _list(row: dict[str, Any], field: str) -> list[Any]:
    value = row.get(field, [])
    if not isinstance(value, list):
        raise ValueError(f"“{field}” must be a list in square brackets")  # noqa: TRY004
    return value


def _tags(row: dict[str, Any]) -> tuple[str, ...]:
    tags = tuple(dict.fromkeys(_short(tag, "tags", TAG_MAX) for tag in _list(row, "tags")))
    if len(tags) > TAGS_MAX:
        raise ValueError(f"“tags” holds {len(tags)} tags; at most {TAGS_MAX} are possible")
    return tags


def _comment(value: object) -> tuple[str, str]:
    if not isinstance(value, dict) or value.keys() != {"author", "body"}:
        raise ValueError("each of “comments” must be an object with “author” and “body”")
    field = "body of a comment"
    return _short(value["author"], "author", NAME_MAX), _within(clean(_text(value["body"], field)), field, COMMENT_MAX)


def _files(row: dict[str, Any], media: Path | None) -> tuple[Path, ...]:
    names = _list(row, "files")
    if len(names) > FILES_MAX:
        raise ValueError(f"“files” names {len(names)} files; at most {FILES_MAX} are possible")
    return tuple(_file(name, media) for name in names)


def _file(name: object, media: Path | None) -> Path:
    text = _text(name, "files")
    if media is None:
        raise ValueError(f"“files” names “{text}”, but no media folder was given (--media)")
    if text in {"", ".", ".."} or "/" in text or "\\" in text:
        raise ValueError(f"“files” must hold plain names of files in the media folder, and holds “{text}”")
    path = media / text
    check_readable([path])
    return path


def check_readable(paths: Iterable[Path]) -> None:
    """Raises ValueError, naming the first file that is none or cannot be read."""
    for path in paths:
        try:
            with path.open("rb") as file:
                file.read(1)
        except OSError as error:
            raise ValueError(f"the file “{path.name}” of the media folder cannot be read: {error.strerror}") from error
