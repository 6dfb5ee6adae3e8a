"""`make pictures`: every page and state of the site, each mail and the report, as they look to people.

The site is the real one, as `flask serve` starts it; archives come into their states by its own deeds. What is looked
at follows from the table of pages in app/web/policy.py, so a new page is either in the pictures or missed in words.
"""
