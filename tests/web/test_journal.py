"""The journal's pages, from writing to deleting."""

import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, insert, select
from werkzeug.sansio.multipart import MultipartDecoder, State

from app.extensions import db
from app.journal import listing
from app.journal.attachments import FILES_MAX
from app.journal.listing import MOST_SIGNS, MOST_TAGS_OF_ENTRY, MOST_WORDS
from app.journal.tags import TAGS_MAX
from app.models import Attachment, Comment, Entry, Tag, User, Visibility, entry_tag
from app.models.columns import new_id
from app.web import searching
from app.web.journal_forms import READERS_MAX
from app.web.strangers import PER_HOUR
from app.web.writing import PER_MINUTE
from tests.web.conftest import PNG, SignIn
from tests.web.test_safety import find_token

NEW = {
    "title": "By the sea",
    "date": "1660-01-31",
    "body": "Waves\r\nand *wind*.",
    "tags": "Sea, long  walks, sea",
    "visibility": "private",
    "readers": "",
}


@pytest.fixture
def settings(any_database: dict[str, Any]) -> dict[str, Any]:
    return any_database


@pytest.fixture
def anns(sign_in: SignIn, ann: User) -> FlaskClient:
    return sign_in(ann)


@pytest.fixture
def uploads(app: Flask) -> Path:
    return Path(app.config["UPLOAD_DIR"])


def load(app: Flask) -> Entry:
    """The only entry, with everything around it."""
    with app.app_context():
        entry = db.session.scalars(select(Entry)).one()
        assert (entry.tags, entry.readers, entry.attachments, entry.comments) is not None
        return entry


def count(app: Flask, model: type[Any]) -> int:
    with app.app_context():
        return len(db.session.scalars(select(model)).all())


def test_an_empty_journal_says_so(anns: FlaskClient) -> None:
    assert "Nothing written yet" in anns.get("/journal").text
    assert "Nothing shared with you yet" in anns.get("/journal?show=shared").text


def test_write(app: Flask, anns: FlaskClient, ann: User) -> None:
    answer = anns.post("/journal/new", data=NEW)
    entry = load(app)
    assert answer.location == f"/journal/{entry.id}"
    assert (entry.title, entry.body, entry.author_id) == ("By the sea", "Waves\nand *wind*.", ann.id)
    assert entry.visibility is Visibility.PRIVATE
    assert str(entry.date) == "1660-01-31"
    assert [tag.name for tag in entry.tags] == ["Sea", "long walks"]
    page = anns.get(answer.location).text
    assert "<em>wind</em>" in page
    assert '<time datetime="1660-01-31" lang="en">January 31, 1660</time>' in page
    assert "Only you can read this" in page


def test_a_new_entry_is_of_today(anns: FlaskClient) -> None:
    assert 'type="date" value="20' in anns.get("/journal/new").text


def test_files_must_be_chosen_again_after_an_error(app: Flask, anns: FlaskClient) -> None:
    data = {**NEW, "title": "", "files": (io.BytesIO(PNG), "sea.png")}
    assert "Choose your pictures and files again" in anns.post("/journal/new", data=data).text
    assert count(app, Attachment) == 0


def test_change(app: Flask, anns: FlaskClient, ann: User, bob: User, write: Callable[..., Entry]) -> None:
    entry = write(ann, tags=["old", "kept"])
    form = anns.get(f"/journal/{entry.id}/edit").text
    assert 'value="kept, old"' in form
    assert "Already there: sea.png" in form
    changed = {
        **NEW,
        "title": "Inland",
        "date": "",
        "tags": "kept",
        "visibility": "chosen",
        "readers": "BOB@example.org",
    }
    assert anns.post(f"/journal/{entry.id}/edit", data=changed).status_code == 302
    entry = load(app)
    assert (entry.title, entry.date, entry.visibility) == ("Inland", None, Visibility.CHOSEN)
    assert [reader.id for reader in entry.readers] == [bob.id]
    assert len(entry.attachments) == 1
    with app.app_context():
        assert db.session.scalars(select(Tag.name)).all() == ["kept"]
    assert "bob@example.org" in anns.get(f"/journal/{entry.id}/edit").text


def test_no_longer_shared_means_nobody_reads(
    app: Flask, anns: FlaskClient, ann: User, bob: User, write: Callable[..., Entry]
) -> None:
    entry = write(ann, visibility=Visibility.CHOSEN, readers=[bob])
    anns.post(f"/journal/{entry.id}/edit", data=NEW)
    assert load(app).readers == []


def test_a_rare_year_survives_the_form(anns: FlaskClient) -> None:
    answer = anns.post("/journal/new", data={**NEW, "date": "0800-12-25"})
    assert 'value="0800-12-25"' in anns.get(f"{answer.location}/edit").text


