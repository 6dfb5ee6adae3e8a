"""Archives that were damaged, shortened or put together anew: never called whole, and refused in words.

A bit may change that says nothing of what is in the archive: versions of the format that wrote it and that a reader
needs, times, whether a member is a text, permissions; and the bits that fill up the last byte of a packed member.
"""

import io
import struct
import warnings
import zipfile
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO
from zlib import crc32

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.engine.build import Built
from app.engine.minisign import Signer
from app.engine.package import zip_writer
from app.engine.package.zip_writer import STORED, Content, ZipWriter
from app.engine.verify import Expected, VerificationError, verify_archive
from tests.engine.conftest import SIGNER
from tests.engine.forging import Members, change, describe, find_top, pack, seal, unpack
from tests.fuzzing import EXAMPLES, examples

pytestmark = pytest.mark.fuzz

KINDS = ["ours", "ZIP64", "streamed"]
Find = Callable[[bytes], str | None]


@pytest.fixture(scope="module")
def few(built_once: Built) -> Members:
    """Ann's archive without its report, so that much of it is what is seldom hit by chance."""
    (part,) = built_once.parts
    kept = {"bagit.txt", "bag-info.txt"}
    members = unpack(part.file)
    return seal({name: text for name, text in members.items() if name in kept or name.startswith("data/")}, SIGNER)


