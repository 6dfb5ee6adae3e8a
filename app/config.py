"""Every setting: its name, its default, its reason. Anyone may read it; of ours it imports what describes
addresses, limits and keys, and what checks values.

Order, later wins: the table below; DATABASE_URL, REDIS_URL, SECRET_KEY, STORAGE_URL and MAIL_URL; the environment's
FLASK_… names; the mapping given to `create_app`. A secret may be a file instead, and never both. What follows from
those (Celery's settings, the limiter's storage) is filled in last.
"""

import hashlib
import json
import math
import os
import re
import tempfile
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import click
from celery.schedules import schedule
from flask import Config
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from app.broker.address import TIMEOUTS, AddressError, spell
from app.credential_files import FOLDER, CredentialError, read_credentials
from app.key_files import KeyRefusedError, check_different, check_hex, find_key
from app.postgresql.limits import Limits
from app.setting_values import complain, is_text

GIGABYTE = 1024**3
QUEUE = "celery"
"""Celery's own default, so that the manual's commands work as they stand."""
LARGE_QUEUE = "archives.large"
MAIL_QUEUE = "mails"
"""A thousand archives take minutes to make, and who has asked for a link to sign in waits for a mail."""
KEYS = ("SECRET_KEY", "SIGNING_KEY", "AUDIT_KEY")
AS_THEY_ARE = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "STORAGE_URL", "MAIL_URL")
"""Settings that the environment has without FLASK_ before their names."""
AWS_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
"""No settings: botocore looks for them itself, in the environment and elsewhere, but in no folder of credentials."""
SECRETS = (*AS_THEY_ARE, "SECRET_KEY_FALLBACKS", "SIGNING_KEY", "AUDIT_KEY", *AWS_KEYS)
"""What may be a file of the folder of credentials, under the name that it has in the environment."""


class SettingError(click.ClickException):
    """A setting that cannot work; the message says which, and what to do. Commands show it in place of a traceback."""


class Setting(NamedTuple):
    name: str
    default: Any
    reason: str


