"""In the database: rows cannot be changed, changes by force are found, many append at once, people come and go."""

import logging
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskCliRunner

from app import audit
from app.archives import making, reconciling, service
from app.audit.record import Acting
from app.extensions import db
from app.models import AuditRow, User, What
from tests.archives.conftest import load
from tests.audit.conftest import write

FORCE = {
    "sqlite": ("DROP TRIGGER audit_update", "DROP TRIGGER audit_delete", "DROP TRIGGER audit_replace"),
    "postgresql": ("DROP TRIGGER audit_change ON audit",),
}
MEND = "UPDATE audit_head SET number = 4, mac = (SELECT mac FROM audit WHERE number = 4)"
CHANGES = {
    "edit": ("UPDATE audit SET what = 'signed_out' WHERE number = 3", 3),
    "remove": ("DELETE FROM audit WHERE number = 2", 2),
    "reorder": ("UPDATE audit SET number = CASE number WHEN 2 THEN -4 ELSE -2 END WHERE number IN (2, 4)", 1),
    "cut": ("DELETE FROM audit WHERE number > 4", 5),
    "cut and mend the head": (
        f"DELETE FROM audit WHERE number > 4; {MEND}",
        5,
    ),
}


def change(*statements: str) -> None:
    with db.engine.begin() as connection:
        for statement in statements:
            for each in statement.split("; "):
                connection.exec_driver_sql(each)


REFUSED = (
    "UPDATE audit SET what = 'signed_out'",
    "DELETE FROM audit WHERE number = 6",
    "DELETE FROM audit_head",
)
REFUSED_BY = {
    "sqlite": (
        "INSERT OR REPLACE INTO audit SELECT number, at, 'system', NULL, what, NULL, NULL, NULL, mac FROM audit",
    ),
    "postgresql": ("TRUNCATE audit", "TRUNCATE audit_head"),
}


def test_the_database_refuses(app: Flask, ann: User, run: FlaskCliRunner) -> None:
    write(ann)
    for statement in REFUSED + REFUSED_BY[db.engine.dialect.name]:
        with pytest.raises(sa.exc.DBAPIError, match="neither changed nor deleted"):
            change(statement)
    assert run.invoke(args=["audit", "verify"]).output == "The audit is whole: 6 rows.\n"


def test_what_is_changed_by_force_is_found(app: Flask, ann: User, instance: Path, run: FlaskCliRunner) -> None:
    """The control of the triggers, too: without them each statement goes through."""
    change(*FORCE[db.engine.dialect.name])
    for statement, number in CHANGES.values():
        write(ann)
        audit.anchor()
        change(statement)
        done = run.invoke(args=["audit", "verify"])
        assert (done.exit_code, f"row {number} is" in done.output) == (1, True), done.output
        change("DELETE FROM audit", f"UPDATE audit_head SET number = 0, mac = '{'0' * 64}'")
        (instance / "audit_anchor").unlink()


def test_without_an_anchor_a_cut_end_is_not_missed(app: Flask, ann: User, run: FlaskCliRunner) -> None:
    """The control; an anchor that somebody has noted elsewhere finds it all the same."""
    write(ann)
    noted = db.session.execute(sa.select(AuditRow.number, AuditRow.mac).where(AuditRow.number == 6)).one()
    db.session.commit()
    change(*FORCE[db.engine.dialect.name], CHANGES["cut and mend the head"][0])
    assert run.invoke(args=["audit", "verify"]).exit_code == 0
    done = run.invoke(args=["audit", "verify", "--anchor", f"{noted.number}:{noted.mac}"])
    assert (done.exit_code, "row 5 is missing" in done.output) == (1, True)
    assert run.invoke(args=["audit", "verify", "--anchor", "six"]).exit_code == 2


def test_a_reconciliation_anchors_the_end_and_misses_it_later(
    app: Flask, ann: User, instance: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    write(ann)
    reconciling.reconcile()
    noted = (instance / "audit_anchor").read_text()
    assert (instance / "audit_anchor").stat().st_mode & 0o777 == 0o600
    assert f"audit: ends with row {noted.strip().replace(' ', ':')}" in caplog.text
    change(*FORCE[db.engine.dialect.name], CHANGES["cut and mend the head"][0])
    reconciling.reconcile()
    assert "audit: row 6, once anchored, is gone" in caplog.text
    assert (instance / "audit_anchor").read_text() == noted


def test_a_note_that_is_none_stops_nothing_and_is_said(
    app: Flask, ann: User, instance: Path, run: FlaskCliRunner, caplog: pytest.LogCaptureFixture
) -> None:
    """And not as a fault of the audit, which is whole."""
    write(ann)
    noted = db.session.execute(
        sa.select(AuditRow.number, AuditRow.mac).order_by(AuditRow.number.desc()).limit(1)
    ).one()
    db.session.commit()
    (instance / "audit_anchor").write_text("garbage")
    reconciling.reconcile()
    assert "audit_anchor does not hold what was noted there" in caplog.text
    done = run.invoke(args=["audit", "verify"])
    assert (done.exit_code, "The audit was not checked:" in done.output) == (1, True)
    (instance / "audit_anchor").rename(instance / "damaged")
    assert run.invoke(args=["audit", "verify", "--anchor", f"{noted.number}:{noted.mac}"]).exit_code == 0


def test_many_append_at_once(app: Flask, ann: User, run: FlaskCliRunner) -> None:
    everybody = threading.Barrier(8)

    def append(_: int) -> None:
        with app.app_context():
            everybody.wait(timeout=60)
            write(ann, rows=10)
            db.session.remove()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(append, range(8)))
    assert run.invoke(args=["audit", "verify"]).output == "The audit is whole: 80 rows.\n"


