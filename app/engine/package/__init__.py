"""The package: one ZIP file, or several where the person chose a size; each is a bag and opens alone.

A record and its media lie in the same part. What is added lies in the part that is current then.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from app.engine.package.packing import Advance, ChangedError, Packed, Spool, pack
from app.engine.package.part import Part, most_bytes
from app.engine.package.piece import PieceFile
from app.engine.package.press import Press
from app.engine.package.stretch import Stretch
from app.engine.shape import Edition

__all__ = ["Advance", "ChangedError", "Package", "Packed", "Part", "PieceFile", "most_bytes", "pack"]

RESERVE = 8 * 1024**2
"""Bytes of a part kept for the report's pages and the checksums; a quarter of parts that are smaller than 32 MB."""


class Package:
    """Use it in a `with` block; the files stay in `folder`, which is empty and ours.

    `part_size`: bytes that a part may have; None: one part, however large.
    """

    def __init__(self, folder: Path, edition: Edition, part_size: int | None = None) -> None:
        self.press = Press()
        self.parts: list[Part] = []
        self._folder = folder
        self._edition = edition
        self._most = None if part_size is None else part_size - min(RESERVE, part_size // 4)
        self._spools: dict[str, Spool] = {}
        self._opened: list[Spool | PieceFile] = []
        """Files that have no name any more; some are closed already, by the press."""
        self.begin_part()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.press.stop()
        for part in self.parts:
            part.discard()
        for opened in self._opened:
            opened.close()

    @property
    def part(self) -> Part:
        return self.parts[-1]

    @property
    def is_divided(self) -> bool:
        """Whether a part may become full."""
        return self._most is not None

    def begin_part(self) -> None:
        number = len(self.parts) + 1
        path, top = self._folder / f"{number}.zip", self._edition.folder(number)
        self.parts.append(Part(path, number, top, self._edition.snapshot_at))

    def has_room(self, size: int) -> bool:
        """For so many bytes more. Waits for the press: the answer must not depend on how far it is."""
        if self._most is None:
            return True
        self.press.wait()
        held = self.part.size + sum(spool.packing.packed for spool in self._spools.values())
        return held + size <= self._most

    def add(self, name: str, content: bytes) -> None:
        """A member that is known as a whole."""
        self.press.do(self.part.add, name, content, size=len(content))

    def copy(self, name: str, source: BinaryIO, size: int, sha256: str | None, advance: Advance) -> None:
        """A file, here and now. Raises OSError, and then nothing of it is in the part."""
        self.press.wait()
        self.part.copy(name, source, size, sha256, advance)

    def put(self, name: str, packed: Packed) -> None:
        """A file that is packed already: to hand it to the press takes longer than to write it."""
        self.press.wait()
        self.part.put(name, packed)

    def write(self, name: str, content: bytes) -> None:
        """To the end of a member that grows while others do."""
        self.press.do(self._spool(name).packing.write, content, size=len(content))

    def join(self, name: str, packed: Stretch) -> None:
        """To the end of a growing member, as it is."""
        self.press.do(self._spool(name).packing.join, packed)

    def add_joined(self, name: str, opening: bytes, packed: Stretch) -> None:
        """A member of which the first bytes are known."""
        self.press.do(self.part.join, name, opening, packed)

    @contextmanager
    def reading(self, piece: PieceFile) -> Iterator[None]:
        """It is closed when what was joined of it meanwhile is done, and in any case with the package."""
        self._opened.append(piece)
        yield
        self.press.do(piece.close)

    def finish(self, name: str) -> None:
        """The growing member is whole."""
        self.press.do(self.part.take, name, self._spools.pop(name), size=0)

    def _spool(self, name: str) -> Spool:
        if name not in self._spools:
            self._spools[name] = Spool(self._folder)
            self._opened.append(self._spools[name])
        return self._spools[name]