SETTINGS = (
    Setting("DATABASE_URL", None, "PostgreSQL's URL. Unset: SQLite in the instance folder."),
    Setting("REDIS_URL", None, "The broker's URL. Unset: the bundled Valkey on a private socket."),
    Setting("DATABASE_POOL_SIZE", 5, "PostgreSQL: connections that a process keeps."),
    Setting("DATABASE_POOL_OVERFLOW", 10, "PostgreSQL: connections beyond those, closed after use."),
    Setting("DATABASE_POOL_WAIT_SECONDS", 30, "PostgreSQL: so long a request waits for one of them."),
    Setting("DATABASE_STATEMENT_SECONDS", 900, "PostgreSQL: longest statement; of a long reading, the longest batch."),
    Setting("DATABASE_LOCK_SECONDS", 5, "PostgreSQL: longest wait for a lock; less than for an answer."),
    Setting("DATABASE_IDLE_SECONDS", 900, "PostgreSQL: longest pause in a transaction, which keeps old rows."),
    Setting("DATABASE_CONNECT_SECONDS", 4, "PostgreSQL: so long it may take to connect; with several hosts, to each."),
    Setting(
        "DATABASE_ANSWER_SECONDS", 8, "PostgreSQL: so long a page waits for an answer, and whoever keeps a lease."
    ),
    Setting("DATABASE_LOST_SECONDS", 30, "PostgreSQL: after this silence a long reading asks whether it is there."),
    Setting(
        "SECRET_KEY",
        None,
        "Signs sessions, seals secrets. Unset: kept in the instance folder, made there outside production.",
    ),
    Setting("SECRET_KEY_FALLBACKS", None, "Earlier keys, as a list: what they signed and sealed is still good."),
    Setting("SIGNING_KEY", None, "Signs archives. Unset: as SECRET_KEY."),
    Setting("AUDIT_KEY", None, "Chains the audit. Unset: as SECRET_KEY. It stays: old rows need it."),
    Setting("PUBLIC_KEY_DIR", None, "Public keys of earlier signing keys. Unset: public_keys in the instance folder."),
    Setting("EXAMPLES", None, "The manual's tasks add, block and process. Unset: on while REDIS_URL is unset."),
    Setting("LOG_FORMAT", "text", "What logs are written as: text for people at a terminal, json for programs."),
    Setting("SITE_NAME", "Satchel", "The name that pages and archives show."),
    Setting("STORAGE_URL", None, "A bucket for finished archives and uploads. Unset: the two folders below."),
    Setting("ARCHIVE_DIR", None, "Where archives are made and kept. Unset: archives in the instance folder."),
    Setting("UPLOAD_DIR", None, "Where pictures and files are kept. Unset: uploads in the instance folder."),
    Setting(
        "ARCHIVE_PART_SIZES", [GIGABYTE, 2 * GIGABYTE, 4 * GIGABYTE], "Sizes of each file that people may choose."
    ),
    Setting("ARCHIVES_PER_DAY", 5, "A person's archives in 24 hours; each reads all they have. 0 or None: any."),
    Setting("ARCHIVE_KEEP_DAYS", 7, "How long a finished archive can be downloaded."),
    Setting("ARCHIVE_LEASE_SECONDS", 15, "How long a silent worker keeps an archive; it renews at a quarter."),
    Setting("ARCHIVE_RING_SECONDS", 30, "A queued archive whose bell may be lost is rung again after this."),
    Setting("ARCHIVE_MAX_ATTEMPTS", 5, "After so many attempts an archive has failed."),
    Setting("ARCHIVE_RETRY_SECONDS", 10, "Pause before the second attempt; it doubles with each."),
    Setting("ARCHIVE_TIME_LIMIT", 6 * 3600, "Seconds one attempt may take."),
    Setting("ARCHIVE_LARGE_ROWS", 100_000, "Archives of more rows go to the queue archives.large; None: none do."),
    Setting("ARCHIVE_LARGE_BYTES", 256 * 1024**2, "The same for archives with more bytes of pictures and files."),
    Setting("ARCHIVE_RESERVE_BYTES", 256 * 1024**2, "So much of the disk that archives are made on is left free."),
    Setting("ARCHIVE_QUOTA_BYTES", None, "All finished archives together may have so many bytes; None: any."),
    Setting("ARCHIVE_PIECE_ROWS", 25_000, "PostgreSQL: rows of a piece of a large archive; None: it stays whole."),
    Setting("ARCHIVE_PIECE_WORKERS", 4, "So many other workers are asked to help with one large archive."),
    Setting("RECONCILE_SECONDS", 15, "How often beat compares rows, leases and files."),
    Setting("UPLOAD_MAX_BYTES", 16 * 1024**2, "The largest picture or file of an entry."),
    Setting("UPLOAD_QUOTA_BYTES", 2 * GIGABYTE, "All pictures and files of one person together; None: any number."),
    Setting("TEXT_QUOTA_BYTES", 64 * 1024**2, "All texts that one person writes, comments too; None: any number."),
    Setting("UPLOAD_RESERVE_BYTES", 256 * 1024**2, "So much of the disk that uploads are written to is left free."),
    Setting(
        "UPLOAD_TYPES", None, "Endings of files that people may add, as a list. Unset: a broad list of Satchel's."
    ),
    Setting("UPLOAD_MORE_TYPES", None, "Endings besides those: '[\"dat\"]'. An unknown kind may hold anything."),
    Setting("SCANNER_URL", None, "clamd, which searches files for viruses before they are kept. Unset: nobody does."),
    Setting("MAX_CONTENT_LENGTH", 64 * 1024**2, "The largest request; Flask answers 413 beyond it."),
    Setting("MAX_FORM_MEMORY_SIZE", 2 * 1024**2, "The longest text of a form; Flask's 500 kB is a short diary."),
    Setting("PUBLIC_BASE_URL", None, "Where links in mails lead. Unset: this machine, as long as mails stay on it."),
    Setting("MAIL_URL", None, "The SMTP server. Unset: mails are written to the folder below."),
    Setting("MAIL_DIR", None, "Where mails are written without a server. Unset: mail in the instance folder."),
    Setting("MAIL_SENDER", None, "The sender's address. Unset: no-reply at the host of PUBLIC_BASE_URL."),
    Setting("MAIL_MAX_ATTEMPTS", 8, "After so many attempts a mail is given up."),
    Setting("MAIL_RETRY_SECONDS", 60, "Pause before a mail's second attempt; it doubles with each, up to an hour."),
    Setting("SIGN_UP_MAILS_PER_HOUR", 1000, "Links to addresses without an account, of all who ask. 0 or None: any."),
    Setting("SIGN_IN_DAYS", 30, "Longest time that a sign-in lasts."),
    Setting("SIGN_IN_IDLE_DAYS", 7, "It ends earlier when nobody has used it for so long."),
    Setting("SECOND_FACTOR_REQUIRED", False, "Everybody sets up a second factor before anything else."),
    Setting("SECOND_FACTOR_LEEWAY", False, "The code before and the one after count as well, for clocks that differ."),
    Setting("SECOND_FACTOR_SHA1", False, "Apps may be set up that know SHA-1 only; SHA-256 is offered all the same."),
    Setting("BREACHED_PASSWORDS", None, "The list of Have I Been Pwned, as a file; no new password may be in it."),
    Setting("CONFIRM_SECONDS", 600, "Asking for an archive and downloading need a password or code given so lately."),
    Setting(
        "SESSION_COOKIE_SAMESITE",
        "Lax",
        "Other sites cannot post with our cookie. `Strict` signs out who follows a link of a web mail.",
    ),
    Setting("SESSION_COOKIE_HTTPONLY", True, "Scripts cannot read the cookie."),
    Setting(
        "SESSION_COOKIE_SECURE",
        False,
        "Means production: https only for the cookie, TLS to other machines, and no key is made.",
    ),
    Setting("DOWNLOADS_AT_ONCE", 3, "So many files of archives one person is sent at once; each holds a thread."),
    Setting("FILES_AT_ONCE", 16, "The same for pictures and files of entries: a page shows many."),
    Setting("CLIENT_SECONDS", 60, "A client that takes so long for 256 KiB, or to send them, is given up."),
    Setting("TRUSTED_PROXIES", 0, "How many reverse proxies stand before us and set X-Forwarded-… headers."),
    Setting("TRUSTED_HOSTS", None, "Names that this site answers under; in production, else that of PUBLIC_BASE_URL."),
    Setting("WTF_CSRF_TIME_LIMIT", None, "A form may stay open as long as the session lives."),
    Setting("RATELIMIT_IN_MEMORY_FALLBACK_ENABLED", True, "A dead Redis must not turn sign-in into errors."),
    Setting(
        "RATELIMIT_SWALLOW_ERRORS", True, "Of two sign-ins that find Redis dead at once, the later would be a 500."
    ),
    Setting("RATELIMIT_HEADERS_ENABLED", False, "Limits are nobody's business but ours."),
    Setting(
        "WTF_CSRF_SSL_STRICT",
        False,
        "It wants a Referer, which our own Referrer-Policy forbids: by https, no form could be sent at all.",
    ),
)


