"""The order of the tests, and which of them run in the same process when several run at once.

xdist's own groups (`--dist loadgroup`) do nothing with pytest 9.2: it changes an attribute of the tests that pytest no
longer reads. Only their ids reach the process that distributes them, so groups are made of files.
"""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

GROUPS = {
    "tests/archives/test_bucket.py": "Swift",
    "tests/archives/test_bucket_processes.py": "Swift",
    "tests/archives/test_sharing_bucket.py": "Swift",
    "tests/chaos/test_chaos.py": "chaos",
    "tests/crash/test_crash.py": "crash",
    "tests/stores/test_contract.py": "Swift",
    "tests/stores/test_credentials.py": "Swift",
    "tests/stores/test_rights.py": "Swift",
    "tests/stores/test_s3.py": "Swift",
    "tests/stores/test_tls.py": "Swift",
    "tests/test_confirming_in_browser.py": "flask serve",
    "tests/test_hostile_road.py": "the hostile site",
    "tests/test_road.py": "flask serve",
    "tests/test_site_pages.py": "flask serve",
    "tests/test_writing.py": "flask serve",
    "tests/web/test_scanner.py": "clamd",
}
"""Files whose tests share what takes many seconds to start: one process does, and runs them all.

And those of chaos and crash. Of tests that take minutes none may be the last, and two at once wait for each other.
"""


def find_group(test_id: str) -> str | None:
    return GROUPS.get(test_id.partition("::")[0])


class GroupScheduling(LoadScopeScheduling):
    """Hands out groups as a whole and other tests one by one, in the order in which they stand."""

    def _split_scope(self, nodeid: str) -> str:
        return find_group(nodeid) or nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> GroupScheduling | None:
    if config.option.dist != "load":  # which `-n` alone means
        return None
    config.option.loadscopereorder = False  # the largest groups would come first
    return GroupScheduling(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The fast ones first, then each group, then those with a worker, then those with a browser, each kind shuffled.

    Groups are long. After them come tests enough to keep the other processes busy until the end.
    """
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> tuple[int, str]:
    if group := find_group(item.nodeid):
        return 1, group
    return 3 if "browser" in item.keywords else 2 if "worker" in item.keywords else 0, ""
