"""The ways to get one person's rows out of a database, ours and the peers'; each file is run as a process of its own.

Called with the database's URL, the name of the case and an empty folder, which it leaves its files in.
"""