def test_who_reads_the_end_without_waiting_breaks_it(app: Flask, ann: User) -> None:
    """The control: two who saw the same end, as they would without the lock of the head, want the same number."""
    write(ann)
    last = db.session.scalars(sa.select(AuditRow).where(AuditRow.number == 6)).one()
    row = {column.key: getattr(last, column.key) for column in AuditRow.__table__.columns}
    with pytest.raises(sa.exc.DBAPIError, match=r"(?i)unique|neither changed"):
        db.session.execute(sa.insert(AuditRow), [row])
    db.session.rollback()


def test_a_deed_that_is_rolled_back_leaves_no_row(app: Flask, ann: User, run: FlaskCliRunner) -> None:
    write(ann, rows=2)
    audit.record(What.PASSWORD_CHANGED, ann.id)
    db.session.rollback()
    assert run.invoke(args=["audit", "verify"]).output == "The audit is whole: 2 rows.\n"
    write(ann, rows=1)
    assert run.invoke(args=["audit", "verify"]).output == "The audit is whole: 3 rows.\n"


def test_several_events_of_one_deed(app: Flask, ann: User, run: FlaskCliRunner) -> None:
    audit.record_all([audit.Event(What.ARCHIVE_EXPIRED, ann.id, str(n), by=audit.SYSTEM) for n in range(3)])
    db.session.commit()
    assert run.invoke(args=["audit", "verify"]).output == "The audit is whole: 3 rows.\n"
    assert [row.object_id for row in audit.list_recent(ann.id, most=2)] == ["2", "1"]


def test_a_person_goes_and_the_chain_stays(app: Flask, ann: User, run: FlaskCliRunner) -> None:
    write(ann, rows=3)
    db.session.delete(db.session.get(User, ann.id))
    db.session.commit()
    assert run.invoke(args=["audit", "verify"]).exit_code == 0
    listed = run.invoke(args=["audit", "list", "--person", ann.id]).output
    assert len(listed.splitlines()) == 3
    assert "example.org" not in listed


def test_rows_hold_ids_and_words_only(app: Flask, ann: User) -> None:
    """Nothing that names a person, an address or a browser fits in."""
    audit.act_as(Acting(ann.id))
    write(ann, rows=1)
    row = audit.list_recent(most=1)[0]
    facts = [str(getattr(row, column.key)) for column in AuditRow.__table__.columns]
    assert not [fact for fact in facts if re.search(r"ann|@|\d+\.\d+\.\d+\.\d+", fact, re.IGNORECASE)]


def test_operators_list_by_address_or_id(app: Flask, ann: User, run: FlaskCliRunner) -> None:
    write(ann, rows=2)
    by_address = run.invoke(args=["audit", "list", "--person", "ann@example.org"])
    assert by_address.output == run.invoke(args=["audit", "list", "--person", ann.id]).output
    assert len(by_address.output.splitlines()) == 2
    assert len(run.invoke(args=["audit", "list", "--most", "1"]).output.splitlines()) == 1
    assert "There is no account" in run.invoke(args=["audit", "list", "--person", "nobody"]).output


def test_a_long_chain_shows_how_far_it_is(
    app: Flask, ann: User, run: FlaskCliRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.cli import audit as commands  # noqa: PLC0415  # its name is the room's

    monkeypatch.setattr(commands, "LONG", 2)
    write(ann, rows=2)
    assert "checking" in run.invoke(args=["audit", "verify"]).output


def deeds_of(person: User) -> list[Any]:
    """What and by whom, the oldest first."""
    return [(row.what, row.actor) for row in reversed(audit.list_recent(person.id, most=100))]


def test_an_archives_life_is_recorded(app: Flask, ann: User) -> None:
    archive_id, _ = service.request_archive(ann.id)
    making.generate(ann.id)
    audit.act_as(Acting(ann.id))
    service.record_download(load(archive_id), 1, ip_address="192.0.2.1", user_agent="A browser")
    service.delete(ann.id, archive_id)
    service.request_archive(ann.id)
    service.cancel(ann.id, service.list_archives(ann.id)[0].id)
    assert deeds_of(ann) == [
        ("archive_requested", "system"),
        ("archive_made", "system"),
        ("archive_downloaded", ann.id),
        ("archive_deleted", ann.id),
        ("archive_requested", ann.id),
        ("archive_cancelled", ann.id),
    ]
    assert audit.verify() == 6


def test_what_an_operator_does_is_the_operators(app: Flask, run: FlaskCliRunner) -> None:
    password = "a password of an operator\n"
    run.invoke(args=["users", "create", "eve@example.org", "--password-stdin"], input=password)
    run.invoke(args=["users", "lock", "eve@example.org"])
    run.invoke(args=["users", "password", "eve@example.org", "--password-stdin"], input=password)
    eve = db.session.scalars(sa.select(User)).one()
    assert deeds_of(eve) == [(what, "operator") for what in ("account_made", "account_locked", "password_changed")]


def test_an_archive_holds_what_was_done(app: Flask, ann: User) -> None:
    """And nothing that was done to others, nor the chain's own sums."""
    done = app.test_cli_runner().invoke(args=["archives", "plan", "--user", "ann@example.org"])
    assert "audit: 0 rows" in done.output
    assert "without mac" in done.output
    service.request_archive(ann.id)
    assert "audit: 1 row\n" in app.test_cli_runner().invoke(args=["archives", "plan", "--user", ann.email]).output
