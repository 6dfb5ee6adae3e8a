"""Everything that was seen from outside during a run. Times are seconds since 1970, unless they say otherwise."""

from dataclasses import dataclass, field, replace
from typing import Self

from tests.chaos.browser import Page
from tests.chaos.kinds import Kind
from tests.chaos.mailed import Letter, Taken, Written
from tests.chaos.visit import Download


@dataclass(frozen=True)
class Fault:
    kind: Kind
    began: float
    ended: float


@dataclass(frozen=True)
class Row:
    """A request as the database has it at the end."""

    id: str
    user_id: str
    state: str
    attempt: int
    gaps: int
    created: float
    ready: list[float]
    """When it became ready: once, or something is wrong."""
    ended: float | None
    returns: int = 0
    """How often it went back to the queue."""


@dataclass
class Record:
    seed: int
    control: bool = False
    faults: list[Fault] = field(default_factory=list)
    pages: list[Page] = field(default_factory=list)
    clicks: list[str] = field(default_factory=list)
    """Ids of archives that pages have promised."""
    downloads: list[Download] = field(default_factory=list)
    errors: list[BaseException] = field(default_factory=list)
    """Of the harness itself."""
    rows: list[Row] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    """What is wrong with the files in the archive folder, after the sweeper's time."""
    events: list[Letter] = field(default_factory=list)
    """Sign-ins and downloads, each of which its person is told of by a mail."""
    mails: list[Written] | None = None
    """None: nobody has looked."""
    taken: list[Taken] = field(default_factory=list)
    seconds: float = 0.0
    """Of the whole run."""
    is_stopped: bool = False
    """What was under way was never brought to its end."""

    def until_now(self) -> Self:
        """A copy that is stopped, to which nobody adds anything any more."""
        seen = replace(self, is_stopped=True)
        for name in ("faults", "pages", "clicks", "downloads", "errors"):
            setattr(seen, name, list(getattr(self, name)))
        seen.faults.sort(key=lambda fault: fault.began)
        return seen