def test_characters_that_nobody_types(app: Flask, anns: FlaskClient) -> None:
    data = {**NEW, "title": "a\x00b\x07", "body": "x\x00y", "tags": "t\x00"}
    assert anns.post("/journal/new", data=data).status_code == 302
    entry = load(app)
    assert (entry.title, entry.body, entry.tags[0].name) == ("ab", "xy", "t")
    assert anns.get("/journal", query_string={"q": "\x00", "tag": "\x00"}).status_code == 200


def test_a_strangers_marks_are_no_work(app: Flask, client: FlaskClient) -> None:
    """Sorted by insertion they would take minutes. What was typed comes back as it is."""
    app.config["WTF_CSRF_ENABLED"] = True
    form = {"title": "a" + "\u0301" * 100_000 + "\u0316" * 100_000}
    from_us = {"Sec-Fetch-Site": "same-origin"}
    answer = client.post("/journal/new", data=form, content_type="multipart/form-data", headers=from_us)
    assert (answer.status_code, form["title"] in answer.text) == (400, True)


def test_delete_asks_first(
    app: Flask, anns: FlaskClient, ann: User, write: Callable[..., Entry], uploads: Path
) -> None:
    entry = write(ann, tags=["sea"])
    assert "Delete this entry?" in anns.get(f"/journal/{entry.id}/delete").text
    assert count(app, Entry) == 1
    assert len(list(uploads.iterdir())) == 1
    assert anns.post(f"/journal/{entry.id}/delete").location == "/journal"
    for model in (Entry, Attachment, Tag):
        assert count(app, model) == 0
    assert list(uploads.iterdir()) == []


def test_the_list_has_pages(app: Flask, anns: FlaskClient, ann: User) -> None:
    with app.app_context():
        db.session.add_all(
            Entry(author_id=ann.id, title=f"Entry {number:02}", body=str(number)) for number in range(41)
        )
        db.session.commit()
    first, last = anns.get("/journal").text, anns.get("/journal?page=3").text
    assert "Page 1 of 3" in first
    assert "Entry 40" in first
    assert "Entry 20" not in first
    assert "Page 3 of 3" in last
    assert "Entry 00" in last
    assert "Page 3 of 3" in anns.get("/journal?page=99").text
    assert "Page 1 of 3" in anns.get("/journal?page=-1").text
    assert "Page 1 of 3" in anns.get("/journal?page=x").text


def test_newest_first_and_undated_last(app: Flask, anns: FlaskClient) -> None:
    for day in ("1660-01-01", "", "2026-05-05"):
        anns.post("/journal/new", data={**NEW, "date": day, "title": f"Day {day or 'unknown'}"})
    page = anns.get("/journal").text
    assert page.index("Day 2026-05-05") < page.index("Day 1660-01-01") < page.index("Day unknown")


SEARCHES = [
    ("100%", ["Costs 100% more"]),
    ("a_b", ["Under a_b score"]),
    ("C:\\x", ["Path C:\\x"]),
    ("costs MORE", ["Costs 100% more"]),
    ("text", ["Costs 100% more", "Path C:\\x", "Plain 100 axb", "Under a_b score"]),
    ("text absent", []),
    ("/", []),
]


def test_search_takes_every_sign_as_it_is(app: Flask, anns: FlaskClient, ann: User) -> None:
    titles = ["Costs 100% more", "Plain 100 axb", "Path C:\\x", "Under a_b score"]
    with app.app_context():
        db.session.add_all(Entry(author_id=ann.id, title=title, body="The text") for title in titles)
        db.session.commit()
    for words, found in SEARCHES:
        page = anns.get("/journal", query_string={"q": words}).text
        assert [title for title in sorted(titles) if f"{title}</a>" in page] == found


MARKS = [
    ("dem", ["Dem", "Một đêm", "Ngồi đếm sao", "Đem về"]),
    ("đêm", ["Một đêm"]),
    ("ĐÊM", ["Một đêm"]),
    ("MOT", ["Một đêm"]),
    ("mot dem", ["Một đêm"]),
    ("d.m", []),
    ("dem*", []),
]


def test_search_without_marks_finds_words_with_them(app: Flask, anns: FlaskClient, ann: User) -> None:
    titles = ["Một đêm", "Ngồi đếm sao", "Đem về", "Dem", "Ngày"]
    with app.app_context():
        db.session.add_all(Entry(author_id=ann.id, title=title, body="") for title in titles)
        db.session.commit()
    for words, found in MARKS:
        page = anns.get("/journal", query_string={"q": words}).text
        assert [title for title in sorted(titles) if f"{title}</a>" in page] == found, words
    assert anns.get("/journal", query_string={"q": f"{'a' * 41} {'(' * 5000}"}).status_code == 200


