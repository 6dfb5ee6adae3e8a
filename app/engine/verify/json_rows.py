"""Rows in JSON: an array with one object a line, which is valid JSON and can be read by the line."""

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, NoReturn

import msgspec

from app.engine.verify.json_text import check_utf_8, read_json
from app.engine.verify.limits import FOREIGN, LONG
from app.engine.verify.problems import VerificationError
from app.engine.verify.rows import See

_NO_ARRAY = "not an array with one row a line"
_OPEN, _CLOSE = b"[\n", b"\n]\n"

_WIDE = 200
"""Columns from which on rows of short texts are read as dicts. Objects look for a name from where the last one stood:
names in reverse cost the square of their number, of 2,000 forty times what they cost in order. A long row is few."""

Values = Callable[[int], list[Any]]
"""What stands in one column, by its position."""


class JsonRows:
    def __init__(self, names: Sequence[str], see: See, most: int = FOREIGN.values) -> None:
        """`names`: the columns that each row must have. `most`: values that are made into objects at once."""
        self._names = tuple(names)
        self._see = see
        self._most = most
        self._decode = _make_decoder(names)
        self._opened = False

    def take(self, text: bytes) -> int:
        end = text.rfind(b",\n")
        if end < 0:
            return 0
        start = self._open(text)
        if end <= start:  # a comma with no row before it
            raise VerificationError(_NO_ARRAY)
        self._read(text[start:end], text.count(b"\n", start, end) + 1)
        return end + 2

    def take_one(self, text: bytes) -> int:
        end = text.find(b",\n")
        if end < 0:
            return 0
        start = self._open(text)
        if end <= start:
            raise VerificationError(_NO_ARRAY)
        self._read(memoryview(text)[start:end], text.count(b"\n", start, end) + 1)
        return end + 2

    def finish(self, rest: bytes) -> None:
        if not self._opened and rest == b"[]\n":
            return
        if not rest.endswith(_CLOSE):
            raise VerificationError(_NO_ARRAY)
        self._read(memoryview(rest)[self._open(rest) : -len(_CLOSE)], 1)

    def _open(self, text: bytes) -> int:
        if self._opened:
            return 0
        if not text.startswith(_OPEN):
            raise VerificationError(_NO_ARRAY)
        self._opened = True
        return len(_OPEN)

    def _read(self, text: bytes | memoryview, count: int) -> None:
        found, values = self._parse(text)
        if found != count:
            raise VerificationError(_NO_ARRAY)
        self._see(count, lambda position: _texts(values(position)))

    def _parse(self, text: bytes | memoryview) -> tuple[int, Values]:
        """The fast parser looks into no text for bytes that are no UTF-8, and knows no half of a surrogate pair."""
        check_utf_8(text)
        whole = b"".join((b"[", text, b"]"))
        try:
            if len(self._names) >= _WIDE and len(text) <= LONG:
                return self._named(_decode_dicts(whole))
            if self._decode is None:
                return self._parse_slowly(whole)
            rows = self._decode(whole)
        except (msgspec.DecodeError, RecursionError):
            return self._parse_slowly(whole)
        return len(rows), lambda position: list(map(attrgetter(f"f{position}"), rows))

    def _parse_slowly(self, text: bytes) -> tuple[int, Values]:
        try:
            rows = read_json(text, self._most, _refuse)
        except (ValueError, RecursionError) as error:
            raise VerificationError(f"not rows in JSON: {error}") from error
        if not all(type(row) is dict for row in rows):
            raise VerificationError(_NO_ARRAY)
        return self._named(rows)

    def _named(self, rows: list[dict[str, Any]]) -> tuple[int, Values]:
        names = set(self._names)
        if any(row.keys() != names for row in rows):
            raise VerificationError("a row has other columns than the data package says")
        return len(rows), lambda position: [row[self._names[position]] for row in rows]


_decode_dicts: Callable[[bytes], list[dict[str, Any]]] = msgspec.json.Decoder(list[dict[str, msgspec.Raw]]).decode


def _make_decoder(names: Sequence[str]) -> Callable[[bytes], list[Any]] | None:
    """None: there are names that the fast parser does not take, such as those with a quote.

    Values are checked and skipped, and made into something only where somebody asks for their column. Objects with
    fixed names take half the time of dicts.
    """
    fields = [(f"f{number}", msgspec.Raw) for number in range(len(names))]
    aliases = {f"f{number}": name for number, name in enumerate(names)}
    try:
        record = msgspec.defstruct("Record", fields, rename=aliases, forbid_unknown_fields=True, gc=False)
    except ValueError:
        return None
    decode: Callable[[bytes], list[Any]] = msgspec.json.Decoder(list[record]).decode  # type: ignore[valid-type]  # made here
    return decode


def _refuse(name: str) -> NoReturn:
    raise VerificationError(f"not rows in JSON: {name}")


def _texts(values: list[Any]) -> list[bytes]:
    """What stands in one column, read in one call where the fast parser has left it as it is."""
    try:
        text = b",".join(values)
        is_nested = b"[" in text or b"{" in text
        found = map(_read_value, values) if is_nested else msgspec.json.decode(b"[%b]" % text)
    except (TypeError, msgspec.DecodeError, RecursionError):
        found = map(_read_value, values)
    return [b"" if value is None else str(value).encode("utf-8", "backslashreplace") for value in found]


def _read_value(value: Any) -> Any:
    """A document stands for itself as it is written: of objects it would be many times as large."""
    if type(value) is not msgspec.Raw:
        return value
    text = bytes(value).lstrip()
    try:
        return text.decode() if text[:1] in {b"[", b"{"} else msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise VerificationError(f"not a value that can be a key: {error}") from error
