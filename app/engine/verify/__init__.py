"""Reopens a finished archive and checks what it says of itself. Shares no code with what wrote it.

The file may come from anywhere: nothing is unpacked, nothing is believed before it is checked, and memory stays flat
whatever the file claims. Each member is read once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.engine.verify.container import FOREIGN, OURS, Container, Limits, open_container
from app.engine.verify.manifests import Manifests, read_manifests
from app.engine.verify.members import check_members
from app.engine.verify.problems import VerificationError
from app.engine.verify.signature import check_signature
from app.engine.verify.tables import Tables, read_tables

__all__ = ["FOREIGN", "OURS", "Expected", "Limits", "VerificationError", "verify_archive"]

Say = Callable[[str], None]
"""Told in words what was just found to be right."""


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


def verify_archive(
    path: Path,
    expected: Expected,
    *,
    limits: Limits = FOREIGN,
    say: Say = lambda _: None,
    advance: Callable[[int], None] = lambda _: None,
) -> None:
    """Raises VerificationError with what is wrong. `advance` is told the bytes just read."""
    with open_container(path, limits) as container:
        say(f"The ZIP file: {len(container.members)} members, {container.total:,} bytes, plain names, nothing hidden.")
        say(check_signature(container, expected.public_keys, must_be_signed=expected.signed))
        manifests, tables = read_manifests(container), read_tables(container)
        check_members(container, manifests, tables, expected.canaries, advance)
        _finish(container, manifests, tables, expected, say)


def _finish(container: Container, manifests: Manifests, tables: Tables, expected: Expected, say: Say) -> None:
    say(f"Checksums: {len(manifests.digests)} files are what the manifests say, and no file is unlisted.")
    tables.check_rows()
    tables.check_package(container, manifests)
    say(f"Tables: {len(tables.tables)} with {tables.rows:,} rows; JSON, CSV, coverage and data package agree.")
    tables.check_references()
    say(f"Foreign keys: {len(tables.references)} declared; each value leads to a row of this archive.")
    person = tables.check_person(expected.person_id)
    say(f"Person: the archive is about one person, {person}.")
