"""Two roles, as docs/production.md makes them: the application's can do all that the application does, and no more."""

import io
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient
from psycopg.errors import InsufficientPrivilege
from sqlalchemy.exc import ProgrammingError

from app import audit, create_app
from app.accounts import credentials
from app.accounts.people import create_user
from app.accounts.second_factor import checking
from app.archives import making, reconciling, service, sharing
from app.extensions import db
from app.journal.attachments import sweep_uploads
from app.mails import sending
from app.models import Entry, Mail, MailKind, State, User
from app.models.columns import database_time
from app.tasks import generate_user_archive
from tests.archives.conftest import change, load, wait_for_state
from tests.archives.shared import expect_whole, write_days
from tests.conftest import PASSWORD
from tests.databases import GRANTS, Roles, grant, run_sql
from tests.mails.conftest import read_folder, send_all, text_of
from tests.programs import ROOT, Program, wait_until
from tests.second_factor.factor import switch_on

ORDINARY = {"SELECT", "INSERT", "UPDATE", "DELETE"}
MEANT: dict[str, set[str]] = {
    **dict.fromkeys(
        ("user", "sign_in", "second_factor", "recovery_code", "password_reset", "reset_request"), ORDINARY
    ),
    **dict.fromkeys(("entry", "attachment", "comment", "tag", "entry_tag", "entry_reader"), ORDINARY),
    **dict.fromkeys(("archive", "archive_part", "archive_piece", "archive_download", "mail", "pulse"), ORDINARY),
    "audit": {"SELECT", "INSERT"},
    "audit_head": {"SELECT", "UPDATE"},
    "alembic_version": set(),
}
"""A new table fails the tests until it stands here. If it is no ordinary one, grants.sql needs a line for it too."""

GRANTED = "SELECT table_name, privilege_type FROM information_schema.table_privileges WHERE grantee = 'satchel_app'"
EFFECTIVE = """
SELECT relname, word FROM pg_class
CROSS JOIN unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER,MAINTAIN}'::text[]) AS word
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')
AND CASE WHEN word IN ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES')
    THEN has_any_column_privilege('satchel_app', pg_class.oid, word)
    ELSE has_table_privilege('satchel_app', pg_class.oid, word) END
"""
"""Whatever it comes by: also by PUBLIC, by another role, of one column alone."""
RELATIONS = (
    "SELECT relname, relkind FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind NOT IN ('i')"
)