class Every(schedule):
    """Each so many seconds, also when the clock is put back: Celery's own would wait for the old hour to return."""

    def remaining_estimate(self, last_run_at: datetime) -> timedelta:
        left: timedelta = super().remaining_estimate(last_run_at)
        return left if left <= self.run_every else timedelta(0)


def load(config: Config, instance: Path, overrides: Mapping[str, Any]) -> None:
    """Fill `config` from all sources; `instance` is the folder for what this machine keeps. Raises SettingError."""
    config.update({setting.name: setting.default for setting in SETTINGS})
    for name in AS_THEY_ARE:
        config[name] = os.environ.get(name) or None
    _read_environment(config)
    _read_files(config)
    config.update(overrides)
    _check(config)
    try:
        instance.mkdir(mode=0o700, parents=True, exist_ok=True)
        _derive(config, instance)
    except OSError as error:
        raise SettingError(
            f"{instance} cannot be used ({error.strerror}). This site keeps its keys and files in a "
            "folder that it may write; FLASK_INSTANCE_PATH names another one."
        ) from error
    except (AddressError, KeyRefusedError) as error:
        raise SettingError(str(error)) from error


def _read_environment(config: Config) -> None:
    """As JSON where it is JSON, except texts: a site may be called 2026."""
    try:
        config.from_prefixed_env()
    except (TypeError, AttributeError, ValueError, RecursionError) as error:
        raise SettingError(
            "An environment variable FLASK_… with two underscores in its name sets a part of a setting, and there is "
            f"one whose setting has no parts, or whose value no program can read ({error})."
        ) from error
    for setting in SETTINGS:
        written = os.environ.get(f"FLASK_{setting.name}")
        if written and config[setting.name] is not None and is_text(setting.name, setting.default):
            config[setting.name] = written


