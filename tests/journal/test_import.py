"""Journals from files: every line is checked first, then all are stored, and each only once."""

import json
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.accounts.people import check_password
from app.extensions import db
from app.journal import import_entries as module
from app.journal.attachments import FILES_MAX
from app.journal.comments import COMMENT_MAX
from app.journal.import_entries import check_loose, find_loose_files, import_entries
from app.journal.import_file import ImportFileError, read_lines
from app.models import Attachment, Comment, Entry, Tag, User, entry_tag
from tests.web.conftest import PNG

LINES: list[dict[str, Any]] = [
    {"date": None, "title": "Blessed be God", "body": "At the end of the year.", "tags": ["January"], "comments": []},
    {
        "date": "1660-01-02",
        "title": "Up early",
        "body": "To the office.",
        "tags": ["January", "office"],
        "comments": [{"author": "Henry", "body": "See note."}, {"author": "Lord B.", "body": "Indeed."}],
    },
    {"title": "Only a title"},
]


@pytest.fixture
def settings(any_database: dict[str, Any]) -> dict[str, Any]:
    return any_database


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    folder = tmp_path / "journal"
    folder.mkdir()
    return write_lines(folder / "entries.jsonl", LINES)


def write_lines(path: Path, lines: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def counts() -> dict[str, int]:
    tables: dict[str, Any] = {
        "entries": Entry,
        "comments": Comment,
        "tags": Tag,
        "links": entry_tag,
        "files": Attachment,
        "users": User,
    }
    return {name: db.session.scalar(select(func.count()).select_from(table)) or 0 for name, table in tables.items()}


def test_everything_arrives(ann: User, journal: Path) -> None:
    done = import_entries(ann.id, read_lines(journal))
    assert (done.entries, done.comments, done.files, done.skipped) == (3, 2, 0, 0)
    assert counts() == {"entries": 3, "comments": 2, "tags": 2, "links": 3, "files": 0, "users": 3}
    entry = db.session.scalars(select(Entry).where(Entry.title == "Up early")).one()
    assert (str(entry.date), entry.body, entry.author_id) == ("1660-01-02", "To the office.", ann.id)
    assert [tag.name for tag in entry.tags] == ["January", "office"]
    assert {(comment.author.name, comment.body) for comment in entry.comments} == {
        ("Henry", "See note."),
        ("Lord B.", "Indeed."),
    }


def test_twice_adds_nothing(ann: User, journal: Path) -> None:
    import_entries(ann.id, read_lines(journal))
    before = counts()
    done = import_entries(ann.id, read_lines(journal))
    assert (done.entries, done.skipped) == (0, 3)
    assert counts() == before


def test_more_lines_later_add_only_those(ann: User, journal: Path) -> None:
    import_entries(ann.id, read_lines(journal))
    more = {"title": "Later", "comments": [{"author": "Henry", "body": "Again."}]}
    write_lines(journal, [{"title": "Before"}, *LINES, more])
    done = import_entries(ann.id, read_lines(journal))
    assert (done.entries, done.skipped) == (2, 3)
    assert counts()["users"] == 3  # Henry is the same Henry


def test_equal_lines_count_each(ann: User, journal: Path) -> None:
    write_lines(journal, [LINES[2], LINES[2], LINES[2]])
    assert import_entries(ann.id, read_lines(journal)).entries == 3
    assert import_entries(ann.id, read_lines(journal)).entries == 0
    write_lines(journal, [LINES[2]] * 4)
    assert import_entries(ann.id, read_lines(journal)).entries == 1


def test_two_people_may_import_the_same(ann: User, make_person: Any, journal: Path) -> None:
    import_entries(ann.id, read_lines(journal))
    assert import_entries(make_person("Bob").id, read_lines(journal)).entries == 3


def test_authors_of_comments_cannot_sign_in(ann: User, journal: Path) -> None:
    import_entries(ann.id, read_lines(journal))
    henry = db.session.scalars(select(User).where(User.name == "Henry")).one()
    assert (henry.email, henry.password_hash) == (None, None)
    assert check_password("", "") is None


def test_an_account_is_never_taken_for_an_author(make_person: Any, journal: Path) -> None:
    henry = make_person("Henry")
    import_entries(henry.id, read_lines(journal))
    assert counts()["users"] == 3
    assert db.session.scalars(select(Comment.author_id).where(Comment.author_id == henry.id)).all() == []


def test_progress_reaches_the_end(ann: User, journal: Path) -> None:
    steps: list[int] = []
    import_entries(ann.id, read_lines(journal), advance=steps.append)
    import_entries(ann.id, read_lines(journal), advance=steps.append)
    assert sum(steps) == 6


WRONG = [
    ("{", "this is not JSON"),
    ("[1]", "not a JSON object"),
    ("{}", "“title” is missing"),
    ('{"title": " "}', "“title” is empty"),
    ('{"title": 7}', "“title” must be text in quotes, and is 7"),
    ('{"title": null}', "“title” must be text"),
    (json.dumps({"title": "x" * 201}), "“title” has 201 characters; at most 200"),
    ('{"title": "x", "date": "1660-13-01"}', '“date” must be like "1660-01-31"'),
    ('{"title": "x", "date": 1660}', "“date” must be like"),
    ('{"title": "x", "body": ["y"]}', "“body” must be text"),
    ('{"title": "x", "tags": "sea"}', "“tags” must be a list"),
    ('{"title": "x", "tags": [""]}', "“tags” is empty"),
    (json.dumps({"title": "x", "tags": ["y" * 81]}), "“tags” has 81 characters"),
    (json.dumps({"title": "x", "tags": [f"y{at}" for at in range(51)]}), "“tags” holds 51 tags; at most 50"),
    ('{"title": "x", "comments": [{"author": "y"}]}', "“author” and “body”"),
    ('{"title": "x", "comments": ["y"]}', "“author” and “body”"),
    (json.dumps({"title": "x", "comments": [{"author": "y" * 81, "body": ""}]}), "“author” has 81 characters"),
    ('{"title": "x\\u0000"}', "cannot be stored"),
    ('{"title": "x", "body": "\\ud800"}', "cannot be stored"),
    ('{"title": "x", "colour": 1}', "unknown field “colour”"),
    ('{"title": "x", "files": ["a.png"]}', "no media folder was given"),
    (json.dumps({"title": "x", "comments": [{"author": "y", "body": " \x07\n"}]}), "“body of a comment” is empty"),
    (json.dumps({"title": "x", "files": ["a.png"] * 101}), "“files” names 101 files; at most 100"),
]


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize(("line", "words"), WRONG)
def test_a_bad_line_is_named_and_nothing_is_imported(tmp_path: Path, line: str, words: str) -> None:
    path = tmp_path / "entries.jsonl"
    path.write_text('{"title": "fine"}\n\n' + line + "\n")
    with pytest.raises(ImportFileError) as found:
        read_lines(path)
    assert str(found.value).startswith("Line 3: ")
    assert words in str(found.value)
    assert str(found.value).endswith("Nothing was imported.")


def test_texts_are_cleaned_as_in_forms(ann: User, journal: Path) -> None:
    said = [{"author": "Henry", "body": "\x1b[2Je\u0301\r\nyes\x85"}]
    write_lines(journal, [{"title": "One", "body": "\x07a\u0302\rb\t\x9b", "comments": said}])
    import_entries(ann.id, read_lines(journal))
    assert db.session.scalars(select(Entry.body)).all() == ["â\nb\t"]
    assert db.session.scalars(select(Comment.body)).all() == ["[2Jé\nyes"]


@pytest.mark.parametrize("extra", [0, 1])
def test_texts_are_as_long_as_in_forms(app: Flask, ann: User, journal: Path, extra: int) -> None:
    """The control: up to the limit they arrive."""
    app.config["MAX_FORM_MEMORY_SIZE"] = 1000
    remark = {"author": "Henry", "body": "z" * (COMMENT_MAX + extra)}
    for line, words in (
        ({"title": "x", "body": "đ" * 500 + "x" * extra}, "Line 2: “body” has 1001 bytes; at most 1000 are possible"),
        ({"title": "x", "comments": [remark]}, "Line 2: “body of a comment” has 10001 characters; at most 10000"),
    ):
        write_lines(journal, [{"title": "fine"}, line])
        if extra:
            with pytest.raises(ImportFileError, match=words):
                read_lines(journal)
        else:
            import_entries(ann.id, read_lines(journal))
    assert counts()["entries"] == (0 if extra else 3)


def test_a_cleaned_line_is_known_again(ann: User, journal: Path) -> None:
    write_lines(journal, [{"title": "One", "body": "a\x07"}])
    assert import_entries(ann.id, read_lines(journal)).entries == 1
    assert import_entries(ann.id, read_lines(journal)).skipped == 1


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("name", ["", ".", "..", "../a.png", "a/b.png", "absent.png", "a\\b"])
def test_names_of_files_stay_in_the_media_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.png").write_bytes(PNG)
    path = write_lines(tmp_path / "entries.jsonl", [{"title": "x", "files": [name]}])
    with pytest.raises(ImportFileError, match="Line 1: "):
        read_lines(path, tmp_path)


@pytest.mark.usefixtures("app")
def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "entries.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"title": "fine"}\n{"title": "\xff"}\n')
    with pytest.raises(ImportFileError, match=r"Line 2: this is not UTF-8 \(byte 12\)"):
        read_lines(path)


class TestMedia:
    @pytest.fixture
    def media(self, journal: Path) -> Path:
        for name in ("cover.png", "named.png", ".hidden"):
            (journal.parent / name).write_bytes(PNG)
        write_lines(journal, [LINES[0], {**LINES[1], "files": ["named.png"]}])
        return journal.parent

    def run(self, ann: User, media: Path) -> module.Imported:
        journal = media / "entries.jsonl"
        lines = read_lines(journal, media)
        return import_entries(ann.id, lines, find_loose_files(media, lines, apart_from=journal))

    def test_files_find_their_entries(self, ann: User, media: Path) -> None:
        done = self.run(ann, media)
        assert (done.files, done.loose) == (2, ("cover.png",))
        rows = db.session.execute(select(Entry.title, Attachment.name).join(Attachment)).all()
        assert set(map(tuple, rows)) == {("Blessed be God", "cover.png"), ("Up early", "named.png")}

    def test_twice_adds_no_file(self, app: Flask, ann: User, media: Path) -> None:
        self.run(ann, media)
        done = self.run(ann, media)
        assert (done.files, done.loose) == (0, ())
        assert len(list(Path(app.config["UPLOAD_DIR"]).iterdir())) == 2

    def test_a_failure_takes_everything_back(self, app: Flask, ann: User, media: Path) -> None:
        before = counts()

        def fail(done: int) -> None:
            if not done:
                return
            assert len(list(Path(app.config["UPLOAD_DIR"]).iterdir())) == 2
            raise KeyboardInterrupt

        lines = read_lines(media / "entries.jsonl", media)
        with pytest.raises(KeyboardInterrupt):
            import_entries(ann.id, lines, [media / "cover.png"], advance=fail)
        assert counts() == before
        assert list(Path(app.config["UPLOAD_DIR"]).iterdir()) == []
        self.run(ann, media)  # the control: without the failure they arrive
        assert counts()["entries"] == before["entries"] + 2

    def test_the_first_entry_takes_some_that_no_line_names(self, ann: User, media: Path) -> None:
        """The control: as many as an entry may have."""
        for number in range(FILES_MAX):
            (media / f"{number}.txt").write_text("x")
        with pytest.raises(ImportFileError, match="The first entry would get 101 files, 101 of which no line names"):
            self.run(ann, media)
        assert counts()["entries"] == 0
        (media / "0.txt").unlink()
        assert self.run(ann, media).files == FILES_MAX + 1

    @pytest.mark.usefixtures("app")
    def test_a_picture_that_cannot_be_read(self, media: Path) -> None:
        lines = read_lines(media / "entries.jsonl", media)
        (media / "cover.png").unlink()
        with pytest.raises(ImportFileError, match=r"“cover\.png” of the media folder cannot be read"):
            check_loose([media / "cover.png"])
        assert find_loose_files(media, lines, apart_from=media / "entries.jsonl") == []


def test_two_imports_at_once_store_it_once(ann: User, journal: Path) -> None:
    lines = read_lines(journal)
    started: list[bool] = []

    def start_another(_: int) -> None:
        if not started:
            started.append(True)
            import_entries(ann.id, lines)

    with pytest.raises(ImportFileError, match="being imported elsewhere"):
        import_entries(ann.id, lines, advance=start_another)
    assert counts()["entries"] == 3