def select(url: str, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(statement.encode()).fetchall()


def list_rights(url: str, statement: str) -> dict[str, set[str]]:
    """Of each table, also of one without any."""
    rights: dict[str, set[str]] = defaultdict(set)
    for table, _ in select(url, RELATIONS):
        rights[table] = set()
    for table, word in select(url, statement):
        rights[table].add(word)
    return rights


def find_odd(url: str) -> set[str]:
    """Tables whose rights are not those that are meant."""
    granted, effective = list_rights(url, GRANTED), list_rights(url, EFFECTIVE)
    return {name for name in granted | MEANT if not MEANT.get(name) == granted.get(name) == effective.get(name)}


class TestRights:
    def test_each_table_has_those_that_are_meant(self, granted: Roles) -> None:
        assert MEANT.keys() == db.metadata.tables.keys() | {"alembic_version"}
        assert find_odd(granted.superuser) == set()
        assert {kind for _, kind in select(granted.superuser, RELATIONS)} == {"r"}  # a sequence would need a right too

    def test_typed_again_it_does_the_same(self, granted: Roles) -> None:
        """While the site is at work, which does not wait for it, nor it for the site."""
        run_sql(granted.owner, "GRANT TRUNCATE ON entry TO satchel_app")
        with psycopg.connect(granted.app) as at_work:
            at_work.execute("INSERT INTO pulse (name, at) VALUES ('test', now())")
            assert grant(granted.owner) == ""
            at_work.execute("DELETE FROM pulse WHERE name = 'test'")
        assert find_odd(granted.superuser) == set()

    def test_the_role_owns_nothing_and_is_nobody_else(self, granted: Roles) -> None:
        of_role = "FROM pg_roles WHERE rolname = 'satchel_app'"
        powers = "rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls"
        assert select(granted.superuser, f"SELECT {powers} {of_role}") == [(False,)]
        member = "SELECT 1 FROM pg_auth_members WHERE member = 'satchel_app'::regrole"
        owned = "SELECT 1 FROM pg_shdepend WHERE refobjid = 'satchel_app'::regrole AND deptype = 'o'"
        assert select(granted.superuser, member) == select(granted.superuser, owned) == []

    def test_a_table_of_a_later_version_has_the_ordinary_ones(self, granted: Roles) -> None:
        """And whoever adds it is told to say which it should have."""
        run_sql(granted.owner, "CREATE TABLE later (id integer)")
        assert list_rights(granted.superuser, EFFECTIVE)["later"] == ORDINARY
        assert find_odd(granted.superuser) == {"later"}

    @pytest.mark.parametrize(
        "fault",
        [
            "REVOKE DELETE ON entry FROM satchel_app",
            "REVOKE SELECT ON pulse FROM satchel_app",
            "GRANT TRUNCATE ON entry TO satchel_app",
            "GRANT MAINTAIN ON entry TO satchel_app",
            "GRANT UPDATE (what) ON audit TO satchel_app",
            "GRANT SELECT ON alembic_version TO PUBLIC",
        ],
    )
    def test_too_few_and_too_many_are_noticed(self, granted: Roles, fault: str) -> None:
        """The control."""
        run_sql(granted.owner, fault)
        [table] = re.findall(r" ON (\w+)", fault)
        assert find_odd(granted.superuser) == {table}


def without(line: str, folder: Path) -> Path:
    """The file of the docs, but for one line."""
    text = GRANTS.read_text()
    [found] = [each for each in text.splitlines(keepends=True) if each.startswith(line)]
    changed = folder / "grants.sql"
    changed.write_text(text.replace(found, ""))
    return changed


class TestTheFile:
    def test_without_default_privileges_a_later_table_would_have_none(self, roles: Roles, tmp_path: Path) -> None:
        """The control."""
        assert grant(roles.owner, without("ALTER DEFAULT PRIVILEGES", tmp_path)) == ""
        run_sql(roles.owner, "CREATE TABLE later (id integer)")
        assert list_rights(roles.superuser, EFFECTIVE)["later"] == set()

    @pytest.mark.parametrize("line", ["REVOKE UPDATE, DELETE ON audit", "REVOKE TEMPORARY", "REVOKE CREATE ON SCHEMA"])
    def test_it_notices_that_too_much_is_left(self, roles: Roles, tmp_path: Path, line: str) -> None:
        """And then grants nothing. Before PostgreSQL 15, everybody may create tables in the schema."""
        run_sql(roles.owner, "GRANT CREATE ON SCHEMA public TO PUBLIC")
        assert "may still do more" in grant(roles.owner, without(line, tmp_path))
        assert list_rights(roles.superuser, GRANTED)["entry"] == set()
        assert grant(roles.owner) == ""

    def test_a_role_that_is_the_owner_by_another_name_is_noticed(self, roles: Roles) -> None:
        run_sql(roles.superuser, "GRANT satchel TO satchel_app")
        try:
            assert "may still do more" in grant(roles.owner)
        finally:
            run_sql(roles.superuser, "REVOKE satchel FROM satchel_app")
        assert grant(roles.owner) == ""

    def test_only_the_owner_can_type_it(self, roles: Roles) -> None:
        """As a superuser it would grant nothing of later tables, which the owner makes."""
        assert "the role that owns the tables, which is not postgres" in grant(roles.superuser)
        assert "ERROR" in grant(roles.app)
        assert list_rights(roles.superuser, GRANTED)["entry"] == set()


FORGED = "INSERT INTO audit (number, at, actor, what, mac) VALUES (1, now(), '', '', '')"
DEEDS = [
    "CREATE TABLE mine (id integer)",
    "CREATE TEMPORARY TABLE mine (id integer)",
    "CREATE SCHEMA mine",
    "CREATE FUNCTION mine() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    "CREATE INDEX ON entry (title)",
    "ALTER TABLE entry ADD COLUMN mine text",
    "ALTER TABLE audit DISABLE TRIGGER audit_change",
    "ALTER DEFAULT PRIVILEGES FOR ROLE satchel GRANT ALL ON TABLES TO satchel_app",
    "SET ROLE satchel",
    "DROP TRIGGER audit_change ON audit",
    "DROP FUNCTION refuse_audit_change CASCADE",
    "DROP TABLE comment",
    "DROP TABLE audit",
    "DROP SCHEMA public CASCADE",
    "TRUNCATE comment",
    "TRUNCATE audit",
    "TRUNCATE audit_head",
    "UPDATE audit SET what = 'signed_out'",
    "DELETE FROM audit",
    f"{FORGED} ON CONFLICT (number) DO UPDATE SET mac = ''",
    "INSERT INTO audit_head VALUES (2, 0, '')",
    "DELETE FROM audit_head",
    "SELECT version_num FROM alembic_version",
    "UPDATE alembic_version SET version_num = '0001'",
    "DELETE FROM alembic_version",
]
FORCE = "ALTER TABLE audit DISABLE TRIGGER USER; ALTER TABLE audit_head DISABLE TRIGGER USER"


@contextmanager
def undone(url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(url) as connection:
        yield connection
        connection.rollback()


class TestRefusals:
    @pytest.mark.parametrize("deed", DEEDS)
    def test_the_application_cannot(self, granted: Roles, deed: str) -> None:
        """The control: the owner can, and gets past the audit's triggers."""
        with undone(granted.app) as connection, pytest.raises(InsufficientPrivilege):
            connection.execute(deed.encode())
        with undone(granted.owner) as connection:
            connection.execute(FORCE.encode())
            connection.execute(deed.encode())

    def test_only_the_owner_changes_the_tables(self, granted: Roles, instance: Path) -> None:
        for words in ("upgrade",), ("downgrade", "base"):
            refused = migrate_as(granted.app, instance, *words).exception
            assert isinstance(refused, ProgrammingError)
            assert isinstance(refused.orig, InsufficientPrivilege)
        assert migrate_as(granted.owner, instance, "downgrade", "base").exit_code == 0
        assert migrate_as(granted.owner, instance, "upgrade").exit_code == 0


def migrate_as(url: str, instance: Path, *words: str) -> Result:
    app = create_app({"INSTANCE_PATH": instance, "DATABASE_URL": url})
    done = app.test_cli_runner().invoke(args=["db", "-d", str(ROOT / "migrations"), *words])
    with app.app_context():
        db.engine.dispose()
    return done


@pytest.fixture
def settings(request: pytest.FixtureRequest, granted: Roles, instance: Path) -> dict[str, Any]:
    """With a broker for the tests that ask for workers."""
    broker = {"REDIS_URL": request.getfixturevalue("valkey")} if "start_worker" in request.fixturenames else {}
    return {"INSTANCE_PATH": instance, "DATABASE_URL": granted.app, "ARCHIVE_PIECE_ROWS": 100, **broker}


ENTRY = {
    "title": "By the sea",
    "date": "1660-01-31",
    "body": "Waves",
    "tags": "sea, walks",
    "visibility": "chosen",
    "readers": "bob@example.org",
}
NEW_PASSWORD = "another one that is long enough"
DAY = 86_400


class TestTheWholeWay:
    """What people and programs do, as the role that may do little."""

    @pytest.mark.worker
    def test_an_account_from_its_beginning_to_its_end(
        self, made_app: Flask, start_worker: Callable[..., Program]
    ) -> None:
        worker = start_worker()
        with made_app.app_context():
            bob = create_user("bob@example.org", PASSWORD, name="Bob").id
        client = made_app.test_client()
        begin(client)
        keep_a_journal(made_app, client)
        change_credentials(made_app, client)
        receive_an_archive(made_app, client)
        look_after(made_app)
        with made_app.app_context():
            ann = db.session.scalars(sa.select(User.id).where(User.email == ADDRESS)).one()
            db.session.execute(sa.delete(User).where(User.id == ann))
            db.session.commit()
            assert db.session.scalars(sa.select(Entry.author_id)).all() == []
            assert db.session.scalars(sa.select(User.id)).all() == [bob]
            assert audit.verify() == len(audit.list_recent(most=1000)) > len(audit.list_recent(ann, most=1000)) > 10
            db.session.remove()
            db.engine.dispose()
        assert "permission denied" not in worker.log()

    def test_an_archive_that_workers_share(self, app: Flask, ann: User) -> None:
        """They read one exported snapshot."""
        entries = write_days(ann, 300)
        archive_id, _ = service.request_archive(ann.id)
        made: list[bool] = []
        making.generate(ann.id, large=True, ring=lambda archive_id: made.append(sharing.make_piece(archive_id)))
        assert made == [True, True]
        expect_whole(app, archive_id, entries)

    @pytest.mark.usefixtures("ann")
    def test_commands_of_operators(self, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(generate_user_archive, "delay", lambda _: None)
        run = app.test_cli_runner().invoke
        for words in (
            ["archives", "check"],
            ["archives", "plan", "--user", ADDRESS],
            ["archives", "request", "--user", ADDRESS],
            ["archives", "list", "--user", ADDRESS],
            ["archives", "reconcile"],
            ["users", "create", "eve@example.org", "--password-stdin"],
            ["users", "password", ADDRESS, "--password-stdin"],
            ["users", "drop-factor", ADDRESS, "--password-stdin"],
            ["users", "lock", ADDRESS],
            ["users", "reseal"],
            ["audit", "list", "--person", ADDRESS],
            ["audit", "verify"],
        ):
            done = run(args=words, input=f"{NEW_PASSWORD}\n")
            assert done.exit_code == 0, (words, done.output, done.exception)


ADDRESS = "ann@example.org"


def post(client: FlaskClient, path: str, **data: Any) -> str:
    """Where it leads on to."""
    answer = client.post(path, data=data)
    assert answer.status_code in {302, 303}, (path, answer.status_code)
    return answer.location


def begin(client: FlaskClient) -> None:
    chosen = {"name": "Ann", "email": ADDRESS, "password": PASSWORD, "time_zone": "Asia/Ho_Chi_Minh"}
    assert post(client, "/sign-up", **chosen) == "/journal"
    post(client, "/sign-out")
    assert client.post("/sign-in", data={"email": ADDRESS, "password": "a wrong one"}).status_code == 422
    post(client, "/sign-in", email=ADDRESS, password=PASSWORD)
    post(client, "/settings", name="Anne", language="en", time_zone="UTC")
    assert client.get("/settings/activity").status_code == 200
    assert client.get("/your-data").status_code == 200


def keep_a_journal(app: Flask, client: FlaskClient) -> None:
    """Two entries, one of which stays."""
    kept, gone = (post(client, "/journal/new", **ENTRY, files=(io.BytesIO(b"Rope"), "list.txt")) for _ in range(2))
    post(client, f"{kept}/edit", **{**ENTRY, "title": "Inland", "tags": "kept"}, files=(io.BytesIO(b"Oil"), "oil.txt"))
    for _ in range(2):
        post(client, f"{kept}/comments", body="Nice")
    with app.app_context():
        entry = db.session.scalars(sa.select(Entry).where(Entry.title == "Inland")).one()
        comment, attachment = entry.comments[0].id, entry.attachments[0].id
    post(client, f"/journal/comments/{comment}/delete")
    post(client, f"/files/{attachment}/remove")
    post(client, f"{gone}/delete")
    assert client.get("/journal?q=inland").status_code == 200
    with app.app_context():
        [left] = db.session.scalars(sa.select(Entry)).all()
        assert (left.title, len(left.comments), len(left.attachments), [tag.name for tag in left.tags]) == (
            "Inland",
            1,
            1,
            ["kept"],
        )


def change_credentials(app: Flask, client: FlaskClient) -> None:
    """A forgotten password, a second factor on and off."""
    assert client.post("/forgotten", data={"email": ADDRESS}).status_code == 200
    other = app.test_client()
    link, _, code = wait_until(lambda: find_link(app), what="the mail").partition("#")
    post(other, link, code=code)
    post(other, "/forgotten/new-password", password=NEW_PASSWORD)
    post(client, "/sign-in", email=ADDRESS, password=NEW_PASSWORD)
    with app.app_context():
        ann = db.session.scalars(sa.select(User).where(User.email == ADDRESS)).one()
        switch_on(ann)
        assert checking.is_on(ann.id)
        credentials.switch_off_factor(ann, but=None)
    post(client, "/sign-in", email=ADDRESS, password=NEW_PASSWORD)


def find_link(app: Flask) -> str | None:
    """In the mail, which the worker may be sending."""
    with app.app_context():
        send_all()
        texts = "".join(map(text_of, read_folder(app)))
    found = re.search(r"/forgotten/link#\S+", texts)
    return found and found[0]


def receive_an_archive(app: Flask, client: FlaskClient) -> None:
    """Made by a worker, recalled, downloaded, expired; another is cancelled."""
    location = post(client, "/archives/")
    archive_id = location.rpartition("/")[2]
    with app.app_context():
        wait_for_state(archive_id, State.READY)
        change(archive_id, expires_at=database_time(0.9 * DAY))
        reconciling.reconcile()
        assert MailKind.REMINDER in db.session.scalars(sa.select(Mail.kind)).all()
        db.session.commit()
    assert client.get(f"{location}/download", buffered=True).status_code == 200
    with app.app_context():
        change(archive_id, expires_at=database_time(-1))
        reconciling.reconcile()
        assert load(archive_id).state == State.EXPIRED
    later = post(client, "/archives/").rpartition("/")[2]
    with app.app_context():
        wait_for_state(later, State.READY)
    post(client, f"/archives/{later}/delete")


def look_after(app: Flask) -> None:
    """What beat asks for."""
    with app.app_context():
        send_all()
        for end in Mail.sent_at, Mail.given_up_at:
            db.session.execute(sa.update(Mail).where(end.is_not(None)).values({end: database_time(-1000 * DAY)}))
        db.session.commit()
        sending.forget_old()
        assert MailKind.REMINDER not in db.session.scalars(sa.select(Mail.kind)).all()
        sweep_uploads()
        reconciling.reconcile()
