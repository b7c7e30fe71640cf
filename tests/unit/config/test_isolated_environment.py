"""The process environment, shared and isolated."""

import os
import threading
from pathlib import Path

import pytest

from netra.config.environment import IsolatedEnvironment
from netra.config.errors import ConfigurationError, EnvironmentFileRefusedError, ProtectedVariableError

NAME = "NETRA_TEST_VARIABLE"


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(NAME, raising=False)


def test_shared_mode_reads_and_writes_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "of the process")
    env = IsolatedEnvironment()
    assert env.get(NAME) == "of the process"
    env.set(NAME, "changed")
    assert os.environ[NAME] == "changed"


def test_isolation_keeps_changes_inside_and_restores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "before")
    env = IsolatedEnvironment()
    env.enable_isolation()
    env.enable_isolation()
    env.set(NAME, "inside")
    assert (env.get(NAME), os.environ[NAME], env.is_isolated) == ("inside", "before", True)
    env.disable_isolation()
    assert (env.get(NAME), env.is_isolated) == ("before", False)
    assert env.source_of(NAME) == "process"


def test_isolation_can_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "before")
    monkeypatch.setenv("NETRA_TEST_GONE", "x")
    env = IsolatedEnvironment()
    env.enable_isolation()
    env.set(NAME, "kept")
    env.unset("NETRA_TEST_GONE")
    env.disable_isolation(keep=True)
    assert os.environ[NAME] == "kept"
    assert "NETRA_TEST_GONE" not in os.environ


def test_given_variables_never_look_at_the_process() -> None:
    env = IsolatedEnvironment({"A": "1"})
    assert env.get("PATH") is None
    env.set("B", "2")
    assert "B" not in os.environ
    env.disable_isolation()
    assert env.is_isolated


def test_each_variable_has_a_source(tmp_path: Path) -> None:
    file = tmp_path / "netra.env"
    file.write_text("FROM_FILE=x\n", encoding="utf-8")
    env = IsolatedEnvironment({"GIVEN": "1"})
    env.set("SET", "2", source="command line")
    env.load_file(file)
    assert env.source_of("GIVEN") == "given"
    assert env.source_of("SET") == "command line"
    assert env.source_of("FROM_FILE") == f"file {file}"
    assert env.source_of("MISSING") is None


def test_a_protected_variable_cannot_be_changed(tmp_path: Path) -> None:
    file = tmp_path / "netra.env"
    file.write_text("LOCKED=from file\n", encoding="utf-8")
    env = IsolatedEnvironment({"LOCKED": "1"})
    env.protect("LOCKED")
    with pytest.raises(ProtectedVariableError, match="LOCKED"):
        env.set("LOCKED", "2")
    with pytest.raises(ProtectedVariableError):
        env.unset("LOCKED")
    assert env.load_file(file, override=True) == []
    assert env.get("LOCKED") == "1"


@pytest.mark.parametrize(("name", "value"), [("", "x"), ("A=B", "x"), ("A\0", "x"), ("A", "x\0")])
def test_impossible_names_and_values_are_refused(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError):
        IsolatedEnvironment({}).set(name, value)


def test_callbacks_hear_of_each_change_until_they_stop() -> None:
    heard: list[tuple[str, str | None, str | None]] = []
    env = IsolatedEnvironment({"A": "1"})
    stop = env.on_change(lambda *change: heard.append(change))
    env.set("A", "1")
    env.set("A", "2")
    env.unset("A")
    env.unset("A")
    stop()
    stop()
    env.set("A", "3")
    assert heard == [("A", "1", "2"), ("A", "2", None)]


def test_a_callback_may_use_the_environment() -> None:
    env = IsolatedEnvironment({})
    env.on_change(lambda name, _before, after: env.set("COPY", after or "") if name != "COPY" else None)
    env.set("A", "1")
    assert env.get("COPY") == "1"


def test_files_hold_comments_quotes_and_exports(tmp_path: Path) -> None:
    file = tmp_path / "netra.env"
    file.write_text(
        "# a comment\n\nexport A=1\nB = \"two words\"\nC='#3'\nD=4 # a remark\nE=\nF=$A\n", encoding="utf-8"
    )
    env = IsolatedEnvironment({})
    assert env.load_file(file) == ["A", "B", "C", "D", "E", "F"]
    assert [env.get(name) for name in "ABCDEF"] == ["1", "two words", "#3", "4", "", "$A"]


def test_what_is_set_wins_over_a_file_unless_told_otherwise(tmp_path: Path) -> None:
    file = tmp_path / "netra.env"
    file.write_text("A=file\n", encoding="utf-8")
    env = IsolatedEnvironment({"A": "given"})
    assert env.load_file(file) == []
    assert env.get("A") == "given"
    assert env.load_file(file, override=True) == ["A"]
    assert env.get("A") == "file"


@pytest.mark.parametrize("environment", ["staging", "production", "PRODUCTION "])
def test_files_are_refused_where_it_matters(tmp_path: Path, environment: str) -> None:
    file = tmp_path / ".env"
    file.write_text("A=1\n", encoding="utf-8")
    with pytest.raises(EnvironmentFileRefusedError):
        IsolatedEnvironment({"NETRA_ENV": environment}).load_file(file)


@pytest.mark.parametrize("content", [b"not an assignment\n", b"1A=2\n", b"A=\xff\n"])
def test_a_malformed_file_is_named(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "netra.env"
    file.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"netra\.env"):
        IsolatedEnvironment({}).load_file(file)
    with pytest.raises(ConfigurationError, match="does not exist"):
        IsolatedEnvironment({}).load_file(tmp_path / "missing.env")


def test_secrets_are_masked() -> None:
    env = IsolatedEnvironment(
        {
            "NETRA_LLM_API_KEY": "sk-very-secret",
            "SOME_PASSWORD": "hunter2",
            "NETRA_DATABASE_URL": "postgresql://admin:hunter2@db:5432/netra",
            "PLAIN": "visible",
        }
    )
    shown = env.masked()
    assert shown["PLAIN"] == "visible"
    assert "admin" in shown["NETRA_DATABASE_URL"]
    assert "secret" not in str(shown)
    assert "hunter2" not in str(shown)


def test_a_child_gets_what_it_needs_and_no_more() -> None:
    env = IsolatedEnvironment(
        {"PATH": "/bin", "NETRA_PORT": "1", "AWS_SECRET_ACCESS_KEY": "x", "HOME": "/root", "OTHER": "y"}
    )
    assert env.for_subprocess({"EXTRA": "1"}) == {
        "PATH": "/bin", "NETRA_PORT": "1", "HOME": "/root", "EXTRA": "1",
    }  # fmt: skip
    assert "OTHER" in env.for_subprocess(include=("OTHER",))


def test_thirty_two_threads_lose_no_change() -> None:
    env = IsolatedEnvironment({})
    heard: list[str] = []
    env.on_change(lambda name, _before, _after: heard.append(name))

    def work(number: int) -> None:
        for step in range(50):
            env.set(f"V{number}_{step}", str(step))
            assert env.get(f"V{number}_{step}") == str(step)
            if step % 10 == 0:
                env.masked()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(env.masked()) == len(heard) == 32 * 50
