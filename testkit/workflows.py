"""Pytest plugin: which paid-for workflow each test protects, and what passed.

`@pytest.mark.protects("W6")` names a workflow of `tests/business_value.toml`. At the end of a run the
plugin prints one row a workflow; an unknown name fails the collection, so the table cannot drift.
"""

import tomllib
from collections import defaultdict
from pathlib import Path

import pytest

LEDGER = Path(__file__).resolve().parent.parent / "tests" / "business_value.toml"


class WorkflowTable:
    """Counts outcomes by workflow for one test session."""

    def __init__(self, ledger: Path = LEDGER) -> None:
        self._titles: dict[str, str] = {
            name: entry["title"] for name, entry in tomllib.loads(ledger.read_text(encoding="utf-8")).items()
        }
        self._counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Attach workflow names to the items so that they travel with the reports (also over xdist)."""
        for item in items:
            for marker in item.iter_markers("protects"):
                for name in marker.args:
                    if name not in self._titles:
                        raise pytest.UsageError(
                            f"{item.nodeid}: unknown workflow {name!r}; see {LEDGER.name}"
                        )
                    item.user_properties.append(("protects", name))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a test once: its call phase, or its setup when that is where it ended."""
        if report.when != "call" and not (report.when == "setup" and report.outcome != "passed"):
            return
        for key, value in report.user_properties:
            if key == "protects":
                self._counts[str(value)][report.outcome] += 1

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the table of workflows that had a test in this run."""
        if not self._counts:
            return
        terminalreporter.section("workflows protected")
        for name in sorted(self._counts, key=lambda text: int(text[1:])):
            counts = self._counts[name]
            cells = ", ".join(f"{number} {outcome}" for outcome, number in sorted(counts.items()))
            terminalreporter.write_line(f"{name:>4}  {self._titles[name]:<58} {cells}")


def pytest_configure(config: pytest.Config) -> None:
    """Register the table; xdist workers report to the controller, which prints."""
    config.pluginmanager.register(WorkflowTable(), "netra-workflows")
