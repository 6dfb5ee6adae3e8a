"""MAIL_URL: which server, how it is spoken to, and as whom."""

from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.headerregistry import Address
from urllib.parse import parse_qsl, unquote, urlsplit

from app.tls import SAYS_PLAIN, is_here, refuse

PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}
_CERTIFICATE, _KEY = "ssl_certfile", "ssl_keyfile"
"""As REDIS_URL has them."""


class MailSettingError(ValueError):
    """A setting by which no mail could be sent; the message says which, and what to do."""


@dataclass(frozen=True)
class MailAddress:
    scheme: str
    """`smtp`; `smtps`, TLS from the first byte; `smtp+starttls`, TLS before anything that matters."""
    host: str
    port: int
    user: str | None = None
    password: str = field(default="", repr=False)
    certificate: tuple[str, str] | None = None
    """The files of ours and of its key, for a server that wants one."""


def read_address(url: str, *, demand_tls: bool = False) -> MailAddress:
    """`demand_tls`: of a server on another machine, unless the URL says otherwise.

    Raises MailSettingError, whose message never holds the password.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise MailSettingError(f"MAIL_URL cannot be read: {_HINT}") from error
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    is_known = parts.scheme in PORTS and _can_have(parts.scheme, options)
    if not is_known or not host or parts.path.strip("/") or parts.fragment:
        raise MailSettingError(f"MAIL_URL cannot be used: {_HINT}")
    if parts.scheme == "smtp" and not is_here(host):
        if parts.username is not None:
            raise MailSettingError(
                "MAIL_URL would send its password over the network unencrypted. Use smtp+starttls:// or smtps://."
            )
        if demand_tls and not options:
            raise MailSettingError(refuse("MAIL_URL", "Use smtp+starttls:// or smtps://."))
    user = None if parts.username is None else unquote(parts.username)
    files = (options[_CERTIFICATE], options[_KEY]) if _KEY in options else None
    return MailAddress(parts.scheme, host, port or PORTS[parts.scheme], user, unquote(parts.password or ""), files)


def _can_have(scheme: str, options: dict[str, str]) -> bool:
    """Without TLS, the word that it is wanted so; with it, the two files of a certificate."""
    if not options or scheme == "smtp":
        return options in ({}, dict([SAYS_PLAIN]))
    return options.keys() == {_CERTIFICATE, _KEY} and all(options.values())


def read_mailbox(text: str, name: str = "") -> Address:
    """Someone@example.org, and `name` as mail programs show it. Raises ValueError for anything else, or more."""
    try:
        return Address(display_name=name, addr_spec=text)
    except (HeaderParseError, IndexError) as error:
        raise ValueError("this is not one e-mail address") from error


_HINT = (
    "it must look like smtp+starttls://user:password@smtp.example.org:587, or begin with smtps:// or smtp://. "
    "Signs such as @ : / % in the user name or password are percent-encoded."
)
