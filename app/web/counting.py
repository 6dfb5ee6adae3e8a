"""How often all that a person has is counted for them: pages that show such numbers count anew each time."""

from app.extensions import limiter
from app.web.writing import asker

PER_MINUTE = 60

limit_counting = limiter.shared_limit(f"{PER_MINUTE} per minute", "counting", key_func=asker)
