"""The verifier says what is wrong with files that were changed, and refuses what no archive of ours ever has."""

import json
import struct
import tracemalloc
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from app.engine.minisign import Signer
from app.engine.verify import Expected, Limits, VerificationError, verify_archive
from app.engine.verify.unpack import BLOCK
from tests.engine.forging import Members, change, describe, pack, seal

Refuses = Callable[..., None]


@pytest.fixture
def expected(signer: Signer) -> Expected:
    return Expected("1", [signer.public_key])


@pytest.fixture
def refuses(tmp_path: Path, expected: Expected) -> Refuses:
    """Checks that an archive of these members is refused with these words."""

    def check(members: Members, complaint: str, **more: object) -> None:
        with pytest.raises(VerificationError, match=complaint):
            verify_archive([pack(tmp_path / "changed.zip", members)], expected, **more)  # type: ignore[arg-type]

    return check


def test_what_was_built_passes_and_each_check_is_said(archive: Path, signer: Signer) -> None:
    said: list[str] = []
    read: list[int] = []
    expected = Expected("1", ["not used here", signer.public_key][1:], signed=True, canaries=[b"CANARY"])
    verify_archive([archive], expected, say=said.append, advance=read.append)
    assert [line.partition(":")[0] for line in said] == [
        "The ZIP file",
        "Signature",
        "Checksums",
        "Tables",
        "Files",
        "Foreign keys",
        "Owners",
        "Person",
    ]
    assert f"good, by the key {signer.key_id}" in said[1]
    assert "archive A1B2C3D4" in said[1]
    assert "5 with 11 rows" in said[3]
    assert "2 pictures and other files" in said[4]
    assert sum(read) > 50_000


def test_packed_anew_and_sealed_anew_it_still_passes(members: Members, tmp_path: Path, signer: Signer) -> None:
    """The control for every test below: packing and sealing alone are no reason to refuse."""
    for content in (members, seal(members, signer)):
        verify_archive([pack(tmp_path / "again.zip", content)], Expected("1", [signer.public_key], signed=True))


@pytest.mark.parametrize("person", ["2", "", "11"])
def test_another_persons_archive_is_refused(archive: Path, expected: Expected, person: str) -> None:
    with pytest.raises(VerificationError, match="not about this person"):
        verify_archive([archive], Expected(person, expected.public_keys))
    verify_archive([archive], Expected(None, expected.public_keys))


def test_a_canary_is_found_wherever_it_is(archive: Path, expected: Expected) -> None:
    with pytest.raises(VerificationError, match=r"message\.json holds what must never leave"):
        verify_archive([archive], Expected("1", expected.public_keys, canaries=[b"CANARY", b"to myself"]))