@pytest.mark.parametrize("words", [" ".join(f"word{at}" for at in range(12)), "đ" * 250], ids=["many", "long"])
def test_of_a_long_search_the_beginning_is_looked_for(
    app: Flask, anns: FlaskClient, ann: User, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each word reads every text again. The control: without the cut all of it is looked for."""
    taken = " ".join(words[:MOST_SIGNS].split()[:MOST_WORDS])
    with app.app_context():
        db.session.add(Entry(author_id=ann.id, title="Found", body=taken))
        db.session.commit()
    page = anns.get("/journal", query_string={"q": words}).text
    assert f"1 entry with “{taken}”." in page
    assert f"One search may have {MOST_WORDS} words with {MOST_SIGNS} characters." in page
    assert "One search may have" not in anns.get("/journal", query_string={"q": taken}).text
    monkeypatch.setattr(listing, "cut_words", str)
    assert f"0 entries with “{words}”." in anns.get("/journal", query_string={"q": words}).text


class TestSlowSearch:
    @pytest.fixture
    def settings(self, postgresql_settings: dict[str, Any]) -> dict[str, Any]:
        return postgresql_settings

    @pytest.mark.parametrize(("seconds", "code"), [(0.01, 503), (0, 200)], ids=["nobody waits", "control"])
    def test_the_database_ends_it_when_nobody_waits(
        self, app: Flask, anns: FlaskClient, ann: User, seconds: float, code: int
    ) -> None:
        """The page itself gives up later than that here, so it is the database that has ended it."""
        app.config["DATABASE_ANSWER_SECONDS"] = seconds
        with app.app_context():
            db.session.add_all(Entry(author_id=ann.id, title=f"{at}", body="sea " * 200_000) for at in range(4))
            db.session.commit()
        assert anns.get("/journal", query_string={"q": "wood wool wolf"}).status_code == code
        assert anns.get("/journal").status_code == 200


def test_tags_filter(anns: FlaskClient) -> None:
    anns.post("/journal/new", data={**NEW, "title": "One", "tags": "sea & sand"})
    anns.post("/journal/new", data={**NEW, "title": "Two", "tags": "hills"})
    page = anns.get("/journal", query_string={"tag": "sea & sand"}).text
    assert ">One</a>" in page
    assert ">Two</a>" not in page
    assert "1 entry tagged “sea &amp; sand”" in page


def give_tags(app: Flask, entry_id: str, count: int) -> None:
    """As before there was a limit."""
    with app.app_context():
        ids = sorted(new_id() for _ in range(count))
        tags = [Tag(id=tag_id, name=f"tag {at:05}") for at, tag_id in enumerate(ids)]
        db.session.add_all(tags)
        db.session.flush()
        db.session.execute(insert(entry_tag), [{"entry_id": entry_id, "tag_id": tag.id} for tag in tags])
        db.session.commit()


@contextmanager
def listening(target: Any, name: str, listener: Callable[..., object]) -> Iterator[None]:
    event.listen(target, name, listener)
    try:
        yield
    finally:
        event.remove(target, name, listener)


def test_an_entry_has_some_tags(app: Flask, anns: FlaskClient) -> None:
    """One member's entry costs every other one who lists it. The control: up to the limit it is saved."""
    for count, code in ((TAGS_MAX + 1, 422), (TAGS_MAX, 302)):
        names = ", ".join(f"tag {at}" for at in range(count))
        answer = anns.post("/journal/new", data={**NEW, "tags": f"{names}, tag 0"})
        assert (answer.status_code, names in answer.text) == (code, code == 422)
        assert (f"These are {TAGS_MAX + 1} tags. Choose at most {TAGS_MAX}." in answer.text) == (code == 422)
    assert len(load(app).tags) == TAGS_MAX


@pytest.mark.parametrize("count", [9, 10, 11, 5000])
def test_of_many_tags_a_list_shows_the_first(
    app: Flask, anns: FlaskClient, ann: User, bob: User, sign_in: SignIn, write: Callable[..., Entry], count: int
) -> None:
    entry = write(ann, visibility=Visibility.MEMBERS)
    give_tags(app, entry.id, count)
    bobs, loaded = sign_in(bob), list[Tag]()
    with listening(Tag, "load", lambda tag, _: loaded.append(tag)):
        page = bobs.get("/journal?show=shared").text
    assert len(loaded) <= MOST_TAGS_OF_ENTRY
    listed = page.partition('<ol role="list" class="card entries">')[2].partition("</ol>")[0]
    assert re.findall(r"tag (\d{5})</a>", listed) == [f"{at:05}" for at in range(min(count, 10))]
    words = {9: "", 10: "", 11: "and 1 more tag<", 5000: "and 4,990 more tags<"}[count]
    assert (words in listed, "more tag" in listed) == (True, count > 10)
    page = anns.get(f"/journal/{entry.id}").text
    assert len(re.findall(r"tag \d{5}</a>", page)) == min(count, TAGS_MAX)
    assert ("and 4,950 more tags<" in page) == (count > TAGS_MAX)


def test_several_files(app: Flask, anns: FlaskClient, uploads: Path) -> None:
    files = [(io.BytesIO(PNG), "../../sea.png"), (io.BytesIO(b"<script>alert(1)</script>"), "note.txt")]
    location = anns.post("/journal/new", data={**NEW, "files": files}).location
    rows = {row.name: row for row in load(app).attachments}
    assert {name: row.media_type for name, row in rows.items()} == {"sea.png": "image/png", "note.txt": "text/plain"}
    assert {path.name for path in uploads.iterdir()} == {row.stored_name for row in rows.values()}
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in uploads.iterdir())
    assert "note.txt" in anns.get(location).text

    with anns.get(f"/files/{rows['sea.png'].id}") as picture, anns.get(f"/files/{rows['note.txt'].id}") as page:
        assert (picture.data, picture.mimetype) == (PNG, "image/png")
        assert picture.headers["Content-Disposition"].startswith("inline")
        assert page.headers["Content-Disposition"].startswith("attachment")
        for answer in (picture, page):
            assert answer.headers["Content-Security-Policy"].endswith("sandbox")
            assert answer.headers["Cache-Control"] == "no-store, private"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(("name", "code", "kept"), [("a\nb.txt", 422, 0), ("a%0Ab.txt", 302, 1)])