@pytest.fixture(scope="module")
def sound(few: Members, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Its bytes, by the kind of ZIP file."""
    folder = tmp_path_factory.mktemp("sound")
    found = {"ours": write_ours(folder / "ours.zip", few), "streamed": write_stream(few)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(zip_writer, "LARGE_FROM", 100)
        patch.setattr(zip_writer, "MANY_FROM", 2)
        found["ZIP64"] = write_ours(folder / "large.zip", few)
    return found


@pytest.fixture(scope="module")
def find(tmp_path_factory: pytest.TempPathFactory) -> Find:
    """What is wrong with a file of these bytes; None: it is whole."""
    path = tmp_path_factory.mktemp("damaged") / "archive.zip"

    def find(content: bytes) -> str | None:
        path.write_bytes(content)
        try:
            verify_archive([path], Expected("1", [SIGNER.public_key], signed=True))
        except VerificationError as error:
            return str(error) or pytest.fail("refused without a word")
        return None

    return find


def write_ours(path: Path, members: Members) -> bytes:
    writer = ZipWriter(path, datetime(2026, 11, 22))  # noqa: DTZ001  # a ZIP file knows no zones
    for number, (name, content) in enumerate(members.items()):
        writer.add(f"{find_top(members)}/{name}", partial(pour, content, is_packed=number % 2 == 1), most=len(content))
    writer.close()
    return path.read_bytes()


def pour(content: bytes, file: BinaryIO, *, is_packed: bool) -> Content:
    packed = deflate(content) if is_packed else content
    file.write(packed)
    return Content(zip_writer.DEFLATED if is_packed else STORED, len(content), len(packed), crc32(content), "")


def deflate(content: bytes) -> bytes:
    with io.BytesIO() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
            package.writestr("x", content)
            size = package.infolist()[0].compress_size
        return file.getvalue()[31 : 31 + size]


def write_stream(members: Members) -> bytes:
    """As a program writes it that cannot go back: sums stand behind the contents."""

    class Stream(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *_: int) -> int:
            raise io.UnsupportedOperation

        tell = seek

    stream = Stream()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in members.items():
            package.writestr(f"{find_top(members)}/{name}", content)
    return stream.getvalue()


def read(content: bytes) -> Members:
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        return {name: package.read(name) for name in package.namelist()}


def meaningless(content: bytes) -> Iterator[int]:
    """The places of bytes outside of contents that may change."""
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        place = package.start_dir
        for member in package.infolist():
            yield from each(member.header_offset, (4, 6), (10, 14))  # the version that is needed; time and date
            yield from each(place, (4, 8), (12, 16), (36, 42))  # as above, who wrote it; is it a text, permissions
            place += 46 + sum(struct.unpack("<3H", content[place + 28 : place + 34]))
    if content[place : place + 4] == b"PK\6\6":
        yield from each(place, (12, 16))  # the version that wrote it and that is needed


def each(start: int, *spans: tuple[int, int]) -> Iterator[int]:
    for first, end in spans:
        yield from range(start + first, start + end)


def packed(content: bytes) -> Iterator[int]:
    """The places of contents that are packed."""
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        for member in package.infolist():
            if member.compress_type == zipfile.ZIP_DEFLATED:
                start = member.header_offset + 30
                start += sum(struct.unpack("<2H", content[start - 4 : start]))
                yield from range(start, start + member.compress_size)


def flip(content: bytes, bit: int) -> bytes:
    damaged = bytearray(content)
    damaged[bit >> 3] ^= 1 << (bit & 7)
    return bytes(damaged)


@pytest.mark.parametrize("kind", KINDS)
def test_undamaged_it_is_whole(sound: dict[str, bytes], find: Find, kind: str) -> None:
    """The control for all that follows."""
    assert find(sound[kind]) is None
    assert (b"PK\6\6" in sound[kind], b"PK\7\x08" in sound[kind]) == (kind == "ZIP64", kind == "streamed")


PLACES = st.tuples(st.booleans(), st.integers(0, 2**24))
"""In the list of members, or anywhere; and how far from its beginning."""


def find_place(content: bytes, place: tuple[bool, int], most: int) -> int:
    """`most`: the highest place there is."""
    is_in_list, distance = place
    start = content.index(b"PK\1\2") * most // len(content) if is_in_list else 0
    return start + distance % (most - start + 1)


@pytest.mark.parametrize("kind", KINDS)
@examples(100)
@given(place=PLACES)
def test_a_bit_that_was_flipped(sound: dict[str, bytes], find: Find, kind: str, place: tuple[bool, int]) -> None:
    content = sound[kind]
    bit = find_place(content, place, 8 * len(content) - 1)
    damaged = flip(content, bit)
    if find(damaged) is None:
        assert bit >> 3 in {*meaningless(content), *packed(content)}
        assert read(damaged) == read(content)


def test_every_byte_of_the_end_and_of_one_member(sound: dict[str, bytes], find: Find) -> None:
    """The places with numbers, all of them: the first member's header, its line in the list, and the end."""
    for kind in KINDS:
        content = sound[kind]
        start = content.index(b"PK\1\2")
        end = content.find(b"PK\6\6") if kind == "ZIP64" else len(content) - 22
        places = [*range(30), *range(start, start + 46), *range(end, len(content))]
        bits = [8 * place + bit for place in places for bit in (range(8) if EXAMPLES else [place % 8])]
        passed = {bit >> 3 for bit in bits if not find(flip(content, bit))}
        assert passed <= set(meaningless(content)), kind
        assert {10, start + 12} <= passed, "the time may be another"


@pytest.mark.parametrize("kind", KINDS)
def test_every_bit_of_the_last_lengths(sound: dict[str, bytes], find: Find, kind: str) -> None:
    """Of the name, of what is added to it, of the comment. Python's zipfile reads as much as there is."""
    content = sound[kind]
    lengths = content.rindex(b"PK\1\2") + 28
    assert [bit for bit in range(8 * lengths, 8 * (lengths + 6)) if find(flip(content, bit)) is None] == []


def test_others_call_it_whole(sound: dict[str, bytes], find: Find) -> None:
    """The control: what zipfile's own test does not see."""
    content = sound["ours"]
    end = 8 * (len(content) - 22)
    damaged = [flip(content, bit) for bit in (*range(8 * 14, 8 * 26), *range(end + 32, end + 96))]
    assert all(map(find, damaged))
    assert sum(is_fine(each) for each in damaged) > 100


def is_fine(content: bytes) -> bool:
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        return package.testzip() is None


def test_only_the_checksum_knows(few: Members, find: Find, tmp_path: Path) -> None:
    """Packed anew, a change fits everything but the manifests; and with manifests that fit, it is whole."""
    changed = dict(few)
    for name in ("data/json/message.json", "data/csv/message.csv"):
        change(changed, name, "to Bob", "to Rob")
    describe(changed)
    assert "checksum differs" in str(find(pack(tmp_path / "changed.zip", changed).read_bytes()))
    assert find(pack(tmp_path / "sealed.zip", seal(changed, SIGNER)).read_bytes()) is None


@pytest.mark.parametrize("kind", KINDS)
@examples(30)
@given(place=PLACES)
def test_cut_off(sound: dict[str, bytes], find: Find, kind: str, place: tuple[bool, int]) -> None:
    content = sound[kind]
    length = find_place(content, place, len(content) - 1)
    assert find(content[:length])
    assert find(content[length:]) or not length


PIECES = st.binary(min_size=1, max_size=40) | st.sampled_from([b"PK\1\2", b"PK\3\4", b"PK\5\6", b"PK\6\6", b"PK\6\7"])


@pytest.mark.parametrize("kind", KINDS)
@examples(60)
@given(
    first=PLACES,
    second=PLACES,
    piece=PIECES | st.just(b""),
    deed=st.sampled_from(["insert", "remove", "double", "write", "empty"]),
)
def test_bytes_put_in_taken_out_and_written_over(
    sound: dict[str, bytes],
    find: Find,
    kind: str,
    first: tuple[bool, int],
    second: tuple[bool, int],
    piece: bytes,
    deed: str,
) -> None:
    content = sound[kind]
    start, end = sorted(find_place(content, place, len(content)) for place in (first, second))
    between = {
        "insert": piece + content[start:end],
        "remove": b"",
        "double": content[start:end] * 2,
        "write": piece + content[start:end][len(piece) :],
        "empty": bytes(end - start),
    }
    damaged = content[:start] + between[deed] + content[end:]
    if find(damaged) is None:
        assert len(damaged) == len(content)
        assert read(damaged) == read(content)


def cut_list(content: bytes) -> tuple[bytes, list[bytes], bytes]:
    """What stands before the list of members, its entries, and the end."""
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        start = place = package.start_dir
        entries = []
        for _ in package.infolist():
            length = 46 + sum(struct.unpack("<3H", content[place + 28 : place + 34]))
            entries.append(content[place : place + length])
            place += length
    return content[:start], entries, content[place:]


@pytest.mark.parametrize("kind", KINDS)
def test_a_list_in_another_order(sound: dict[str, bytes], find: Find, kind: str) -> None:
    """It is whole; and members that overlap are noticed in any order."""
    before, entries, end = cut_list(sound[kind])
    mixed = [*entries[3:], *reversed(entries[:3])]
    assert find(before + b"".join(mixed) + end) is None
    packed = bytearray(mixed[-1])  # the first of the file: it would end within the second
    packed[20] ^= 1
    assert find(before + b"".join([*mixed[:-1], bytes(packed)]) + end)


@pytest.mark.parametrize(
    "field", [b"\1\0\4\0more", b"\1\0\0\0m", b"\2\0\0\0", b"\1\0\0\0"], ids=["long", "behind", "other", "empty"]
)
def test_fields_that_are_not_used(few: Members, find: Find, tmp_path: Path, field: bytes) -> None:
    before, entries, end = cut_list(pack(tmp_path / "fields.zip", few).read_bytes())
    changed = bytearray(entries[0] + field)
    changed[30] += len(field)
    (length,) = struct.unpack("<L", end[12:16])
    longer = end[:12] + struct.pack("<L", length + len(field)) + end[16:]
    problem = find(before + b"".join([changed, *entries[1:]]) + longer)
    assert "or marks or fields that are not used here" in str(problem)


LARGE_PLACE = struct.pack("<2HQ", 1, 8, 2**64 - 1)


def test_a_member_far_behind_the_end(few: Members, find: Find, tmp_path: Path) -> None:
    """A place that no file has: seeking there was an OverflowError."""
    content = pack(tmp_path / "far.zip", few).read_bytes()
    place = content.rindex(b"PK\1\2")
    (length,) = struct.unpack("<H", content[place + 28 : place + 30])
    line = bytearray(content[place : place + 46 + length])
    line[30:32], line[42:46] = struct.pack("<H", len(LARGE_PLACE)), b"\xff" * 4
    end = len(content) - 22
    tail = bytearray(content[end:])
    tail[12:16] = struct.pack("<L", struct.unpack("<L", tail[12:16])[0] + len(LARGE_PLACE))
    assert "behind its end" in str(find(content[:place] + line + LARGE_PLACE + tail))


def test_a_name_that_only_some_programs_see(few: Members, tmp_path: Path, find: Find) -> None:
    """Info-ZIP's field for a name in Unicode: 7-Zip, and Python from 3.12 on, take it for the member's."""
    path = tmp_path / "names.zip"
    with zipfile.ZipFile(path, "w") as package:
        for name, content in few.items():
            member = zipfile.ZipInfo(f"{find_top(few)}/{name}")
            said = struct.pack("<BL", 1, crc32(member.filename.encode())) + b"../outside"
            member.extra = struct.pack("<2H", 0x7075, len(said)) + said if name == "bagit.txt" else b""
            package.writestr(member, content)
    assert "bagit.txt has a comment, or marks or fields that are not used here" in str(find(path.read_bytes()))


ENTRIES = st.integers(0, 99)
DEEDS = st.tuples(st.sampled_from(["rename", "double", "drop", "move", "swap", "empty", "shout"]), ENTRIES, ENTRIES)


@examples(60)
@given(deeds=st.lists(DEEDS, min_size=1, max_size=3), is_sealed=st.booleans())
@example(deeds=[("move", 0, 5)], is_sealed=False)
def test_members_put_together_anew(
    few: Members, find: Find, deeds: list[tuple[str, int, int]], *, is_sealed: bool
) -> None:
    """Whole in any order; otherwise with the same members only, also when somebody else has sealed them."""
    entries = list(few.items())
    for deed in deeds:
        entries = rearrange(entries, *deed)
    if is_sealed and len(dict(entries)) == len(entries):
        entries = list(seal(dict(entries), Signer(bytes(32))).items())
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as package, warnings.catch_warnings(action="ignore"):  # a name may be there twice
        for name, text in entries:
            package.writestr(f"{find_top(few)}/{name}", text)
    problem = find(file.getvalue())
    assert (problem is None) == (sorted(entries) == sorted(few.items()))


def rearrange(entries: list[tuple[str, bytes]], deed: str, one: int, other: int) -> list[tuple[str, bytes]]:
    one, other = one % len(entries), other % len(entries)
    (name, text), (another, other_text) = entries[one], entries[other]
    found = [*entries]
    match deed:
        case "rename":
            found[one] = (f"{name}x", text)
        case "double":
            found.insert(other, entries[one])
        case "drop":
            del found[one]
        case "move":
            found.insert(other, found.pop(one))
        case "swap":
            found[one], found[other] = (name, other_text), (another, text)
        case "empty":
            found[one] = (name, b"")
        case "shout":
            found[one] = (name.upper(), text)
    return found or [("nothing", b"")]
