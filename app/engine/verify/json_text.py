"""JSON from anywhere, made into objects only as far as what it claims is held in little memory."""

import codecs
import json
from collections.abc import Callable
from typing import Any

from app.engine.verify.limits import LONG
from app.engine.verify.problems import VerificationError
from app.engine.verify.unpack import BLOCK

_MARKS = b"[{,:"
"""One stands before each value but the first. Of `[],` each three bytes become eighty."""


def read_json(text: bytes, most: int, refuse: Callable[[str], Any] | None = None) -> Any:
    """`most`: values. `refuse`: is given NaN and the like. Raises VerificationError, ValueError, RecursionError."""
    if sum(map(text.count, _MARKS)) > most:
        raise VerificationError(f"it has more than {most:,} values, and is not read")
    return json.loads(text.decode(), parse_constant=refuse)


def check_utf_8(text: bytes | memoryview) -> None:
    """Raises UnicodeDecodeError. As one string, a long text with a single rare sign would be four times as long."""
    if len(text) <= LONG:
        str(text, "utf-8")
        return
    decoder = codecs.getincrementaldecoder("utf-8")()
    for start in range(0, len(text), BLOCK):
        decoder.decode(text[start : start + BLOCK])
    decoder.decode(b"", final=True)
