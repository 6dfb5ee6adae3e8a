"""One ZIP file of an archive while it is being written: by the press, or by who has waited until the press rests."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from app.engine.package.packing import Advance, Packed, Packing, Spool, method_for, pack, pour_from
from app.engine.package.stretch import Stretch
from app.engine.package.unnamed import BLOCK, let_go, open_spool
from app.engine.package.zip_writer import DEFLATED, Content, Pour, ZipWriter

MEDIA = "data/media/"
"""Below it lie the files that rows name."""
OVERHEAD = 1024
"""At the least, what packing may add to bytes that cannot be packed; and the member's header and directory entry."""


@dataclass(frozen=True)
class Member:
    size: int
    """Bytes, unpacked."""
    sha256: str


class MediaList:
    """What the manifest says of the files that rows name. It waits on the disk: there may be a million of them."""

    def __init__(self, folder: Path) -> None:
        self.count = 0
        self.size = 0
        """Bytes of all of them."""
        self.length = 0
        """Bytes of the lines."""
        self._lines = open_spool(folder)

    def add(self, name: str, content: Content) -> None:
        self.count += 1
        self.size += content.size
        self.length += self._lines.write(manifest_line(name, content.sha256))

    def blocks(self) -> Iterator[bytes]:
        self._lines.seek(0)
        while block := self._lines.read(BLOCK):
            yield block

    def discard(self) -> None:
        let_go(self._lines)


def manifest_line(name: str, sha256: str) -> bytes:
    return f"{sha256}  {name}\n".encode()


def most_bytes(size: int) -> int:
    """Of a part, that a member of so many bytes may take."""
    return size + size // 1000 + OVERHEAD


class Part:
    """`top`: the folder that all its members lie in."""

    def __init__(self, path: Path, number: int, top: str, moment: datetime) -> None:
        self.path = path
        self.number = number
        self.top = top
        self.members: dict[str, Member] = {}
        """By path below the top folder; all but `media`."""
        self.media = MediaList(path.parent)
        self.unpacked = 0
        """Bytes of all members, before they were packed."""
        self.rows: dict[str, int] = {}
        """Of each table, how many are here."""
        self._zip = ZipWriter(path, moment)

    @property
    def size(self) -> int:
        """Bytes of the file if it were closed now."""
        return self._zip.size

    def add(self, name: str, content: bytes) -> None:
        self.put(name, pack(name, BytesIO(content), len(content)))

    def put(self, name: str, packed: Packed) -> None:
        """What `pack` has made of it."""
        self._zip.put(self._place(name), packed.content, packed.stream, most=most_bytes(packed.content.size))
        self._note(name, packed.content)

    def copy(self, name: str, source: BinaryIO, size: int, sha256: str | None, advance: Advance) -> None:
        """As `pour_from` does it."""

        def pour(place: BinaryIO) -> Content:
            return pour_from(source, size, sha256, Packing(place, method_for(name)), advance)

        self._add(name, pour, size)

    def pour(self, name: str, blocks: Iterable[bytes], size: int) -> None:
        """`size`: bytes of all blocks."""

        def pour(place: BinaryIO) -> Content:
            packing = Packing(place, method_for(name))
            for block in blocks:
                packing.write(block)
            return packing.finish()

        self._add(name, pour, size)

    def join(self, name: str, opening: bytes, packed: Stretch) -> None:
        """A member whose first bytes are known here, and the others were packed elsewhere."""

        def pour(place: BinaryIO) -> Content:
            packing = Packing(place, DEFLATED)
            packing.write(opening)
            packing.join(packed)
            return packing.finish()

        self._add(name, pour, len(opening) + packed.size)

    def take(self, name: str, spool: Spool) -> None:
        """A member that was packed already."""
        self._add(name, spool.pour, spool.packing.size)

    def _add(self, name: str, pour: Pour, size: int) -> None:
        self._note(name, self._zip.add(self._place(name), pour, most=most_bytes(size)))

    def _place(self, name: str) -> str:
        return f"{self.top}/{name}"

    def _note(self, name: str, content: Content) -> None:
        self.unpacked += content.size
        if name.startswith(MEDIA):
            self.media.add(name, content)
        else:
            self.members[name] = Member(content.size, content.sha256)

    def close(self) -> None:
        """It is a ZIP file now. Its manifest is in it, so the list of that need hold no file any more."""
        self._zip.close()
        self.media.discard()

    def discard(self) -> None:
        """Let go of the file, closed or not."""
        self._zip.discard()
        self.media.discard()
