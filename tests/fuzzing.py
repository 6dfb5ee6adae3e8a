"""How many inputs are made up: few in the suite, as many as EXAMPLES says in `make fuzz`."""

import os

from hypothesis import HealthCheck, settings

EXAMPLES = int(os.environ.get("EXAMPLES", "0"))


def load_profile() -> None:
    """No example has a deadline: machines are slow at times. In CI the same examples come each time."""
    settings.register_profile("suite", deadline=None, derandomize="CI" in os.environ, print_blob=True)
    settings.register_profile("fuzz", parent=settings.get_profile("suite"), max_examples=EXAMPLES or 100)
    settings.load_profile("fuzz" if EXAMPLES else "suite")


def examples(few: int) -> settings:
    """For a test whose single example takes long. Fixtures of one test serve all of its examples."""
    unworried = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large]
    return settings(max_examples=EXAMPLES or few, suppress_health_check=unworried)
