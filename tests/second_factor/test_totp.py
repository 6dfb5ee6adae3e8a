"""Codes are those of RFC 6238, and the clock may be half a minute off."""

import base64
from urllib.parse import parse_qs, urlsplit

import pytest

from app.accounts.second_factor import totp

SECRET = b"12345678901234567890"
RFC_6238 = {
    59: "94287082",
    1111111109: "07081804",
    1111111111: "14050471",
    1234567890: "89005924",
    2000000000: "69279037",
    20000000000: "65353130",
}
"""Appendix B, SHA-1: its codes have eight digits, of which six are the last six."""


@pytest.mark.parametrize(("at", "code"), RFC_6238.items())
def test_vectors(at: int, code: str) -> None:
    assert totp.code_at(SECRET, at // 30) == code[-6:]
    assert totp.find_step(SECRET, code[-6:], at) == at // 30


@pytest.mark.parametrize(("off", "is_right"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_a_step_of_skew(off: int, is_right: bool) -> None:
    at = 1234567890
    code = totp.code_at(SECRET, (at + off) // 30)
    assert (totp.find_step(SECRET, code, at) is not None) == is_right


def test_apps_read_the_secret() -> None:
    """From the letters, and from the address in the QR code."""
    secret = totp.new_secret()
    assert len(secret) == 20
    assert secret != totp.new_secret()
    assert base64.b32decode(totp.spell(secret).replace(" ", "")) == secret
    address = urlsplit(totp.address(secret, site="Ann & Bob: Satchel", account="ann@example.org"))
    facts = parse_qs(address.query)
    assert (address.scheme, address.netloc) == ("otpauth", "totp")
    assert (facts["digits"], facts["period"], facts["algorithm"]) == (["6"], ["30"], ["SHA1"])
    assert base64.b32decode(facts["secret"][0]) == secret
    assert facts["issuer"] == ["Ann & Bob: Satchel"]
