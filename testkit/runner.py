"""The test runner: choose, provision, run, report.

One pytest run per call. The categories are folders; everything else maps to pytest's own flags, so whoever
knows pytest knows this. Real engines come from the fixtures of `testkit.real_services`; `--real-services`
points them at external ones.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from testkit.interop_env import make_environments

ROOT = Path(__file__).resolve().parent.parent

CATEGORIES: dict[str, tuple[str, ...]] = {
    "unit": ("tests/unit", "tests/architecture"),
    "integration": ("tests/integration",),
    "e2e": ("tests/e2e",),
    "security": ("tests/isolation",),
    "recovery": ("tests/recovery",),
    "statistics": ("tests/statistics",),
    "install": ("tests/install",),
    "journeys": ("tests/journeys",),
    "interop": ("tests/interop",),
    "performance": ("tests/performance",),
}
DEFAULT_CATEGORIES = ("unit", "integration", "e2e")
DEEP_VARIABLE = "NETRA_TEST_DEEP"
ENGINE_VARIABLES = ("NETRA_DATABASE_URL", "NETRA_VALKEY_URL", "NETRA_CLICKHOUSE_URL")


@dataclass(frozen=True)
class Outcome:
    """What one run came to; counts are tests, seconds are wall clock."""

    exit_code: int
    passed: int
    failed: int
    skipped: int
    seconds: float
    categories: list[str]
    command: list[str]


def build_parser() -> argparse.ArgumentParser:
    """The flags; each is documented by its help text."""
    parser = argparse.ArgumentParser(prog="netra test", description="Run Netra's tests on real engines.")
    add = parser.add_argument
    add("--category", action="append", choices=sorted(CATEGORIES), help="a category; repeat for several")
    add("--all", action="store_true", help="every category")
    add("--list-categories", action="store_true", help="list the categories and stop")
    add(
        "--real-services",
        action="store_true",
        help="external engines by URL, else Docker Compose where Docker runs, else the embedded engines",
    )
    add("--test-file", action="append", default=[], help="a test file or node id; repeat for several")
    add("--pattern", help="only test files whose name matches this glob, such as 'test_price*'")
    add("--keyword", help="pytest -k expression")
    add("--markers", help="pytest -m expression")
    add("--env", choices=["development", "test", "staging"], default="test", help="NETRA_ENV of the run")
    add("--coverage", action="store_true", help="measure and print line coverage of src")
    add("--min-coverage", type=float, help="fail below this percentage (implies --coverage)")
    add(
        "--parallel",
        action="store_true",
        help="one worker a core and one more (the default when --workers is absent)",
    )
    add("--workers", type=int, help="number of parallel workers; 0 runs in one process")
    add("--fast-fail", action="store_true", help="stop at the first failure")
    add("--failed-first", action="store_true", help="run what failed last time first")
    add("--json-output", type=Path, help="write the outcome as JSON to this file")
    add("--junit", type=Path, help="write a JUnit XML report to this file")
    add("--deep", action="store_true", help="only property tests, with many more examples and by chance")
    add("--real-llm", action="store_true", help="also run tests that need a real small model")
    return parser


def chosen_paths(arguments: argparse.Namespace) -> tuple[list[str], list[str]]:
    """Return (categories, paths) to run; a category whose folder is empty is left out."""
    if arguments.test_file:
        return [], [str(path) for path in arguments.test_file]
    categories: list[str] = [*(CATEGORIES if arguments.all else arguments.category or DEFAULT_CATEGORIES)]
    paths: list[str] = []
    for category in categories:
        for folder in CATEGORIES[category]:
            if arguments.pattern:
                paths += sorted(
                    str(file.relative_to(ROOT)) for file in (ROOT / folder).rglob(f"{arguments.pattern}.py")
                )
            elif any((ROOT / folder).rglob("test_*.py")):
                paths.append(folder)
    return categories, paths


def pytest_command(arguments: argparse.Namespace, paths: Sequence[str], junit: Path) -> list[str]:
    """Build the pytest command line; `paths` are relative to the checkout."""
    # Many tests wait for servers: one process more than cores keeps the cores busy.
    workers = arguments.workers if arguments.workers is not None else (os.cpu_count() or 1) + 1
    command = [sys.executable, "-m", "pytest", "-q", "-p", "testkit.workflows", f"--junitxml={junit}"]
    if workers > 1:
        # In the order of collection: tests/conftest.py puts the longest first, and keeps files whole.
        command += ["-n", str(workers), "--dist", "loadfile", "--no-loadscope-reorder"]
    if arguments.keyword:
        command += ["-k", arguments.keyword]
    markers = [f"({each})" for each in (arguments.markers, arguments.deep and "hypothesis") if each]
    if markers:
        command += ["-m", " and ".join(markers)]
    if arguments.fast_fail:
        command.append("-x")
    if arguments.failed_first:
        command.append("--failed-first")
    if arguments.coverage or arguments.min_coverage is not None:
        command += ["--cov", "--cov-report=term:skip-covered", "--cov-report=json:.coverage.json"]
    if arguments.min_coverage is not None:
        command.append(f"--cov-fail-under={arguments.min_coverage}")
    return [*command, *paths]


def run_environment(arguments: argparse.Namespace) -> dict[str, str]:
    """The environment of the run: the caller's, with what the flags decide."""
    environment = dict(os.environ)
    environment["NETRA_ENV"] = arguments.env
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    # pytest rewrites each test module; without kept bytecode every process of every run does it again.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    # There is a process a core: threads of numpy's library would wait for each other, at full load.
    environment.setdefault("OPENBLAS_NUM_THREADS", "1")
    if arguments.deep:
        environment[DEEP_VARIABLE] = "1"
    if arguments.real_llm:
        environment["NETRA_TEST_REAL_LLM"] = "1"
    if arguments.real_services:
        missing = [name for name in ENGINE_VARIABLES if not environment.get(name)]
        if missing and docker_answers():
            environment.update(compose_engine_urls())
    else:
        # External engines are used only when asked for: a developer's shell must not aim tests at them.
        for name in ENGINE_VARIABLES:
            environment.pop(name, None)
    return environment


