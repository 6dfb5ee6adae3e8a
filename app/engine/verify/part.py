"""One archive file, opened: its container, signature, manifests and documents hold together."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.engine.verify.container import Container, open_container
from app.engine.verify.documents import Documents, read_documents
from app.engine.verify.limits import TAG, Limits
from app.engine.verify.manifests import Manifests, read_manifests
from app.engine.verify.members import Advance, check_members
from app.engine.verify.problems import VerificationError
from app.engine.verify.signature import check_signature
from app.engine.verify.tables import Tables

Say = Callable[[str], None]
"""Told in words what was just found to be right."""


@dataclass(frozen=True)
class Part:
    container: Container
    signer: str | None
    manifests: Manifests
    documents: Documents
    reference: str | None
    """What the bag says that it holds."""
    tables: Tables

    @property
    def folder(self) -> str:
        return self.container.top

    def read(self, canaries: Sequence[bytes], advance: Advance) -> None:
        """Every member, also those that were read to open the part. Raises VerificationError."""
        readers = self.tables.readers(self.container)
        check_members(self.container, self.manifests, readers, canaries, advance)
        self.tables.check(lambda name: self.container.members[name].size, self.manifests)


@contextmanager
def open_part(path: Path, limits: Limits, public_keys: Sequence[str], say: Say, *, signed: bool) -> Iterator[Part]:
    """Raises VerificationError."""
    with open_container(path, limits) as container:
        say(f"The ZIP file: {len(container.members)} members, {container.total:,} bytes, plain names, nothing hidden.")
        signer, finding = check_signature(container, public_keys, must_be_signed=signed)
        say(finding)
        manifests, documents = read_manifests(container), read_documents(container)
        reference = _check_bag(container, documents)
        yield Part(container, signer, manifests, documents, reference, Tables(documents, container.members))


def _check_bag(container: Container, documents: Documents) -> str | None:
    """The reference. A bag that is one of several must say so as the coverage statement does."""
    lines = container.read("bag-info.txt", TAG).decode("utf-8", "replace").splitlines()
    facts = dict(line.split(": ", 1) for line in lines if ": " in line)
    number, folders = documents.number, documents.folders
    said = (facts.get("Bag-Group-Identifier"), facts.get("Bag-Count"))
    expected = (folders[0], f"{number} of {len(folders)}")
    if said != (expected if len(folders) > 1 else (None, None)) and said != expected:
        raise VerificationError(f"bag-info.txt and coverage.json say different things of the parts: {said}")
    return facts.get("External-Identifier")
