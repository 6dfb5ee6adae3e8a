"""Measures our engine and its peers in the same run, alternating, on SQLite and PostgreSQL; `make bench` runs it."""
