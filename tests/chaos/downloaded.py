"""Is a downloaded archive whole, this person's, and nobody else's? Judged from the bytes of the ZIP files alone."""

import io
import json
import re
import zipfile
from collections import Counter
from collections.abc import Iterable

from tests.chaos.people import PICTURES, Person, canary

CANARY = re.compile(rb"canary-(\d{3})-(\d{5})")


def find_faults(files: Iterable[bytes], person: Person) -> list[str]:
    """What is wrong with it, one word each: torn, foreign, incomplete. `files`: its parts, each a whole ZIP file."""
    numbers: Counter[int] = Counter()
    people: set[int] = set()
    has_file = False
    for file in files:
        try:
            members = read_members(file)
        except zipfile.BadZipFile:
            return ["torn"]
        for name, content in members.items():
            people |= {int(found[1]) for found in CANARY.finditer(content)}
            has_file |= "/data/media/" in name and canary(person.number, PICTURES).encode() in content
            if name.endswith("/data/json/entry.json"):
                numbers.update(int(row["title"].rpartition("-")[2]) for row in json.loads(content))
    has_all = has_file and numbers == Counter(range(person.entries))
    return [*([] if people <= {person.number} else ["foreign"]), *([] if has_all else ["incomplete"])]


def read_members(file: bytes) -> dict[str, bytes]:
    """Every member; reading one to its end checks its sum. Raises BadZipFile."""
    with zipfile.ZipFile(io.BytesIO(file)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
