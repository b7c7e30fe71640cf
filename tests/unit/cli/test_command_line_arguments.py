"""Bad usage: exit code 2, a message that names the argument and says what to write, nothing started."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from netra.cli.main import app


def run(*arguments: str, text: str | None = None) -> Result:
    return CliRunner().invoke(app, list(arguments), input=text, prog_name="netra")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nonsense"], "No such command"),
        (["ask"], "Missing argument"),
        (["ask", "  "], "the question is empty"),
        (["ask", "x" * 100_000], "32,000 at most"),
        (["ask", "-t", "", "--nope"], "No such option"),
        (["import", "missing.jsonl"], "there is no file"),
        (["import", str(Path(__file__).parent)], "looks like data"),
        (["import", "nothing-*.jsonl"], "no file matches"),
        (["import", "-", __file__], "- stands alone"),
        (["import", __file__, "--format", "zip"], "is not a format; one of calls"),
        (["import", __file__, "--set", "app"], "is not NAME=VALUE"),
        (["import", __file__, "--set", "a=1", "--set", "a=2"], "is given twice"),
        (["usage", "--since", "yesterday"], "is no day or time"),
        (["usage", "--where", "feature"], "is not COLUMN=VALUE"),
        (["usage", "--limit", "0"], "--limit"),
        (["usage", "--tz", "Mars/Olympus"], "there is no time zone"),
        (["usage", "export", "--out", "/nonexistent/x.csv"], "no file can be written at"),
        (["usage", "anomalies", "--offset", "0"], "goes with `netra usage`, and this is anomalies"),
        (["usage", "export", "--out", "x.csv", "--limit", "9"], "goes with `netra usage`"),
        (["usage", "--compare", "previous", "--order", "-cost_usd"], "goes with `netra usage`"),
        (["usage", "anomalies", "--compare", "previous"], "goes with `netra usage compare`"),
        (["usage", "--days", "7"], "goes with `netra usage forecast`, and this is query"),
        (["usage", "compare", "--growth", "0"], "goes with `netra usage forecast`"),
        (["usage", "--out", "x.csv"], "goes with `netra usage export`"),
        (["usage", "forecast", "--format", "focus"], "goes with `netra usage export`"),
        (["usage", "anomalies", "-m", "calls,errors"], "one measure at a time"),
        (["usage", "forecast", "--by", "model"], "takes no groups"),
        (["usage", "export", "--where", "model=a", "--out", "x.csv"], "every call of the period"),
        (["optimize", "--param", "ttl=1h"], "needs its lever"),
        (["optimize", "-l", "batch", "-l", "prompt-cache", "-p", "ttl=1h"], "needs its lever"),
        (["prices", "cost", "--model", "m", "--input", "-3"], "--input"),
        (["prices", "cost", "--model", "m", "--input", "10", "--cache-read", "11"], "--input"),
        (["prices", "cost", "--model", "m", "--output", "1", "--reasoning", "2"], "--reasoning"),
        (["prices", "show", "m", "--at", "soon"], "is no day or time"),
        (["demo", "--set", "model=m"], "goes with --usage"),
        (["up", "--port", "99999"], "--port"),
        (["login", "--email", "a@example.com"], "none was given"),
    ],
)
def test_bad_usage_exits_with_2(arguments: list[str], says: str) -> None:
    result = run(*arguments, text="")
    assert result.exit_code == 2
    assert says in " ".join(result.stderr.replace("│", " ").split())
    assert result.stdout == ""


def test_demo_refuses_a_place_it_cannot_write_before_it_starts_anything(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    result = run("demo", "--out", str(tmp_path / "file"))
    assert getattr(result.exception, "message", "").startswith("the report cannot be written to")


@pytest.mark.parametrize(
    "command", [[], ["imports"], ["threads"], ["reports"], ["users"], ["keys"], ["prices"]]
)
def test_a_group_alone_shows_its_help(command: list[str]) -> None:
    result = run(*command)
    assert "Usage: netra" in result.output
    assert "Commands" in result.output


def test_version_is_plain_and_json() -> None:
    assert run("version").stdout.startswith("netra ")
    assert '"version"' in run("version", "--json").stdout
