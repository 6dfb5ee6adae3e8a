"""The files that rows name: each name is a member of the same archive file, and each such member has one row."""

from collections.abc import Iterable

from app.engine.verify.problems import VerificationError, raise_all
from app.engine.verify.rows import Column

FOLDER = "data/media/"


class Media:
    """Of one archive file, as one of its formats names them."""

    def __init__(self, members: Iterable[str]) -> None:
        self._unnamed = {name for name in members if name.startswith(FOLDER)}
        self.count = len(self._unnamed)

    def see(self, column: Column, position: int) -> None:
        """Raises VerificationError. An empty cell is a row without a file, or a gap."""
        for path in (each.decode() for each in column(position) if each):
            try:
                self._unnamed.remove(f"data/{path}")
            except KeyError:
                raise VerificationError(f"a row names {path!r}: no such file is here, or two rows name it") from None

    def check(self) -> None:
        raise_all(f"{name} is a file that no row names" for name in sorted(self._unnamed))
