"""Reads STORAGE_URL: `s3://bucket/prefix?endpoint=https://…&region=…`.

It names no credentials: they are files of the folder of credentials, or come from where every S3 program looks
(AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, the machine's role), so that a URL in a log or a process list
gives nothing away.
"""

from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qsl, urlsplit

from app.stores.interface import StoreSettingError
from app.tls import SAYS_PLAIN, is_here, refuse

_FORM = "s3://bucket/prefix?endpoint=https://s3.example.org&region=us-east-1"
_SSLMODE, _DISABLE = SAYS_PLAIN
_OPTIONS = {"endpoint", "region", "addressing", "timeout", _SSLMODE}


@dataclass(frozen=True)
class Address:
    """Where the store is."""

    bucket: str
    prefix: str = ""
    """Before every name: empty, or with a slash at its end."""
    endpoint: str | None = None
    """Without one, the region's own at AWS."""
    region: str | None = None
    addressing: str = "auto"
    """`path` for stores that take the bucket in the path only, `virtual` for those that take it in the host only."""
    timeout: float = 30
    """Seconds that an answer may take."""
    may_be_plain: bool = True
    """Whether an endpoint on another machine may do without TLS."""
    access_key_id: str | None = None
    secret_access_key: str | None = field(default=None, repr=False)
    """Without both, botocore looks where it always does."""

    @property
    def shown(self) -> str:
        return f"the bucket “{self.bucket}” at {self.endpoint or 'AWS'}"

    def check_way(self, endpoint: str) -> None:
        """Raises StoreSettingError if no one may be spoken to there."""
        if not self.may_be_plain and not _is_encrypted_or_here(endpoint):
            raise StoreSettingError(refuse("The endpoint of STORAGE_URL", "Use one of https://."))


def _is_encrypted_or_here(endpoint: str) -> bool:
    try:
        parts = urlsplit(endpoint)
    except ValueError:  # a bracket without its other
        return False
    return parts.scheme == "https" or is_here(parts.hostname or "")


def read_address(url: str, *, demand_tls: bool = False) -> Address:
    """`demand_tls`: of an endpoint on another machine, unless the URL says otherwise.

    Raises StoreSettingError, which never repeats the URL: it may hold what should not be in it.
    """
    parts = _split(url)
    options = _options(parts)
    endpoint = options.get("endpoint")
    if "@" in parts.netloc or "@" in (endpoint or ""):
        raise StoreSettingError(
            "STORAGE_URL holds credentials. Take them out; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY instead."
        )
    if options.get(_SSLMODE, _DISABLE) != _DISABLE:
        raise StoreSettingError("sslmode of STORAGE_URL can be disable, and nothing else.")
    prefix = parts.path.strip("/")
    address = Address(
        bucket=parts.netloc,
        prefix=f"{prefix}/" if prefix else "",
        endpoint=endpoint,
        region=options.get("region"),
        addressing=_addressing(options.get("addressing", "path" if endpoint else "auto")),
        timeout=_seconds(options.get("timeout", "30")),
        may_be_plain=not demand_tls or _SSLMODE in options,
    )
    if endpoint:
        address.check_way(endpoint)
    return address


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
    except ValueError:  # a bracket without its other
        parts = urlsplit("")
    if parts.scheme != "s3" or not parts.netloc:
        raise StoreSettingError(f"STORAGE_URL is not an address of a store. It looks like this: {_FORM}")
    return parts


def _options(parts: SplitResult) -> dict[str, str]:
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if unknown := sorted(options.keys() - _OPTIONS):
        raise StoreSettingError(f"STORAGE_URL has {unknown[0]!r}, which nobody knows. It may have: {sorted(_OPTIONS)}")
    return options


def _addressing(text: str) -> str:
    if text not in {"auto", "path", "virtual"}:
        raise StoreSettingError("addressing of STORAGE_URL is path, virtual or auto.")
    return text


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0 < seconds <= 600:  # noqa: PLR2004
        raise StoreSettingError("timeout of STORAGE_URL is a number of seconds, at most 600.")
    return seconds
