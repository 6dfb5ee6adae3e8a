"""The report inside each archive: pages that open from a double click, offline, in any browser, and can be searched.

`engine.build` enters here: one `Report` for an archive, one `table` for each of its tables, batches of rows, `render`.
Holds no table in memory. Nothing of the archive is ever written as HTML: templates escape, scripts use textContent.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from app.engine.report.contents import Contents
from app.engine.report.formats import Formats
from app.engine.report.manifest import render_manifest
from app.engine.report.pages import render_pages
from app.engine.report.tables import TableReport
from app.engine.shape import Coverage, Edition, Gap, TableShape
from app.engine.writers.to_viewer import PutChunk

ASSETS = Path(__file__).with_name("assets")
DATA_FORMATS = ("json", "csv")
"""What the pages link to below `data/`, unless the archive says otherwise."""

__all__ = ["ASSETS", "Report", "TableReport"]


class Report:
    """`put_chunk` stores a member below the top folder of the part that is being written."""

    def __init__(self, edition: Edition, put_chunk: PutChunk) -> None:
        self._edition = edition
        self._put_chunk = put_chunk
        self._formats = Formats(edition.subject.locale, edition.subject.time_zone)
        self._tables: list[TableReport] = []

    def table(self, shape: TableShape) -> TableReport:
        """The writer of one table; call it in the order that the pages shall have."""
        table = TableReport(shape, self._formats, self._put_chunk)
        self._tables.append(table)
        return table

    def render(
        self,
        part: int,
        folders: Sequence[str],
        coverage: Sequence[Coverage],
        gaps: Sequence[Gap],
        data_formats: Sequence[str] = DATA_FORMATS,
    ) -> Iterator[tuple[str, bytes]]:
        """(path below the top folder, content) of everything but the chunks, when all rows have gone by."""
        contents = Contents(
            self._edition, self._formats, tuple(self._tables), tuple(coverage), tuple(gaps), tuple(data_formats)
        )
        for asset in sorted(ASSETS.iterdir()):
            yield f"viewer/{asset.name}", asset.read_bytes()
        yield "viewer/manifest.js", render_manifest(contents)
        yield from render_pages(contents)
