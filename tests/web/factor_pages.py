"""The forms of the second factor in the settings."""

SET_UP, RENEW, OFF = (f"/settings/second-factor/{name}" for name in ("set-up", "recovery-codes", "off"))
FACTOR_PAGES = (SET_UP, RENEW, OFF)
