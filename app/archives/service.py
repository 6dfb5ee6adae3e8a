"""What can be done with archives. Each function is one deed; doors call them and translate the outcome.

The row exists before any worker hears of it, and is the truth whatever happens to the message.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime
from functools import partial
from typing import BinaryIO

from billiard.common import terminate_handler_fired
from celery.exceptions import SoftTimeLimitExceeded
from flask import current_app
from sqlalchemy import func, select

from app import audit, languages
from app.archives import keys, ledger, pieces, room, storage, weight
from app.archives.choices import EVERYTHING, Choices, check_choices, still_possible
from app.archives.estimate import expect_size
from app.archives.heart import Heart
from app.archives.ledger import Claim, LeaseLostError, Wish
from app.archives.reminding import remind
from app.archives.room import NoRoomError, OverQuotaError
from app.archives.sharing import Ring, nobody, share
from app.archives.weight import TooLargeError
from app.engine.build import Order, build_archive
from app.engine.census import Amount
from app.engine.pieces import ALONE
from app.engine.reading import Weigh
from app.extensions import db
from app.log_format import about
from app.models import Archive, ArchiveDownload, ArchivePart, Cause, State, User
from app.models.columns import database_time, is_id
from app.sources import graph, subject_of
from app.stores import StoreChangedError

log = logging.getLogger(__name__)

BEAT = "beat"
REMIND = "remind"
REMIND_SECONDS = 600
"""Reminders go a day before an archive expires, give or take ten minutes."""
SWEEP = "sweep"
SWEEP_SECONDS = 3600
"""How often a bucket is listed: that costs money and, with a million archives, a thousand requests."""


MOST_DOWNLOADS = 50
"""So many of an archive are listed."""


class LostFileError(Exception):
    """A file of a ready archive is gone, or is not what was published."""


def request_archive(
    user_id: str, choices: Choices = EVERYTHING, /, *, instead_of: str | None = None, **origin: str
) -> tuple[str, bool]:
    """Note the request. Returns the id of the person's active archive and whether it is new.

    An archive that is active already keeps what was chosen for it, unless its id is `instead_of`: then it is cancelled
    for this one, or neither happens. `origin`: `ip_address` and `user_agent` of the browser that asks. Raises
    ChoiceError, NotYetError.
    The caller rings: `generate_user_archive.delay(user_id)`. A bell that is not heard costs seconds, not the archive.
    """
    check_choices(choices)
    return ledger.insert(user_id, Wish(choices, instead_of=instead_of), **origin)


def request_beyond_limit(user_id: str, choices: Choices = EVERYTHING) -> tuple[str, bool]:
    """The same for operators, whom the limit of a day does not stop. Raises ChoiceError."""
    check_choices(choices)
    return ledger.insert(user_id, Wish(choices, is_limited=False))


def request_again(user_id: str, archive_id: str, /, **origin: str) -> tuple[str, bool]:
    """The same once more, as `request_archive`. It does not count where the earlier one failed or has gaps.

    What the site no longer knows or offers falls away. Raises LookupError if they have no such archive, NotYetError.
    """
    earlier = find_archive(user_id, archive_id)
    if earlier is None:
        raise LookupError(archive_id)
    return ledger.insert(user_id, Wish(still_possible(earlier.choices), earlier), **origin)


def generate(user_id: str, *, large: bool = False, ring: Ring = nobody) -> bool:
    """Make the archive this person waits for. Nothing waits, or the person is gone: nothing is done.

    `large`: whatever its size. Otherwise a large one is set aside, and the answer is True: the caller rings for it
    where the large ones are made. `ring` is called with the archive's id when others may help with a large one.
    """
    person = db.session.get(User, user_id) if is_id(user_id) else None
    if person is None:
        log.info("no person %s: nothing to do", user_id)
        return False
    fence = ledger.new_fence()
    try:
        held = ledger.claim(person.id, fence=fence, large=large)
        if held is not None:
            with about(archive_id=held.archive_id, reference=held.reference):
                return _attempt(person, held, large=large, ring=ring)
    except (SystemExit, KeyboardInterrupt):
        _give_back(fence)
        raise
    except Exception as error:
        if not terminate_handler_fired():
            raise
        _give_back(fence)
        raise SystemExit from error  # some clean-up has put its own failure in place of Celery's SystemExit
    log.info("no archive waits here for %s", user_id)
    return not large and ledger.is_set_aside(person.id)


def _attempt(person: User, held: Claim, *, large: bool, ring: Ring) -> bool:
    """Whether it is too large for here."""
    log.info("archive %s: attempt %s", held.reference, held.attempt)
    try:
        _make(person, held, large=large, ring=ring)
    except NoRoomError as error:
        log.warning("archive %s: waits for space: %s", held.reference, error)
        _settle(held, partial(ledger.wait_for_space, held, current_app.config["ARCHIVE_RING_SECONDS"]))
    except LeaseLostError:
        log.info("archive %s: no longer wanted here", held.reference)
    except TooLargeError as error:
        log.info("archive %s: set aside as large: %s", held.reference, error)
        _settle(held, partial(ledger.set_aside, held))
        return True
    except Exception as error:
        if terminate_handler_fired():
            raise
        most = current_app.config["ARCHIVE_MAX_ATTEMPTS"]
        log.exception("archive %s: attempt %s of %s failed", held.reference, held.attempt, most)
        _settle(held, partial(_give_up, held, error))
    return False


def reconcile_in_turn(most: int = ledger.HEAD_OF_LINE) -> list[str]:
    """As beat asks for it: of messages that have piled up while no worker was there, one is enough."""
    is_ours = ledger.take_turn(BEAT, current_app.config["RECONCILE_SECONDS"] / 2)
    return reconcile(most) if is_ours else []


def reconcile(most: int = ledger.HEAD_OF_LINE) -> list[str]:
    """Bring rows, leases and files into agreement. Returns the ids of the people to ring for, at most so many."""
    _recover_silent(None)
    pieces.forget_void()
    ledger.expire()
    if ledger.take_turn(REMIND, REMIND_SECONDS):
        remind()
    ledger.beat_pulse()
    _anchor_audit()
    people = ledger.take_unheard(None, most)
    _sweep()
    return people


def reconcile_person(user_id: str) -> list[str]:
    """The same for one person who is watching; cheap, and without files."""
    _recover_silent(user_id)
    return ledger.take_unheard(user_id)


def cancel(user_id: str, archive_id: str) -> bool:
    return ledger.cancel(user_id, archive_id)


def delete(user_id: str, archive_id: str) -> bool:
    """Whether there was a ready archive; its files are gone at once."""
    deleted = ledger.delete_ready(user_id, archive_id)
    if deleted:
        storage.discard([part.file_name for part in list_parts(archive_id)])
    return deleted


def read_clock() -> datetime:
    """The database's. By it alone archives expire, so that a web server with another time serves none too long."""
    return db.session.execute(select(database_time())).scalar_one()