def test_a_file_whose_name_is_lost_on_its_way(app: Flask, anns: FlaskClient, name: str, code: int, kept: int) -> None:
    """A program wrote the line break into the header as it is: what follows is a field. Browsers write %0A."""
    answer = anns.post("/journal/new", data={**NEW, "files": [(io.BytesIO(b"A note"), name)]})
    assert (answer.status_code, count(app, Attachment)) == (code, kept)
    assert ("Rename it, and choose it again" in answer.text) == (code == 422)


def test_an_entry_has_some_files(app: Flask, anns: FlaskClient, uploads: Path) -> None:
    """Its page shows them all. The control: up to the limit they are kept, and a text changes without them."""
    for count_of_files, code in ((FILES_MAX + 1, 422), (FILES_MAX, 302)):
        answer = anns.post("/journal/new", data={**NEW, "files": [some_file(at) for at in range(count_of_files)]})
        assert (answer.status_code, count(app, Attachment)) == (code, FILES_MAX if code == 302 else 0)
        assert (f"There is no place for “{FILES_MAX}.txt”: an entry may have" in answer.text) == (code == 422)
        assert ("and *wind*." in answer.text) == (code == 422)
    path = f"{answer.location}/edit"
    refused = anns.post(path, data={**NEW, "title": "Changed", "files": some_file(0)})
    assert (refused.status_code, "There is no place for “0.txt”" in refused.text) == (422, True)
    assert 'value="Changed"' in refused.text
    assert (load(app).title, len(list(uploads.iterdir()))) == ("By the sea", FILES_MAX)
    assert anns.post(path, data={**NEW, "title": "Changed"}).status_code == 302
    assert load(app).title == "Changed"


def some_file(number: int) -> tuple[io.BytesIO, str]:
    return io.BytesIO(b"x"), f"{number}.txt"


def test_pictures_are_described(app: Flask, anns: FlaskClient, ann: User, write: Callable[..., Entry]) -> None:
    attachment = write(ann).attachments[0]
    entry, path = f"/journal/{attachment.entry_id}", f"/files/{attachment.id}/describe"
    assert 'alt="sea.png"' in anns.get(entry).text
    assert path in anns.get(entry).text
    assert "Describe it for people who cannot see it" in anns.get(path).text
    assert anns.post(path, data={"description": ' A "grey"\nsea '}).location == entry
    assert 'alt="A &#34;grey&#34; sea"' in anns.get(entry).text
    refused = anns.post(path, data={"description": "x" * 501})
    assert (refused.status_code, "at most 500 characters" in refused.text) == (422, True)
    assert "x" * 501 in refused.text
    assert load(app).attachments[0].description == 'A "grey" sea'
    anns.post(path, data={"description": "  "})
    assert load(app).attachments[0].description is None
    assert 'alt="sea.png"' in anns.get(entry).text


def test_new_pictures_come_with_their_descriptions(app: Flask, anns: FlaskClient) -> None:
    files = [(io.BytesIO(PNG), "one.png"), (io.BytesIO(b"text"), "note.txt"), (io.BytesIO(PNG), "two.png")]
    anns.post("/journal/new", data={**NEW, "files": files, "description": ["The first", "Words", "The second"]})
    assert {each.name: each.description for each in load(app).attachments} == {
        "one.png": "The first",
        "note.txt": None,
        "two.png": "The second",
    }
    path = f"/files/{next(each.id for each in load(app).attachments if each.name == 'note.txt')}/describe"
    assert anns.get(path).status_code == 404


def test_what_was_described_comes_back_after_an_error(app: Flask, anns: FlaskClient) -> None:
    """The page's script gives it to the file of that name, when it is chosen again."""
    files = [(io.BytesIO(PNG), "sea.png"), (io.BytesIO(b"text"), "note.txt")]
    wrong: dict[str, Any] = {**NEW, "title": "", "files": files, "description": ["Grey sea", ""]}
    page = anns.post("/journal/new", data=wrong).text
    assert list_earlier(page) == [("sea.png", "Grey sea"), ("note.txt", "")]
    wrong = {**wrong, "files": (io.BytesIO(b"text"), "note.txt"), "description": ""}
    again = {"earlier_file": ["sea.png", "note.txt"], "earlier_description": ["Grey sea", ""]}
    page = anns.post("/journal/new", data={**wrong, **again}).text
    assert list_earlier(page) == [("note.txt", ""), ("sea.png", "Grey sea")]
    refused = anns.post("/journal/new", data={**NEW, "files": (io.BytesIO(PNG), "sea.png"), "description": "x" * 501})
    assert (refused.status_code, "at most 500 characters" in refused.text) == (422, True)
    assert count(app, Attachment) == 0


