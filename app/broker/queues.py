"""How much lies with the broker already. A bell that lies there is not lost: it waits, and another makes it no faster.

Without asking, when a thousand people came at once and workers were busy for six minutes (`make rush PEOPLE=1000`),
archives and mails were rung for up to 53 times, and 45,000 messages were left when all the work was done.
"""

from celery import current_app
from kombu.exceptions import ChannelError

LONGEST = 500
"""Messages in a queue. With so many, nobody rings for what was rung for before."""


def count_room(queue: str) -> int:
    """How many may be rung for now; 0 when the queue is long. Raises kombu's OperationalError."""
    return max(LONGEST - count_messages(queue), 0)


def count_messages(queue: str) -> int:
    """Messages that no worker has taken yet."""
    with current_app.pool.acquire(block=True) as connection:
        try:
            return int(connection.default_channel.queue_declare(queue, passive=True).message_count)
        except ChannelError:  # Redis forgets a queue when it is empty
            return 0
