"""One address of the broker, REDIS_URL, as each library spells it. Settings enter it.

    redis://[user:password@]host:6379/0               one server
    rediss://…/0?ssl_ca_certs=/etc/ssl/redis.pem      the same by TLS; the certificate is checked
    unix://[user:password@]/run/redis.sock?db=0       one on this machine
    sentinel://[user:password@]a:26379;sentinel://b:26379/0?master_name=satchel    whichever server the Sentinels name

In production one without TLS is refused, unless it is on this machine or says ?sslmode=disable. A Sentinel may name
any machine as the master's, wherever it is itself.

A word or password with signs of its own (`@ : / ; % ?`) is percent-encoded.
"""

from typing import Any, NamedTuple
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urlsplit

from redis.backoff import NoBackoff
from redis.retry import Retry

from app.tls import SAYS_PLAIN, is_here, refuse

SENTINEL_PORT = 26379
TIMEOUTS: dict[str, Any] = {"socket_timeout": 2, "socket_connect_timeout": 1}
"""Seconds. A server that hangs would otherwise hold whoever asks it for ever."""


class AddressError(ValueError):
    """REDIS_URL cannot be used; the message says why, without the password."""


class Spelled(NamedTuple):
    """What each library is given."""

    celery: dict[str, Any]
    """Settings of Celery; `broker_transport_options` are to be joined with the others."""
    limiter: dict[str, Any]
    """Settings of Flask-Limiter."""


def spell(redis_url: str, *, demand_tls: bool = False) -> Spelled:
    """`demand_tls`: of a server on another machine, unless the URL says otherwise. Raises AddressError."""
    given = [_split(each.strip()) for each in redis_url.split(";")]
    addresses = [_leave_out_sslmode(address) for address in given]
    schemes = {address.scheme for address in addresses}
    spellings = {"redis": _server, "rediss": _secure_server, "unix": _socket}
    if schemes != {"sentinel"} and (len(addresses) > 1 or not schemes <= set(spellings)):
        raise AddressError(
            "REDIS_URL must begin with redis://, rediss:// or unix://, or name Sentinels: sentinel://…;sentinel://…"
        )
    says_plain = addresses != given
    if says_plain and _has_tls(addresses):
        raise AddressError("REDIS_URL wants TLS, and says sslmode=disable as well")
    if demand_tls and not says_plain and _leads_away_plainly(addresses):
        instead = "Begin it with rediss://; if it names Sentinels, add ssl_cert_reqs=required to its options."
        raise AddressError(refuse("REDIS_URL", instead))
    return _sentinels(addresses) if schemes == {"sentinel"} else spellings[addresses[0].scheme](addresses[0])


def _split(url: str) -> SplitResult:
    try:
        address = urlsplit(url)
        _ = address.port
    except ValueError as error:
        raise AddressError("REDIS_URL has a port or host that is none. Percent-encode signs in a password.") from error
    return address


def _leave_out_sslmode(address: SplitResult) -> SplitResult:
    """No library knows it."""
    query = _query(address)
    name, word = SAYS_PLAIN
    if name not in query:
        return address
    if query.pop(name) != word:
        raise AddressError("sslmode in REDIS_URL can be disable, and nothing else")
    return address._replace(query=urlencode(query, safe="/"))


def _has_tls(addresses: list[SplitResult]) -> bool:
    return any(each.scheme == "rediss" or any(name.startswith("ssl_") for name in _query(each)) for each in addresses)


def _leads_away_plainly(addresses: list[SplitResult]) -> bool:
    """A `host` among the options goes before the one in its place, to some libraries."""
    if _has_tls(addresses) or addresses[0].scheme == "unix":
        return False
    places = [place for each in addresses for place in (each.hostname, _query(each).get("host")) if place]
    return addresses[0].scheme == "sentinel" or not all(map(is_here, places))


def _server(address: SplitResult) -> Spelled:
    if any(name.startswith("ssl_") for name in _query(address)):
        raise AddressError("REDIS_URL speaks of TLS (ssl_…), so it must begin with rediss://")
    url = address.geturl()
    return _same(url, url)


def _secure_server(address: SplitResult) -> Spelled:
    """Celery's broker would believe any certificate, and its result backend would not start, if nothing is said."""
    url = _replace_query(address, _checked(_query(address)))
    return _same(url, url)


def _socket(address: SplitResult) -> Spelled:
    query = _query(address)
    for_celery = {("virtual_host" if name == "db" else name): value for name, value in query.items()}
    # urlunsplit drops the empty host of a scheme that it does not know.
    path = f"{address.netloc}{address.path}"
    return _same(
        f"redis+socket://{path}{_ask(for_celery)}",
        f"redis+unix://{path}{_ask(query)}",
    )


