"""Archives whose manifests and descriptions say anything, sealed anew so that every checksum fits.

Whoever makes a false archive may write into them what he likes. The verifier refuses it in words, and stumbles over
nothing.
"""

import copy
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.engine.build import Built
from app.engine.verify import Expected, VerificationError, verify_archive
from tests.engine.conftest import SIGNER
from tests.engine.forging import Members, divide, find_top, pack, seal, unpack
from tests.fuzzing import examples

pytestmark = pytest.mark.fuzz

HUGE, SMALL = b"1e999", b"-1e999"
DEEP = b"[" * 900 + b"]" * 900
LONG = b"9" * 5000
RAW = st.sampled_from(
    [HUGE, SMALL, DEEP, LONG, b"NaN", b"1.5", b"-0", b'"\\ud800"', b'"\\u0000"', b'"\\"x"', b"0", b"2"]
)
"""Values that only their text in JSON can have."""
PLAIN = (
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["..", "id", "person", "'id"])
)
VALUES = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner))
MARK = "a mark that stands for raw JSON"
DEEDS = st.sampled_from(["replace", "remove", "double", "rename"])
EDITS = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), DEEDS, VALUES | RAW), min_size=1, max_size=3)
Judge = Callable[..., str | None]


@pytest.fixture(scope="module")
def few(built_once: Built) -> Members:
    """Ann's archive without its report."""
    (part,) = built_once.parts
    members = unpack(part.file)
    kept = {"bagit.txt", "bag-info.txt"}
    return {name: text for name, text in members.items() if name in kept or name.startswith("data/")}


@pytest.fixture(scope="module")
def parts(few: Members) -> list[Members]:
    tables = [line["table"] for line in json.loads(few["data/coverage.json"])["tables"] if "json" in line]
    return divide(few, [dict.fromkeys(tables[:2], slice(None)), dict.fromkeys(tables[2:], slice(None))])


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    """What is wrong with an archive of these parts, each with its folder; None: nothing."""
    folder = tmp_path_factory.mktemp("hostile")

    def judge(*parts: tuple[str, Members]) -> str | None:
        return find_problem([pack(folder / f"{top}.zip", seal(part, SIGNER), top) for top, part in parts])

    return judge


def find_problem(paths: Sequence[Path]) -> str | None:
    try:
        verify_archive(paths, Expected("1", [SIGNER.public_key], signed=True))
    except VerificationError as error:
        return str(error) or pytest.fail("refused without a word")
    return None


def edit(document: Any, edits: Sequence[tuple[float, str, Any]]) -> bytes:
    """Each edit changes what stands at a place: a share of the way through all the values of the document."""
    changed, raw = copy.deepcopy(document), []
    for share, deed, value in edits:
        places = list(walk(changed))
        if not places:
            break
        holder, key = places[int(share * len(places))]
        if isinstance(value, bytes):
            raw.append(value)
            value = f"{MARK} {len(raw) - 1}."  # noqa: PLW2901  # its text comes when all is written
        change(holder, key, deed, value)
    text = json.dumps(changed).encode()
    for number, each in enumerate(raw):
        text = text.replace(f'"{MARK} {number}."'.encode(), each)
    return text


def change(holder: Any, key: Any, deed: str, value: Any) -> None:
    match deed:
        case "replace":
            holder[key] = value
        case "remove":
            del holder[key]
        case "double" if isinstance(holder, list):
            holder.insert(key, copy.deepcopy(holder[key]))
        case "rename" if isinstance(holder, dict):
            holder[str(value)[:40]] = holder.pop(key)


def walk(value: Any) -> Any:
    """Everything in it, as holder and key."""
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from walk(value[key])


def test_as_it_is_it_is_whole(few: Members, parts: list[Members], judge: Judge) -> None:
    """The control for all that follows."""
    assert judge((find_top(few), few)) is None
    assert judge(*((find_top(part), part) for part in parts)) is None


def key(*fields: str) -> dict[str, Any]:
    return {"fields": fields, "reference": {"resource": "person", "fields": fields}}


