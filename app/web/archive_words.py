"""What a page says about an archive: one place decides the words of each state."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from flask import current_app
from flask_babel import LazyString, lazy_gettext, ngettext
from flask_babel import gettext as _

from app.archives import service
from app.archives.watching import MOST_AHEAD, Watched, find_watched
from app.engine.names import folder_name
from app.models import STEPS, Archive, ArchivePart, Cause, State
from app.web.durations import duration_text
from app.web.formats import file_size, moment_text, number

SLOW = timedelta(minutes=30)
"""No archive usually takes so long, but for large ones."""
AHEAD_A_SECOND = 20
"""No faster does the line before somebody grow shorter, as far as the next question is concerned."""

BADGES = {
    "queued": (lazy_gettext("Queued"), "clock", ""),
    "working": (lazy_gettext("Working"), "loader", "info"),
    "ready": (lazy_gettext("Ready"), "circle-check", "ok"),
    "partial": (lazy_gettext("Ready, some items missing"), "triangle-alert", "warn"),
    "failed": (lazy_gettext("Failed"), "circle-x", "bad"),
    "expired": (lazy_gettext("Expired"), "archive-x", ""),
    "cancelled": (lazy_gettext("Cancelled"), "ban", ""),
    "deleted": (lazy_gettext("Deleted"), "trash-2", ""),
}

THERE = {"ready", "partial"}
"""It can be downloaded."""

WAITS: dict[str, LazyString] = {
    Cause.DISK_FULL: lazy_gettext("Waiting for space on the server. Your request is kept, and starts by itself."),
    Cause.STORE_DOWN: lazy_gettext(
        "The server’s storage cannot be reached at the moment. Your request is kept, and starts by itself."
    ),
    Cause.DAMAGED: lazy_gettext(
        "Its file was damaged on the server, so it is made again. You don’t need to do anything."
    ),
}
REASONS: dict[str, LazyString] = {
    Cause.DISK_FULL: lazy_gettext("the storage disk was full"),
    Cause.STORE_DOWN: lazy_gettext("the storage could not be reached"),
    Cause.INTERRUPTED: lazy_gettext("the server was restarted too often"),
    Cause.TOO_SLOW: lazy_gettext("it took too long"),
    Cause.DAMAGED: lazy_gettext("its file was damaged on the server"),
    Cause.TOO_LARGE: lazy_gettext("it is larger than this site can keep"),
}
FAULT = lazy_gettext("of a fault on our side")
TOO_MUCH = {Cause.TOO_SLOW, Cause.TOO_LARGE}
"""What less would help with."""
STAGES = {
    "queued": lazy_gettext("Waiting"),
    **{step: lazy_gettext(words) for step, words in STEPS.items()},
}
"""What every archive goes through; while it reads, its step is the table."""
AGAIN = {
    "partial": lazy_gettext("Try the missing items again"),
    "failed": lazy_gettext("Try again"),
    "expired": lazy_gettext("Request again"),
    "cancelled": lazy_gettext("Request again"),
    "deleted": lazy_gettext("Request again"),
}
"""What the button says that asks for the same once more."""


@dataclass(frozen=True)
class DescribedPart:
    """A file of an archive with the words for it."""

    row: ArchivePart
    name: str
    """As it is called when downloaded."""
    downloaded: str


@dataclass(frozen=True)
class Described:
    """An archive with the words for it."""

    row: Archive
    kind: str
    """Key of `BADGES`."""
    percent: int
    percent_text: str
    detail: str
    days_left: str
    """How long it can be downloaded; empty: not now."""

    @cached_property
    def parts(self) -> list[DescribedPart]:
        """What can be downloaded now. Read when a page asks for it: whoever polls does not."""
        return _parts(self.row) if self.kind in THERE else []

    @property
    def badge(self) -> tuple[str, str, str]:
        text, icon, tone = BADGES[self.kind]
        return str(text), icon, tone

    @property
    def again(self) -> str:
        """What the button says that asks for the same once more; empty: there is none."""
        return str(AGAIN.get(self.kind, ""))

    @property
    def stage(self) -> int:
        """Which of `stages` it is at; as many as there are: past the last."""
        if not self.row.is_active:
            return len(STAGES)
        if self.kind == "queued":
            return 0
        return list(STAGES).index(self.row.step) if self.row.step in STAGES else 1

    @property
    def stages(self) -> list[str]:
        return [str(stage) for stage in STAGES.values()]


def describe(archive: Archive, at: datetime, watched: Watched | None = None) -> Described:
    """`at`: now, by the database's clock; `watched`: what is known already about its waiting."""
    kind = _kind(archive, at)
    percent = min(archive.done // 10, 99) if archive.is_active else 100
    headline = _("%(percent)s%% done", percent=percent) if kind == "working" else str(BADGES[kind][0])
    left = _days_left(archive, at) if kind in THERE else ""
    return Described(archive, kind, percent, headline, _detail(archive, at, kind, watched), left)


def zip_name(archive: Archive, part_number: int) -> str:
    """What a ready part is called when downloaded: like the folder inside."""
    day = (archive.snapshot_at or archive.created_at).date()
    return f"{folder_name(day, archive.reference, part_number)}.zip"


def _parts(archive: Archive) -> list[DescribedPart]:
    downloads = service.count_downloads(archive)
    return [
        DescribedPart(part, zip_name(archive, part.number), _times(downloads.get(part.number, 0)))
        for part in service.list_parts(archive.id)
    ]


def _times(count: int) -> str:
    if count < 2:  # noqa: PLR2004
        return str(_("Downloaded once") if count else _("Not yet downloaded"))
    return str(ngettext("Downloaded %(count)s time", "Downloaded %(count)s times", count, count=number(count)))


def poll_after(watched: Watched) -> int:
    """Seconds until the page should ask again: often while it may be over in a moment, seldom later.

    Somebody with hundreds ahead of them is not served in two seconds, and they are many.
    """
    line = min(watched.ahead // AHEAD_A_SECOND, 30)
    age = watched.at - watched.archive.created_at
    if age < timedelta(seconds=30):
        return max(2, line)
    return max(5 if age < timedelta(minutes=5) else 15, line)


def _kind(archive: Archive, at: datetime) -> str:
    if archive.state == State.RUNNING:
        return "working"
    if archive.state == State.READY:
        if is_past(archive, at):
            return "expired"
        return "partial" if archive.gap_count else "ready"
    return archive.state.value


def is_past(archive: Archive, at: datetime) -> bool:
    """The sweeper may not have come by yet; the date counts."""
    return archive.expires_at is not None and archive.expires_at <= at


def _detail(archive: Archive, at: datetime, kind: str, watched: Watched | None) -> str:
    if kind == "queued":
        watched = watched or find_watched(archive.user_id, archive.id)
        return _waiting(watched) if watched else ""
    if kind == "working":
        return _working(archive, at)
    if kind in THERE:
        return _available(archive, at)
    return _ended(archive, kind)


def _waiting(watched: Watched) -> str:
    archive = watched.archive
    if not watched.is_anybody_working and watched.at - archive.created_at > timedelta(seconds=20):
        return str(_("No worker is running at the moment. Your request is kept, and starts by itself."))
    if archive.error in WAITS:
        return str(WAITS[archive.error])
    if archive.attempt:
        return _again(archive.attempt + 1)
    ahead = watched.ahead
    if not ahead:
        return str(_("Waiting to start."))
    if ahead > MOST_AHEAD:
        return str(_("Waiting to start – more than %(count)s requests ahead of yours.", count=number(MOST_AHEAD)))
    return str(
        ngettext(
            "Waiting to start – %(count)s request ahead of yours.",
            "Waiting to start – %(count)s requests ahead of yours.",
            ahead,
            count=number(ahead),
        )
    )


def _working(archive: Archive, at: datetime) -> str:
    started = archive.started_at or archive.created_at
    if at - started > _unusual(archive):
        return str(_("This is taking longer than usual. You don’t need to do anything."))
    if archive.attempt > 1:
        return _again(archive.attempt)
    left = _time_left(archive, at - started)
    return f"{_step(archive)} – {left}" if left else _step(archive)


def _unusual(archive: Archive) -> timedelta:
    """After so long it takes longer than usual. A large one may take hours: half of what an attempt may take."""
    most = timedelta(seconds=current_app.config["ARCHIVE_TIME_LIMIT"])
    return max(SLOW, most / 2) if archive.large else SLOW


def _step(archive: Archive) -> str:
    step = archive.step or "reading"
    return str(STAGES[step] if step in STAGES else _("Reading %(table)s", table=_(step)))


def _again(attempt: int) -> str:
    most = current_app.config["ARCHIVE_MAX_ATTEMPTS"]
    return str(
        _(
            "Something went wrong, so we are trying again (%(attempt)s of %(most)s).",
            attempt=number(attempt),
            most=number(most),
        )
    )


def _time_left(archive: Archive, spent: timedelta) -> str:
    """Nothing before ten seconds of progress: earlier guesses are wrong ones."""
    if spent < timedelta(seconds=10) or archive.done < 20:  # noqa: PLR2004
        return ""
    minutes = round(spent.total_seconds() * (1000 - archive.done) / archive.done / 60)
    if minutes < 1:
        return str(_("less than a minute left"))
    return str(ngettext("about %(count)s minute left", "about %(count)s minutes left", minutes, count=number(minutes)))


def _available(archive: Archive, at: datetime) -> str:
    gaps = archive.gap_count or 0
    if gaps:
        return str(
            ngettext(
                "%(count)s item could not be read. Everything else is included.",
                "%(count)s items could not be read. Everything else is included.",
                gaps,
                count=number(gaps),
            )
        )
    until = moment_text(archive.expires_at or at)
    return str(_("Available until %(moment)s (%(left)s)", moment=until, left=_days_left(archive, at)))


def _days_left(archive: Archive, at: datetime) -> str:
    days = ((archive.expires_at or at) - at).days
    if days < 1:
        return str(_("less than a day left"))
    return str(ngettext("%(count)s day left", "%(count)s days left", days, count=number(days)))


def _ended(archive: Archive, kind: str) -> str:
    if kind == "failed":
        return f"{_failure(archive)} {_not_counted()}".strip()
    if kind == "cancelled":
        said = _("You cancelled this request.")
        return f"{said} {_counted(archive)}".strip()
    when = archive.finished_at if kind == "deleted" else archive.expires_at
    at = moment_text(when) if when else "–"
    if kind == "deleted":
        return str(_("You deleted this archive on %(moment)s.", moment=at))
    return str(_("Deleted from the server on %(moment)s.", moment=at))


def _not_counted() -> str:
    """Where there is no limit, nobody asks what counts."""
    return str(_("It does not count towards your limit.")) if current_app.config["ARCHIVES_PER_DAY"] else ""


def _counted(archive: Archive) -> str:
    """Of one that was cancelled."""
    if archive.started_at is None:
        return _not_counted()
    said = _("It counts towards your limit, since it had been begun.")
    return str(said) if current_app.config["ARCHIVES_PER_DAY"] else ""


def _failure(archive: Archive) -> str:
    """Why, in words; the code is kept for the operators, who are told the reference."""
    error = archive.error or ""
    said = _(
        "We could not make this archive because %(reason)s (reference %(reference)s).",
        reason=_reason(error),
        reference=archive.reference,
    )
    advice = _("Leave out files, or choose dates.") if error in TOO_MUCH else ""
    return f"{said} {advice}".strip()


def _reason(error: str) -> str:
    """With the number that was too small, as it is set now."""
    limit, quota = (current_app.config[name] for name in ("ARCHIVE_TIME_LIMIT", "ARCHIVE_QUOTA_BYTES"))
    if error == Cause.TOO_SLOW:
        return str(_("it took longer than %(duration)s", duration=duration_text(limit)))
    if error == Cause.TOO_LARGE and quota:
        return str(_("it would be larger than %(size)s", size=file_size(quota)))
    return str(REASONS.get(error, FAULT))
