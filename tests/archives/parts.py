"""Several files for one archive, of any content: what ledger, storage and pages do with them is the same for all."""

import hashlib
from pathlib import Path

from app.archives import ledger, storage
from app.archives.ledger import Claim
from app.engine.build import Built, BuiltPart
from app.models.columns import now


def build_parts(folder: Path, count: int = 3) -> Built:
    parts = []
    for number in range(1, count + 1):
        file = folder / f"{number}.zip"
        content = f"{folder.name}, part {number}. ".encode() * 1000 * number
        file.write_bytes(content)
        parts.append(BuiltPart(file, len(content), hashlib.sha256(content).hexdigest()))
    return Built(tuple(parts), rows=3, gaps=0, snapshot_at=now())


def claim(user_id: str) -> Claim:
    held = ledger.claim(user_id)
    assert held is not None
    return held


def publish_parts(held: Claim, count: int = 3) -> tuple[list[str], Built]:
    with storage.workspace(held.archive_id, held.fence) as folder:
        built = build_parts(folder, count)
        return storage.publish(built.parts, held.archive_id, held.fence), built


def finish_in_parts(user_id: str, count: int = 3) -> list[str]:
    """Names of the files of the person's archive, which is ready then."""
    held = claim(user_id)
    names, built = publish_parts(held, count)
    ledger.finish(held, names, built)
    return names
