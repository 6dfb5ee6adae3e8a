"""A demo person with a journal, so that a new site has something to show. Only an empty site gets one.

Everything but the password comes from one seed: the same day gives the same journal.
"""

import io
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random

from flask import current_app

from app.accounts.people import find_user, has_people
from app.disk import replace_file
from app.extensions import begin_write, db, password_hasher
from app.journal import demo_words as words
from app.journal.attachments import Upload, stored
from app.journal.tags import ensure_tags
from app.models import Attachment, Comment, Entry, Tag, User, Visibility
from app.models.columns import new_id, now

DEMO_EMAIL = "demo@example.org"
_ENTRIES = 240
_SEED = 1660
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True)
class Credentials:
    """How to sign in as the demo person."""

    email: str
    password: str


def create_demo(today: date | None = None) -> Credentials | None:
    """Make the demo account, all of it or nothing; None if the site has people already."""
    if has_people():
        return None
    with suppress(_NotEmptyError):
        return _create(today or now().date())
    return None


class _NotEmptyError(Exception):
    """Somebody came while the pictures were drawn."""


def _check_still_empty() -> None:
    if has_people():
        raise _NotEmptyError


def _create(today: date) -> Credentials:
    random = Random(_SEED)  # noqa: S311  # decides about words and pictures, not about secrets
    demo = Credentials(DEMO_EMAIL, "-".join("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(4)))
    try:
        with stored(_files(random)) as attachments:
            begin_write()
            _check_still_empty()
            _add_journal(random, demo, attachments, today)
            _keep(demo)  # before the commit: an account that nobody can enter would stay for ever
            db.session.commit()
    except BaseException:
        with suppress(OSError):
            _path().unlink()
        raise
    return demo


def read_demo() -> Credentials | None:
    """The demo account's sign-in, as long as the account is there."""
    try:
        email, password = _path().read_text().split()
    except (OSError, ValueError):
        return None
    return Credentials(email, password) if find_user(email) else None


def _keep(demo: Credentials) -> None:
    """Readable by the owner of the site's files only, like the database itself."""
    replace_file(_path(), f"{demo.email}\n{demo.password}\n")


def _path() -> Path:
    return Path(current_app.instance_path) / "demo-account.txt"


def _files(random: Random) -> list[Upload]:
    from app.journal.demo_pictures import draw_landscape  # noqa: PLC0415  # Pillow: 3 MB in each process, used once

    pictures = [Upload(f"{name}.jpg", io.BytesIO(draw_landscape(random))) for name in words.PICTURES]
    return [*pictures, Upload("fish soup.txt", io.BytesIO(words.TEXT_FILE.encode()))]


def _add_journal(random: Random, demo: Credentials, attachments: list[Attachment], today: date) -> None:
    person = User(id=new_id(), email=demo.email, name="Demo Person", password_hash=password_hasher.hash(demo.password))
    friends = [User(id=new_id(), name=name, email=email) for name, email in words.FRIENDS]
    db.session.add_all([person, *friends])
    db.session.flush()
    tags = ensure_tags([*words.TAGS, *(tag for _, _, tag in words.VIETNAMESE)])
    entries = [_entry(random, tags) for _ in range(_ENTRIES - len(words.VIETNAMESE))]
    entries += [Entry(title=title, body=body, tags=[tags[tag]]) for title, body, tag in words.VIETNAMESE]
    random.shuffle(entries)
    for entry, day in zip(entries, _days(random, today), strict=True):
        entry.author_id = person.id
        entry.date = day
        _share(random, entry, friends)
    illustrated = [entries[-1], *random.sample(entries[:-1], len(attachments) - 1)]
    for entry, attachment in zip(illustrated, attachments, strict=True):
        entry.attachments.append(attachment)
    db.session.add_all(entries)
    _add_shared_entries(random, friends, today, tags)


def _entry(random: Random, tags: dict[str, Tag]) -> Entry:
    place, friend = random.choice(words.PLACES), random.choice(words.FRIENDS)[0].partition(" ")[0]
    paragraphs = [_paragraph(random, place, friend) for _ in range(random.randint(1, 4))]
    if random.random() < 0.15:  # noqa: PLR2004
        paragraphs.append("To do:\n\n- answer the letter\n- mend the *left* oar\n- buy lamp oil")
    if random.random() < 0.1:  # noqa: PLR2004
        paragraphs.append(f"> {random.choice(words.THOUGHTS).format(friend=friend)}")
    chosen = random.sample(words.TAGS, random.randint(0, 3))
    title = random.choice(words.TITLES).format(place=place, friend=friend)
    return Entry(title=title, body="\n\n".join(paragraphs), tags=[tags[name] for name in chosen])


def _paragraph(random: Random, place: str, friend: str) -> str:
    deeds = [deed.format(place=place, friend=friend) for deed in random.sample(words.DEEDS, 2)]
    thoughts = [thought.format(friend=friend) for thought in random.sample(words.THOUGHTS, random.randint(1, 3))]
    return f"{random.choice(words.WEATHER)}. I {deeds[0]}, and {deeds[1]}. {' '.join(thoughts)}"


def _days(random: Random, today: date) -> list[date]:
    """One day for each entry, over some three years; the last is today."""
    ages = sorted(random.sample(range(1, 1200), _ENTRIES - 1), reverse=True)
    return [today - timedelta(days=age) for age in [*ages, 0]]


def _share(random: Random, entry: Entry, friends: list[User]) -> None:
    if random.random() < 0.1:  # noqa: PLR2004
        entry.visibility = random.choice([Visibility.MEMBERS, Visibility.CHOSEN])
    if entry.visibility is Visibility.CHOSEN:
        entry.readers = random.sample(friends, random.randint(1, 2))
    if entry.visibility in {Visibility.MEMBERS, Visibility.CHOSEN}:
        for author in random.sample(friends, random.randint(1, 3)):
            entry.comments.append(Comment(author_id=author.id, body=random.choice(words.REMARKS)))


def _add_shared_entries(random: Random, friends: list[User], today: date, tags: dict[str, Tag]) -> None:
    """What the others let the demo person read."""
    for friend in friends:
        entry = _entry(random, tags)
        entry.author_id = friend.id
        entry.date = today - timedelta(days=random.randint(1, 60))
        entry.visibility = Visibility.MEMBERS
        db.session.add(entry)
