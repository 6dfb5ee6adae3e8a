"""`python -m tests.pictures [FOLDER]`: see `make pictures`. Exits 1 if a page, a state or a mail has no picture."""

import argparse
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa
from playwright.sync_api import Browser, Page, sync_playwright

from app.accounts import resets
from app.archives import service
from app.extensions import db
from app.models import Attachment, Comment, Entry, PasswordReset, User
from app.models.columns import database_time
from tests.browser import launch
from tests.pictures import cast, gallery, mailbox, pages
from tests.pictures.looks import LOOKS, Look
from tests.pictures.pages import DEMO, Shot
from tests.pictures.photographer import Photographer, safe
from tests.pictures.stage import HOUR, Stage, apart, describe, newest, newest_ready, open_stage, person
from tests.programs import ROOT
from tests.second_factor.factor import forget_step

FACTOR = "second-factor"


def main() -> int:
    parser = argparse.ArgumentParser(prog="make pictures", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "build" / "pictures")
    parser.add_argument("--look", action="append", choices=[look.name for look in LOOKS], help="only this one")
    given = parser.parse_args()
    folder: Path = given.folder
    looks = [look for look in LOOKS if not given.look or look.name in given.look]
    folder.mkdir(parents=True, exist_ok=True)
    for earlier in folder.glob("*.png"):
        earlier.unlink()
    with tempfile.TemporaryDirectory(prefix="pictures-") as instance, sync_playwright() as playwright:
        missed = take(folder, launch(playwright), Path(instance) / "site", looks)
    if gallery.PUBLISHED_LOOK in {look.name for look in looks}:
        missed += gallery.publish(folder)
    sys.stdout.write("".join(f"missed: {line}\n" for line in missed))
    return 1 if missed else 0


def take(folder: Path, browser: Browser, instance: Path, looks: Sequence[Look]) -> list[str]:
    """Every picture. Returns a line for each that could not be taken."""
    with open_stage(instance) as stage:
        demo = person(stage.demo.email)
        reports = make_reports(stage)
        taking = Photographer(folder, browser, stage, looks, {DEMO: stage.sign_in(stage.demo)})
        with stage.paused():
            play(taking, cast.FIRST_ACT)
            look_at(taking, list(shots_of_cast(taking, cast.FIRST_ACT)))
            play(taking, cast.SECOND_ACT | cast.OTHERS)
            look_at(taking, list(shots_of_site(taking, demo.id)), list(shots_of_cast(taking, cast.SECOND_ACT)))
            take_once_only(taking)
            take_mails(taking)
        take_reports(taking, reports)
        taking.missed += [
            f"{name}: no picture shows this page; see tests/pictures/pages.py"
            for name in pages.pages_without_picture(stage.app, taking.endpoints)
        ]
    sys.stdout.write(f"{gallery.write_index(folder, taking.names, looks, taking.missed)}\n")
    return taking.missed


def make_reports(stage: Stage) -> dict[str, Path]:
    """Language → the unpacked archive of the demo person, made by a worker as an operator asks for it."""
    found = {}
    for language in ("vi", "en"):
        stage.speak(language)
        stage.run("archives", "request", "--user", stage.demo.email, "--wait")
        (place,) = service.places_of(newest_ready(person(stage.demo.email).id))
        target = stage.folder.with_name(f"report-{language}")
        with zipfile.ZipFile(place) as archive:
            archive.extractall(target)
        (found[language],) = target.iterdir()
    return found


def play(taking: Photographer, roles: dict[str, cast.Play]) -> None:
    """Each person comes into their state, and is signed in where a browser will look."""
    for name, deed in roles.items():
        with noting(taking, name):
            who = cast.enter(name)
            deed(who)
            taking.cookies[name] = taking.stage.sign_in(cast.account_of(name))


@contextmanager
def noting(taking: Photographer, name: str) -> Iterator[None]:
    """One state that cannot be reached leaves the others theirs. Whatever goes wrong is said at the end."""
    try:
        yield
    except Exception as error:  # noqa: BLE001  # the deeds are those of a whole application
        db.session.rollback()
        taking.missed.append(f"{name}: {type(error).__name__}: {describe(error)}")


def shots_of_site(taking: Photographer, demo_id: str) -> Iterator[Shot]:
    """Pages that are no state of an archive."""
    for shot in pages.shots_of_policy(taking.stage.app, values(demo_id), taking.missed):
        yield Shot(f"site-{shot.name}", shot.path, shot.role, shot.act)
    yield from shots_of_links(taking)
    for shot in pages.REFUSALS:
        yield Shot(f"site-{shot.name}", shot.path, shot.role, shot.act)


def shots_of_links(taking: Photographer) -> Iterator[Shot]:
    """Where the links in mails lead, and the pages of a site that has a mail server: this one has none."""
    newcomer = User(email="newcomer@example.org", name="newcomer", is_proven=False)
    db.session.add(newcomer)
    db.session.commit()
    tokens = {
        "forgotten-new-password": ("/forgotten/link", resets.issue(cast.enter("forgetful").id)),
        "sign-up-finish": ("/sign-up/link", resets.issue(newcomer.id)),
    }
    db.session.execute(sa.update(PasswordReset).values(at=database_time(HOUR)))  # taking pictures takes long
    db.session.commit()
    for name, (path, token) in tokens.items():
        yield Shot(f"site-{name}", path, act=partial(pages.send_code, token))
    with_mail = partial(as_if, taking, MAIL_URL="smtp://localhost")
    yield Shot("site-sign-up-by-mail", "/sign-up", act=partial(with_mail, {}))
    yield Shot("site-sign-up-sent", "/sign-up", act=partial(with_mail, {"email": "somebody@example.org"}))


