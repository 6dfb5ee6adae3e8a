"""The control: the same runs with one safeguard taken out. Whoever judges must see each of them.

Where nothing breaks they all do their work, but for the one that writes down a wrong size: it is the crash that shows
what is missing.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import Update

from app.archives import ledger, pieces, storage
from app.archives.ledger import Claim, work
from app.archives.ledger.writing import change
from app.engine.build import Built, BuiltPart
from app.extensions import db
from app.models import Archive, State
from app.models.columns import now
from app.stores import GoOn, always
from tests.crash.deeds import MAKE, Plan
from tests.crash.run import Tally, freeze, kill, list_points, spread
from tests.crash.scene import Change, Scene
from tests.crash.sharing import SHARE
from tests.crash.trace import Point

Strike = Callable[[Scene, Plan, Point, Tally, Change], Iterator[str]]


def commit_before_rename() -> None:
    """The row says ready, and then the files get their names."""
    claim, finish, publish = ledger.claim, ledger.finish, storage.publish
    claims: list[Claim | None] = []

    def claim_and_remember(user_id: str, *, fence: str | None = None, large: bool = False) -> Claim | None:
        claims.append(claim(user_id, fence=fence, large=large))
        return claims[-1]

    def finish_and_publish(parts: Sequence[BuiltPart], archive_id: str, fence: str, go_on: GoOn = always) -> list[str]:
        names = [f"{archive_id}.{fence}.{number}.zip" for number, _ in enumerate(parts, start=1)]
        if claims[-1]:
            finish(claims[-1], names, Built(tuple(parts), rows=1, gaps=0, snapshot_at=now()))
        return publish(parts, archive_id, fence, go_on)

    ledger.claim, storage.publish, ledger.finish = claim_and_remember, finish_and_publish, _finish_nothing


def no_lease_recovery() -> None:
    """Nobody looks for workers that have gone silent."""
    ledger.recover_silent = _recover_nobody


def ready_at_claim() -> None:
    """Whoever begins says that it is done."""
    claim, finish = ledger.claim, ledger.finish

    def claim_as_ready(user_id: str, *, fence: str | None = None, large: bool = False) -> Claim | None:
        held = claim(user_id, fence=fence, large=large)
        if held:
            _set(held, state=State.READY, part_count=1)
        return held

    def finish_running(held: Claim, names: Sequence[str], built: Built) -> None:
        _set(held, state=State.RUNNING, part_count=0)
        finish(held, names, built)

    ledger.claim, ledger.finish, ledger.renew = claim_as_ready, finish_running, _renew_nothing


def wrong_size() -> None:
    finish = ledger.finish

    def finish_with_wrong_size(held: Claim, names: Sequence[str], built: Built) -> None:
        first, *others = built.parts
        finish(held, names, replace(built, parts=(replace(first, size=first.size + 1), *others)))

    ledger.finish = finish_with_wrong_size


def no_fence_in_the_names() -> None:
    """Two attempts give their files the same names."""
    publish = storage.publish

    def publish_without_fence(
        parts: Sequence[BuiltPart], archive_id: str, fence: str, go_on: GoOn = always
    ) -> list[str]:
        return publish(parts, archive_id, "0" * len(fence), go_on)

    storage.publish = publish_without_fence


def no_fence_in_the_update() -> None:
    """Whoever has ever claimed the row may change it."""

    def change_by_id(
        held: Claim, parts: Sequence[Any] = (), tell: Callable[[], None] = lambda: None, **values: Any
    ) -> None:
        change(_update(held).values(**values), parts, tell)

    work._change_mine = change_by_id


def no_end_of_pieces() -> None:
    """What a holder has offered stays, although it is gone."""
    pieces.forget_void = _forget_nothing


def _forget_nothing() -> None:
    pass


def _finish_nothing(held: Claim, names: Sequence[str], built: Built) -> None:
    pass


def _renew_nothing(held: Claim, step: str, done: int) -> None:
    pass


def _recover_nobody(user_id: str | None) -> Sequence[Archive]:
    return ()


def _set(held: Claim, **values: Any) -> None:
    db.session.execute(_update(held).values(**values))
    db.session.commit()


def _update(held: Claim) -> Update:
    return sa.update(Archive).where(Archive.id == held.archive_id)


class Mutant(NamedTuple):
    change: Change
    strike: Strike
    plan: Plan = MAKE


def _kill(scene: Scene, plan: Plan, point: Point, tally: Tally, change: Change) -> Iterator[str]:
    return kill(scene, plan, [point], tally, change)


MUTANTS = {
    "commit before rename": Mutant(commit_before_rename, _kill),
    "no lease recovery": Mutant(no_lease_recovery, _kill),
    "ready at claim": Mutant(ready_at_claim, _kill),
    "wrong size": Mutant(wrong_size, _kill),
    "no fence in the names": Mutant(no_fence_in_the_names, freeze),
    "no fence in the update": Mutant(no_fence_in_the_update, freeze),
}
SHARED = {"no end of pieces": Mutant(no_end_of_pieces, _kill, SHARE)}
"""Of what several workers share, on PostgreSQL."""
NOWHERE = Point("nowhere", 0, 0)
_TELLING = ("archives/making.py", "archives/sharing.py", "archives/storage.py", "stores/")


@dataclass(frozen=True)
class Trial:
    """Of one mutant."""

    name: str
    runs: int
    """Until it was caught."""
    caught: list[str]
    calm: list[str]
    """What was found although nothing was killed."""

    @property
    def is_caught(self) -> bool:
        return bool(self.caught)


def try_mutants(scene: Scene, most: int, mutants: Mapping[str, Mutant]) -> Iterator[Trial]:
    """`most`: points at which each is tried, the last ones first: that is where files and rows become visible."""
    telling: dict[str, list[Point]] = {}
    for name, mutant in mutants.items():
        plan = mutant.plan
        if plan.name not in telling:
            telling[plan.name] = [point for point in list_points(scene, plan) if point.file.startswith(_TELLING)]
        yield _try(scene, name, mutant, spread(telling[plan.name], most)[::-1])


def _try(scene: Scene, name: str, mutant: Mutant, points: Sequence[Point]) -> Trial:
    tally = Tally(name)
    calm = list(_kill(scene, mutant.plan, NOWHERE, tally, mutant.change))
    for number, point in enumerate(points, start=1):
        if found := list(mutant.strike(scene, mutant.plan, point, tally, mutant.change)):
            return Trial(name, number, found, calm)
    return Trial(name, len(points), [], calm)
