"""What collects the keys of tables while their rows are read: once for all keys of the same columns."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from app.engine.verify.keys import Collects, Keys, Room
from app.engine.verify.part import Part
from app.engine.verify.problems import VerificationError
from app.engine.verify.tables import TableRows


class Following:
    """Of all the files that were given."""

    def __init__(self, parts: Sequence[Part]) -> None:
        limits = parts[0].container.limits
        self.room = Room(limits.few_hashes + limits.hashes * sum(part.container.size for part in parts))
        self._most = limits.keys
        self._tables = defaultdict[str, list[TableRows]](list)
        for rows in (rows for part in parts for rows in part.tables.rows):
            self._tables[rows.held.resource_name].append(rows)
        self._columns: Counter[str] = Counter()
        """By table, how many are followed."""
        self._keys: dict[tuple[str, tuple[str, ...]], Keys] = {}

    def keys(self, table: str, columns: tuple[str, ...]) -> Keys:
        """Those that will stand in these columns. Raises VerificationError."""
        if (table, columns) not in self._keys:
            self._keys[table, columns] = Keys(self.room)
            self.follow(table, self._keys[table, columns], columns)
        return self._keys[table, columns]

    def follow(self, table: str, keys: Collects, columns: Sequence[str]) -> None:
        """Let these collect the keys in the columns of a table, wherever its rows are. Raises VerificationError."""
        self._columns[table] += len(columns)
        if self._columns[table] > self._most:
            raise VerificationError(f"{table}: more than {self._most} columns of keys, and they are not followed")
        for rows in self._tables.get(table, ()):
            if not rows.held.positions.keys() >= set(columns):
                raise VerificationError(f"a key leads to columns of {rows.held.name} that are not here")
            rows.follow(keys, columns)
