"""Accounts: who people are, and what lets them in. Doors, mails and the journal use it."""
