"""The door for Celery: every task, each with a body of one line. Arguments are ids, never objects."""
