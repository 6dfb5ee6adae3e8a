"""The forms of the second factor in the settings."""

from flask.testing import FlaskClient

from tests.conftest import PASSWORD

SET_UP, RENEW, OFF = (f"/settings/second-factor/{name}" for name in ("set-up", "recovery-codes", "off"))
FACTOR_PAGES = (SET_UP, RENEW, OFF)


def confirm_set_up(client: FlaskClient) -> None:
    """The password was given for this page."""
    answer = client.post(f"/confirm?deed=second_factor.set_up&next={SET_UP}", data={"password": PASSWORD})
    assert answer.location == SET_UP, answer.text
