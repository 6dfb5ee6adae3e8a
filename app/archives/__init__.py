"""The service: an archive's whole life, from the request to the day it expires.

People's doors call `service`, the worker's `making`, `reconciling` and `sharing`; all look by `listing`, `watching`
and `readiness`. `ledger` alone changes an archive's state, `pieces` the rows of its pieces; `storage` alone touches
archive files. Tasks stand above: `reconcile` returns whom to ring for; `making` and `sharing` ring by what they are
given.
"""