def _read_files(config: Config) -> None:
    """Where a secret stands twice, nobody could tell which one counts, and the other might be a leak."""
    try:
        given = read_credentials([spell_name(name) for name in SECRETS], _looks_ours)
    except CredentialError as error:
        raise SettingError(str(error)) from error
    config.update(dict.fromkeys(AWS_KEYS))
    for name in SECRETS:
        file = spell_name(name)
        if file not in given:
            continue
        if config[name] is not None or os.environ.get(file):
            raise SettingError(
                f"{file} is given twice, in the environment and as a file in {FOLDER}. Take it out of the "
                "environment, which programs that are started from here could read."
            )
        config[name] = _parse_list(given[file]) if name == "SECRET_KEY_FALLBACKS" else given[file]


def spell_name(name: str) -> str:
    """As the environment has it."""
    return name if name in (*AS_THEY_ARE, *AWS_KEYS) else f"FLASK_{name}"


def _looks_ours(file: str) -> bool:
    return file.startswith(("FLASK_", "AWS_")) or any(file == setting.name for setting in SETTINGS)


def _parse_list(text: str) -> Any:
    """What is no JSON stays a text, which no list is."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _check(config: Config) -> None:
    found = (complain(setting.name, setting.default, config[setting.name]) for setting in SETTINGS)
    complaints = list(filter(None, found))
    if not isinstance(config.get("CELERY") or {}, Mapping):
        complaints.append("CELERY must be an object in JSON; FLASK_CELERY__name sets one part of it.")
    if complaints:
        raise SettingError(" ".join(complaints))


def _derive(config: Config, instance: Path) -> None:
    if config["EXAMPLES"] is None:
        config["EXAMPLES"] = config["REDIS_URL"] is None
    config["EMBEDDED_VALKEY"] = config["REDIS_URL"] is None
    config["REDIS_URL"] = config["REDIS_URL"] or f"unix://{socket_path(instance)}"
    _find_keys(config, instance)
    config["PUBLIC_KEY_DIR"] = config["PUBLIC_KEY_DIR"] or str(instance / "public_keys")
    config["ARCHIVE_DIR"] = config["ARCHIVE_DIR"] or str(instance / "archives")
    config["UPLOAD_DIR"] = config["UPLOAD_DIR"] or str(instance / "uploads")
    config["TRUSTED_HOSTS"] = _trusted_hosts(config)
    if config["SESSION_COOKIE_SECURE"] and not config.get("SESSION_COOKIE_DOMAIN"):
        # Browsers take a cookie of this name from us alone, by https: no neighbour can plant one.
        config["SESSION_COOKIE_NAME"] = "__Host-session"
    # Flask refuses an older cookie, whatever it holds; its own 31 days would end a sign-in that may last for longer.
    config["PERMANENT_SESSION_LIFETIME"] = timedelta(days=config["SIGN_IN_DAYS"])
    _check_fallbacks(config)
    _check_endings(config)
    config["MAIL_DIR"] = config["MAIL_DIR"] or str(instance / "mail")
    config.setdefault("SQLALCHEMY_DATABASE_URI", _database_uri(config["DATABASE_URL"], instance))
    config.setdefault("SQLALCHEMY_ENGINE_OPTIONS", _engine_options(config))
    broker = spell(config["REDIS_URL"], demand_tls=config["SESSION_COOKIE_SECURE"])
    for name, value in broker.limiter.items():
        config.setdefault(name, value)
    celery = _merge(_celery(config, instance), broker.celery)
    config["CELERY"] = _merge(celery, config.get("CELERY") or {})


def _trusted_hosts(config: Config) -> list[str] | None:
    """Under any other name Flask answers 400. None, which is for trying it out: under any."""
    given = config["TRUSTED_HOSTS"]
    if given is None and not config["SESSION_COOKIE_SECURE"]:
        return None
    if given is None:
        given = urlsplit(config.get("PUBLIC_BASE_URL") or "").hostname
    hosts = [given] if isinstance(given, str) else given
    if not hosts or not isinstance(hosts, list) or not all(map(_is_host, hosts)):
        raise SettingError(
            "TRUSTED_HOSTS must name the hosts that this site answers under, such as "
            'FLASK_TRUSTED_HOSTS=["satchel.example.org"]. Add the name or address that your probes ask for.'
        )
    return hosts


def _is_host(host: object) -> bool:
    """Whether werkzeug can compare names with it; with one that it cannot spell, every request would be a fault."""
    try:
        return isinstance(host, str) and bool(host.partition(":")[0].removeprefix(".").encode("idna"))
    except UnicodeError:
        return False


def _find_keys(config: Config, instance: Path) -> None:
    """Several machines that each made keys of their own would refuse each other's sessions, and break the chain."""
    for name in KEYS:
        path = instance / name.lower()
        config[name] = find_key(name, config[name], path, make=not config["SESSION_COOKIE_SECURE"])
    for name in ("SIGNING_KEY", "AUDIT_KEY"):
        check_hex(name, config[name])
    check_different({name: config[name] for name in KEYS})


