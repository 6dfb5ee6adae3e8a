"""Why a figure is missed: what is left, said below it on the page of results."""

ROWS = (
    "What is left stands in “Where the time goes, for one row”: fetching and converting a row cost more than "
    "writing it, in drivers and Python that every way needs which holds rows in Python. Ours also sorts by the "
    "primary key, hashes every byte, and reopens and reads back what it wrote."
)
CHECK = (
    "Of the largest part, the check, most is parsing: every row of JSON and of CSV is read again, counted, and "
    "its keys are followed."
)
SHARE = (
    "Every member is unpacked and hashed again, every row of JSON and of CSV read and counted, and its keys followed. "
    "Unpacking and hashing in a second thread beside the parser was tried, and took longer: each block waits for "
    "Python's one lock."
)
SERVER = "There the rows are made into JSON by the server, in C, and never come to Python."
MEMORY = (
    "About 100 MB are there before any row: what importing the application and Celery takes. Then come buffers of a "
    "fixed size, which 10,000 rows do not fill, and PostgreSQL's driver. From 1,000,000 rows to ten times as many it "
    "grew by 4 MB."
)
PIECES = (
    "The workers share two cores with the database, and the last step, which joins the pieces and checks the "
    "whole file, is one worker's."
)
SMALL = (
    "What the engine takes stands in “Where the time goes, for one small archive”. To it come claim, lease, audit "
    "and mail: transactions, each synced to the disk, on two cores that the database and the broker share."
)
CLICK = "Most of it is making the archive, its third step."
FILES = (
    "Of many small files each costs Python: it is opened, hashed by SHA-256 and CRC, written into manifest "
    "and directory, read back, and hashed again."
)
WATCHING = (
    "A thousand clients, web server, worker, Valkey and PostgreSQL share two cores, and how fast these are changes by "
    "the hour: the load stands below the table."
)
GROWTH = (
    "Less than ×10 is what starting costs, which a tenth of the rows does not shorten: from a million rows to ten "
    "million it is ×10."
)
