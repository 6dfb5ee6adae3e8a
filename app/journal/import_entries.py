"""Stores the lines of a journal as entries, comments, tags and files: all of them or none, and each line once."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from app.accounts.people import ensure_authors
from app.extensions import begin_write, db
from app.journal.attachments import FILES_MAX, Upload, stored
from app.journal.import_file import ImportFileError, Line, check_readable
from app.journal.tags import ensure_tags
from app.models import Comment, Entry, Visibility, entry_tag
from app.models.columns import new_id

_BATCH = 200


@dataclass(frozen=True)
class Imported:
    """What an import added."""

    entries: int
    comments: int
    files: int
    skipped: int
    """Lines whose entries were there already."""
    loose: tuple[str, ...]
    """Files of the media folder that no line names; they are now with the first entry."""


def import_entries(
    author_id: str,
    lines: Sequence[Line],
    loose: Sequence[Path] = (),
    advance: Callable[[int], object] = lambda _: None,
    *,
    any_type: bool = False,
) -> Imported:
    """Add what is not there yet. `advance` is told how many lines are done. `any_type`: see `stored`.

    Raises ImportFileError or UploadRefusedError.
    """
    known = set(db.session.scalars(select(Entry.import_key).where(Entry.author_id == author_id)))
    new = [line for line in lines if line.key not in known]
    files = _wanted_files(lines, new, loose)
    advance(len(lines) - len(new))
    try:
        _store(author_id, new, files, advance, any_type=any_type)
    except IntegrityError as error:
        raise ImportFileError("The same journal is being imported elsewhere. Wait, then start it again.") from error
    return Imported(
        entries=len(new),
        comments=sum(len(line.comments) for line in new),
        files=sum(len(paths) for paths in files.values()),
        skipped=len(lines) - len(new),
        loose=tuple(path.name for path in loose) if lines and lines[0].key in files else (),
    )


def find_loose_files(media: Path, lines: Sequence[Line], *, apart_from: Path) -> list[Path]:
    """Files of the media folder that no line names, without the journal's own file and hidden ones."""
    named = {path for line in lines for path in line.files}
    loose = [
        path
        for path in sorted(media.iterdir())
        if path.is_file() and not path.name.startswith(".") and path not in named and not path.samefile(apart_from)
    ]
    check_loose(loose)
    return loose


def check_loose(files: Sequence[Path]) -> None:
    try:
        check_readable(files)
    except ValueError as error:
        raise ImportFileError(f"Nothing was imported: {error}.") from error


def _wanted_files(lines: Sequence[Line], new: Sequence[Line], loose: Sequence[Path]) -> dict[str, list[Path]]:
    """Files by the key of the line they belong to. Raises ImportFileError."""
    files = {line.key: list(line.files) for line in new if line.files}
    if loose and new and new[0] is lines[0]:
        files[new[0].key] = first = [*new[0].files, *loose]
        if len(first) > FILES_MAX:
            raise ImportFileError(
                f"The first entry would get {len(first)} files, {len(loose)} of which no line names; at most "
                f"{FILES_MAX} are possible. Name them in lines, or take them out of the folder. Nothing was imported."
            )
    return files


def _store(
    author_id: str,
    lines: Sequence[Line],
    files: dict[str, list[Path]],
    advance: Callable[[int], object],
    *,
    any_type: bool,
) -> None:
    pairs = [(key, path) for key, paths in files.items() for path in paths]
    with stored([Upload(path.name, path) for _, path in pairs], any_type=any_type) as attachments:
        begin_write()
        ids = {line.key: new_id() for line in lines}
        for batch in _batches(lines):
            _insert(author_id, batch, ids)
            advance(len(batch))
        for (key, _), attachment in zip(pairs, attachments, strict=True):
            attachment.entry_id = ids[key]
        db.session.add_all(attachments)
        db.session.commit()


def _batches(lines: Sequence[Line]) -> Iterator[Sequence[Line]]:
    for start in range(0, len(lines), _BATCH):
        yield lines[start : start + _BATCH]


def _insert(author_id: str, lines: Sequence[Line], ids: dict[str, str]) -> None:
    tags = ensure_tags({tag for line in lines for tag in line.tags})
    authors = ensure_authors({author for line in lines for author, _ in line.comments})
    _insert_rows(Entry, [_entry_row(author_id, line, ids[line.key]) for line in lines])
    _insert_rows(
        entry_tag,
        [{"entry_id": ids[line.key], "tag_id": tags[tag].id} for line in lines for tag in line.tags],
    )
    _insert_rows(
        Comment,
        [
            {"entry_id": ids[line.key], "author_id": authors[author], "body": body}
            for line in lines
            for author, body in line.comments
        ],
    )


def _entry_row(author_id: str, line: Line, entry_id: str) -> dict[str, Any]:
    return {
        "id": entry_id,
        "author_id": author_id,
        "date": line.date,
        "title": line.title,
        "body": line.body,
        "visibility": Visibility.PRIVATE,
        "import_key": line.key,
    }


def _insert_rows(table: Any, rows: list[dict[str, Any]]) -> None:
    if rows:
        db.session.execute(insert(table), rows)
