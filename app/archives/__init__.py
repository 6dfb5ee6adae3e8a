"""The service: an archive's whole life, from the request to the day it expires.

Doors call `service`, and look by `watching` and `readiness`; `ledger` alone changes an archive's state; `storage`
alone touches archive files. Nothing here rings for a worker: tasks stand above, and `reconcile` returns whom to ring
for.
"""
