"""What tests share: an application on a fresh, migrated database, and people in it."""

import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import BytecodeCache, FileSystemBytecodeCache
from werkzeug.routing import Rule

from app import create_app
from app.accounts import people
from app.config import AS_THEY_ARE
from app.credential_files import FOLDER
from app.extensions import db, limiter
from app.models import User
from tests import fuzzing, programs
from tests.programs import Program

pytest_plugins = [
    "tests.asvs_run",
    "tests.browser",
    "tests.databases",
    "tests.measuring",
    "tests.object_store",
    "tests.scheduling",
    "tests.site",
]

PASSWORD = "a password that is long enough"
PRODUCTION: dict[str, Any] = {
    "SESSION_COOKIE_SECURE": True,
    "TRUSTED_HOSTS": ["localhost"],
    **{name: secrets.token_hex(32) for name in ("SECRET_KEY", "SIGNING_KEY", "AUDIT_KEY")},
}

fuzzing.load_profile()


@pytest.fixture(scope="session", autouse=True)
def clean_environment() -> None:
    """A developer's own settings must not decide what the tests see."""
    for name in list(os.environ):
        if name.startswith(("FLASK_", "AWS_", "PGSSL")) or name in (*AS_THEY_ARE, FOLDER):
            del os.environ[name]
    os.environ |= {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.devnull}
    os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull


MEASURE = "COVERAGE_PROCESS_CONFIG"


@pytest.fixture(scope="session", autouse=True)
def how_to_measure() -> str | None:
    """Programs that tests start do not measure their coverage; what tells them to is kept for the fixture `measured`.

    Being measured, `import make_celery` takes 3.6 s of a processor and not 1.8 s. Most programs are killed when their
    test is over, and what they measured goes with them.
    """
    return os.environ.pop(MEASURE, None)


@pytest.fixture
def measured(how_to_measure: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The programs of this test measure their coverage, if the run does."""
    if how_to_measure:
        monkeypatch.setenv(MEASURE, how_to_measure)


@pytest.fixture
def instance(tmp_path: Path) -> Path:
    return tmp_path / "instance"


@pytest.fixture
def settings(sqlite_settings: dict[str, Any]) -> dict[str, Any]:
    """Override it in a module to run the same tests with other settings."""
    return sqlite_settings


@pytest.fixture(scope="session")
def compiled_templates(tmp_path_factory: pytest.TempPathFactory) -> BytecodeCache:
    """Each application would compile its templates anew: a tenth of a second for a test's first page."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))


@pytest.fixture(scope="session", autouse=True)
def built_urls() -> Iterator[None]:
    """Each application would write and compile the functions that build its URLs anew: most of what making it takes.

    Such a function follows from the rule alone, which it is given when it is called.
    """
    build: Callable[..., Any] = Rule._compile_builder
    built: dict[object, Any] = {}

    def build_once(rule: Rule, append_unknown: bool = True) -> Any:
        key = (rule.rule, rule.subdomain, append_unknown, *sorted((rule.defaults or {}).items()))
        if key not in built:
            built[key] = build(rule, append_unknown)
        return built[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Rule, "_compile_builder", build_once)
        yield


@pytest.fixture
def made_app(settings: dict[str, Any], compiled_templates: BytecodeCache) -> Flask:
    app = create_app(
        {
            "TESTING": True,
            "WTF_CSRF_ENABLED": False,
            "RATELIMIT_ENABLED": False,
            "ARCHIVES_PER_DAY": None,
            "SECOND_FACTOR_LEEWAY": True,  # a code that a test has read may end before it is sent
            **settings,
        }
    )
    app.jinja_env.bytecode_cache = compiled_templates
    return app


@pytest.fixture
def app(made_app: Flask) -> Iterator[Flask]:
    """The application inside its context."""
    with made_app.app_context():
        yield made_app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def served(settings: dict[str, Any]) -> Iterator[Flask]:
    """As a web server has it: no context but that of each request, whose end closes the session."""
    app = create_app({**settings, "WTF_CSRF_ENABLED": False})
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture(scope="session", autouse=True)
def quick_hasher() -> Iterator[PasswordHasher]:
    """A quarter of a second of a processor for each sign-in would be most of what many tests take."""
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(people, "password_hasher", hasher)
        yield hasher


@pytest.fixture(scope="session")
def password_hash(quick_hasher: PasswordHasher) -> str:
    """Of PASSWORD."""
    return quick_hasher.hash(PASSWORD)


@pytest.fixture
def make_person(app: Flask, password_hash: str) -> Callable[..., User]:
    def make(name: str = "Ann", **values: Any) -> User:
        with app.app_context():
            user = User(name=name, email=f"{name.lower()}@example.org", password_hash=password_hash, **values)
            db.session.add(user)
            db.session.commit()
            return user

    return make


@pytest.fixture
def ann(make_person: Callable[..., User]) -> User:
    return make_person("Ann")


@pytest.fixture
def bob(make_person: Callable[..., User]) -> User:
    return make_person("Bob")


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def forgetful_limiter() -> Iterator[None]:
    """Flask-Limiter's one object keeps what each application of this process taught it for the next."""
    _let_limiter_forget()
    yield
    _let_limiter_forget()


def _let_limiter_forget() -> None:
    limiter._storage_options.clear()
    limiter._storage_dead = False
    limiter.enabled = True


@pytest.fixture
def valkey_server() -> Iterator[tuple[Program, str]]:
    """A real Valkey of this test alone, to stop or to kill, and its URL. It starts in 60 ms."""
    with programs.run_valkey() as server:
        yield server


@pytest.fixture
def valkey(valkey_server: tuple[Program, str]) -> str:
    """Its URL, for the setting REDIS_URL."""
    return valkey_server[1]


@pytest.fixture
def start_worker(settings: dict[str, Any], tmp_path: Path) -> Iterator[Callable[..., Program]]:
    """Starts real workers with the settings of the test; they need a REDIS_URL, such as the fixture `valkey`.

    `start_worker(ARCHIVE_LEASE_SECONDS=2)` starts one that differs in a setting.
    """
    workers: list[Program] = []

    def start(*, concurrency: int = 1, queue: str | None = None, **more: Any) -> Program:
        assert "REDIS_URL" in settings, "override `settings` with one that has the URL of the fixture `valkey`"
        log = tmp_path / f"worker-{len(workers)}.log"
        workers.append(programs.start_worker(log, {**settings, **more}, concurrency=concurrency, queue=queue))
        return workers[-1]

    yield start
    for worker in workers:
        worker.stop(seconds=0)  # in order it takes 3 s, and whatever it could still do, the test is over
