"""People, each with an archive in one state. What takes time is set back in its row; all else is really done."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from argon2 import PasswordHasher
from flask import current_app

from app.accounts.second_factor import setting_up
from app.archives import ledger, making, service
from app.extensions import db
from app.models import Attachment, Entry, State, User
from tests.pictures.stage import HOUR, Account, let_pass, newest, silence_pulse
from tests.second_factor import factor

NAME = "Ann Lee"
PASSWORD = "four words nobody puts together"  # of people who live for a few minutes
_HASH = PasswordHasher().hash(PASSWORD)

Play = Callable[[User], None]
FACTORS: dict[str, factor.Factor] = {}
"""Of the people who have one, by address."""


def enter(role: str, language: str = "en") -> User:
    """A new person with an entry; the account is the one that `account_of` names."""
    db.session.commit()  # SQLite refuses to turn an old read into a write
    row = User(name=NAME, email=account_of(role).email, password_hash=_HASH, language=language)
    db.session.add(row)
    db.session.flush()
    db.session.add(Entry(author_id=row.id, title="By the harbour", body="The ferry was late, and nobody minded."))
    db.session.commit()
    return row


def account_of(role: str) -> Account:
    return Account(f"{role.lower().replace(' ', '-')}@example.org", PASSWORD)


@contextmanager
def settings(**changed: Any) -> Iterator[None]:
    """The deeds within are done by a site that is set up in another way."""
    before = {name: current_app.config[name] for name in changed}
    current_app.config.update(changed)
    try:
        yield
    finally:
        current_app.config.update(before)


def nothing(_: User) -> None:
    pass


def ask(who: User) -> None:
    service.request_archive(who.id)


def make(who: User) -> None:
    """By the worker's own function, in this process."""
    ask(who)
    making.generate(who.id)


def _expect(who: User, state: State) -> None:
    found = newest(who.id)
    if found.state != state:
        raise RuntimeError(f"the archive of {who.email} is {found.state}, not {state} ({found.error})")


def ready(who: User) -> None:
    make(who)
    _expect(who, State.READY)


def ready_in_parts(who: User) -> None:
    """Small parts: an archive of kilobytes has several."""
    with settings(ARCHIVE_PART_SIZES=[60_000]):
        ask(who)
        archive = newest(who.id)
        archive = db.session.merge(archive)
        archive.part_size = 60_000
        db.session.commit()
        making.generate(who.id)
    _expect(who, State.READY)


def with_gaps(who: User) -> None:
    """Three pictures whose files are not there."""
    entry = db.session.scalars(sa.select(Entry).where(Entry.author_id == who.id)).one()
    entry.attachments += [
        Attachment(name=name, media_type="image/jpeg", size=1, sha256="0" * 64, stored_name=f"gone-{name}")
        for name in ("harbour.jpg", "mill.jpg", "river.jpg")
    ]
    db.session.commit()
    ready(who)


def working(who: User) -> None:
    ask(who)
    held = _claim(who)
    ledger.renew(held, "Entries", 620)
    let_pass(held.archive_id, started_at=-360)


def slow(who: User) -> None:
    working(who)
    let_pass(newest(who.id).id, created_at=-2 * HOUR, started_at=-HOUR)


def retrying(who: User) -> None:
    waiting_to_retry(who)
    let_pass(newest(who.id).id, not_before=-1)
    ledger.renew(_claim(who), "Entries", 150)


def waiting_to_retry(who: User) -> None:
    ask(who)
    ledger.retry_later(_claim(who), "fault")


def full_disk(who: User) -> None:
    """More is to stay free than there is."""
    with settings(ARCHIVE_RESERVE_BYTES=2**60):
        make(who)
    _expect(who, State.QUEUED)


def storage_away(who: User) -> None:
    ask(who)
    ledger.wait_for_storage(_claim(who), HOUR)


