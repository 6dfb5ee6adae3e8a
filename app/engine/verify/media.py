"""The files that rows name: each name is a member of the same archive file, and each such member has one row."""

from itertools import compress

from app.engine.verify.listed import Members
from app.engine.verify.problems import VerificationError, raise_all
from app.engine.verify.rows import Column

FOLDER = "data/media/"


class Media:
    """Of one archive file, as one of its formats names them."""

    def __init__(self, members: Members) -> None:
        self._members = members
        self._unnamed = bytearray(name.startswith(FOLDER) for name in members)
        self.count = sum(self._unnamed)

    def see(self, column: Column, position: int) -> None:
        """Raises VerificationError. An empty cell is a row without a file, or a gap."""
        for path in (each.decode() for each in column(position) if each):
            number = self._members.find(f"data/{path}")
            if number is None or not self._unnamed[number]:
                raise VerificationError(f"a row names {path!r}: no such file is here, or two rows name it")
            self._unnamed[number] = False

    def check(self) -> None:
        raise_all(f"{name} is a file that no row names" for name in compress(self._members, self._unnamed))