def test_a_session_that_ends_keeps_which_files_they_were(anns: FlaskClient) -> None:
    """They are named beside what was written of them, so that it goes to no other one."""
    anns.delete_cookie("session")
    files = [(io.BytesIO(PNG), "sea.png"), (io.BytesIO(b"text"), "note.txt")]
    sent = {**NEW, "files": files, "description": ["Grey sea", ""]}
    answer = anns.post("/journal/new", data=sent, headers={"Sec-Fetch-Site": "same-origin"})
    assert (answer.status_code, "You are no longer signed in" in answer.text) == (401, True)
    assert list_earlier(answer.text) == [("sea.png", "Grey sea"), ("note.txt", "")]
    assert 'name="description"' not in answer.text
    strange = {**NEW, "description": (io.BytesIO(PNG), "sea.png")}
    assert anns.post("/journal/new", data=strange, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 401


def list_earlier(page: str) -> list[tuple[str, str]]:
    """Files that are to be chosen again, and what was written of them."""
    values = [re.findall(rf'name="earlier_{name}" value="([^"]*)"', page) for name in ("file", "description")]
    return list(zip(*values, strict=True))


def test_remove_a_file(app: Flask, anns: FlaskClient, ann: User, write: Callable[..., Entry], uploads: Path) -> None:
    attachment = write(ann).attachments[0]
    assert "Remove this file?" in anns.get(f"/files/{attachment.id}/remove").text
    with anns.get(f"/files/{attachment.id}") as answer:
        assert answer.status_code == 200
    assert anns.post(f"/files/{attachment.id}/remove").location == f"/journal/{attachment.entry_id}"
    assert anns.get(f"/files/{attachment.id}").status_code == 404
    assert list(uploads.iterdir()) == []
    assert count(app, Entry) == 1


def test_a_lost_file_is_not_found(anns: FlaskClient, ann: User, write: Callable[..., Entry], uploads: Path) -> None:
    attachment = write(ann).attachments[0]
    (uploads / attachment.stored_name).unlink()
    assert anns.get(f"/files/{attachment.id}").status_code == 404


def test_comments(
    app: Flask, anns: FlaskClient, ann: User, bob: User, sign_in: SignIn, write: Callable[..., Entry]
) -> None:
    entry = write(ann, visibility=Visibility.MEMBERS)
    bobs = sign_in(bob)
    answer = bobs.post(f"/journal/{entry.id}/comments", data={"body": "Lovely *day* <b>x</b>"})
    assert answer.status_code == 302
    page = anns.get(f"/journal/{entry.id}").text
    assert "Lovely <em>day</em>" in page
    assert "<b>x" not in page
    comment = load(app).comments[0]
    assert "Delete this comment?" in bobs.get(f"/journal/comments/{comment.id}/delete").text
    assert bobs.post(f"/journal/comments/{comment.id}/delete").status_code == 302
    assert count(app, Comment) == 0


def test_an_empty_comment_is_explained(app: Flask, anns: FlaskClient, ann: User, write: Callable[..., Entry]) -> None:
    entry = write(ann)
    answer = anns.post(f"/journal/{entry.id}/comments", data={"body": " "})
    assert answer.status_code == 422
    assert "Write something." in answer.text
    long = anns.post(f"/journal/{entry.id}/comments", data={"body": "x" * 10_001})
    assert "at most 10,000 characters" in long.text
    assert "x" * 10_001 in long.text
    assert count(app, Comment) == 0


def test_comments_have_pages(app: Flask, anns: FlaskClient, ann: User, write: Callable[..., Entry]) -> None:
    entry = write(ann)
    with app.app_context():
        db.session.add_all(Comment(entry_id=entry.id, author_id=ann.id, body=f"Remark {at:03}") for at in range(100))
        db.session.commit()
    first, last = (anns.get(f"/journal/{entry.id}?comments={page}").text for page in (1, 99))
    assert ("Remark 049" in first, "Remark 050" in first, "Page 1 of 2" in first) == (True, False, True)
    assert ("Remark 049" in last, "Remark 050" in last, "Page 2 of 2" in last) == (False, True, True)
    location = anns.post(f"/journal/{entry.id}/comments", data={"body": "The newest"}).location
    assert "comments=3#comment-" in location
    assert "The newest" in anns.get(location).text


def test_the_author_may_delete_what_others_said(
    app: Flask, anns: FlaskClient, ann: User, bob: User, sign_in: SignIn, write: Callable[..., Entry]
) -> None:
    entry = write(ann, visibility=Visibility.MEMBERS)
    sign_in(bob).post(f"/journal/{entry.id}/comments", data={"body": "No!"})
    comment = load(app).comments[0]
    assert anns.post(f"/journal/comments/{comment.id}/delete").status_code == 302
    assert count(app, Comment) == 0


def test_settings_change_how_pages_are_written(
    app: Flask, anns: FlaskClient, ann: User, write: Callable[..., Entry]
) -> None:
    data = {"name": "Ân", "language": "vi", "time_zone": "Asia/Ho_Chi_Minh"}
    assert anns.post("/settings", data=data).status_code == 302
    with app.app_context():
        person = db.session.get_one(User, ann.id)
        assert (person.name, person.language, person.time_zone) == ("Ân", "vi", "Asia/Ho_Chi_Minh")
    location = anns.post("/journal/new", data=NEW).location
    assert '<time datetime="1660-01-31" lang="vi">31 tháng 1, 1660</time>' in anns.get(location).text
    assert anns.post("/settings", data={**data, "language": "tlh"}).status_code == 422
    assert anns.post("/settings", data={**data, "time_zone": "../etc"}).status_code == 422


def test_absent_is_404(anns: FlaskClient) -> None:
    for path in (f"/journal/{uuid4()}", f"/files/{uuid4()}", f"/journal/comments/{uuid4()}/delete", "/journal/x"):
        assert anns.get(path).status_code == 404


class TestSizes:
    @pytest.fixture
    def settings(self, sqlite_settings: dict[str, Any]) -> dict[str, Any]:
        return {
            **sqlite_settings,
            "UPLOAD_MAX_BYTES": 1000,
            "MAX_CONTENT_LENGTH": 40_000,
            "MAX_FORM_MEMORY_SIZE": 5000,
        }

    @pytest.mark.parametrize(("size", "code"), [(1000, 302), (1001, 422), (0, 422)])
    def test_a_file_at_the_limit(self, app: Flask, anns: FlaskClient, uploads: Path, size: int, code: int) -> None:
        files = [(io.BytesIO(b"x" * 10), "first.txt"), (io.BytesIO(b"x" * size), "second.txt")]
        answer = anns.post("/journal/new", data={**NEW, "files": files})
        assert answer.status_code == code
        kept = 2 if code == 302 else 0
        assert count(app, Attachment) == kept
        assert len(list(uploads.iterdir())) == kept
        if code == 422:
            assert ("“second.txt” is too large" if size else "“second.txt” is empty") in answer.text
            assert ("at most 1,000 bytes" in answer.text) is (size > 0)
            assert "and *wind*." in answer.text

    def test_no_room_for_more_files(self, app: Flask, anns: FlaskClient) -> None:
        app.config["UPLOAD_QUOTA_BYTES"] = 1500
        for code in (302, 422):
            answer = anns.post("/journal/new", data={**NEW, "files": (io.BytesIO(b"x" * 800), "more.txt")})
            assert answer.status_code == code
        assert "There is no room for “more.txt”" in answer.text
        assert "and *wind*." in answer.text
        assert "Your files take 800 bytes of 1.5 kB." in answer.text

    def test_no_room_for_more_texts(self, app: Flask, anns: FlaskClient, bob: User, sign_in: SignIn) -> None:
        """Comments count, and what others write does not. The control: up to the last byte it is saved."""
        app.config["TEXT_QUOTA_BYTES"] = 1000
        location = anns.post("/journal/new", data={**NEW, "visibility": "members", "body": "ế" * 300}).location
        assert sign_in(bob).post(f"{location}/comments", data={"body": "x" * 1000}).status_code == 302
        for size, code in ((60, 302), (41, 422), (40, 302)):
            answer = anns.post(f"{location}/comments", data={"body": "y" * size})
            assert answer.status_code == code
            if code == 422:
                assert "all your texts together may have 1,000 bytes, and 40 bytes are left" in answer.text
                assert "y" * size in answer.text
        refused = anns.post("/journal/new", data={**NEW, "body": "One more"})
        assert (refused.status_code, "There is no room for this text" in refused.text) == (422, True)
        assert "One more" in refused.text
        for size, code in ((901, 422), (900, 302), (899, 302)):
            assert anns.post(f"{location}/edit", data={**NEW, "body": "z" * size}).status_code == code
        assert anns.post("/journal/new", data={**NEW, "body": "1"}).status_code == 302
        app.config["TEXT_QUOTA_BYTES"] = 10  # of a journal that was brought in a text can be mended, and not grow
        for size, code in ((900, 422), (899, 302)):
            assert anns.post(f"{location}/edit", data={**NEW, "body": "z" * size}).status_code == code
        app.config["TEXT_QUOTA_BYTES"] = None
        assert anns.post("/journal/new", data=NEW).status_code == 302

    def test_no_room_on_the_disk(self, app: Flask, anns: FlaskClient) -> None:
        app.config["UPLOAD_RESERVE_BYTES"] = 2**60
        answer = anns.post("/journal/new", data={**NEW, "files": (io.BytesIO(b"x"), "more.txt")})
        assert answer.status_code == 422
        assert "the site has no room for files at the moment" in answer.text
        assert "and *wind*." in answer.text

    def test_a_change_with_a_file_too_large(
        self, app: Flask, anns: FlaskClient, ann: User, write: Callable[..., Entry]
    ) -> None:
        entry = write(ann)
        data = {**NEW, "title": "Changed", "files": (io.BytesIO(bytes(1001)), "huge.bin")}
        answer = anns.post(f"/journal/{entry.id}/edit", data=data)
        assert answer.status_code == 422
        assert "“huge.bin” is too large." in answer.text
        assert load(app).title == "By the sea"

    def test_a_request_that_is_too_large(self, app: Flask, anns: FlaskClient) -> None:
        huge = anns.post("/journal/new", data={**NEW, "files": (io.BytesIO(b"x" * 50_000), "huge.txt")})
        long = anns.post("/journal/new", data={**NEW, "body": "x" * 20_001}, content_type="multipart/form-data")
        for answer in (huge, long):
            assert answer.status_code == 413
            assert "at most 1,000 bytes" in answer.text
            assert "39.1 kB" in answer.text
        assert count(app, Entry) == 0

    @pytest.mark.parametrize("sign", ["x", "ế"], ids=["one byte", "three bytes"])
    def test_a_text_that_is_too_long_comes_back(self, app: Flask, anns: FlaskClient, sign: str) -> None:
        """The control: up to the limit it is saved."""
        most = 5000 // len(sign.encode())
        for extra, code in ((1, 422), (0, 302)):
            body = sign * (most + extra)
            answer = anns.post("/journal/new", data={**NEW, "body": body}, content_type="multipart/form-data")
            assert (answer.status_code, body in answer.text) == (code, code == 422)
            assert ("one entry may have 4.9 kB" in answer.text) is (code == 422)
        assert load(app).body == body

    def test_it_comes_back_although_the_token_is_looked_for_first(self, app: Flask, anns: FlaskClient) -> None:
        """Whoever looks reads the form. The control: the same before that look is set aside, and the text is gone."""
        app.config["WTF_CSRF_ENABLED"] = True
        page = anns.get("/journal/new").text
        sent = {**NEW, "body": "x" * 5001, "csrf_token": find_token(page)}
        answer = anns.post("/journal/new", data=sent, content_type="multipart/form-data")
        assert (answer.status_code, "x" * 5001 in answer.text) == (422, True)
        app.url_value_preprocessors.clear()
        answer = anns.post("/journal/new", data=sent, content_type="multipart/form-data")
        assert (answer.status_code, "x" * 5001 in answer.text) == (413, False)

    @pytest.mark.parametrize("is_ours", [True, False], ids=["our page", "unknown"])
    def test_of_one_with_too_many_files_the_text_comes_back(
        self, app: Flask, anns: FlaskClient, ann: User, write: Callable[..., Entry], is_ours: bool
    ) -> None:
        """Also without scripts. The control: what may be another site's is not put on our page."""
        entry = write(ann)
        for path, heading in (("/journal/new", "Write an entry"), (f"/journal/{entry.id}/edit", "Edit entry")):
            long = "x" * 6000 + " and *wind*."
            sent = {**NEW, "body": long, "visibility": "members", "files": (io.BytesIO(b"x" * 50_000), "huge.txt")}
            answer = anns.post(path, data=sent, headers={"Sec-Fetch-Site": "same-origin"} if is_ours else {})
            assert (answer.status_code, f"<h1>{heading}</h1>" in answer.text) == (413, is_ours)
            assert ("and *wind*." in answer.text, 'value="members" checked' in answer.text) == (is_ours, is_ours)
            assert ("Choose fewer files, save" in answer.text, "huge.txt" in answer.text) == (is_ours, False)
        assert count(app, Entry) == 1

    @pytest.mark.parametrize(
        ("who", "most", "parts"),
        [("ann", 10, 11), ("nobody", 10, 0), ("ann", 1000, 26)],
        ids=["ann", "a stranger", "control: any number"],
    )
    def test_of_one_with_very_many_texts_the_first_are_read(
        self, app: Flask, anns: FlaskClient, monkeypatch: pytest.MonkeyPatch, who: str, most: int, parts: int
    ) -> None:
        """As Flask takes so many: each costs time. A stranger's are not read at all."""
        app.config["MAX_FORM_PARTS"] = most
        seen: list[object] = []
        next_event = MultipartDecoder.next_event

        def note(decoder: MultipartDecoder) -> object:
            seen.extend([1] if decoder.state == State.PART else [])
            return next_event(decoder)

        monkeypatch.setattr(MultipartDecoder, "next_event", note)
        sent = {**NEW, "tags": ["x"] * 20, "files": (io.BytesIO(b"x" * 50_000), "huge.txt")}
        client = anns if who == "ann" else app.test_client()
        answer = client.post("/journal/new", data=sent, headers={"Sec-Fetch-Site": "same-origin"})
        assert (answer.status_code, len(seen)) == (413, parts)


class TestLimits:
    @pytest.fixture
    def settings(self, sqlite_settings: dict[str, Any]) -> dict[str, Any]:
        return {**sqlite_settings, "RATELIMIT_ENABLED": True, "RATELIMIT_STORAGE_URI": "memory://"}

    def test_a_program_cannot_fill_the_site(
        self, app: Flask, anns: FlaskClient, ann: User, bob: User, sign_in: SignIn, write: Callable[..., Entry]
    ) -> None:
        """All kinds of writing count together, each person's own; reading goes on."""
        entry = write(ann, visibility=Visibility.MEMBERS)
        codes = {anns.post(f"/journal/{entry.id}/comments", data={"body": ""}).status_code for _ in range(PER_MINUTE)}
        refused = anns.post("/journal/new", data=NEW)
        assert (codes, refused.status_code, "Too many" in refused.text) == ({422}, 429, True)
        assert anns.get("/journal").status_code == 200
        assert sign_in(bob).post("/journal/new", data=NEW).status_code == 302
        assert count(app, Entry) == 2

    def test_a_program_cannot_search_all_the_time(self, anns: FlaskClient, bob: User, sign_in: SignIn) -> None:
        """Lists without words, and what others search, do not count."""
        for _ in range(2 * searching.PER_MINUTE):
            assert anns.get("/journal?show=shared&tag=sea").status_code == 200
        for at in range(searching.PER_MINUTE):
            assert anns.get(f"/journal?q=sea&page={at}").status_code == 200
        refused = anns.get("/journal?show=shared&q=wind")
        assert (refused.status_code, "in a minute at the latest" in refused.text) == (429, True)
        assert anns.get("/journal?q=+").status_code == 200
        assert sign_in(bob).get("/journal?q=sea").status_code == 200

    def test_what_was_written_too_fast_is_there_again(self, anns: FlaskClient) -> None:
        for _ in range(PER_MINUTE):
            anns.post("/journal/new", data={"title": ""})
        answer = anns.post("/journal/new", data=NEW, headers={"Sec-Fetch-Site": "same-origin"})
        assert answer.status_code == 429
        assert "you have saved very often" in answer.text
        assert "and *wind*." in answer.text

    def test_nobody_learns_who_is_a_member(self, app: Flask, anns: FlaskClient, bob: User) -> None:
        """Some typing errors are named; then nothing is looked up any more, not even who has an account."""
        shared = {**NEW, "visibility": "chosen"}
        for at in range(PER_HOUR):
            page = anns.post("/journal/new", data={**shared, "readers": f"nobody{at}@example.org"}).text
            assert f"no account here: nobody{at}@example.org" in page
        for readers in ("nobody@example.org", bob.email):
            answer = anns.post("/journal/new", data={**shared, "readers": readers})
            assert answer.status_code == 422
            assert "You have named many addresses" in answer.text
            assert "no account here: " not in answer.text
            assert "and *wind*." in answer.text
        assert count(app, Entry) == 0
        assert anns.post("/journal/new", data=NEW).status_code == 302

    def test_one_form_asks_for_few(self, anns: FlaskClient, bob: User) -> None:
        names = [f"nobody{at}@example.org" for at in range(READERS_MAX)]
        many = {**NEW, "visibility": "chosen", "readers": "\n".join([*names, bob.email or ""])}
        page = anns.post("/journal/new", data=many).text
        assert f"These are {READERS_MAX + 1} people. Choose at most {READERS_MAX}" in page
        assert "no account here: " not in page
        page = anns.post("/journal/new", data={**many, "readers": "\n".join(names)}).text
        assert "You have named many addresses" in page


class TestErrors:
    @pytest.fixture
    def settings(self, sqlite_settings: dict[str, Any]) -> dict[str, Any]:
        return sqlite_settings

    @pytest.mark.parametrize(
        ("wrong", "words"),
        [
            ({"title": "  "}, "Give the entry a title."),
            ({"title": "x" * 201}, "at most 200 characters"),
            ({"date": "yesterday"}, "This is not a date"),
            ({"tags": "x" * 81}, "A tag may have at most 80 characters"),
            ({"visibility": "everybody"}, "Not a valid choice"),
            ({"visibility": "chosen"}, "at least one person"),
            ({"visibility": "chosen", "readers": "nobody@example.org"}, "no account here: nobody@example.org"),
        ],
    )
    def test_what_is_wrong_is_said_and_nothing_is_lost(
        self, app: Flask, anns: FlaskClient, wrong: dict[str, str], words: str
    ) -> None:
        answer = anns.post("/journal/new", data={**NEW, **wrong})
        assert answer.status_code == 422
        assert "<title>Error: " in answer.text
        assert words in answer.text
        assert "and *wind*." in answer.text
        kept = [value.strip() for name, value in wrong.items() if name != "visibility"]
        assert all(value in answer.text for value in kept)
        assert count(app, Entry) == 0
