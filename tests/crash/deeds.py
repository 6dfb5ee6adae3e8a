"""What processes do to an archive, each with the state that it begins from and the one that it must end in.

Whoever clicked and got no answer clicks again. Otherwise nobody does anything but what beat and a worker do.
"""

from collections.abc import Callable
from dataclasses import dataclass

from flask import current_app

from app.archives import making, reconciling, service
from app.archives.choices import Choices
from app.models import State
from app.models.columns import now
from tests.crash.person import PART_SIZE
from tests.crash.scene import Deed, Scene

FENCE = "0" * 32


@dataclass(frozen=True)
class Plan:
    """One thing that is done, and killed in the middle."""

    name: str
    prepare: Callable[[Scene], object]
    deed: Deed
    ends: State
    is_clicked: bool = False

    def recover(self, person_id: str) -> None:
        """What happens after a crash, once the lease has passed."""
        if self.is_clicked:
            self.deed(person_id)
            ring(person_id)
        for each in reconciling.reconcile():
            ring(each)


def ring(person_id: str) -> None:
    """A worker hears the bell, and one for large archives the one after it."""
    if making.generate(person_id):
        making.generate(person_id, large=True)


def set_aside(person_id: str) -> None:
    """The archive is too large for a worker of small ones."""
    current_app.config["ARCHIVE_LARGE_ROWS"] = 1
    ring(person_id)


def request(person_id: str) -> None:
    service.request_archive(person_id, Choices(part_size=PART_SIZE))


def cancel(person_id: str) -> None:
    for archive in service.list_archives(person_id):
        service.cancel(person_id, archive.id)


def delete(person_id: str) -> None:
    for archive in service.list_archives(person_id):
        service.delete(person_id, archive.id)


def reconcile(_person_id: str) -> None:
    reconciling.reconcile()


def have_nothing(_scene: Scene) -> None:
    pass


def have_queued(scene: Scene) -> None:
    scene.insert()


def have_abandoned(scene: Scene, attempt: int = 1) -> None:
    """A worker was killed between two renames."""
    archive_id = scene.insert(state=State.RUNNING, attempt=attempt, fence=FENCE, lease_until=now(), started_at=now())
    (scene.folder / "ready" / f"{archive_id}.{FENCE}.1.zip").write_bytes(b"the first part")
    workspace = scene.folder / "tmp" / f"{archive_id}.{FENCE}"
    workspace.mkdir(mode=0o700)
    (workspace / "2.zip").write_bytes(b"the second")
    scene.pass_time()


def have_used_up(scene: Scene) -> None:
    have_abandoned(scene, attempt=5)


def have_ready(scene: Scene) -> None:
    """Two files; what they hold does not matter to those who remove them."""
    archive_id = scene.insert(state=State.READY, attempt=1, part_count=2, size=8, finished_at=now(), expires_at=now())
    for number in (1, 2):
        scene.insert_part(archive_id, number, b"file")


PLANS = (
    Plan("make", have_queued, ring, State.READY),
    Plan("set aside and make", have_queued, set_aside, State.READY),
    Plan("request", have_nothing, request, State.READY, is_clicked=True),
    Plan("recover", have_abandoned, reconcile, State.READY),
    Plan("give up", have_used_up, reconcile, State.FAILED),
    Plan("cancel", have_queued, cancel, State.CANCELLED, is_clicked=True),
    Plan("cancel what was abandoned", have_abandoned, cancel, State.CANCELLED, is_clicked=True),
    Plan("delete", have_ready, delete, State.DELETED, is_clicked=True),
    Plan("expire", have_ready, reconcile, State.EXPIRED),
)
MAKE = PLANS[0]
