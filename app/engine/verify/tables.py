"""The rows of one archive file: counted in each format, and shown to whoever follows their keys."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, partial

from app.engine.verify.container import Container
from app.engine.verify.csv_rows import CsvRows
from app.engine.verify.documents import PACKAGE, Documents, Held
from app.engine.verify.json_rows import JsonRows
from app.engine.verify.keys import Collects
from app.engine.verify.listed import Members
from app.engine.verify.manifests import Manifests
from app.engine.verify.media import Media
from app.engine.verify.problems import VerificationError, raise_all
from app.engine.verify.rows import Column, Rows, read_rows

Reader = Callable[[Iterable[bytes]], None]


class TableRows:
    """Reads what a file holds of one table. `json` and `csv`: the rows counted so far."""

    def __init__(self, held: Held, person: int | None, media: Mapping[str, Media]) -> None:
        """`person`: the position of the person's id, if this is their table. `media`: by format."""
        self.held = held
        self.json = 0
        self.csv = 0
        self.people: list[str] = []
        self._person = person
        self._keys: list[tuple[Collects, tuple[int, ...]]] = []
        self._media = media

    def follow(self, keys: Collects, columns: Iterable[str]) -> None:
        """Collect what stands in these columns of the described file."""
        self._keys.append((keys, tuple(self.held.positions[name] for name in columns)))

    def readers(self, container: Container) -> Iterator[tuple[str, Reader]]:
        """For each of its members, what reads it."""
        rows: list[tuple[str, Rows]] = [
            (self.held.json, JsonRows(self.held.names, self._see_json, container.limits.values))
        ]
        if self.held.csv:
            rows.append((self.held.csv, CsvRows(self.held.header, self._see_csv)))
        for name, each in rows:
            yield name, partial(read_rows, rows=each, limit=container.longest_row(name))

    def _see_json(self, rows: int, column: Column) -> None:
        if self._person is not None and self.json <= 1:
            self.people += [each.decode() for each in column(self._person)[:2]]
        self.json += rows
        self._see(column, "json", is_described=self.held.csv is None)

    def _see_csv(self, rows: int, column: Column) -> None:
        self.csv += rows
        self._see(column, "csv", is_described=True)

    def _see(self, column: Column, kind: str, *, is_described: bool) -> None:
        for position in self.held.file_columns:
            self._media[kind].see(column, position)
        if is_described and self._keys:
            once = cache(column)
            for keys, positions in self._keys:
                keys.add(once, positions)

    def complain(self) -> str | None:
        """What is wrong with the numbers of rows."""
        rows = self.held.rows
        if self.json == rows and (self.held.csv is None or self.csv == rows):
            return None
        in_csv = "" if self.held.csv is None else f", {self.csv} in CSV"
        return f"{self.held.name}: {rows} rows should be here, {self.json} in JSON{in_csv}"


class Tables:
    """Those of one archive file."""

    def __init__(self, documents: Documents, members: Members) -> None:
        has_csv = any(held.csv for held in documents.tables)
        self._media = {kind: Media(members) for kind in ("json", *(["csv"] if has_csv else []))}
        self.rows = [TableRows(held, _person(held, documents), self._media) for held in documents.tables]

    @property
    def files(self) -> int:
        return self._media["json"].count

    def readers(self, container: Container) -> dict[str, Reader]:
        return {name: reader for table in self.rows for name, reader in table.readers(container)}

    def check(self, sizes: Callable[[str], int], manifests: Manifests) -> None:
        """After all was read. `sizes`: bytes of a member, unpacked."""
        raise_all(filter(None, (table.complain() for table in self.rows)))
        for media in self._media.values():
            media.check()
        for table in self.rows:
            _check_resource(table.held, sizes, manifests)


def _person(held: Held, documents: Documents) -> int | None:
    return held.names.index(documents.key) if held.json == documents.subject else None


def _check_resource(held: Held, sizes: Callable[[str], int], manifests: Manifests) -> None:
    size, digest = sizes(held.described), f"sha256:{manifests[held.described].hex()}"
    true = {"rows": held.rows, "bytes": size, "hash": digest}
    said = {key: held.resource[key] for key in true if key in held.resource}
    # Of JSON the size and the sum need not be said: programs that check Data Packages cannot tell them there.
    needed = true.keys() if held.csv else {"rows"}
    if not needed <= said.keys() or said != {key: true[key] for key in said}:
        raise VerificationError(f"{PACKAGE} says of {held.name} what is not so: {said}")