def fault(who: User) -> None:
    """A row that no program can read."""
    broken = sa.text("UPDATE entry SET created_at = 'poison' WHERE author_id = :id").bindparams(
        sa.bindparam("id", who.id, type_=User.__table__.c.id.type)
    )
    db.session.execute(broken)
    db.session.commit()
    with settings(ARCHIVE_MAX_ATTEMPTS=1):
        make(who)
    _expect(who, State.FAILED)
    db.session.execute(
        sa.update(Entry).where(Entry.author_id == who.id).values(created_at=sa.func.current_timestamp())
    )
    db.session.commit()


def interrupted(who: User) -> None:
    """Its worker has gone silent in the last attempt."""
    ask(who)
    held = _claim(who)
    let_pass(held.archive_id, lease_until=-1)
    with settings(ARCHIVE_MAX_ATTEMPTS=1):
        ledger.recover_silent(who.id)
    _expect(who, State.FAILED)


def too_slow(who: User) -> None:
    ask(who)
    ledger.fail(_claim(who), "too_slow")


def too_large(who: User) -> None:
    """By the ledger alone: its own archive would have to be larger than all that the others keep."""
    ask(who)
    ledger.fail(_claim(who), "too_large")


def expired(who: User) -> None:
    ready(who)
    let_pass(newest(who.id).id, created_at=-8 * 24 * HOUR, finished_at=-8 * 24 * HOUR, expires_at=-24 * HOUR)
    ledger.expire()
    _expect(who, State.EXPIRED)


def cancelled(who: User) -> None:
    ask(who)
    service.cancel(who.id, newest(who.id).id)
    _expect(who, State.CANCELLED)


def deleted(who: User) -> None:
    ready(who)
    service.delete(who.id, newest(who.id).id)
    _expect(who, State.DELETED)


def damaged(who: User) -> None:
    """The file of a ready archive is another one than was published."""
    ready(who)
    (place,) = service.places_of(newest(who.id))
    path = Path(place)
    path.chmod(0o600)
    path.write_bytes(b"not what was published")


def history(who: User) -> None:
    """One is ready, the next is being made, and there are earlier ones."""
    cancelled(who)
    let_pass(newest(who.id).id, created_at=-30 * 24 * HOUR)
    expired(who)
    ready(who)
    let_pass(newest(who.id).id, created_at=-2 * 24 * HOUR, expires_at=5 * 24 * HOUR)
    working(who)


def second_factor(who: User) -> None:
    FACTORS[who.email or ""] = factor.switch_on(who)


def setting_up_factor(who: User) -> None:
    setting_up.begin(who.id)


def nobody_works(who: User) -> None:
    """To be looked at before anybody holds a lease: that is a sign of life."""
    ask(who)
    let_pass(newest(who.id).id, created_at=-60)
    silence_pulse()


def _claim(who: User) -> ledger.Claim:
    held = ledger.claim(who.id)
    if held is None:
        raise RuntimeError(f"there is no archive of {who.email} to claim")
    return held


FIRST_ACT: dict[str, Play] = {"nobody-works": nobody_works}
"""Played and looked at before the second."""
SECOND_ACT: dict[str, Play] = {
    "none-yet": nothing,
    "waiting": ask,
    "working": working,
    "slow": slow,
    "retrying": retrying,
    "waiting-to-retry": waiting_to_retry,
    "waiting-for-space": full_disk,
    "waiting-for-storage": storage_away,
    "ready": ready,
    "ready-in-parts": ready_in_parts,
    "ready-with-gaps": with_gaps,
    "failed-fault": fault,
    "failed-interrupted": interrupted,
    "failed-too-slow": too_slow,
    "failed-too-large": too_large,
    "expired": expired,
    "cancelled": cancelled,
    "deleted": deleted,
    "history": history,
}
OTHERS: dict[str, Play] = {"second-factor": second_factor, "new-factor": setting_up_factor}
"""Who has no archive to show, but something else."""