def socket_path(instance: Path) -> Path:
    """The bundled Valkey's socket; a socket's path holds at most 104 (macOS) to 108 (Linux) bytes."""
    path = instance.resolve() / "valkey" / "valkey.sock"
    if len(os.fsencode(path)) <= 100:  # noqa: PLR2004
        return path
    name = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"satchel-{os.getuid()}-{name}" / "valkey.sock"


def _database_uri(url: str | None, instance: Path) -> str:
    if url is None:
        return f"sqlite:///{instance / 'satchel.sqlite'}"
    scheme, separator, rest = url.partition("://")
    if scheme in {"postgres", "postgresql"}:
        scheme = "postgresql+psycopg"
    spelled = scheme + separator + rest
    try:
        make_url(spelled).get_dialect()
    except (ArgumentError, ValueError):
        scheme = ""
    if scheme not in {"sqlite", "postgresql+psycopg"}:
        # Its text is not shown: there may be a password in it.
        raise SettingError("DATABASE_URL must be like postgresql://name:password@host/database, or unset.")
    return spelled


def _engine_options(config: Config) -> dict[str, Any]:
    options: dict[str, Any] = {"hide_parameters": True}  # errors go to logs; password hashes and diaries must not
    if config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite"):
        return options
    limits = {
        "statement_timeout": config["DATABASE_STATEMENT_SECONDS"],
        "lock_timeout": config["DATABASE_LOCK_SECONDS"],
        "idle_in_transaction_session_timeout": config["DATABASE_IDLE_SECONDS"],
    }
    return options | {
        "pool_size": config["DATABASE_POOL_SIZE"],
        "max_overflow": config["DATABASE_POOL_OVERFLOW"],
        "pool_timeout": config["DATABASE_POOL_WAIT_SECONDS"],
        "connect_args": {
            "options": " ".join(f"-c {name}={1000 * value:.0f}" for name, value in limits.items()),
            **_cable(config["DATABASE_LOST_SECONDS"]),
        },
    }


def _cable(lost: float) -> dict[str, int]:
    """How libpq notices that the network is gone; a hung server still has its kernel acknowledge what is sent."""
    if not lost:
        return {}
    return {
        "tcp_user_timeout": math.ceil(1000 * lost),
        "keepalives_idle": math.ceil(lost / 2),
        "keepalives_interval": 5,
    }


def database_limits(config: Config) -> Limits:
    names = ("CONNECT", "ANSWER", "LOST", "STATEMENT")
    connect, answer, lost, longest = (config[f"DATABASE_{name}_SECONDS"] or math.inf for name in names)
    return Limits(connect, answer, lost, longest=longest + lost)


def _check_fallbacks(config: Config) -> None:
    """Of a text Flask would take each character for a key, and anybody could sign with those."""
    if not isinstance(config["SECRET_KEY_FALLBACKS"] or [], list):
        raise SettingError("SECRET_KEY_FALLBACKS must be a list of earlier keys: '[\"…\"]'.")


