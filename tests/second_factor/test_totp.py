"""Codes are those of RFC 6238, by SHA-256 and by SHA-1."""

import base64
from urllib.parse import parse_qs, urlsplit

import pytest

from app.accounts.second_factor import totp

SECRETS = {totp.LEGACY: b"1234567890" * 2, totp.OFFERED: b"1234567890" * 3 + b"12"}
RFC_6238 = {
    59: ("94287082", "46119246"),
    1111111109: ("07081804", "68084774"),
    1111111111: ("14050471", "67062674"),
    1234567890: ("89005924", "91819424"),
    2000000000: ("69279037", "90698825"),
    20000000000: ("65353130", "77737706"),
}
"""Appendix B, SHA-1 and SHA-256: its codes have eight digits, of which six are the last six."""


@pytest.mark.parametrize(("at", "codes"), RFC_6238.items())
def test_vectors(at: int, codes: tuple[str, str]) -> None:
    step = totp.step_at(at)
    for name, code in zip((totp.LEGACY, totp.OFFERED), codes, strict=True):
        assert totp.code_at(SECRETS[name], step, name) == code[-6:]
        assert totp.find_step(SECRETS[name], code[-6:], [step], name) == step


def test_of_two_steps_with_one_code_it_is_the_later() -> None:
    secret = SECRETS[totp.OFFERED]
    seen: dict[str, int] = {}
    for step in range(10_000):
        code = totp.code_at(secret, step)
        if code in seen:
            assert totp.find_step(secret, code, [seen[code], step]) == step
            return
        seen[code] = step
    pytest.fail("no code came twice")


def test_apps_read_the_secret() -> None:
    """From the letters, and from the address in the QR code."""
    secret = totp.new_secret()
    assert len(secret) == 35
    assert secret != totp.new_secret()
    assert base64.b32decode(totp.spell(secret).replace(" ", "")) == secret
    address = urlsplit(totp.address(secret, site="Ann & Bob: Satchel", account="ann@example.org"))
    facts = parse_qs(address.query)
    assert (address.scheme, address.netloc) == ("otpauth", "totp")
    assert (facts["digits"], facts["period"], facts["algorithm"]) == (["6"], ["30"], ["SHA256"])
    assert base64.b32decode(facts["secret"][0]) == secret
    assert facts["issuer"] == ["Ann & Bob: Satchel"]
