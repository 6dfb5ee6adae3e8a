"""Reopens a finished archive and checks what it says of itself. Shares no code with what wrote it.

The files may come from anywhere: nothing is unpacked, nothing is believed before it is checked, and memory stays flat
whatever a file claims, within its `limits`. It grows with the file itself: by what names take, two hundred bytes a
member of ours, seven hundred at most, and by the keys of its rows. Rows and files are read once; the few members that
describe them, again for their checksums.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from app.engine.verify.following import Following
from app.engine.verify.group import check_group, check_person, check_totals
from app.engine.verify.limits import FOREIGN, OURS, Limits
from app.engine.verify.owners import check_owners, watch_owners
from app.engine.verify.part import Part, Say, open_part
from app.engine.verify.problems import VerificationError, naming
from app.engine.verify.references import check_references, watch_references

__all__ = ["FOREIGN", "OURS", "Expected", "Limits", "VerificationError", "verify_archive"]


@dataclass(frozen=True)
class Expected:
    """What whoever asks knows of the archive."""

    person_id: str | None = None
    """Whose it is; None: one person's, whoever that is."""
    public_keys: Sequence[str] = ()
    """Keys, or the text of key files, one of which must have signed it if it is signed."""
    signed: bool = False
    """An archive without a signature is refused. It is anyway if it says that it is signed."""
    canaries: Sequence[bytes] = field(default=(), repr=False)
    """Bytes that must not be in any member: secrets, planted by tests."""
    complete: bool = False
    """A missing part is refused. Otherwise it is said, and what cannot be known without it is not checked."""


def verify_archive(
    paths: Sequence[Path],
    expected: Expected,
    *,
    limits: Limits = FOREIGN,
    say: Say = lambda _: None,
    advance: Callable[[int], None] = lambda _: None,
) -> list[str]:
    """`paths`: the archive's file, or its parts in any order. The folders of parts that are missing.

    Raises VerificationError with what is wrong. `advance` is told the bytes just read.
    """
    if not paths:
        raise ValueError("at least one file")
    several = len(paths) > 1
    with ExitStack() as stack:
        parts = [stack.enter_context(_open(path, limits, expected, say, several=several)) for path in paths]
        missing = check_group(parts)
        if missing and expected.complete:
            raise VerificationError(*(f"a part is missing: {folder}" for folder in missing))
        _check(parts, missing, expected, say, advance)
    return missing


@contextmanager
def _open(path: Path, limits: Limits, expected: Expected, say: Say, *, several: bool) -> Iterator[Part]:
    prefix = f"{path.name}: " if several else ""
    with ExitStack() as stack:
        with naming(prefix):
            opened = open_part(
                path, limits, expected.public_keys, lambda text: say(f"{prefix}{text}"), signed=expected.signed
            )
            part = stack.enter_context(opened)
        yield part


def _check(
    parts: Sequence[Part], missing: Sequence[str], expected: Expected, say: Say, advance: Callable[[int], None]
) -> None:
    complete = not missing
    following = Following(parts)
    references = watch_references(parts, following, complete=complete)
    owners = watch_owners(parts, following, references) if complete else []
    for part in parts:
        with naming(f"{part.folder}: " if len(parts) > 1 else ""):
            part.read(expected.canaries, advance)
    files = sum(len(part.manifests) for part in parts)
    say(f"Checksums: {files} files are what the manifests say, and no file is unlisted.")
    _say_parts(parts, missing, say)
    say(check_totals(parts, complete=complete))
    for line in parts[0].documents.left_out:
        say(line)
    say(f"Files: {sum(part.tables.files for part in parts)} pictures and other files; one row names each of them.")
    say(check_references(references))
    for line in check_owners(owners):
        say(line)
    say(check_person(parts, expected.person_id))


def _say_parts(parts: Sequence[Part], missing: Sequence[str], say: Say) -> None:
    count = len(parts[0].documents.folders)
    if missing:
        say(f"Parts: {len(parts)} of {count} were given. Missing: {', '.join(missing)}.")
    elif count > 1:
        say(f"Parts: all {count} were given, and they say the same of the whole archive.")
