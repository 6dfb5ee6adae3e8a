"""Rows in, one file out: the engine reads everything a database holds about one person and packs it.

It knows SQLAlchemy and file formats, and nothing of Flask, Celery, Redis or our own models, so that it serves any
`MetaData` whose tables carry the declarations of `register`. It never writes to the database.
"""
