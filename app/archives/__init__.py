"""The service: an archive's whole life, from the request to the day it expires.

Doors call `service` and `sharing`, and look by `listing`, `watching` and `readiness`; `ledger` alone changes an
archive's state, `pieces` the rows of its pieces; `storage` alone touches archive files. Tasks stand above: `reconcile`
returns whom to ring for, and `sharing` rings by what it is given.
"""