class TestMembers:
    def test_changed(self, members: Members, refuses: Refuses) -> None:
        for name in ("data/json/message.json", "index.html"):
            members[name] = members[name].replace(b"to Bob", b"to Rob")
        refuses(members, r"checksum differs: data/json/message\.json")

    def test_every_change_is_named(self, members: Members, refuses: Refuses) -> None:
        members["index.html"] += b" "
        members["viewer/viewer.js"] += b" "
        refuses(members, r"(?s)checksum differs: index\.html.*checksum differs: viewer/viewer\.js")

    def test_missing(self, members: Members, refuses: Refuses) -> None:
        del members["data/media/000001.png"]
        refuses(members, r"data/media/000001\.png is missing, although a manifest lists it")

    def test_added(self, members: Members, refuses: Refuses) -> None:
        refuses(members | {"extra.html": b"x"}, r"no manifest lists: extra\.html")

    @pytest.mark.parametrize("name", ["manifest-sha256.txt", "bagit.txt", "bag-info.txt"])
    def test_without_its_tags(self, members: Members, refuses: Refuses, name: str) -> None:
        del members[name]
        refuses(members, f"{name} is missing")

    @pytest.mark.parametrize(
        "line",
        [
            b"x  data/a\n",
            b"\xff\xfe\n",
            b"0" * 64 + b" data/a\n",
            b"0" * 64 + b"  data/json/person.json\n",
            b"0" * 200_000,
        ],
        ids=["short", "no text", "one space", "doubled", "no end"],
    )
    def test_malformed_manifest(self, members: Members, refuses: Refuses, line: bytes) -> None:
        members["manifest-sha256.txt"] += line
        refuses(members, "malformed or doubled")

    def test_a_name_that_does_not_end(self, members: Members, refuses: Refuses) -> None:
        """What stands behind may look like a line: it is refused for what it begins with."""
        line = b"0" * 64 + b"  data/" + b"x" * (BLOCK - 71)
        members["manifest-sha256.txt"] = line + members["manifest-sha256.txt"]
        refuses(members, "^data/x+ is missing, although a manifest lists it$")

    def test_names_are_told_up_to_a_number(self, members: Members, refuses: Refuses) -> None:
        """A file may have a million of them."""
        lines = b"".join(b"%064d  data/%d\n" % (0, number) for number in range(25))
        members["manifest-sha256.txt"] += lines
        refuses(members, r"(?s)data/19 is missing.*\nand 5 more$")

    def test_the_tag_manifest_must_cover_the_manifest(self, members: Members, refuses: Refuses) -> None:
        lines = members["tagmanifest-sha256.txt"].splitlines(keepends=True)
        members["tagmanifest-sha256.txt"] = b"".join(line for line in lines if b" manifest" not in line)
        del members["tagmanifest-sha256.txt.minisig"]
        members["bag-info.txt"] = b""
        refuses(members, r"tagmanifest-sha256\.txt does not list manifest-sha256\.txt")