def find_archive(user_id: str, archive_id: str) -> Archive | None:
    """Ownership is part of the query: somebody else's archive is as absent as none."""
    mine = select(Archive).where(Archive.id == archive_id, Archive.user_id == user_id)
    return db.session.scalar(mine, execution_options=ledger.FRESH)


def list_archives(user_id: str) -> Sequence[Archive]:
    mine = select(Archive).where(Archive.user_id == user_id).order_by(Archive.created_at.desc(), Archive.id)
    return db.session.scalars(mine, execution_options=ledger.FRESH).all()


def list_parts(archive_id: str) -> Sequence[ArchivePart]:
    """Its files, in order; none before it is ready. The caller has made sure whose archive it is."""
    its = select(ArchivePart).where(ArchivePart.archive_id == archive_id).order_by(ArchivePart.number)
    return db.session.scalars(its).all()


def find_part(archive: Archive, number: int) -> ArchivePart | None:
    """`number` may be anything: it is compared here, since databases refuse numbers too large for them."""
    return next((part for part in list_parts(archive.id) if part.number == number), None)


def open_download(part: ArchivePart) -> BinaryIO:
    """The bytes of a part of a ready archive. Raises LostFileError, and OSError when the store cannot tell."""
    try:
        found = storage.open_published(part.file_name, part.sha256)
    except (FileNotFoundError, StoreChangedError) as error:
        raise LostFileError(f"part {part.number}: {error}") from error
    if found.size != part.size:
        found.file.close()
        raise LostFileError(f"part {part.number} has {found.size} bytes, not {part.size}")
    return found.file


def make_again(archive: Archive, lost: LostFileError) -> list[str]:
    """What was ready is not there any more. Returns the ids of the people to ring for."""
    with about(archive_id=archive.id, reference=archive.reference):
        log.error("archive %s: it is made again, its file is lost: %s", archive.reference, lost)
    ledger.make_again(archive)
    return ledger.take_unheard(archive.user_id)


def places_of(archive: Archive) -> list[str]:
    """Where the files of a ready archive lie, for operators."""
    return [storage.place_of(part.file_name) for part in list_parts(archive.id)]


def record_download(archive: Archive, part_number: int, **origin: str) -> None:
    ledger.record_download(archive, part_number, **origin)


def list_downloads(archive_id: str) -> Sequence[ArchiveDownload]:
    """The last ones, the newest first. The caller has made sure whose archive it is."""
    its = select(ArchiveDownload).where(ArchiveDownload.archive_id == archive_id)
    return db.session.scalars(its.order_by(ArchiveDownload.at.desc(), ArchiveDownload.id).limit(MOST_DOWNLOADS)).all()