def docker_answers() -> bool:
    """Whether a Docker engine, not only its client, is there."""
    if shutil.which("docker") is None or not (ROOT / "deploy" / "compose.test.yaml").exists():
        return False
    answer = subprocess.run(["docker", "info"], capture_output=True, timeout=20, check=False)
    return answer.returncode == 0


def compose_engine_urls() -> dict[str, str]:
    """Start the engines of `deploy/compose.test.yaml` and return their URLs."""
    compose = ["docker", "compose", "-f", str(ROOT / "deploy" / "compose.test.yaml")]
    subprocess.run([*compose, "up", "-d", "--wait"], check=True, timeout=300)
    return {
        "NETRA_DATABASE_URL": "postgresql://postgres:postgres@127.0.0.1:55432/netra",
        "NETRA_VALKEY_URL": "redis://127.0.0.1:56379/0",
        "NETRA_CLICKHOUSE_URL": "http://default:netra@127.0.0.1:58123/default",
    }


def count_outcomes(junit: Path) -> tuple[int, int, int]:
    """(passed, failed, skipped) from a JUnit file; zeros when pytest never got that far."""
    if not junit.exists():
        return 0, 0, 0
    suite = ElementTree.parse(junit).getroot().find("testsuite")
    if suite is None:
        return 0, 0, 0
    total, failures, errors, skipped = (
        int(suite.get(k, "0")) for k in ("tests", "failures", "errors", "skipped")
    )
    return total - failures - errors - skipped, failures + errors, skipped


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tests; exit codes are pytest's, and 2 for bad usage."""
    arguments = build_parser().parse_args(argv)
    if arguments.list_categories:
        for category, folders in CATEGORIES.items():
            default = " (default)" if category in DEFAULT_CATEGORIES else ""
            sys.stdout.write(f"{category:<12} {', '.join(folders)}{default}\n")
        return 0
    categories, paths = chosen_paths(arguments)
    if "tests/interop" in paths:
        make_environments()
    if not paths:
        sys.stderr.write("No test file matches. `netra test --list-categories` shows where tests live.\n")
        return 2
    with tempfile.TemporaryDirectory(prefix="netra-test-") as scratch:
        junit = arguments.junit or Path(scratch) / "junit.xml"
        command = pytest_command(arguments, paths, junit.absolute())
        started = time.monotonic()
        exit_code = subprocess.run(command, cwd=ROOT, env=run_environment(arguments), check=False).returncode
        passed, failed, skipped = count_outcomes(junit)
    outcome = Outcome(
        exit_code, passed, failed, skipped, round(time.monotonic() - started, 1), categories, command
    )
    if arguments.json_output:
        arguments.json_output.write_text(json.dumps(asdict(outcome), indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(f"{passed} passed, {failed} failed, {skipped} skipped\n")
    return exit_code
