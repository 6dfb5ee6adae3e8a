"""The second factor: codes of an app (TOTP, RFC 6238) and recovery codes. Doors use `setting_up` and `checking`.

A code of either kind is accepted once, also when it comes twice in the same moment: one conditional UPDATE decides.
"""