def count_downloads(archive: Archive) -> Mapping[int, int]:
    """How often each part was downloaded; parts that never were are absent."""
    begun = select(ArchiveDownload.part_number, func.count()).where(ArchiveDownload.archive_id == archive.id)
    rows = db.session.execute(begun.group_by(ArchiveDownload.part_number))
    return {number: times for number, times in rows}  # noqa: C416  # dict() of rows has no type


def _make(person: User, held: Claim, *, large: bool, ring: Ring) -> None:
    """Build in a folder of our own, publish, and only then say so."""
    site = current_app.config["SITE_NAME"]
    locale = held.locale or person.language
    order = Order(
        site,
        held.reference,
        subject_of(person, locale, held.time_zone),
        keys.signer(),
        held.choices,
        weigh=_weigh(held, large=large),
        translations=languages.translations_of(locale),
    )
    open_file = storage.open_stored if large else weight.weigh_files()
    db.session.commit()  # the build may take hours; hold no connection of the session meanwhile
    renew = partial(ledger.renew, held)
    with Heart(held.reference, renew) as heart, storage.workspace(held.archive_id, held.fence) as folder:
        with share(held, heart, folder, ring) if large else nullcontext(ALONE) as sharing:
            built = build_archive(
                order,
                engine=db.engine,
                graph=graph(),
                open_file=open_file,
                workspace=folder,
                tell=room.guard(heart.tell, folder),
                sharing=sharing,
            )
        room.check_quota(built.size)
        names = storage.publish(built.parts, held.archive_id, held.fence, heart.check)
    try:
        ledger.finish(held, names, built)
    except LeaseLostError:
        # Only then: after a broken connection the row may be ready all the same, and the sweeper will know.
        storage.discard(names)
        raise
    facts = (len(built.parts), built.rows, built.size, built.gaps)
    log.info("archive %s: ready, %s parts, %s rows, %s bytes, %s gaps", held.reference, *facts)


def _weigh(held: Claim, *, large: bool) -> Weigh:
    """Refuses what other workers make, and what finds no room."""
    expect = expect_size(held.user_id, held.choices)

    def weigh(amount: Amount) -> None:
        if not large:
            weight.check_rows(amount.rows)
        room.check_before(expect(amount))

    return weigh


def _sweep() -> None:
    """Files only; a store that is away must not keep anybody waiting."""
    fences = ledger.fences_at_work()
    storage.sweep_workspaces(fences)
    if not (storage.lists_cheaply() or ledger.take_turn(SWEEP, SWEEP_SECONDS)):
        return
    try:
        # After the fences: an archive that is finished in between is then found here.
        storage.sweep_published(ledger.files_vouched_for(), fences)
    except OSError:
        log.exception("the store cannot be looked after now")


def _anchor_audit() -> None:
    """A note that cannot be written or read must not keep archives waiting."""
    try:
        audit.anchor()
    except OSError:
        log.exception("the audit's end cannot be noted in %s", current_app.instance_path)


def _recover_silent(user_id: str | None) -> None:
    """A worker that was killed has left no line; this one is the operator's trace of it."""
    for archive in ledger.recover_silent(user_id):
        with about(archive_id=archive.id, reference=archive.reference):
            if archive.state == State.FAILED:
                log.error("archive %s: has failed, interrupted in attempt %s", archive.reference, archive.attempt)
            else:
                log.warning("archive %s: interrupted in attempt %s", archive.reference, archive.attempt)


def _give_up(held: Claim, error: Exception) -> None:
    if isinstance(error, SoftTimeLimitExceeded):
        ledger.fail(held, Cause.TOO_SLOW)
    elif isinstance(error, OverQuotaError):
        ledger.fail(held, Cause.TOO_LARGE)
    elif room.is_full(error):
        pause = room.pause_after(held)
        log.warning("archive %s: waits for space, for %s s at the least", held.reference, pause)
        ledger.wait_for_space(held, pause)
    else:
        ledger.retry_later(held, Cause.FAULT)


def _settle(held: Claim, deed: Callable[[], None]) -> None:
    """Write down how the attempt ended. If even that fails, the lease runs out and the reconciler does it."""
    try:
        db.session.rollback()
        deed()
    except LeaseLostError:
        pass
    except Exception:
        log.exception("archive %s: left to the reconciler", held.reference)


def _give_back(fence: str) -> None:
    """The worker is being stopped, at any line: the claim may be there before its answer is. If this fails as well,
    the lease runs out and the attempt counts.
    """
    try:
        db.session.rollback()
        ledger.give_back(fence)
    except Exception:
        log.exception("an archive could not be given back: left to the reconciler")
