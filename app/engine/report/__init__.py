"""The report inside each archive: pages that open from a double click, offline, in any browser, and can be searched.

`engine.reading` makes one `Report` for an archive and one `table` for each of its tables, and gives them batches of
rows; `engine.build` calls `render` once for each part. Holds no table in memory and writes no file: the caller stores
the bytes. Nothing of the archive is ever written as HTML: templates escape, scripts use textContent.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from gettext import NullTranslations
from pathlib import Path

from app.engine.choices import EVERYTHING, Choices
from app.engine.report.choices_told import tell_choices
from app.engine.report.contents import Contents
from app.engine.report.formats import Formats
from app.engine.report.manifest import render_manifest
from app.engine.report.pages import render_pages, render_readme
from app.engine.report.tables import TableReport
from app.engine.report.words import WORDS, translate_words
from app.engine.shape import Coverage, Edition, Gap, TableShape
from app.engine.writers.to_viewer import PutChunk

ASSETS = Path(__file__).with_name("assets")

__all__ = ["ASSETS", "Report", "TableReport", "load_assets"]


class Report:
    """The pages of one archive. `put_chunk` stores a member of the part that is being written."""

    def __init__(self, edition: Edition, put_chunk: PutChunk) -> None:
        self.part = 1
        """The part that rows go to. Before a new one begins, each open table is told to `flush`."""
        self._edition = edition
        self._put_chunk = put_chunk
        self._formats = Formats(edition.subject.locale, edition.subject.time_zone, edition.translations)
        self._tables: list[TableReport] = []

    def table(self, shape: TableShape) -> TableReport:
        """The writer of one table; call it in the order that the pages shall have."""
        table = TableReport(shape, self._formats, self._put_chunk, lambda: self.part)
        self._tables.append(table)
        return table

    def render(
        self,
        part: int,
        folders: Sequence[str],
        coverage: Sequence[Coverage],
        gaps: Sequence[Gap],
        data_formats: Sequence[str],
        *,
        has_pages: bool = True,
        choices: Choices = EVERYTHING,
    ) -> Iterator[tuple[str, bytes]]:
        """The path below the top folder and the bytes of each page, script and style of one part, in a fixed order.

        When all rows are written and each table is flushed. `part`: from 1. `folders`: the top folders of all parts,
        in order. `data_formats`: what lies below `data/` (`json`, `csv`). Without pages there is only README.txt.
        `choices`: what the archive was asked to hold.
        """
        contents = Contents(
            self._edition,
            self._formats,
            tuple(self._tables),
            tuple(coverage),
            tuple(gaps),
            tuple(data_formats),
            part,
            tuple(folders),
            has_pages,
            tuple(tell_choices(choices, coverage, self._formats)),
        )
        if not has_pages:
            yield render_readme(contents)
            return
        yield from render_pages(contents)
        yield from load_assets(self._edition.translations)
        yield "viewer/manifest.js", render_manifest(contents)


@cache
def load_assets(translations: NullTranslations) -> list[tuple[str, bytes]]:
    """Scripts and styles, the same in every archive of one language: read once for a process, 60 kB."""
    assets = {asset.name: asset.read_bytes() for asset in sorted(ASSETS.iterdir())}
    assets[WORDS] = translate_words(assets[WORDS], translations)
    return [(f"viewer/{name}", content) for name, content in assets.items()]
