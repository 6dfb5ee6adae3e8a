"""Satchel. `create_app` is the only place where the rooms are put together; nobody below imports it."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from celery.signals import worker_init
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.middleware.proxy_fix import ProxyFix

from app import cli, logs, mails, tasks, web  # noqa: F401  # tasks: every @shared_task is known from here on
from app import config as settings
from app.accounts import breached
from app.archives import ledger
from app.extensions import (
    celery_init_app,
    close_session,
    csrf,
    db,
    limiter,
    login_manager,
    offer_migrations,
    prepare_sqlite,
)
from app.journal import attachments
from app.postgresql import demand_tls, notice_hangs
from app.scanner import ScannerSettingError, read_address
from app.stores import StoreSettingError, make_stores
from app.web.language import choose_locale
from app.words import languages


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """The application, as the web server, the worker and the command line use it.

    :param config: settings that win over every other source; tests pass theirs here
    """
    given = dict(config or {})
    instance = given.pop("INSTANCE_PATH", None) or os.environ.get("FLASK_INSTANCE_PATH")
    app = Flask(
        __name__,
        instance_path=instance and str(Path(instance).resolve()),
        template_folder="web/templates",
        static_folder="web/static",
    )
    settings.load(app.config, Path(app.instance_path), given)
    logs.init_app(app)
    if app.config["TRUSTED_PROXIES"]:
        hops = app.config["TRUSTED_PROXIES"]
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    _init_extensions(app)
    _init_stores(app)
    _init_mails(app)
    _init_scanner(app)
    _check_breached(app.config["BREACHED_PASSWORDS"])
    web.init_app(app)
    cli.init_app(app)
    return app


def _init_extensions(app: Flask) -> None:
    db.init_app(app)
    app.teardown_appcontext(close_session)  # the last to register is the first to run
    offer_migrations(app)
    login_manager.init_app(app)
    csrf.init_app(app)
    limiter.init_app(app)
    languages.init_app(app, choose_locale)
    celery_init_app(app)
    with app.app_context():
        prepare_sqlite(db.engine)
        if app.config["SESSION_COOKIE_SECURE"]:
            demand_tls(db.engine)
        notice_hangs(db.engine, settings.database_limits(app.config))


def _init_mails(app: Flask) -> None:
    """Raises SettingError."""
    try:
        mails.init_app(app)
    except mails.MailSettingError as error:
        raise settings.SettingError(str(error)) from error


def _init_scanner(app: Flask) -> None:
    """Raises SettingError."""
    address = app.config["SCANNER_URL"]
    try:
        app.extensions["scanner"] = None if address is None else read_address(address)
    except ScannerSettingError as error:
        raise settings.SettingError(str(error)) from error


def _check_breached(path: str | None) -> None:
    """Raises SettingError: a password that cannot be looked up cannot be chosen either."""
    try:
        if path:
            breached.check(path)
    except breached.ListError as error:
        raise settings.SettingError(
            f"BREACHED_PASSWORDS must name the list of Have I Been Pwned as one file: {error}. "
            "docs/production.md says how to get it."
        ) from error


def _init_stores(app: Flask) -> None:
    """Archives and uploads lie in the same kind of store; which one, the settings say. Raises SettingError."""
    archives, uploads = Path(app.config["ARCHIVE_DIR"]) / "ready", Path(app.config["UPLOAD_DIR"])
    try:
        stores = make_stores(
            app.config["STORAGE_URL"],
            archives=archives,
            uploads=uploads,
            has_files=_has_files,
            demand_tls=app.config["SESSION_COOKIE_SECURE"],
            access_key_id=app.config["AWS_ACCESS_KEY_ID"],
            secret_access_key=app.config["AWS_SECRET_ACCESS_KEY"],
        )
    except StoreSettingError as error:
        raise settings.SettingError(str(error)) from error
    app.extensions["stores"] = stores

    @worker_init.connect(weak=False)
    def check_stores(**_: object) -> None:
        """A worker that could not publish must not begin to work."""
        try:
            with app.app_context():
                for store in stores.values():
                    store.check()
        except StoreSettingError as error:
            raise SystemExit(f"Error: {error}") from error
        except SQLAlchemyError:  # it is asked again before anything is put there
            app.logger.exception("nobody can say now whether a folder of files is missing")


_NAMES_ANY = {"archives": ledger.names_any_file, "uploads": attachments.names_any_file}


def _has_files(store: str) -> bool:
    return _NAMES_ANY[store]()
