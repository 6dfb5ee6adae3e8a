"""An attempt: whoever claims an archive builds it, publishes it, and says how it ended."""

import logging
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial

from billiard.common import terminate_handler_fired
from celery.exceptions import SoftTimeLimitExceeded
from flask import current_app

from app.archives import keys, ledger, room, storage, weight
from app.archives.estimate import expect_size
from app.archives.heart import Heart
from app.archives.ledger import Claim, LeaseLostError
from app.archives.room import NoRoomError, OverQuotaError
from app.archives.sharing import Ring, nobody, share
from app.archives.storage import NoWorkspaceError
from app.archives.weight import TooLargeError
from app.engine.build import Order, build_archive
from app.engine.census import Amount
from app.engine.pieces import ALONE
from app.engine.reading import Weigh
from app.extensions import db
from app.log_format import about
from app.models import Cause, User
from app.models.columns import is_id
from app.sources import graph, subject_of
from app.stores import StoreDownError
from app.words import languages

log = logging.getLogger(__name__)


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


def _give_up(held: Claim, error: Exception) -> None:
    if _is_too_slow(error):
        ledger.fail(held, Cause.TOO_SLOW)
    elif isinstance(error, OverQuotaError):
        ledger.fail(held, Cause.TOO_LARGE)
    elif room.is_full(error):
        pause = room.pause_after(held)
        log.warning("archive %s: waits for space, for %s s at the least", held.reference, pause)
        ledger.wait_for_space(held, pause)
    elif isinstance(error, StoreDownError | NoWorkspaceError):
        pause = room.pause_after(held)
        log.warning("archive %s: waits for storage, for %s s at the least: %s", held.reference, pause, error)
        ledger.wait_for_storage(held, pause)
    else:
        ledger.retry_later(held, Cause.FAULT)


def _is_too_slow(error: BaseException | None) -> bool:
    """The limit may strike within a query; the ROLLBACK fails then, and its failure takes the limit's place."""
    while error is not None and not isinstance(error, SoftTimeLimitExceeded):
        error = error.__cause__ or error.__context__
    return error is not None


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
