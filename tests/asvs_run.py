"""A run of all tests fails when one that docs/asvs.md names failed, or is not there.

Where `CI` is set, also when one was skipped; a developer's machine may lack a program that it needs.

A run of some tests (paths, -k, -m and the like) is not judged.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.asvs import TABLE, list_named, read_table

CHOICES = ("keyword", "markexpr", "deselect", "lf", "stepwise", "maxfail", "collectonly", "ignore", "ignore_glob")
"""Options of pytest that leave tests out."""


class Proof:
    """What became of each test, in this process and in those that it has started, and what that is worth."""

    def __init__(self, named: Iterable[str]) -> None:
        self.named = sorted(named)
        self.passed: set[str] = set()
        self.others: dict[str, str] = {}
        self.lacking: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Of a test with parameters every case counts."""
        test = report.nodeid.partition("[")[0]
        if report.outcome != "passed" or hasattr(report, "wasxfail"):
            self.others[test] = report.outcome
        elif report.when == "call":
            self.passed.add(test)

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        if exitstatus not in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}:
            return  # it was interrupted, or has not begun
        self.lacking = list(self.list_lacking())
        if self.lacking:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def list_lacking(self) -> Iterator[str]:
        may_be = set() if os.environ.get("CI") else {"skipped"}
        for test in self.named:
            outcome = self.others.get(test, "passed" if test in self.passed else "did not run")
            if outcome not in may_be | {"passed"}:
                yield f"{test}: {outcome}"

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.lacking:
            terminalreporter.section(f"{TABLE} names tests that have not passed")
            terminalreporter.write_line("\n".join(self.lacking))


def pytest_configure(config: pytest.Config) -> None:
    if is_whole(config):
        table = Path(config.rootpath) / TABLE
        config.pluginmanager.register(Proof(list_named(read_table(table.read_text()))))


def is_whole(config: pytest.Config) -> bool:
    """Whether this process judges a run of every test; the workers of xdist only run some of them each."""
    return (
        not hasattr(config, "workerinput")
        and config.args_source is pytest.Config.ArgsSource.TESTPATHS
        and not any(config.getoption(name, None) for name in CHOICES)
    )
