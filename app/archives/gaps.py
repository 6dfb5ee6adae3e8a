"""What an archive says of itself is missing. Only its file knows: the row has how many."""

import json
from typing import NamedTuple

from flask import current_app

from app.archives import service
from app.archives.service import LostFileError
from app.engine.verify import VerificationError
from app.engine.verify.single import TooLargeError, read_member
from app.log_format import about
from app.models import Archive

MOST_BYTES = 4 * 1024**2
"""A longer list is left to the report: it is read into memory while somebody waits for a page."""
_MEMBER = "data/coverage.json"


class Missing(NamedTuple):
    name: str
    """As the person calls it."""
    reason: str
    """In English, as the archive has it."""


def list_missing(archive: Archive, most: int) -> list[Missing]:
    """The first so many; none while the file cannot be read. The caller has made sure whose archive it is."""
    try:
        gaps = _read_gaps(archive)
    except TooLargeError:
        return []
    except (OSError, LostFileError, VerificationError, ValueError, LookupError):
        with about(archive_id=archive.id, reference=archive.reference):
            current_app.logger.exception("archive %s does not tell what is missing in it", archive.reference)
        return []
    return [Missing(gap["name"], gap["reason"]) for gap in gaps[:most]]


def _read_gaps(archive: Archive) -> list[dict[str, str]]:
    first = service.list_parts(archive.id)[0]
    with service.open_download(first) as file:
        found: list[dict[str, str]] = json.loads(read_member(file, _MEMBER, MOST_BYTES))["gaps"]
    return found
