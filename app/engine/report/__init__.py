"""The report inside each archive: pages that open from a double click, offline, in any browser, and can be searched.

`engine.build` enters here: one `Report` for an archive, one `table` for each of its tables, batches of rows, `finish`.
Holds no table in memory. Nothing of the archive is ever written as HTML: templates escape, scripts use textContent.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path

from app.engine.report.contents import Contents
from app.engine.report.formats import Formats
from app.engine.report.manifest import write_manifest
from app.engine.report.pages import write_pages
from app.engine.report.tables import TableReport
from app.engine.shape import Coverage, Edition, Gap, TableShape

ASSETS = Path(__file__).with_name("assets")
DATA_FORMATS = ("json", "csv")
"""What the pages link to below `data/`, unless the archive says otherwise."""

__all__ = ["ASSETS", "Report", "TableReport"]


class Report:
    """`folder` is the archive's top folder, which exists; `data_formats` the ones that lie below its `data/`."""

    def __init__(self, folder: Path, edition: Edition, data_formats: Sequence[str] = DATA_FORMATS) -> None:
        self._folder = folder
        self._edition = edition
        self._data_formats = tuple(data_formats)
        self._formats = Formats(edition.subject.locale, edition.subject.time_zone)
        self._tables: list[TableReport] = []
        self._viewer = folder / "viewer"
        self._viewer.mkdir()

    def table(self, shape: TableShape) -> TableReport:
        """The writer of one table; call it in the order that the pages shall have."""
        table = TableReport(self._viewer, shape, self._formats)
        self._tables.append(table)
        return table

    def finish(self, coverage: Sequence[Coverage], gaps: Sequence[Gap]) -> None:
        """Write the pages, when all rows are written and each table's writer is finished."""
        contents = Contents(
            self._edition, self._formats, tuple(self._tables), tuple(coverage), tuple(gaps), self._data_formats
        )
        for asset in sorted(ASSETS.iterdir()):
            shutil.copyfile(asset, self._viewer / asset.name)
        write_manifest(self._viewer / "manifest.js", contents)
        write_pages(self._folder, contents)
