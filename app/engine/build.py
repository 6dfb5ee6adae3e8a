"""The whole deed of the engine: everything one database holds about one person, as one verified file."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine

from app.engine.datapackage import write_datapackage
from app.engine.graph import Graph
from app.engine.media import OpenFile
from app.engine.minisign import Signer
from app.engine.names import folder_name
from app.engine.package import hash_file, hash_payload, measure, write_bag, zip_bag
from app.engine.progress import CHECKING, PACKING, Progress, Tell
from app.engine.reading import Read, Reading
from app.engine.shape import Edition, Subject
from app.engine.snapshot import open_snapshot
from app.engine.verify import OURS, Expected, verify_archive


@dataclass(frozen=True)
class Order:
    """What to build."""

    site: str
    reference: str
    subject: Subject
    signer: Signer | None = None
    """Without one the archive is not signed."""
    part_size: int | None = None
    """Bytes that one file may have at most; None: everything in one."""
    formats: tuple[str, ...] = ("json", "csv", "report")


@dataclass(frozen=True)
class BuiltPart:
    """One finished file in the workspace."""

    file: Path
    size: int
    sha256: str


@dataclass(frozen=True)
class Built:
    """A finished, verified archive; nobody knows of it yet."""

    parts: tuple[BuiltPart, ...]
    rows: int
    gaps: int
    snapshot_at: datetime
    """The one moment that all rows were read at; its day stands in the folder's name."""

    @property
    def size(self) -> int:
        """Bytes of all parts."""
        return sum(part.size for part in self.parts)


def build_archive(
    order: Order, *, engine: Engine, graph: Graph, open_file: OpenFile, workspace: Path, tell: Tell
) -> Built:
    """Read, pack, verify. `workspace` is an empty folder of our own; the files are left in it.

    Raises VerificationError, TornReadError, OSError, what the database raises, and whatever `tell` raises.
    """
    progress = Progress(tell)
    with open_snapshot(engine) as (connection, moment):
        edition = Edition(order.site, order.reference, moment, order.subject)
        folder = workspace / folder_name(moment.date(), order.reference)
        read = Reading(folder, edition, open_file, progress).run(connection, graph)
    file = _pack(folder, edition, read, progress, order.signer)
    sha256 = _check(folder, file, order, progress)
    part = BuiltPart(file, file.stat().st_size, sha256)
    return Built((part,), sum(line.rows for line in read.coverage), len(read.gaps), moment)


def _pack(folder: Path, edition: Edition, read: Read, progress: Progress, signer: Signer | None) -> Path:
    target = folder.with_name("archive.zip")
    progress.begin(PACKING, "packing", 2 * measure(folder))
    digests = hash_payload(folder, progress.advance)
    write_datapackage(folder / "data", edition, read.tables, digests)
    write_bag(folder, edition, digests, signer)
    zip_bag(folder, target, edition, progress.advance)
    return target


def _check(folder: Path, file: Path, order: Order, progress: Progress) -> str:
    """The SHA-256 of the verified file."""
    progress.begin(CHECKING, "checking", measure(folder) + file.stat().st_size)
    keys = [order.signer.public_key] if order.signer else []
    expected = Expected(person_id=order.subject.id, public_keys=keys, signed=order.signer is not None)
    verify_archive(file, expected, limits=OURS, advance=progress.advance)
    return hash_file(file, progress.advance)