class TestTables:
    """All of it sealed anew: every checksum fits."""

    @pytest.fixture
    def refuses_sealed(self, refuses: Refuses, signer: Signer) -> Refuses:
        return lambda members, complaint, **more: refuses(seal(members, signer), complaint, **more)

    def test_a_lost_row(self, members: Members, refuses_sealed: Refuses) -> None:
        """A writer that drops a row checksums what it wrote; only the count in the snapshot knows better."""
        first, _, rest = members["data/json/message.json"].partition(b',\n{"id":5')
        members["data/json/message.json"] = first + b"\n]\n"
        assert rest
        refuses_sealed(members, "message: 4 rows should be here, 3 in JSON, 4 in CSV")

    @pytest.mark.parametrize(
        "text",
        [b"", b"[", b"[\n", b"[]", b"[\n]\n", b"[\n{}\n]\n", b"[\n{},\n]\n", b"{}\n", b"[\n1\n]\n", b"[\n\xff\n]\n"],
    )
    def test_a_table_that_is_no_json(self, members: Members, refuses_sealed: Refuses, text: bytes) -> None:
        members["data/json/genre.json"] = text
        refuses_sealed(members, r"data/json/genre\.json")

    @pytest.mark.parametrize(
        ("text", "complaint"),
        [
            (b'"id"\r\n"1"\r\n', "first line has other columns"),
            (b'"id","name"\r\n"1"\r\n', "row 1 has 1 cells in place of 2"),
            (b'"id","name"\r\n"1","a"b"\r\n', "not a CSV file"),
            (b'"id","name"\r\n"1","\xff"\r\n', "not UTF-8"),
        ],
    )
    def test_a_table_that_is_no_csv(
        self, members: Members, refuses_sealed: Refuses, text: bytes, complaint: str
    ) -> None:
        members["data/csv/genre.csv"] = text
        refuses_sealed(members, complaint)

    def test_a_row_that_never_ends(self, members: Members, refuses_sealed: Refuses) -> None:
        limits = Limits(row=2 * 1024**2, ratio=10**6)
        members["data/json/genre.json"] = b"[\n" + b" " * 8_000_000 + b'{"id":1,"name":"Sea"}\n]\n'
        refuses_sealed(members, "a row is longer than 2,097,152 bytes", limits=limits)
        members["data/json/genre.json"] = b'[\n{"id":1,"name":"Sea"}\n]\n'
        members["data/csv/genre.csv"] = b'"id","name"\r\n"1","' + b"\r\n" * 4_000_000 + b'"\r\n'
        refuses_sealed(members, "a row is longer than 2,097,152 bytes", limits=limits)

    def test_two_people(self, members: Members, refuses_sealed: Refuses) -> None:
        row = members["data/json/person.json"].splitlines()[1]
        members["data/json/person.json"] = b"[\n" + row + b",\n" + row.replace(b"1", b"2") + b"\n]\n"
        for name in ("coverage.json", "datapackage.json"):
            document = json.loads(members[f"data/{name}"])
            document.get("tables", document.get("resources"))[0].update(rows=2, rows_here=2)
            members[f"data/{name}"] = json.dumps(document).encode()
        members["data/csv/person.csv"] += b'"2","Bob"\r\n'
        describe(members)
        refuses_sealed(members, "not about one person only")

    def test_a_foreign_key_that_leads_nowhere(self, members: Members, refuses_sealed: Refuses) -> None:
        members["data/csv/genre.csv"] = members["data/csv/genre.csv"].replace(b'"1"', b'"2"')
        describe(members)
        refuses_sealed(members, "album.genre_id: 1 values lead to rows that are not here")

    def test_a_description_that_is_not_so(self, members: Members, refuses_sealed: Refuses) -> None:
        members["data/csv/genre.csv"] = members["data/csv/genre.csv"].replace(b"Sea", b"See")
        refuses_sealed(members, r"datapackage\.json says of genre what is not so")

    def test_a_table_that_is_not_covered(self, members: Members, refuses_sealed: Refuses) -> None:
        refuses_sealed(members | {"data/json/more.json": b"[]\n"}, "coverage.json does not list")

    @pytest.mark.parametrize("name", ["coverage", "datapackage"])
    @pytest.mark.parametrize("text", [b"", b"{", b"[]", b"{}", b'{"tables": 5, "resources": 5}', b"[" * 100_000])
    def test_descriptions_that_are_none(
        self, members: Members, refuses_sealed: Refuses, name: str, text: bytes
    ) -> None:
        members[f"data/{name}.json"] = text
        refuses_sealed(members, f"{name}.json")


class TestFiles:
    """Each file below data/media has a row, and each name in a row has a file."""

    def test_without_csv_it_passes(self, whole: Members, tmp_path: Path, expected: Expected, signer: Signer) -> None:
        """The control for the tests below."""
        said: list[str] = []
        verify_archive([pack(tmp_path / "whole.zip", seal(whole, signer))], expected, say=said.append)
        assert "Files: 2 pictures" in said[4]

    def test_a_file_without_a_row(self, whole: Members, refuses: Refuses, signer: Signer) -> None:
        whole["data/media/000003.jpg"] = b"whose?"
        refuses(seal(whole, signer), r"data/media/000003\.jpg is a file that no row names")

    def test_a_row_without_its_file(self, whole: Members, refuses: Refuses, signer: Signer) -> None:
        """The manifests fit: whoever lost the file never listed it."""
        del whole["data/media/000001.png"]
        refuses(seal(whole, signer), r"a row names 'media/000001\.png': no such file is here")

    def test_two_rows_with_one_file(self, whole: Members, refuses: Refuses, signer: Signer) -> None:
        for name in {"data/json/photo.json", "data/csv/photo.csv"} & whole.keys():
            change(whole, name, "media/000002.html.txt", "media/000001.png")
        describe(whole)
        refuses(seal(whole, signer), "or two rows name it")

    @pytest.mark.parametrize("path", ["json/photo.json", "../../etc/passwd", "media/000001.PNG", "é"])
    def test_a_row_that_names_something_else(
        self, whole: Members, refuses: Refuses, signer: Signer, path: str
    ) -> None:
        for name in {"data/json/photo.json", "data/csv/photo.csv"} & whole.keys():
            change(whole, name, "media/000001.png", path)
        describe(whole)
        refuses(seal(whole, signer), "no such file is here")

    def test_the_json_alone_names_another(self, members: Members, refuses: Refuses, signer: Signer) -> None:
        change(members, "data/json/photo.json", '"media/000001.png"', "null")
        refuses(seal(members, signer), r"data/media/000001\.png is a file that no row names")


