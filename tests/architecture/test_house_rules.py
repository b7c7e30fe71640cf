"""The rules of the house that a linter does not know: sizes, names, docstrings, rooms.

An exception is a row in `exceptions.toml` with its reason; a row that is no longer needed fails too, so the
list only shrinks.
"""

import ast
import importlib.util
import json
import re
import sys
import tomllib
from pathlib import Path

import pytest

_spec = importlib.util.spec_from_file_location("source_tree", Path(__file__).with_name("source_tree.py"))
assert _spec is not None
assert _spec.loader is not None
source_tree = importlib.util.module_from_spec(_spec)
sys.modules["source_tree"] = source_tree
_spec.loader.exec_module(source_tree)

FILE_LIMIT = 400
FUNCTION_LIMIT = 60
PUBLIC_METHOD_LIMIT = 12
PARAMETER_LIMIT = 7
BANNED_NAMES = {"utils", "common", "core", "helpers", "managers", "base", "misc", "lib", "shared"}
COMPONENT_NAMES = {
    "UnifiedConfigurationManager", "UnifiedIDManager", "DatabaseManager", "DatabaseSessionManager",
    "AuthDatabaseManager", "UnifiedAuthenticationService", "UnifiedToolDispatcher", "LLMManager",
    "UnifiedWebSocketManager", "UnifiedWebSocketAuth", "UnifiedStateManager", "LifecycleManager",
}  # fmt: skip
DRIVER_FREE_SUFFIXES = ("tables.py", "repository.py")

EXCEPTIONS: dict[str, dict[str, str]] = tomllib.loads(
    Path(__file__).with_name("exceptions.toml").read_text(encoding="utf-8")
)


def offenders_without_exception(rule: str, offenders: dict[str, str]) -> list[str]:
    """Rows to print: offenders that have no exception, and exceptions that have no offender."""
    allowed = EXCEPTIONS.get(rule, {})
    rows = [f"{where}: {what}" for where, what in offenders.items() if where not in allowed]
    return rows + [f"{where}: exception no longer needed" for where in allowed if where not in offenders]


def test_files_keep_their_budget() -> None:
    sizes = {file.path: file.text.count("\n") for file in source_tree.source_files()}
    offenders = {path: f"{lines} lines" for path, lines in sizes.items() if lines > FILE_LIMIT}
    assert offenders_without_exception("file-size", offenders) == []


def test_functions_keep_their_budget() -> None:
    offenders: dict[str, str] = {}
    for file in source_tree.source_files():
        for node in source_tree.functions(file):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LIMIT:
                offenders[f"{file.path}::{node.name}"] = f"{lines} lines"
    assert offenders_without_exception("function-size", offenders) == []


def test_functions_take_few_parameters() -> None:
    offenders: dict[str, str] = {}
    for file in source_tree.source_files():
        if file.path.startswith("src/netra/cli/"):
            continue  # a command's parameters are its documented options
        for node in source_tree.functions(file):
            names = [a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
            count = len([name for name in names if name not in {"self", "cls"}])
            if count > PARAMETER_LIMIT:
                offenders[f"{file.path}::{node.name}"] = f"{count} parameters"
    assert offenders_without_exception("parameters", offenders) == []


def test_classes_have_few_public_methods() -> None:
    offenders: dict[str, str] = {}
    for file in source_tree.source_files():
        for node in source_tree.classes(file):
            public = [
                item for item in node.body
                if isinstance(item, source_tree.FunctionNode) and not item.name.startswith("_")
            ]  # fmt: skip
            if len(public) > PUBLIC_METHOD_LIMIT:
                offenders[f"{file.path}::{node.name}"] = f"{len(public)} public methods"
    assert offenders_without_exception("public-methods", offenders) == []


def test_names_say_something() -> None:
    offenders: dict[str, str] = {}
    for file in source_tree.source_files():
        parts = [part.removesuffix(".py") for part in Path(file.path).parts[2:]]
        if BANNED_NAMES & set(parts):
            offenders[file.path] = "a name the house does not use"
        for node in source_tree.classes(file):
            vague = re.search(r"(Manager|Helper|Handler)$|^Unified", node.name)
            if vague and node.name not in COMPONENT_NAMES:
                offenders[f"{file.path}::{node.name}"] = "a class name the house does not use"
    assert offenders_without_exception("names", offenders) == []


def test_errors_are_named_errors() -> None:
    offenders: dict[str, str] = {}
    for file in source_tree.source_files():
        for node in source_tree.classes(file):
            parents = {ast.unparse(parent).split(".")[-1] for parent in node.bases}
            raises = any(parent == "Exception" or parent.endswith("Error") for parent in parents)
            if raises and not node.name.endswith("Error"):
                offenders[f"{file.path}::{node.name}"] = "an error whose name does not end in Error"
    assert offenders_without_exception("errors", offenders) == []


def test_rooms_introduce_themselves() -> None:
    rooms = [path for path in source_tree.SOURCE.iterdir() if (path / "__init__.py").exists()]
    silent = [
        room.name
        for room in rooms
        if len(ast.get_docstring(ast.parse((room / "__init__.py").read_text(encoding="utf-8"))) or "") < 80
    ]
    assert silent == []


def test_environment_is_read_in_one_room() -> None:
    offenders: dict[str, str] = {}
    for file in source_tree.source_files():
        if file.path.startswith("src/netra/config/"):
            continue
        for node in file.nodes:
            reads = isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv", "putenv"}
            if reads and isinstance(node.value, ast.Name) and node.value.id == "os":
                offenders[file.path] = "reads the process environment"
    assert offenders_without_exception("environment", offenders) == []


@pytest.mark.parametrize(
    "driver", ["sqlalchemy", "asyncpg", "redis", "clickhouse_connect", "chdb", "psycopg"]
)
def test_drivers_stay_in_storage(driver: str) -> None:
    offenders: dict[str, str] = {}
    for file in source_tree.source_files():
        in_room = file.path.startswith("src/netra/storage/")
        expressions = driver == "sqlalchemy" and file.path.endswith(DRIVER_FREE_SUFFIXES)
        if in_room or expressions:
            continue
        for node in file.nodes:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if any(name.split(".")[0] == driver for name in names):
                offenders[file.path] = f"imports {driver}"
    assert offenders_without_exception(f"driver-{driver}", offenders) == []


def test_product_never_looks_for_tests_or_demos() -> None:
    pattern = re.compile(r"PYTEST_CURRENT_TEST|sys\.modules\b.*pytest|is_demo|demo_mode|under_test")
    found = [file.path for file in source_tree.source_files() if pattern.search(file.text)]
    assert found == []


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock", "web/requirements.lock"])
def test_python_locks_name_no_host(name: str) -> None:
    text = (source_tree.ROOT / name).read_text(encoding="utf-8")
    assert re.findall(r".*://.*", text) == []


def test_page_lock_names_no_registry() -> None:
    lock = json.loads((source_tree.ROOT / "web/package-lock.json").read_text(encoding="utf-8"))
    assert [name for name, package in lock["packages"].items() if "resolved" in package] == []