FOUND: dict[str, Callable[[Any, Any], object]] = {
    "endless rows": lambda coverage, _: coverage["tables"][0].update(rows=float("inf")),
    "a table without a name": lambda _, package: package["resources"][-1].pop("name"),
    "two columns of one name": lambda _, package: package["resources"][-1]["schema"]["fields"].append({"name": "id"}),
    "a column with a quote": lambda _, package: package["resources"][-1]["schema"]["fields"].append({"name": 'a"b'}),
    "keys of different lengths": lambda _, package: package["resources"][-1]["schema"].update(
        ownerKeys=[key(), key("id")]
    ),
    "a person without an id": lambda coverage, _: coverage["subject"].update(
        key="nothing", json=next(line["json"] for line in coverage["tables"] if "json" in line)
    ),
}
"""Each of these has once been a traceback."""


@pytest.mark.parametrize("fault", FOUND)
@pytest.mark.parametrize("which", ["whole", "first", "second"])
def test_what_was_found(few: Members, parts: list[Members], judge: Judge, fault: str, which: str) -> None:
    changed = dict({"whole": few, "first": parts[0], "second": parts[1]}[which])
    coverage, package = (json.loads(changed[f"data/{name}.json"]) for name in ("coverage", "datapackage"))
    FOUND[fault](coverage, package)
    changed |= {
        "data/coverage.json": json.dumps(coverage).encode(),
        "data/datapackage.json": json.dumps(package).encode(),
    }
    assert judge((find_top(few if which == "whole" else parts[which == "second"]), changed))


@pytest.mark.parametrize("name", ["coverage", "datapackage"])
@examples(80)
@given(edits=EDITS)
def test_one_file(few: Members, judge: Judge, name: str, edits: list[tuple[float, str, Any]]) -> None:
    path = f"data/{name}.json"
    judge((find_top(few), few | {path: edit(json.loads(few[path]), edits)}))


@pytest.mark.parametrize("name", ["coverage", "datapackage"])
@examples(40)
@given(edits=EDITS, which=st.integers(0, 1), is_alone=st.booleans())
def test_one_of_two_parts(
    parts: list[Members], judge: Judge, name: str, edits: list[tuple[float, str, Any]], which: int, *, is_alone: bool
) -> None:
    path = f"data/{name}.json"
    part, other = parts[which], parts[1 - which]
    changed = (find_top(part), part | {path: edit(json.loads(part[path]), edits)})
    judge(changed, *([] if is_alone else [(find_top(other), other)]))


LINES = st.sampled_from(
    ["Bag-Count: 2 of 2\n", "Bag-Group-Identifier: x\n", "External-Identifier: \ud800\n", "x", ":", "\0"]
)
BYTES = st.binary(max_size=20) | LINES.map(lambda text: text.encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize("name", ["bagit.txt", "bag-info.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt"])
@examples(20)
@given(share=st.floats(0, 1), length=st.integers(0, 70), piece=BYTES)
def test_tags(few: Members, tmp_path: Path, name: str, share: float, length: int, piece: bytes) -> None:
    """What a manifest lists differently is refused, whoever has signed it."""
    sealed = seal(few, SIGNER)
    place = int(share * len(sealed[name]))
    text = sealed[name][:place] + piece + sealed[name][place + length :]
    changed = sealed | {name: text}
    if name == "tagmanifest-sha256.txt":
        changed["tagmanifest-sha256.txt.minisig"] = SIGNER.sign(text, "a comment").encode()
    path = pack(tmp_path / "tags.zip", changed)
    problem = find_problem([path])
    is_same = sorted(text.splitlines()) == sorted(sealed[name].splitlines())
    assert (problem is None) == (text == sealed[name] or (name == "tagmanifest-sha256.txt" and is_same))


CELLS = st.sampled_from(
    [HUGE, LONG, DEEP, b'"\\ud800"', b"NaN", b"{}", b"[]", b'{"a":1,"a":2}', b"\xff", b"1,", b"true"]
)


@examples(40)
@given(
    name=st.sampled_from(["person", "album", "photo"]),
    cell=CELLS | VALUES.map(lambda value: json.dumps(value).encode()),
    at=st.integers(0, 20),
)
@example(name="person", cell=b"[" * 985 + b"]" * 985, at=0)
def test_cells(few: Members, judge: Judge, name: str, cell: bytes, at: int) -> None:
    """In the place of a key, a person's id, a file's name, a text."""
    path = f"data/json/{name}.json"
    pieces = few[path].split(b":")
    place = 1 + at % (len(pieces) - 1)
    rest = pieces[place][pieces[place].find(b"," if b"," in pieces[place] else b"}") :]
    changed = b":".join([*pieces[:place], cell + rest, *pieces[place + 1 :]])
    judge((find_top(few), few | {path: changed}))
