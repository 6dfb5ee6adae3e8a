"""The file of a piece: packed streams one behind the other, then what must be known of them.

    streams | index, JSON | bytes of the index, 8 bytes

No checksums of the members are made here: a member needs one of the whole, and that is made where pieces are joined.
"""

import itertools
import struct
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from app.engine.package.packing import FULL_FLUSH, begin_deflate
from app.engine.package.press import Press
from app.engine.package.stretch import Stretch
from app.engine.package.unnamed import copy_all, let_go, open_unnamed

_LENGTH = struct.Struct("<Q")


@dataclass(frozen=True)
class _Index:
    rows: int
    facts: msgspec.Raw
    streams: dict[str, list[tuple[int, int]]]
    """In the order of the file; of each stretch its bytes, packed and unpacked."""


class PieceWriter:
    """Use it in a `with` block. `folder`: one of our own, for what grows side by side."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._press = Press()
        self._streams: dict[str, _Stream] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._press.stop()
        for stream in self._streams.values():
            let_go(stream.file)

    def write(self, name: str, content: bytes) -> None:
        """To the end of this stream."""
        self._press.do(self._stream(name).write, content)

    def cut(self, name: str) -> None:
        """What was written to it since the last cut is a stretch."""
        self._press.do(self._stream(name).cut)

    def finish(self, path: Path, rows: int, facts: object) -> None:
        """Write the file. Every stream ends with a cut; `facts`: whatever JSON can say."""
        self._press.wait()
        index = _Index(
            rows,
            msgspec.Raw(msgspec.json.encode(facts)),
            {name: stream.stretches for name, stream in self._streams.items()},
        )
        with path.open("xb") as target:
            for stream in self._streams.values():
                copy_all(stream.file, target)
            text = msgspec.json.encode(index)
            target.write(text + _LENGTH.pack(len(text)))

    def _stream(self, name: str) -> "_Stream":
        if name not in self._streams:
            self._streams[name] = _Stream(self._folder / f"stream-{len(self._streams)}")
        return self._streams[name]


class _Stream:
    def __init__(self, path: Path) -> None:
        self.file = open_unnamed(path)
        self.stretches: list[tuple[int, int]] = []
        self._deflate = begin_deflate()
        self._packed = self._size = 0

    def write(self, content: bytes) -> None:
        self._size += len(content)
        self._put(self._deflate.compress(content))

    def cut(self) -> None:
        self._put(self._deflate.flush(FULL_FLUSH))
        self.stretches.append((self._packed, self._size))
        self._packed = self._size = 0

    def _put(self, packed: bytes) -> None:
        self.file.write(packed)
        self._packed += len(packed)


class PieceFile:
    """A finished piece, open: what a PieceWriter wrote to `path`, which nobody needs any more."""

    def __init__(self, path: Path) -> None:
        self.file = path.open("rb")
        path.unlink()
        index = self._read_index()
        self.rows = index.rows
        self.facts = bytes(index.facts)
        """JSON."""
        places = itertools.accumulate((packed for each in index.streams.values() for packed, _ in each), initial=0)
        self.stretches = {
            name: [Stretch(self.file, next(places), *sizes) for sizes in stretches]
            for name, stretches in index.streams.items()
        }

    def close(self) -> None:
        self.file.close()

    def _read_index(self) -> _Index:
        end = self.file.seek(-_LENGTH.size, 2)
        (length,) = _LENGTH.unpack(self.file.read())
        self.file.seek(end - length)
        return msgspec.json.decode(self.file.read(length), type=_Index)
