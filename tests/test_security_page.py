"""docs/security.md says what the code does: each of its tables is compared with what it is about."""

import ast
import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask_wtf import FlaskForm
from wtforms.fields.core import UnboundField
from wtforms.validators import Length

from app.config import SETTINGS
from app.engine.register import KEY, Secret
from app.extensions import db
from app.journal.attachments import FILES_MAX
from app.journal.comments import PAGE_SIZE
from app.journal.listing import MOST_SIGNS as MOST_SIGNS_OF_SEARCH
from app.journal.listing import MOST_TAGS_OF_ENTRY, MOST_WORDS
from app.journal.markdown import LONGEST, MOST_SIGNS, MOST_SIGNS_OF_COMMENT
from app.journal.tags import TAGS_MAX
from app.web import archive_download, searching, strangers
from app.web.journal_forms import READERS_MAX
from app.web.policy import Access
from app.web.writing import PER_MINUTE
from tests.programs import ROOT

PAGE = (ROOT / "docs" / "security.md").read_text()


def read_rows(heading: str) -> list[list[str]]:
    """The cells of the first table whose head begins with this word."""
    _, found, rest = PAGE.partition(f"\n| {heading} |")
    assert found, heading
    lines = rest.partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def named(text: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", text))


def all_forms(base: type[FlaskForm] = FlaskForm) -> Iterator[type[FlaskForm]]:
    for form in base.__subclasses__():
        if form.__module__.startswith("app."):
            yield form
        yield from all_forms(form)


def list_fields() -> "dict[str, UnboundField[Any]]":
    return {
        f"{form.__name__}.{name}": field
        for form in all_forms()
        for name, field in vars(form).items()
        if isinstance(field, UnboundField)
    }


def test_each_field_has_its_rule() -> None:
    rules = {name: rule for names, rule in read_rows("form and field") for name in named(names)}
    fields = list_fields()
    assert len(fields) > 10
    assert fields.keys() == rules.keys()
    for name, field in fields.items():
        for validator in field.kwargs.get("validators", ()):
            if isinstance(validator, Length):
                assert f"at most {validator.max:,} characters" in rules[name], name


def test_each_access_is_explained() -> None:
    assert {access.name for access in Access} == {name for cells in read_rows("access") for name in named(cells[0])}


def test_each_table_has_its_level(app: Flask) -> None:
    rows = read_rows("table")
    tables = {name for cells in rows for name in named(cells[0])}
    levels = {word for cells in rows for word in re.findall("secret|personal|shared", cells[1])}
    assert levels == {name for name, _ in read_rows("level")}
    assert {table.name for table in db.metadata.tables.values()} | {"alembic_version"} == tables
    columns = [column for table in db.metadata.tables.values() for column in table.columns]
    secrets = {column.name for column in columns if isinstance(column.info.get(KEY), Secret)}
    assert secrets >= {"password_hash", "token_sha256"}
    assert secrets <= {name for cells in rows for name in named(cells[1])}


def test_each_key_and_connection_is_listed() -> None:
    known = {setting.name for setting in SETTINGS}
    keys = {name for cells in read_rows("key") for name in named(cells[0])}
    connections = {name for cells in read_rows("to") for name in named(cells[1])}
    addresses = {name for name in known if name.endswith("_URL") and name != "PUBLIC_BASE_URL"}
    assert {name for name in known if re.search("KEY$|SECRET", name)} <= keys
    assert addresses <= connections
    assert addresses <= keys


def test_each_algorithm_is_listed() -> None:
    listed = {name for cells in read_rows("algorithm") for name in named(cells[0])}
    used = {name for path in (ROOT / "app").rglob("*.py") for name in find_algorithms(path.read_text())}
    assert used >= {"sha256", "Ed25519PrivateKey"}
    assert used <= listed
    assert set(find_algorithms("import hashlib\nhashlib.md5(b'')")) == {"md5"}


def find_algorithms(source: str) -> Iterator[str]:
    """What is taken from hashlib, hmac and cryptography, as far as it is an algorithm."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "hashlib":
            if node.attr != "file_digest":  # that takes one
                yield node.attr
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("cryptography.hazmat"):
            yield from (each.name for each in node.names)


def test_each_setting_it_names_exists_with_the_default_it_says() -> None:
    defaults = {setting.name: setting.default for setting in SETTINGS}
    shown = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)`", PAGE)) - {access.name for access in Access}
    assert shown <= defaults.keys()
    said = re.findall(r"`([A-Z_]+)` \((\d+)\)", PAGE)
    assert len(said) == 5
    assert [(name, int(value)) for name, value in said] == [(name, defaults[name]) for name, _ in said]


def test_logs_go_where_the_page_says_and_nowhere_else() -> None:
    """To standard error: no unit and no code of ours names a file or a server for them."""
    names = [cells[0] for cells in read_rows("log")]
    assert names[:3] == ["the web server", "workers and beat", "`audit`"]
    units = "".join(path.read_text() for path in (ROOT / "docs" / "systemd").glob("*.service"))
    assert not re.search("logfile|access-log|error-log|log-config|syslog|StandardError|StandardOutput", units)
    sources = [path.read_text() for path in (ROOT / "app").rglob("*.py")]
    assert not [source for source in sources if LOGS_ELSEWHERE.search(source)]
    assert LOGS_ELSEWHERE.search("logging.FileHandler(path)")


LOGS_ELSEWHERE = re.compile(
    r"FileHandler|SysLogHandler|SocketHandler|HTTPHandler|SMTPHandler|logging\.handlers|sentry"
)


def test_what_is_costly_has_its_limit() -> None:
    assert f"at most {PER_MINUTE} entries, changes and comments a minute" in PAGE
    assert f"for files of archives at most {archive_download.PER_MINUTE} times a minute" in PAGE
    assert f"a line each, at most {READERS_MAX};" in PAGE
    assert f"{strangers.PER_HOUR}\nsuch addresses an hour are named to a person" in PAGE
    assert f"names with commas between, at most {TAGS_MAX}," in PAGE
    assert f"at most {TAGS_MAX} of an entry, of which a list shows {MOST_TAGS_OF_ENTRY};" in PAGE
    assert f"at most {FILES_MAX} of an entry, counted under a lock;" in PAGE
    assert f"| pictures and files | at most {FILES_MAX} of an entry |" in PAGE
    limits = f"{MOST_WORDS} words with {MOST_SIGNS_OF_SEARCH} characters"
    assert f"{searching.PER_MINUTE} times a minute, for {limits} together" in PAGE
    assert f"{searching.PER_MINUTE} times a minute for each person, {limits};" in PAGE
    assert f"more than {LONGEST:,} characters, or more than {MOST_SIGNS:,} signs" in PAGE
    assert f"a comment with more than {MOST_SIGNS_OF_COMMENT} such signs likewise; {PAGE_SIZE} comments" in PAGE
    costly = PAGE.partition("## What is costly")[2].partition("\n## ")[0]
    for name in ("ARCHIVE_TIME_LIMIT", "ARCHIVE_QUOTA_BYTES", "DATABASE_STATEMENT_SECONDS", "MAX_CONTENT_LENGTH"):
        assert f"`{name}`" in costly


@pytest.mark.parametrize(
    "words",
    [
        "within 7 days",
        "at least every three months",
        "There are these ways to an account",
        "Guessing is limited by account and by network",
        "never lock out a person from where they have signed in before",
        "the person's own name or address or of the site's name (`SITE_NAME`)",
        "signed in any number of times at once",
        "NIST SP 800-63B",
        "Two fields that belong together",
        "Accepted are pictures, recordings, films, PDF",
        "A field that a form does not have changes nothing",
    ],
)
def test_promises_that_no_code_can_show_stand_there(words: str) -> None:
    assert words in " ".join(PAGE.split())