def _check_endings(config: Config) -> None:
    for name in ("UPLOAD_TYPES", "UPLOAD_MORE_TYPES"):
        given = config[name]
        if given is not None and not (isinstance(given, list) and all(map(_is_ending, given))):
            raise SettingError(f'{name} must be a list of endings in small letters, without dots: \'["jpg", "pdf"]\'.')


def _is_ending(given: object) -> bool:
    return isinstance(given, str) and re.fullmatch(r"[^\W_A-Z]{1,19}", given) is not None


def _celery(config: Config, instance: Path) -> dict[str, Any]:
    limit = int(config["ARCHIVE_TIME_LIMIT"])
    return {
        "task_ignore_result": True,  # the row is an archive's result; only the examples keep theirs in Redis
        "result_expires": 3600,
        # A worker without -Q serves all. An archive's bell always rings in the first; only the worker that has counted
        # it knows that it belongs into the second.
        "task_queues": {name: {"exchange": name, "routing_key": name} for name in (QUEUE, LARGE_QUEUE, MAIL_QUEUE)},
        "task_default_queue": QUEUE,
        "task_routes": {
            "app.tasks.generate_large_archive": {"queue": LARGE_QUEUE},
            "app.tasks.make_archive_piece": {"queue": LARGE_QUEUE},
            "app.tasks.send_mail": {"queue": MAIL_QUEUE, "priority": 0},
        },
        "task_default_priority": 3,  # Redis serves 0 first: mails, and what beat sends, never wait behind archives
        "accept_content": ["json"],
        "task_serializer": "json",
        "result_serializer": "json",
        "task_track_started": True,
        "task_acks_late": True,  # a killed worker's message comes back
        "task_reject_on_worker_lost": False,  # True restarts a poison task for ever; the lease covers kill -9
        "worker_prefetch_multiplier": 1,
        "task_soft_time_limit": limit,
        "task_time_limit": limit + 60,
        # A hung broker holds .delay() for ever by default; these bound it to 4.2 s. A task that runs longer than
        # the visibility timeout is delivered again (seen four times at once).
        "broker_transport_options": {
            "visibility_timeout": 2 * limit + 600,
            **TIMEOUTS,
            "socket_keepalive": True,
            "health_check_interval": 25,
        },
        "task_publish_retry_policy": {
            "max_retries": 1,
            "interval_start": 0,
            "interval_step": 0.2,
            "interval_max": 0.2,
        },
        **{f"redis_{name}": value for name, value in TIMEOUTS.items()},
        "redis_retry_on_timeout": False,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,  # a broker may be away for longer than 100 tries
        "broker_channel_error_retry": True,  # a broker that is full refuses the note of a message: the worker ended
        "worker_soft_shutdown_timeout": 5.0,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "worker_max_tasks_per_child": 200,
        "beat_schedule": {
            "reconcile": {
                "task": "app.tasks.reconcile_archives",
                "schedule": Every(float(config["RECONCILE_SECONDS"])),
                # The worker compares its own clock with beat's. With 15 s, a worker whose clock was a minute ahead
                # threw every message away, and dead archives stayed dead.
                "options": {"expires": 24 * 3600, "priority": 0},
            },
            "mails": {
                "task": "app.tasks.reconcile_mails",
                "schedule": Every(float(config["RECONCILE_SECONDS"])),
                "options": {"expires": 24 * 3600, "priority": 0},
            },
            "old mails": {
                "task": "app.tasks.forget_old_mails",
                "schedule": Every(3600.0),
                "options": {"expires": 24 * 3600},
            },
            "unnamed uploads": {
                "task": "app.tasks.sweep_uploads",
                "schedule": Every(3600.0),
                "options": {"expires": 24 * 3600},
            },
        },
        "beat_schedule_filename": str(instance / "celerybeat-schedule"),
    }


def _merge(base: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`over` wins key by key, so FLASK_CELERY__broker_transport_options__socket_timeout leaves its siblings."""
    merged = dict(base)
    for key, value in over.items():
        inner = merged.get(key)
        merged[key] = _merge(inner, value) if isinstance(inner, dict) and isinstance(value, Mapping) else value
    return merged
