"""The whole deed of the engine: everything one database holds about one person, as one verified file."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from app.engine.graph import Graph
from app.engine.media import OpenFile
from app.engine.package import hash_file, measure, write_bag, zip_bag
from app.engine.progress import CHECKING, PACKING, Progress, Tell
from app.engine.reading import Reading
from app.engine.shape import Edition, Subject
from app.engine.snapshot import open_snapshot
from app.engine.verify import verify_archive


@dataclass(frozen=True)
class Order:
    """What to build."""

    site: str
    reference: str
    subject: Subject


@dataclass(frozen=True)
class Built:
    """A finished, verified file; nobody knows of it yet."""

    file: Path
    size: int
    sha256: str
    rows: int
    gaps: int


def build_archive(
    order: Order, *, engine: Engine, graph: Graph, open_file: OpenFile, workspace: Path, tell: Tell
) -> Built:
    """Read, pack, verify. `workspace` is an empty folder of our own; the file is left in it.

    Raises VerificationError, TornReadError, OSError, what the database raises, and whatever `tell` raises.
    """
    progress = Progress(tell)
    with open_snapshot(engine) as (connection, moment):
        edition = Edition(order.site, order.reference, moment, order.subject)
        folder = workspace / f"satchel-{moment.date().isoformat()}-{order.reference}"
        coverage, gaps = Reading(folder, edition, open_file, progress).run(connection, graph)
    file = _pack(folder, workspace / "archive.zip", edition, progress)
    sha256 = _check(folder, file, order.subject.id, progress)
    return Built(file, file.stat().st_size, sha256, sum(line.rows for line in coverage), len(gaps))


def _pack(folder: Path, target: Path, edition: Edition, progress: Progress) -> Path:
    write_bag(folder, edition)
    progress.begin(PACKING, "packing", measure(folder))
    zip_bag(folder, target, edition, progress.advance)
    return target


def _check(folder: Path, file: Path, person_id: str, progress: Progress) -> str:
    """The SHA-256 of the verified file."""
    progress.begin(CHECKING, "checking", measure(folder) + file.stat().st_size)
    verify_archive(file, person_id, progress.advance)
    return hash_file(file, progress.advance)
