"""`flask serve`: everything on this machine in one terminal. Production runs the same programs under systemd instead.

What could stop them from starting is found out first, and said in words; then they start, and stop in order.
"""

import errno
import http.client
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from os import environ
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy.exc import OperationalError

from app import audit
from app.config import LARGE_QUEUE, MAIL_QUEUE, QUEUE, socket_path
from app.extensions import db
from app.journal.demo import Credentials, create_demo, renew_demo
from app.local import valkey
from app.local.lock import LockError, hold_lock
from app.local.supervisor import ChildEndedError, StopAskedError, Supervisor
from app.log_format import enclose
from app.stores import Store, StoreSettingError

CELERY = (sys.executable, "-m", "celery", "--quiet", "-A", "make_celery")
# With the heartbeat, a worker and a broker that stop together hang in Celery 5.7.0 (8 of 8; without: 0 of 4). Gossip
# and mingle are for clusters of workers that talk to each other.
WORKER = (*CELERY, "worker", "--loglevel", "INFO", "--without-gossip", "--without-mingle", "--without-heartbeat")
SMALL = (*WORKER, "-Q", f"{QUEUE},{MAIL_QUEUE}", "-n", "small@%h")
# One at a time: however many large archives wait, the small ones keep their processes.
LARGE = (*WORKER, "-Q", LARGE_QUEUE, "-n", "large@%h", "--concurrency", "1")
BEAT = (*CELERY, "beat", "--loglevel", "INFO")
WEB = (
    *(sys.executable, "-m", "gunicorn", "make_celery:flask_app"),
    *("--threads", "24", "--graceful-timeout", "5", "--no-control-socket"),
)


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port",
    default=8000,
    envvar="PORT",
    type=click.IntRange(0, 65535),
    show_default=True,
    show_envvar=True,
    help="0 chooses a free one.",
)
@click.option("--concurrency", default=2, type=click.IntRange(1), show_default=True, help="Tasks done at once.")
@with_appcontext
def serve(host: str, port: int, concurrency: int) -> None:
    """Run the site on this machine: broker, workers, beat and web server in one terminal."""
    started = time.monotonic()
    instance = Path(current_app.instance_path)
    with _only_one(instance), _open_port(host, port) as listener:
        _check_database()
        _check_stores()
        demo = _find_demo()
        try:
            _run(instance, listener, concurrency, started, demo)
        except (ChildEndedError, valkey.SocketFolderError) as error:
            raise click.ClickException(str(error)) from error
        except StopAskedError:
            return


@contextmanager
def _only_one(instance: Path) -> Iterator[None]:
    try:
        with hold_lock(instance / "serve.lock"):
            yield
    except LockError as error:
        raise click.ClickException(
            f"{error} Each running `flask serve` needs a folder of its own that it may write; "
            "FLASK_INSTANCE_PATH names another one."
        ) from error


@contextmanager
def _open_port(host: str, port: int) -> Iterator[socket.socket]:
    """The listening socket. The web server inherits it, so nobody can take the port in between."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise click.ClickException(_explain_port(host, port, error)) from error
    with listener:
        yield listener


def _explain_port(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} of {host} is busy. Stop what listens there, or choose another: --port {port + 1}"
    if error.errno == errno.EACCES:
        return f"Port {port} needs more rights than this account has. Choose one above 1023, such as --port 8000"
    return f"Nobody can listen on port {port} of {host} ({error}). Check --host and --port."


def _check_database() -> None:
    # Alembic takes 10 MB, and every worker and web server loads this file.
    from alembic.migration import MigrationContext  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    wanted = ScriptDirectory(str(_project() / "migrations")).get_heads()
    try:
        with db.engine.connect() as connection:
            found = MigrationContext.configure(connection).get_current_heads()
    except OperationalError as error:
        raise click.ClickException(f"The database does not answer, check DATABASE_URL: {error.orig}") from error
    if set(found) != set(wanted):
        raise click.ClickException("The database does not fit this version. Run `flask db upgrade` first.")


def _check_stores() -> None:
    stores: dict[str, Store] = current_app.extensions["stores"]
    try:
        for store in stores.values():
            store.check()
    except StoreSettingError as error:
        raise click.ClickException(str(error)) from error


def _find_demo() -> Credentials | None:
    """An empty database of this machine gets a demo account; one that was given in DATABASE_URL is left alone."""
    audit.act_as(audit.OPERATOR)
    try:
        return renew_demo() or (create_demo() if current_app.config["DATABASE_URL"] is None else None)
    finally:
        db.session.remove()
        db.engine.dispose()


def _project() -> Path:
    """The folder of make_celery.py; nobody needs to stand in it."""
    return Path(current_app.root_path).parent


def _run(instance: Path, listener: socket.socket, concurrency: int, started: float, demo: Credentials | None) -> None:
    here = f"http://localhost:{listener.getsockname()[1]}"  # where links in mails lead that stay on this machine
    environment = {"FLASK_PUBLIC_BASE_URL": here, **environ, "FLASK_INSTANCE_PATH": str(instance)}
    form = enclose if current_app.config["LOG_FORMAT"] == "json" else None
    with Supervisor(
        name="serve", folder=_project(), environment=environment, stream=sys.stdout, enclose=form
    ) as programs:
        if current_app.config["EMBEDDED_VALKEY"]:
            _start_valkey(programs, instance)
        # SIGQUIT makes the worker give its task back to the broker; SIGTERM would wait until the task is done.
        small = [*SMALL, "--concurrency", str(concurrency)]
        for name, command in (("worker", small), ("large", LARGE)):
            programs.start(name, command, stop_seconds=15, REMAP_SIGTERM="SIGQUIT")
        programs.start("beat", BEAT)
        inherited = listener.fileno()
        programs.start("web", [*WEB, "--bind", f"fd://{inherited}"], pass_fds=[inherited])
        host, port = listener.getsockname()[:2]
        listener.close()
        programs.wait_until(lambda: _answers(host, port))
        shown = f"[{host}]" if ":" in host else host
        programs.say(f"ready on http://{shown}:{port} after {time.monotonic() - started:.1f}s (Ctrl-C stops it)")
        if demo:
            programs.say(f"sign in as {demo.email} with the password {demo.password or 'that was chosen for it'}")
        programs.wait()


def _start_valkey(programs: Supervisor, instance: Path) -> None:
    address = socket_path(instance)
    data = instance / "valkey"
    for folder in (data, address.parent):
        valkey.prepare_folder(folder)
    if valkey.ping(address):  # its supervisor was killed where the kernel cannot tell the children: we hold the lock
        valkey.shut_down(address)
    # A broker whose supervisor was killed still writes its data.
    programs.start("valkey", valkey.command(data, address), death_signal=signal.SIGTERM)
    programs.wait_until(lambda: valkey.ping(address))


def _answers(host: str, port: int) -> bool:
    """Any answer will do; 0.0.0.0 and :: reach this machine as well."""
    connection = http.client.HTTPConnection(host, port, timeout=1)
    try:
        connection.request("GET", "/healthz")
        connection.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True
