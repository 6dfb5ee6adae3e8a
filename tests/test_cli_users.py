import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import OperationalError

from app.accounts import sign_ins
from app.accounts.people import check_password, find_user
from app.extensions import db
from app.models import User
from tests.conftest import PASSWORD


def run(app: Flask, *arguments: str, given: str = "") -> tuple[int, str]:
    result = app.test_cli_runner().invoke(args=["users", "create", *arguments], input=given)
    return result.exit_code, result.output


def test_create_asks_for_the_password_twice(app: Flask) -> None:
    code, output = run(app, "Lan@Example.org", "--name", "Lan", given=f"{PASSWORD}\n{PASSWORD}\n")
    assert (code, output.splitlines()[-1]) == (0, "Added Lan <lan@example.org>.")
    assert PASSWORD not in output
    assert check_password("lan@example.org", PASSWORD)


def test_create_reads_the_password_from_a_pipe(app: Flask) -> None:
    options = ("--password-stdin", "--language", "vi", "--time-zone", "Asia/Ho_Chi_Minh")
    code, _ = run(app, "lan@example.org", *options, given=f"{PASSWORD}\n")
    user = find_user("lan@example.org")
    assert code == 0
    assert user
    assert (user.name, user.language, user.time_zone) == ("lan", "vi", "Asia/Ho_Chi_Minh")


@pytest.mark.parametrize(
    ("arguments", "given", "words"),
    [
        (["lan@example.org", "--password-stdin"], "short\n", "This password has 5 characters. It needs 15 to 128"),
        (["lan@example.org", "--password-stdin"], "x" * 129, "This password has 129 characters."),
        (["lan@example.org"], f"{PASSWORD}\nanother\n", "do not match"),
        (["lan", "--password-stdin"], PASSWORD, "@-sign"),
        (["lan@example.org", "--password-stdin", "--language", "klingon"], PASSWORD, "is not one of"),
        (["lan@example.org", "--password-stdin", "--time-zone", "Mars"], PASSWORD, "This is not a time zone"),
        (["lan@example.org", "--password-stdin", "--name", "x" * 81], PASSWORD, "at most 80 characters"),
    ],
)
def test_create_explains_what_is_wrong(app: Flask, arguments: list[str], given: str, words: str) -> None:
    code, output = run(app, *arguments, given=given)
    assert code
    assert words in output
    assert find_user("lan@example.org") is None


def test_create_refuses_a_taken_address(app: Flask, ann: User) -> None:
    code, output = run(app, "ANN@example.org", "--password-stdin", given=PASSWORD)
    assert code == 1
    assert "has an account already" in output


@pytest.mark.parametrize("command", ["lock", "password"])
def test_operators_end_every_sign_in_of_a_person(app: Flask, ann: User, command: str) -> None:
    tokens = [sign_ins.begin(ann, "192.0.2.1", "A browser") or "" for _ in range(2)]
    assert all(sign_ins.find(token) for token in tokens)
    given = ["--password-stdin"] if command == "password" else []
    done = app.test_cli_runner().invoke(
        args=["users", command, "ann@example.org", *given], input=f"{PASSWORD}, another\n"
    )
    assert done.exit_code == 0, done.output
    assert not any(sign_ins.find(token) for token in tokens)


def test_a_locked_account_is_opened_by_another_password(app: Flask, ann: User) -> None:
    runner = app.test_cli_runner()
    locked = runner.invoke(args=["users", "lock", "ann@example.org"])
    assert (locked.exit_code, check_password("ann@example.org", PASSWORD)) == (0, None)
    assert "flask users password ann@example.org" in locked.output
    command = ["users", "password", "ann@example.org", "--password-stdin"]
    refused = runner.invoke(args=command, input="short\n")
    assert (refused.exit_code, check_password("ann@example.org", PASSWORD)) == (1, None)
    assert runner.invoke(args=command, input=f"{PASSWORD}, another\n").exit_code == 0
    assert check_password("ann@example.org", f"{PASSWORD}, another")
    unknown = runner.invoke(args=["users", "lock", "nobody@example.org"])
    assert (unknown.exit_code, "There is no account of nobody@example.org" in unknown.output) == (1, True)


@pytest.mark.parametrize("command", ["password", "drop-factor"])
def test_no_read_is_open_while_the_operator_types(
    app: Flask, ann: User, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite refuses to write in a transaction that began to read before somebody else wrote; the control shows it."""

    def type_slowly(*_: object, **__: object) -> str:
        with app.app_context():
            db.session.execute(sa.update(User).values(name=User.name + "!"))
            db.session.commit()
        return f"{PASSWORD}, another"

    monkeypatch.setattr("app.cli.users.click.prompt", type_slowly)
    run = app.test_cli_runner().invoke
    assert run(args=["users", command, "ann@example.org"]).exit_code == 0
    assert db.session.scalars(sa.select(User.name)).one() == "Ann!"
    type_slowly()
    with pytest.raises(OperationalError, match="locked"):
        db.session.execute(sa.update(User).values(name="Too late"))
    db.session.rollback()


def test_the_sites_name_is_no_password(app: Flask) -> None:
    app.config["SITE_NAME"] = "Lighthouse"
    code, output = run(app, "lan@example.org", "--password-stdin", given="my lighthouse diary\n")
    assert (code, "“lighthouse”, which others know" in output) == (1, True)
