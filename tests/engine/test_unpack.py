"""What a member is made of, where it is not what it claims."""

import tracemalloc
import zipfile
import zlib
from collections import deque
from pathlib import Path

import pytest
from isal import isal_zlib

from app.engine.verify.listed import Member
from app.engine.verify.problems import UnreadableError
from app.engine.verify.unpack import unpack

MUCH = 8_000_000


def test_what_stands_behind_the_end_of_a_stream_is_not_held(tmp_path: Path) -> None:
    """The control: the machine keeps all that it is given behind its end."""
    machine = zlib.compressobj(wbits=-15)
    content = machine.compress(b"a") + machine.flush() + bytes(MUCH)
    file = tmp_path / "member"
    file.write_bytes(content)
    member = Member(0, len(content), 1, zlib.crc32(b"a"), 0, zipfile.ZIP_DEFLATED)
    tracemalloc.start()
    with file.open("rb") as source, pytest.raises(UnreadableError, match="behind its end"):
        deque(unpack(source, "a member", member), maxlen=0)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < MUCH / 8
    reader = isal_zlib.decompressobj(-15)
    reader.decompress(content)
    assert len(reader.unused_data) == MUCH
