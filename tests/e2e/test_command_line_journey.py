"""The command line against a running server: every door opens on the real thing."""

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from testkit.live_server import CommandLine, LiveServer
from testkit.real_services import SharedEngines

pytestmark = pytest.mark.protects("W16")

ANSWERED = {"answered", "partial", "insufficient_data"}


@pytest.fixture(scope="session")
def month(
    live_server: LiveServer, shared_engines: SharedEngines, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """A small generated month in the workspace `larkspur`, with its answer key."""
    folder = tmp_path_factory.mktemp("month")
    return shared_engines.made_once("larkspur", lambda: _import_month(live_server, folder))


def _import_month(live_server: LiveServer, folder: Path) -> dict[str, Any]:
    run = CommandLine(live_server.data_dir, folder)
    made = run("generate", "--out", "month", "--calls", "6000", over_data_dir=False)
    assert made.returncode == 0, made.stderr
    calls = run.json("import", "month/calls.jsonl", "-w", "larkspur")
    evals = run.json("import", "month/evals.jsonl", "--format", "evals", "-w", "larkspur")
    again = run.json("import", "month/calls.jsonl", "-w", "larkspur")
    key = json.loads((folder / "month" / "answer_key.json").read_text(encoding="utf-8"))
    return {"calls": calls, "evals": evals, "again": again, "key": key}


def test_importing_is_exactly_once(month: dict[str, Any]) -> None:
    calls, again = month["calls"], month["again"]
    assert calls["read"] == calls["stored"] == again["duplicates"] == month["key"]["baseline"]["calls"]
    assert (calls["rejected"], calls["reject_file"], again["stored"]) == (0, None, 0)
    assert month["evals"]["stored"] > 0


def test_usage_adds_up_to_the_answer_key(command_line: CommandLine, month: dict[str, Any]) -> None:
    found = command_line.json("usage", "-m", "calls,cost_usd", "-w", "larkspur")
    assert found["rows"][0]["calls"] == month["key"]["baseline"]["calls"]
    assert Decimal(found["rows"][0]["cost_usd"]) == Decimal(month["key"]["baseline"]["cost_usd"])
    assert found["unpriced_calls"] == month["key"]["baseline"]["unpriced_calls"]
    assert "workspace" in found["sql"]
    by_model = command_line.json("usage", "-m", "cost_usd", "--by", "model", "-w", "larkspur")
    costs = [row["cost_usd"] for row in by_model["rows"] if row["cost_usd"] is not None]
    total = sum(map(Decimal, costs))
    assert total == Decimal(found["rows"][0]["cost_usd"])


def test_planted_savings_are_found(command_line: CommandLine, month: dict[str, Any]) -> None:
    planted = {item["lever"]: item for item in month["key"]["planted"] if item["lever"] == "batch"}
    found = command_line.json("optimize", "--lever", "batch", "-w", "larkspur")
    finding = found["findings"][0]
    assert finding["verdict"] == planted["batch"]["verdict"]
    assert Decimal(finding["savings_usd"]) == Decimal(planted["batch"]["savings_usd"])


def test_rejected_rows_are_told_with_line_and_reason(command_line: CommandLine) -> None:
    rows = [
        '{"call_id": "a", "ts": 1764547200000, "model": "gpt-5", "input_tokens": 9, "output_tokens": 1}',
        '{"call_id": "b", "ts": 1764547200000, "model": "gpt-5", "input_tokens": -9, "output_tokens": 1}',
        "no json",
    ]
    file = command_line.cwd / "calls.jsonl"
    file.write_text("\n".join(rows))
    result = command_line.json("import", str(file), "-w", "rejects")
    assert (result["read"], result["stored"], result["rejected"]) == (3, 1, 2)
    assert len(Path(result["reject_file"]).read_text(encoding="utf-8").strip().splitlines()) >= 2
    listed = command_line.json("imports", "list", "-w", "rejects")
    assert [item["rejected"] for item in listed["imports"]] == [2]


def test_a_price_is_exact_and_an_unknown_one_is_none(command_line: CommandLine) -> None:
    cost = command_line.json(
        "prices", "cost", "--model", "claude-3-7-sonnet-20250219",
        "--input", "12307", "--cache-write", "12304", "--output", "550",
    )  # fmt: skip
    assert cost["cost_usd"] == "0.054399"
    unknown = command_line.json("prices", "cost", "--model", "no-such-model-9", "--input", "1")
    assert (unknown["cost_usd"], unknown["unpriced"]) == (None, True)


def test_a_question_is_answered_live_and_followed_up(
    command_line: CommandLine, month: dict[str, Any]
) -> None:
    first = command_line.json(
        "ask", "What are the top five cost drivers?", "-w", "larkspur", "--events", "events"
    )
    assert first["outcome"] == "completed"
    assert first["answer"] in ANSWERED
    written = [json.loads(line) for line in (command_line.cwd / "events").read_text().splitlines()]
    assert written == first["events"]
    assert [event["type"] for event in written].count("agent_started") >= 1
    assert (written[-1]["type"], written[-1]["parent"]) == ("agent_completed", None)
    known = {figure["id"] for figure in first["figures"]}
    assert set(re.findall(r"\{\{f:(\w+)\}\}", first["message"])) <= known
    assert all(figure["sql"] and figure["rows"] > 0 for figure in first["figures"])
    second = command_line.json("ask", "And by feature?", "-w", "larkspur", "-t", first["thread_id"])
    assert second["thread_id"] == first["thread_id"]
    assert second["run_id"] != first["run_id"]


def test_threads_are_listed_renamed_shown_and_deleted(
    command_line: CommandLine, month: dict[str, Any]
) -> None:
    asked = command_line.json("ask", "How many calls were there?", "-w", "larkspur")
    thread = asked["thread_id"]
    assert command_line("threads", "rename", thread, "Counting", "-w", "larkspur").returncode == 0
    listed = command_line.json("threads", "list", "-w", "larkspur")["threads"]
    assert {item["id"]: item["title"] for item in listed}[thread] == "Counting"
    assert "How many calls" in command_line("threads", "show", thread, "-w", "larkspur").stdout
    assert command_line("threads", "delete", thread, "--yes", "-w", "larkspur").returncode == 0
    gone = command_line("threads", "show", thread, "-w", "larkspur")
    assert (gone.returncode, gone.stdout) == (1, "")


def test_a_report_is_listed_shown_and_exported(command_line: CommandLine, month: dict[str, Any]) -> None:
    asked = command_line.json("ask", "Where can we cut our spend without losing quality?", "-w", "larkspur")
    report = asked["report"]
    assert report in [
        item["id"] for item in command_line.json("reports", "list", "-w", "larkspur")["reports"]
    ]
    document = command_line.json("reports", "show", report, "-w", "larkspur")
    assert document["figures"] == asked["figures"] or {figure["id"] for figure in document["figures"]}
    written = command_line.json("reports", "export", report, "--out", "out dir", "-w", "larkspur")["files"]
    assert [Path(path).name for path in written] == ["report.html", "report.json", "report.md"]
    page = Path(written[0]).read_text(encoding="utf-8")
    assert "http://" not in page
    assert "https://" not in page


def test_workspaces_do_not_see_each_other(command_line: CommandLine, month: dict[str, Any]) -> None:
    found = command_line.json("usage", "-m", "calls", "-w", "elsewhere")
    assert [row["calls"] for row in found["rows"]] in ([], [0])
    assert command_line.json("threads", "list", "-w", "elsewhere")["threads"] == []
    assert command_line.json("reports", "list", "-w", "elsewhere")["reports"] == []


def test_accounts_sign_in_and_are_shut_out(
    command_line: CommandLine, live_server: LiveServer, tmp_path: Path
) -> None:
    made = command_line.json("users", "create", "--email", "ana@example.com", "--name", "Ana")
    visitor = CommandLine(tmp_path / "visitor", tmp_path)
    signed_in = visitor(
        "login", "--email", "ana@example.com", "--url", live_server.url, text=made["password"] + "\n"
    )
    assert signed_in.returncode == 0, signed_in.stderr
    mine = visitor("usage", "-m", "calls", "--json", "--url", live_server.url)
    assert mine.returncode == 0, mine.stderr
    assert (tmp_path / "visitor" / "logins.json").stat().st_mode & 0o077 == 0
    refused = visitor("users", "list", "--url", live_server.url)
    assert refused.returncode == 1
    assert command_line("users", "disable", "--email", "ana@example.com").returncode == 0
    states = {
        account["user"]["email"]: account["is_disabled"]
        for account in command_line.json("users", "list")["users"]
    }
    assert states["ana@example.com"] is True


def test_keys_are_made_and_revoked(command_line: CommandLine) -> None:
    made = command_line.json("keys", "create", "nightly import")
    assert made["key"].startswith("ntr_")
    assert made["id"] in [key["id"] for key in command_line.json("keys", "list")["keys"]]
    assert command_line("keys", "revoke", made["id"]).returncode == 0
    assert made["id"] not in [key["id"] for key in command_line.json("keys", "list")["keys"]]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["usage", "-m", "nonsense"], 2, "nonsense"),
        (["usage", "--by", "nonsense"], 2, "nonsense"),
        (["optimize", "--lever", "nonsense"], 2, "nonsense"),
        (["threads", "show", "thr_nope"], None, ""),
        (["reports", "show", "rep_nope"], 1, "no such report"),
        (["ask", "x", "-t", "thr_00000000000000000000000000"], 1, ""),
    ],
)
def test_refusals_are_plain_and_have_their_exit_code(
    command_line: CommandLine, arguments: list[str], code: int | None, says: str
) -> None:
    ended = command_line(*arguments)
    assert ended.returncode in ({code} if code else {1, 2})
    assert ended.stdout == ""
    assert ended.stderr.startswith("netra: ")
    assert "Traceback" not in ended.stderr
    assert says in ended.stderr


def test_the_doctor_finds_the_running_server_in_order(command_line: CommandLine) -> None:
    told = command_line.json("doctor")
    assert told["ok"] is True
    assert {check["state"] for check in told["checks"]} <= {"ok", "warning"}