def as_if(taking: Photographer, sent: dict[str, str], page: Page, **changed: Any) -> None:
    """The page of the same address, as a site that is set up in another way answers it."""
    language = page.locator("html").get_attribute("lang") or ""

    def answer() -> str:
        client = taking.stage.app.test_client()
        headers = {"Accept-Language": language}
        path = urlsplit(page.url).path
        response = client.post(path, data=sent, headers=headers) if sent else client.get(path, headers=headers)
        return response.text

    with cast.settings(**changed):
        html = apart(answer)
    page.route(page.url, lambda route: route.fulfill(body=html, content_type="text/html; charset=utf-8"))
    page.reload()


def values(demo_id: str) -> dict[str, Any]:
    """What stands in addresses: of things that the demo person has."""
    entry = db.session.scalars(sa.select(Entry).join(Comment).where(Entry.author_id == demo_id).limit(1)).one()
    illustrated = sa.select(Attachment).join(Entry).where(Entry.author_id == demo_id).order_by(Attachment.id).limit(1)
    attachment = db.session.scalars(illustrated).one()
    found = {
        "entry_id": attachment.entry_id,
        "comment_id": entry.comments[0].id,
        "attachment_id": attachment.id,
        "archive_id": newest_ready(demo_id).id,
        "number": 1,
        "token": "a-link-that-works-no-longer",
    }
    db.session.commit()
    return found


def shots_of_cast(taking: Photographer, roles: dict[str, cast.Play]) -> Iterator[Shot]:
    """The pages that depend on the state."""
    for name in roles.keys() & taking.cookies.keys():
        yield Shot(f"state-{name}", "/archives/", name)
        if "your_data.index" in taking.stage.app.view_functions:
            yield Shot(f"state-{name}-your-data", "/your-data", name)
        if name != "none-yet":
            address = f"/archives/{newest(person(cast.account_of(name).email).id).id}"
            yield Shot(f"state-{name}-own", address, name, pages.open_details)
            if name == "expired":
                yield Shot("state-expired-download", f"{address}/download", name)


def look_at(taking: Photographer, *shots: list[Shot]) -> None:
    for look in taking.looks:
        taking.stage.speak(look.language)
        with noting(taking, FACTOR):
            sign_in_factor(taking)
        taking.take_all(look, sorted((each for some in shots for each in some), key=lambda shot: shot.name))
    taking.stage.speak("en")


def sign_in_factor(taking: Photographer) -> None:
    """The person with the second factor has typed the password; in another browser, the code as well.

    A sign-in without its code is good for minutes, and until the next code is accepted.
    """
    account = cast.account_of(FACTOR)
    factor = cast.FACTORS.get(account.email)
    if factor is None:
        return
    forget_step(person(account.email))
    taking.cookies[f"{FACTOR} signed in"] = taking.stage.sign_in(account, factor.code())
    taking.cookies[FACTOR] = taking.stage.sign_in(account)


def take_once_only(taking: Photographer) -> None:
    """Pages that a deed shows once: each look has a person of its own for it."""
    for look in taking.looks:
        with noting(taking, f"damaged, {look.name}"):
            name = f"damaged {look.name}"
            who = cast.enter(name, look.language)
            cast.damaged(who)
            taking.cookies[name] = taking.stage.sign_in(cast.account_of(name))
            address = f"/archives/{newest(who.id).id}"
            shots = (Shot("state-damaged-download", f"{address}/download", name), Shot("state-damaged", address, name))
            taking.take_all(look, shots)
        with noting(taking, f"recovery codes, {look.name}"):
            sign_in_factor(taking)
            forget_step(person(cast.account_of(FACTOR).email))
            path = "/settings/second-factor/recovery-codes"
            act = partial(pages.send_code, cast.FACTORS[cast.account_of(FACTOR).email].code())
            taking.stage.speak(look.language)
            taking.take_all(look, [Shot("site-recovery-codes", path, f"{FACTOR} signed in", act)])


def take_mails(taking: Photographer) -> None:
    mails: dict[str, dict[Any, str]] = {}
    for language in ("en", "vi"):
        with noting(taking, f"mails, {language}"):
            mails[language] = mailbox.write_all(taking.stage, language)
            taking.missed += [
                f"mail {kind}: no deed of tests/pictures/mailbox.py leads to one"
                for kind in mailbox.kinds_without_mail(mails[language])
            ]
    for look in taking.looks:
        for kind, html in mails.get(look.language, {}).items():
            taking.take_html(look, f"mail-{safe(kind)}", html)


def take_reports(taking: Photographer, reports: dict[str, Path]) -> None:
    for look in taking.looks:
        for file in sorted(reports[look.language].glob("*.html")):
            taking.take_file(look, f"report-{safe(file.stem)}", file)


if __name__ == "__main__":
    sys.exit(main())
