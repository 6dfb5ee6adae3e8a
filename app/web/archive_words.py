"""What a page says about an archive: one place decides the words of each state."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import current_app

from app.archives import service
from app.archives.watching import MOST_AHEAD, Watched, find_watched
from app.engine.names import folder_name
from app.models import DAMAGED, DISK_FULL, Archive, ArchivePart, State
from app.web.formats import moment_text, number

SLOW = timedelta(minutes=30)
AHEAD_A_SECOND = 20
"""No faster does the line before somebody grow shorter, as far as the next question is concerned."""

BADGES = {
    "queued": ("Queued", "clock", ""),
    "working": ("Working", "loader", "info"),
    "ready": ("Ready", "circle-check", "ok"),
    "partial": ("Ready, some items missing", "triangle-alert", "warn"),
    "failed": ("Failed", "circle-x", "bad"),
    "expired": ("Expired", "archive-x", ""),
    "cancelled": ("Cancelled", "ban", ""),
    "deleted": ("Deleted", "trash-2", ""),
}

REASONS = {
    DISK_FULL: "the storage disk was full",
    "interrupted": "the server was restarted too often",
    "too_slow": "it took too long",
    DAMAGED: "its file was damaged on the server",
    "too_large": "it is larger than this site can keep",
}
WAITS = {
    DISK_FULL: "Waiting for space on the server. Your request is kept, and starts by itself.",
    DAMAGED: "Its file was damaged on the server, so it is made again. You don’t need to do anything.",
}
STEPS = {"reading": "Reading your data", "packing": "Packing the file", "checking": "Checking the finished file"}


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
    parts: list[DescribedPart]
    """What can be downloaded now."""

    @property
    def badge(self) -> tuple[str, str, str]:
        return BADGES[self.kind]


def describe(archive: Archive, at: datetime, watched: Watched | None = None) -> Described:
    """`at`: now, by the database's clock; `watched`: what is known already about its waiting."""
    kind = _kind(archive, at)
    percent = min(archive.done // 10, 99) if archive.is_active else 100
    headline = f"{percent}% done" if kind == "working" else BADGES[kind][0]
    parts = _parts(archive) if kind in {"ready", "partial"} else []
    return Described(archive, kind, percent, headline, _detail(archive, at, kind, watched), parts)


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
        return "Once" if count else "Not yet"
    return f"{number(count)} times"


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
    if kind in {"ready", "partial"}:
        return _available(archive, at)
    return _ended(archive, kind)


def _waiting(watched: Watched) -> str:
    archive = watched.archive
    if not watched.is_anybody_working and watched.at - archive.created_at > timedelta(seconds=20):
        return "No worker is running at the moment. Your request is kept, and starts by itself."
    if archive.error in WAITS:
        return WAITS[archive.error]
    if archive.attempt:
        return _again(archive.attempt + 1)
    ahead = watched.ahead
    if not ahead:
        return "Waiting to start."
    if ahead > MOST_AHEAD:
        return f"Waiting to start – more than {number(MOST_AHEAD)} requests ahead of yours."
    return f"Waiting to start – {number(ahead)} {'request' if ahead == 1 else 'requests'} ahead of yours."


def _working(archive: Archive, at: datetime) -> str:
    started = archive.started_at or archive.created_at
    if at - started > SLOW:
        return "This is taking longer than usual. You don’t need to do anything."
    if archive.attempt > 1:
        return _again(archive.attempt)
    step = STEPS.get(archive.step or "reading") or f"Reading {archive.step}"
    left = _time_left(archive, at - started)
    return f"{step} – {left}" if left else step


def _again(attempt: int) -> str:
    most = current_app.config["ARCHIVE_MAX_ATTEMPTS"]
    return f"Something went wrong, so we are trying again ({attempt} of {most})."


def _time_left(archive: Archive, spent: timedelta) -> str:
    """Nothing before ten seconds of progress: earlier guesses are wrong ones."""
    if spent < timedelta(seconds=10) or archive.done < 20:  # noqa: PLR2004
        return ""
    minutes = round(spent.total_seconds() * (1000 - archive.done) / archive.done / 60)
    if minutes < 1:
        return "less than a minute left"
    return f"about {minutes} {'minute' if minutes == 1 else 'minutes'} left"


def _available(archive: Archive, at: datetime) -> str:
    gaps = archive.gap_count or 0
    if gaps:
        return f"{number(gaps)} {'item' if gaps == 1 else 'items'} could not be read. Everything else is included."
    until = archive.expires_at or at
    days = (until - at).days
    left = "less than a day left" if days < 1 else f"{days} {'day' if days == 1 else 'days'} left"
    return f"Available until {moment_text(until)} ({left})"


def _ended(archive: Archive, kind: str) -> str:
    if kind == "failed":
        reason = REASONS.get(archive.error or "", "of a fault on our side")
        return f"We could not make this archive because {reason} (reference {archive.reference})."
    if kind == "cancelled":
        return "You cancelled this request."
    when = archive.finished_at if kind == "deleted" else archive.expires_at
    return f"{'You deleted this archive on' if kind == 'deleted' else 'Deleted from the server on'} {_on(when)}."


def _on(when: datetime | None) -> str:
    return moment_text(when) if when else "an unknown day"