class TestSignature:
    NAME = "tagmanifest-sha256.txt.minisig"

    def test_missing(self, members: Members, refuses: Refuses, tmp_path: Path, signer: Signer) -> None:
        del members[self.NAME]
        refuses(members, "the signature is missing")
        members["bag-info.txt"] = b"Bag-Software-Agent: Satchel\n"
        unsigned, said = pack(tmp_path / "unsigned.zip", seal(members)), list[str]()
        verify_archive([unsigned], Expected("1"), say=said.append)
        assert "there is none" in said[1]
        with pytest.raises(VerificationError, match="the signature is missing"):
            verify_archive([unsigned], Expected("1", [signer.public_key], signed=True))

    def test_of_other_files(self, members: Members, refuses: Refuses) -> None:
        signature = members[self.NAME]
        members["index.html"] += b" "
        refuses(seal(members) | {self.NAME: signature}, "not that of these files")

    def test_of_another_key(self, members: Members, refuses: Refuses) -> None:
        refuses(seal(members, Signer(bytes(32))), "which is not known here")

    def test_of_another_key_under_a_known_name(self, members: Members, signer: Signer, tmp_path: Path) -> None:
        """A key file is believed for its key, not for its id."""
        path = pack(tmp_path / "forged.zip", seal(members, signer))
        forged = Signer(bytes(32))
        forged._id = signer._id
        with pytest.raises(VerificationError, match="not that of these files"):
            verify_archive([path], Expected("1", [forged.public_key]))

    @pytest.mark.parametrize(
        ("old", "new"), [(b"archive A1", b"archive B1"), (b"RU", b"RW"), (b"trusted comment: ar", b"ar"), (b"\n", b"")]
    )
    def test_changed(self, members: Members, refuses: Refuses, old: bytes, new: bytes) -> None:
        members[self.NAME] = members[self.NAME].replace(old, new)
        refuses(members, "signature|malformed")

    @pytest.mark.parametrize("key", ["", "x", "RWQ", "untrusted comment: minisign public key", "QUJD" * 14])
    def test_no_key(self, archive: Path, key: str) -> None:
        with pytest.raises(VerificationError, match="public key"):
            verify_archive([archive], Expected("1", [key]))

    def test_the_key_alone_is_enough(self, archive: Path, signer: Signer) -> None:
        verify_archive([archive], Expected("1", [signer.public_key.splitlines()[1]], signed=True))


NAMES = (
    "/etc/passwd",
    "../outside",
    "top/../outside",
    "top//x",
    "top/./x",
    "top\\x",
    "C:x",
    "top/CON",
    "top/nul.txt",
    "top/x.",
    "top/x ",
    "top/\u202egnp.exe",
    "top/e\u0301",
    "top/a\x01b",
    "top/folder/",
    f"top/{'x' * 250}",
)


