"""Which servers are spoken to without TLS in production: those of this machine, and those whose URL says so."""

from ipaddress import ip_address

SAYS_PLAIN = ("sslmode", "disable")
"""libpq's words for it; they are the same in each URL."""


def is_here(host: str) -> bool:
    """`localhost`, or an address of the loopback. No other name is looked up."""
    try:
        return host.lower() == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def refuse(name: str, instead: str) -> str:
    """What to tell whoever has set the URL of this name."""
    return (
        f"{name} may lead to another machine, and nothing would be encrypted on the way there. {instead} If nobody "
        f"else can listen on that way, add {'='.join(SAYS_PLAIN)} to its options, after the question mark."
    )