def _same(for_celery: str, for_limiter: str) -> Spelled:
    return Spelled(
        {"broker_url": for_celery, "result_backend": for_celery},
        {"RATELIMIT_STORAGE_URI": for_limiter, "RATELIMIT_STORAGE_OPTIONS": dict(TIMEOUTS)},
    )


def _sentinels(addresses: list[SplitResult]) -> Spelled:
    """`master_name` is needed; `sentinel_username` and `sentinel_password` where the Sentinels want some too."""
    query = {name: value for address in addresses for name, value in _query(address).items()}
    if not query.get("master_name"):
        raise AddressError("REDIS_URL names Sentinels, so it must end with ?master_name= and the master's name there")
    if not all(address.hostname for address in addresses):
        raise AddressError("REDIS_URL names a Sentinel without a host: sentinel://host:26379")
    login = _login(addresses[0])
    tls = {name: value for name, value in query.items() if name.startswith("ssl_")}
    tls = _checked(tls) if tls else {}
    secured: dict[str, Any] = {"ssl": True, **tls} if tls else {}
    asking = {
        **TIMEOUTS,
        # Left to itself, redis-py asks a Sentinel that is gone four times, with pauses: a click took 14.6 s, now 0.3.
        "retry": Retry(NoBackoff(), 1),
        **{name: query.get(f"sentinel_{name}") for name in ("username", "password")},
        **secured,
    }
    return Spelled(
        _celery_by_sentinel(addresses, query["master_name"], asking, tls),
        _limiter_by_sentinel(addresses, query["master_name"], asking, login | secured),
    )


def _celery_by_sentinel(
    addresses: list[SplitResult], master: str, asking: dict[str, Any], tls: dict[str, str]
) -> dict[str, Any]:
    database = _database(addresses)
    credentials = addresses[0].netloc.rpartition("@")[0]
    before = f"{credentials}@" if credentials else ""
    url = ";".join(f"sentinel://{before}{_place(address)}/{database}" for address in addresses)
    options = {"master_name": master, "sentinel_kwargs": asking}
    found: dict[str, Any] = {
        "broker_url": url,
        "result_backend": url,
        "broker_transport_options": options,
        "result_backend_transport_options": options,
    }
    return {**found, "broker_use_ssl": tls, "redis_backend_use_ssl": tls} if tls else found


def _limiter_by_sentinel(
    addresses: list[SplitResult], master: str, asking: dict[str, Any], connecting: dict[str, Any]
) -> dict[str, Any]:
    places = ",".join(_place(address) for address in addresses)
    return {
        "RATELIMIT_STORAGE_URI": f"redis+sentinel://{places}/{master}",
        "RATELIMIT_STORAGE_OPTIONS": {
            **TIMEOUTS,
            **connecting,
            "db": int(_database(addresses)),
            "use_replicas": False,  # a replica may be behind, and counts there would be too low
            "sentinel_kwargs": asking,
        },
    }


def _place(address: SplitResult) -> str:
    host = f"[{address.hostname}]" if ":" in (address.hostname or "") else address.hostname
    return f"{host}:{address.port or SENTINEL_PORT}"


def _database(addresses: list[SplitResult]) -> str:
    number = next((address.path.strip("/") for address in addresses if address.path.strip("/")), "0")
    if not number.isdecimal():
        raise AddressError("REDIS_URL ends with the number of a database, such as /0")
    return number


def _login(address: SplitResult) -> dict[str, str]:
    given = {"username": address.username, "password": address.password}
    return {name: unquote(value) for name, value in given.items() if value}


def _checked(query: dict[str, str]) -> dict[str, str]:
    """`CERT_REQUIRED` and `required` mean the same, to Celery but not to others."""
    wanted = query.get("ssl_cert_reqs", "required").lower().removeprefix("cert_")
    if wanted not in {"required", "optional", "none"}:
        raise AddressError("ssl_cert_reqs in REDIS_URL must be required, optional or none")
    return {**query, "ssl_cert_reqs": wanted}


def _query(address: SplitResult) -> dict[str, str]:
    return dict(parse_qsl(address.query))


def _replace_query(address: SplitResult, query: dict[str, str]) -> str:
    return address._replace(query=urlencode(query, safe="/")).geturl()


def _ask(query: dict[str, str]) -> str:
    return f"?{urlencode(query, safe='/')}" if query else ""
