"""A demo person with a journal, so that a new site has something to show. Only an empty site gets one.

Its password is made anew at each start, until the person chooses one: none that we made lasts for longer than a run.

Everything but the password comes from one seed: the same day gives the same journal.
"""

import io
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random

from argon2.exceptions import InvalidHashError, VerificationError
from flask import current_app
from sqlalchemy import update

from app import audit
from app.accounts.people import find_user, has_people
from app.disk import replace_file
from app.extensions import begin_write, count_changed, db, password_hasher
from app.journal import demo_words as words
from app.journal.attachments import Upload, stored
from app.journal.tags import ensure_tags
from app.models import Attachment, Comment, Entry, Tag, User, Visibility, What
from app.models.columns import new_id, now

DEMO_EMAIL = "demo@example.org"
_ENTRIES = 240
_SEED = 1660
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True)
class Credentials:
    """How to sign in as the demo person."""

    email: str
    password: str | None
    """None: the person has chosen one of their own."""


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
    password = _make_password()
    try:
        with stored(_files(random)) as attachments:
            begin_write()
            _check_still_empty()
            _add_journal(random, password_hasher.hash(password), attachments, today)
            _keep(DEMO_EMAIL, password)  # before the commit: an account that nobody can enter would stay for ever
            db.session.commit()
    except BaseException:
        with suppress(OSError):
            _path().unlink()
        raise
    return Credentials(DEMO_EMAIL, password)


def renew_demo() -> Credentials | None:
    """The demo account's sign-in from here on, as long as the account is there and open. Who is signed in stays so."""
    email, *made = _read()
    person = find_user(email)
    db.session.commit()
    known = person.password_hash if person else None
    if person is None or known is None:
        return None
    present = next((each for each in made if _is_of(known, each)), None)
    if present is None:
        return Credentials(email, None)
    password = _make_password()
    _keep(email, password, present)  # before the commit, and both: one of them is right, whenever we are killed
    return Credentials(email, password if _exchange(person.id, known, password) else None)


def _exchange(user_id: str, known: str, password: str) -> bool:
    """Whether it is the account's now; not if the person has chosen one in this moment."""
    password_hash = password_hasher.hash(password)
    begin_write()
    same = (User.id == user_id, User.password_hash == known)
    is_ours = count_changed(update(User).where(*same).values(password_hash=password_hash)) == 1
    if is_ours:
        audit.record(What.PASSWORD_CHANGED, user_id)
    db.session.commit()
    return is_ours


def _is_of(password_hash: str, password: str) -> bool:
    try:
        return password_hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def _make_password() -> str:
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(4))


def _read() -> list[str]:
    """The address, and the passwords that were made for it, the newest first."""
    try:
        return _path().read_text().split() or [""]
    except (OSError, ValueError):
        return [""]


def _keep(email: str, *passwords: str) -> None:
    """Readable by the owner of the site's files only, like the database itself."""
    replace_file(_path(), "".join(f"{each}\n" for each in (email, *passwords)))


def _path() -> Path:
    return Path(current_app.instance_path) / "demo-account.txt"


def _files(random: Random) -> list[Upload]:
    from app.journal.demo_pictures import draw_landscape  # noqa: PLC0415  # Pillow: 3 MB in each process, used once

    pictures = [Upload(f"{name}.jpg", io.BytesIO(draw_landscape(random))) for name in words.PICTURES]
    return [*pictures, Upload("fish soup.txt", io.BytesIO(words.TEXT_FILE.encode()))]


def _add_journal(random: Random, password_hash: str, attachments: list[Attachment], today: date) -> None:
    person = User(id=new_id(), email=DEMO_EMAIL, name="Demo Person", password_hash=password_hash)
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