class TestContainer:
    @pytest.mark.parametrize("name", NAMES)
    def test_names(self, tmp_path: Path, name: str) -> None:
        path = tmp_path / "names.zip"
        with zipfile.ZipFile(path, "w") as package:
            package.writestr(name, b"")
        self.refuse(path, "unsafe member name")

    def test_two_folders(self, tmp_path: Path) -> None:
        path = tmp_path / "two.zip"
        with zipfile.ZipFile(path, "w") as package:
            package.writestr("one/a", b"")
            package.writestr("two/a", b"")
        self.refuse(path, "one top folder expected, found 2")

    @pytest.mark.parametrize("second", ["top/index.html", "top/INDEX.html"])
    def test_the_same_name_twice(self, tmp_path: Path, second: str) -> None:
        path = tmp_path / "twice.zip"
        with zipfile.ZipFile(path, "w") as package, warnings.catch_warnings(action="ignore"):
            package.writestr("top/index.html", b"")
            package.writestr(second, b"")
        self.refuse(path, "same name")

    @pytest.mark.parametrize(("kind", "complaint"), [(0o120777, "is a link"), (0o010666, "is a link")])
    def test_links_and_pipes(self, tmp_path: Path, kind: int, complaint: str) -> None:
        link = zipfile.ZipInfo("top/link")
        link.external_attr = kind << 16
        path = tmp_path / "link.zip"
        with zipfile.ZipFile(path, "w") as package:
            package.writestr(link, "/etc/passwd")
        self.refuse(path, complaint)

    def test_other_methods(self, tmp_path: Path) -> None:
        path = tmp_path / "bzip2.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as package:
            package.writestr("top/a", b"x")
        self.refuse(path, "a method that is not used here")

    def test_encrypted(self, tmp_path: Path) -> None:
        path = pack(tmp_path / "changed.zip", {"a": b"x"})
        content = bytearray(path.read_bytes())
        content[content.index(b"PK\1\2") + 8] |= 1
        path.write_bytes(content)
        self.refuse(path, "is encrypted")

    def test_bombs(self, tmp_path: Path) -> None:
        zeros = bytes(1024**2)
        path = tmp_path / "bomb.zip"
        with (
            zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package,
            package.open("top/zeros", "w", force_zip64=True) as member,
        ):
            for _ in range(120):
                member.write(zeros)
        tracemalloc.start()
        self.refuse(path, "a bomb")
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 2 * 1024**2
        self.refuse(path, "a bomb", Limits(total=1024**2, ratio=10**6))
        self.refuse(path, "is missing", Limits(ratio=10**6))  # the control: its size was all that was wrong

    def test_a_bomb_that_hides_its_size(self, tmp_path: Path) -> None:
        """It claims a few bytes; whatever is behind them is not unpacked."""
        size = 50 * 10**6
        path = pack(tmp_path / "liar.zip", {"bag-info.txt": bytes(size)})
        content = path.read_bytes()
        path.write_bytes(content.replace(struct.pack("<L", size), struct.pack("<L", 19)))
        tracemalloc.start()
        self.refuse(path, r"bag-info\.txt cannot be read")
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 2 * 1024**2

    @pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
    def test_a_member_that_has_not_its_sum(self, tmp_path: Path, method: int) -> None:
        """As other unpackers would see it; no manifest lists the tag manifest."""
        path = tmp_path / "sum.zip"
        with zipfile.ZipFile(path, "w", method) as package:
            package.writestr("top/bag-info.txt", "Contact-Name: Ann\n")
        content = bytearray(path.read_bytes())
        for place in (14, content.index(b"PK\1\2") + 16):
            content[place] ^= 1
        path.write_bytes(content)
        self.refuse(path, r"bag-info\.txt cannot be read")

    def test_bytes_behind_the_end_of_a_members_stream(self, tmp_path: Path) -> None:
        """Unpackers stop at the stream's end and never show them."""
        path = pack(tmp_path / "behind.zip", {"bag-info.txt": b"Contact-Name: Ann\n"})
        content = path.read_bytes()
        start, directory = content.index(b"bag-info.txt") + 12, content.index(b"PK\1\2")
        (size,) = struct.unpack("<L", content[18:22])
        assert start + size == directory
        longer = struct.pack("<L", size + 6)
        changed = content[:18] + longer + content[22:directory] + b"hidden" + content[directory:]
        place = directory + 6
        changed = changed[: place + 20] + longer + changed[place + 24 :]
        end = changed.index(b"PK\5\6")
        path.write_bytes(changed[: end + 16] + struct.pack("<L", place) + changed[end + 20 :])
        self.refuse(path, "something stands behind its end")

    @pytest.mark.parametrize(("place", "value"), [(6, 0x08), (8, 0), (30, ord("q"))])
    def test_a_header_that_is_not_as_the_list_has_it(self, tmp_path: Path, place: int, value: int) -> None:
        """Some programs read the list, others the headers: they must not see different members."""
        path = pack(tmp_path / "header.zip", {"bagit.txt": b"BagIt-Version: 1.0\n"})
        content = bytearray(path.read_bytes())
        content[place] = value
        path.write_bytes(content)
        self.refuse(path, "is another in its own header")

    def test_too_many_members(self, members: Members, tmp_path: Path) -> None:
        self.refuse(pack(tmp_path / "many.zip", members), "too many members", Limits(members=10))

    def test_zip64(
        self, members: Members, tmp_path: Path, expected: Expected, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What zipfile writes for large files and for many: here with a low limit for what is large."""
        monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 1000)
        path = pack(tmp_path / "large.zip", members)
        assert b"PK\6\6" in path.read_bytes()
        verify_archive([path], expected)
        many = pack(tmp_path / "many.zip", {f"data/{number}": b"" for number in range(66_000)})
        self.refuse(many, "bagit.txt is missing|bag-info.txt is missing")

    def test_members_that_overlap(self, tmp_path: Path) -> None:
        """Two entries of the list point to the same bytes, as in the densest bombs."""
        path = pack(tmp_path / "overlap.zip", {"a": b"x" * 1000, "b": b"x" * 1000})
        content = bytearray(path.read_bytes())
        second = content.index(b"PK\1\2", content.index(b"PK\1\2") + 1)
        content[second + 42 : second + 46] = bytes(4)
        path.write_bytes(content)
        self.refuse(path, "overlaps|same name|no sound ZIP")

    def test_junk(self, archive: Path, tmp_path: Path) -> None:
        content = archive.read_bytes()
        directory = content.index(b"PK\1\2")
        for number, junk in enumerate(
            (b"MZ" + content, content + b"x", content[:directory] + b"junk" + content[directory:], content * 2)
        ):
            path = tmp_path / f"{number}.zip"
            path.write_bytes(junk)
            self.refuse(path, "no member|behind its end|no sound ZIP|between")

    def test_cut_off(self, archive: Path, tmp_path: Path) -> None:
        content = archive.read_bytes()
        for length in (0, 1, 21, 22, 1000, len(content) // 2, len(content) - 100, len(content) - 1):
            path = tmp_path / "cut.zip"
            path.write_bytes(content[:length])
            self.refuse(path, "cut off")

    def test_damaged_anywhere(self, archive: Path, expected: Expected, tmp_path: Path) -> None:
        """Whichever byte changes, the answer is this error and no other, or it was a byte without a meaning."""
        content = archive.read_bytes()
        path, passed = tmp_path / "damaged.zip", 0
        for place in range(7, len(content), max(1, len(content) // 150)):
            damaged = bytearray(content)
            damaged[place] ^= 0xFF
            path.write_bytes(damaged)
            try:
                verify_archive([path], expected)
            except VerificationError:
                continue
            passed += 1
        assert passed < 15  # times and versions in the headers say nothing about what is in the archive

    def refuse(self, path: Path, complaint: str, limits: Limits | None = None) -> None:
        with pytest.raises(VerificationError, match=complaint):
            verify_archive([path], Expected(), limits=limits or Limits())


def test_memory_is_flat(members: Members, tmp_path: Path, signer: Signer) -> None:
    """Ten times the file, the same memory: a hundredth of the larger file more would be too much."""
    peaks = []
    for size in (10**7, 10**8):
        package = seal(members | {"viewer/large.bin": b"0123456789" * (size // 10)}, signer)
        path = pack(tmp_path / f"{size}.zip", package)
        del package
        tracemalloc.start()
        verify_archive([path], Expected("1", [signer.public_key]), limits=Limits(ratio=10**6))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 10**6 < 20 * 10**6
