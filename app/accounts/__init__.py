"""Accounts: who people are, and what lets them in. Doors and the journal's import use it."""
