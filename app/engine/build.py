"""The whole deed of the engine: everything one database holds about one person, as verified files."""

import hashlib
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from gettext import NullTranslations
from io import BytesIO
from pathlib import Path

from sqlalchemy import Engine

from app.engine.census import Amount
from app.engine.choices import EVERYTHING, Choices
from app.engine.collector import collecting_rarely
from app.engine.coverage import render_coverage
from app.engine.datapackage import render_datapackage
from app.engine.graph import Graph
from app.engine.media import OpenFile
from app.engine.minisign import Signer
from app.engine.package import Package, Packed, Part, pack
from app.engine.package.bag import add_tags
from app.engine.pieces import ALONE, Sharing
from app.engine.progress import CHECKING, PACKING, Progress, Tell
from app.engine.reading import Read, Reading, Weigh
from app.engine.report import load_assets
from app.engine.shape import ENGLISH_WORDS, REPORT, Edition, Subject
from app.engine.snapshot import open_snapshot
from app.engine.verify import OURS, Expected, verify_archive


def take_all(_: Amount) -> None:
    """Nothing is too much."""


@dataclass(frozen=True)
class Order:
    """What to build."""

    site: str
    reference: str
    subject: Subject
    signer: Signer | None = None
    """Without one the archive is not signed."""
    choices: Choices = EVERYTHING
    """What the archive shall hold."""
    weigh: Weigh = take_all
    """May refuse what is too much."""
    translations: NullTranslations = ENGLISH_WORDS
    """Into the language of the report."""


@dataclass(frozen=True)
class BuiltPart:
    file: Path
    size: int
    sha256: str


@dataclass(frozen=True)
class Built:
    """Finished, verified files; nobody knows of them yet."""

    parts: tuple[BuiltPart, ...]
    rows: int
    gaps: int
    snapshot_at: datetime
    """The one moment that all rows were read at; its day stands in the folders' names."""
    media_size: int = 0
    """Bytes of the files that rows name."""

    @property
    def size(self) -> int:
        return sum(part.size for part in self.parts)


def build_archive(
    order: Order,
    *,
    engine: Engine,
    graph: Graph,
    open_file: OpenFile,
    workspace: Path,
    tell: Tell,
    sharing: Sharing = ALONE,
) -> Built:
    """Read, pack, verify. `workspace` is an empty folder of our own; the files are left in it.

    `sharing`: other workers may read a part of the rows, where there are many, the database can show several workers
    one snapshot, and the archive is one file.

    Raises VerificationError, TornReadError, OSError, what the database raises, and whatever `order.weigh` and `tell`
    raise.
    """
    progress = Progress(tell)
    with collecting_rarely(), ExitStack() as stack:
        with open_snapshot(engine) as (connection, moment):
            edition = Edition(order.site, order.reference, moment, order.subject, order.translations)
            package = stack.enter_context(Package(workspace, edition, order.choices.part_size))
            shared = ALONE if package.is_divided else sharing
            reading = Reading(package, edition, order.choices, open_file, progress, sharing=shared)
            read = reading.run(connection, graph, order.weigh)
        _complete(package, order, read, progress)
        parts = _check(package, order, progress)
    return Built(parts, sum(line.rows for line in read.coverage), len(read.gaps), moment, read.media_size)


def _complete(package: Package, order: Order, read: Read, progress: Progress) -> None:
    """What a part can only say when all are filled."""
    package.press.wait()
    progress.begin(PACKING, "packing", len(package.parts))
    for part in package.parts:
        _describe(part, package, order, read)
        progress.advance(1)


def _describe(part: Part, package: Package, order: Order, read: Read) -> None:
    folders = [each.top for each in package.parts]
    formats = order.choices.written
    data = [name for name in formats if name != REPORT]
    pages = REPORT in formats
    assets = _pack_assets(order.translations)
    found = (folders, read.coverage, read.gaps, data)
    for name, content in read.report.render(part.number, *found, has_pages=pages, choices=order.choices):
        if name in assets:
            part.put(name, assets[name])
        else:
            part.add(name, content)
    coverage = render_coverage(
        read.graph, read.edition, read.coverage, read.gaps, choices=order.choices, part=part, parts=package.parts
    )
    part.add("data/coverage.json", coverage)
    part.add("data/datapackage.json", render_datapackage(read.edition, read.tables, part))
    add_tags(part, len(package.parts), read.edition, order.signer)
    part.close()


@cache
def _pack_assets(translations: NullTranslations) -> dict[str, Packed]:
    """The same in every archive of one language: packed once for a process, which has one object for each."""
    return {name: pack(name, BytesIO(content), len(content)) for name, content in load_assets(translations)}


def _check(package: Package, order: Order, progress: Progress) -> tuple[BuiltPart, ...]:
    """The files' own checksums are made beside the verification."""
    files = [part.path for part in package.parts]
    content = sum(part.unpacked for part in package.parts)
    progress.begin(CHECKING, "checking", content)
    keys = [order.signer.public_key] if order.signer else []
    signed = order.signer is not None
    expected = Expected(person_id=order.subject.id, public_keys=keys, signed=signed, complete=True)
    sums: list[str] = []
    package.press.do(lambda: sums.extend(map(_hash, files)))
    verify_archive(files, expected, limits=OURS, advance=progress.advance)
    package.press.wait()
    return tuple(BuiltPart(file, file.stat().st_size, sha256) for file, sha256 in zip(files, sums, strict=True))


def _hash(file: Path) -> str:
    with file.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()
