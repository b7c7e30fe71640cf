"""What a reader sees at the terminal."""

import io
from typing import Any

from rich.console import Console

from netra.cli.answer_view import print_answer, readable_prose
from netra.cli.calls_view import print_call, print_calls
from netra.cli.events_view import EventsView
from netra.cli.findings_view import print_findings
from netra.reports.figures import Figure

SPEND = Figure(id="1", value="612.4482", unit="usd", label="spend [in] October", rows=128_400)


def plain_console() -> Console:
    return Console(file=io.StringIO(), width=140, highlight=False)


def text_of(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_answer_has_its_figures_put_in_and_listed() -> None:
    console = plain_console()
    answer: dict[str, Any] = {
        "answer": "partial",
        "message": "You spent **{{f:1}}** on `gpt-4` [sic].",
        "missing": [{"what": "evaluations", "how": "netra import FILE --format evals"}],
        "figures": [SPEND.model_dump(mode="json")],
        "report": "rep_1",
    }
    print_answer(console, answer)
    text = text_of(console)
    assert "You spent $612.45 ⟦1⟧ on gpt-4 [sic]." in text
    assert "A partial answer" in text
    assert "evaluations: netra import FILE --format evals" in text
    assert "spend [in] October" in text
    assert "128,400" in text
    assert "rep_1" in text


def test_prose_with_mark_up_of_the_console_is_shown_as_it_is() -> None:
    console = plain_console()
    console.print(readable_prose("[red]not red[/red] {{f:1}}", [SPEND]))
    assert text_of(console).strip() == "[red]not red[/red] $612.45 ⟦1⟧"


CALL: dict[str, Any] = {
    "call_id": "call[7]", "ts": "2026-03-01T14:05:06.5+01:00", "model": "gpt-4o", "feature": "chat",
    "status": "timeout", "input_tokens": 12_345, "output_tokens": 67, "latency_ms": 1_470.0, "ttft_ms": None,
    "cost_usd": "0.0315", "service_tier": "standard", "tags": {"team": "[blue]"}, "streaming": True,
    "prefix_hashes": ["0f"], "prefix_block_tokens": 64, "app": None,
}  # fmt: skip
PAGE: dict[str, Any] = {
    "items": [CALL], "calls": 9, "cost_usd": "1.5", "unpriced_calls": 2, "timezone": "Europe/Berlin",
    "next_cursor": "x",
}  # fmt: skip


def test_calls_fit_a_narrow_terminal_and_say_what_all_come_to() -> None:
    narrow = Console(file=io.StringIO(), width=80, highlight=False, force_terminal=True, no_color=True)
    for console in (narrow, plain_console()):
        print_calls(console, PAGE)
        text = text_of(console)
        for shown in ("2026-03-01 14:05:06", "$0.0315", "12,345", "1.47 s", "gpt-4o", "timeout", "call[7]"):
            assert shown in text
        assert "1 of 9 calls, $1.50 in all; times in Europe/Berlin" in text
        assert "2 calls have no known price and are in no spend." in text
        print_calls(console, PAGE | {"unpriced_calls": 1})
        assert "1 call has no known price and is in no spend." in text_of(console)
    assert max(len(line) for line in text_of(narrow).splitlines() if "\x1b" not in line) <= 80


def test_a_call_shows_the_working_of_its_cost() -> None:
    console = plain_console()
    part = {"usage": "cache_read", "tokens": 12_000, "usd_per_mtok": "1.25", "cost_usd": "0.015"}
    working = {
        "cost_usd": "0.03", "parts": [part], "in_force": None, "above_input_tokens": 200,
        "price_source": "list",
    }  # fmt: skip
    cost = {
        "stored_usd": "0.0315", "explanation": "Stored at other prices.", "difference_usd": "0.0015",
        "working": working, "reported_usd": "0.04", "reported_difference_usd": "0.0085",
    }  # fmt: skip
    print_call(console, {"call": CALL, "cost": cost, "timezone": "Europe/Berlin"})
    text = text_of(console)
    for shown in (
        "$0.0315", "Stored at other prices.", "cache read", "12,000", "1.25", "stored less sum", "0.0015",
        "above 200 input tokens", "reported $0.04", "tag:team", "[blue]", "1 block of 64 tokens",
    ):  # fmt: skip
        assert shown in text


def finding(**changes: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "id": "fnd_1", "lever": "prompt-cache", "params": {"ttl": "1h"}, "verdict": "refuse",
        "baseline_usd": "10", "counterfactual_usd": "14", "savings_usd": "-4", "savings_pct": -40.0,
        "interval_95": ["-5", "-3"], "risk": "low", "effort": "low", "missing": [], "rows": 100,
    }  # fmt: skip
    return base | changes


def test_findings_show_refusals_and_what_is_missing() -> None:
    console = plain_console()
    nothing = dict.fromkeys(["savings_usd", "savings_pct", "interval_95", "counterfactual_usd"])
    lacking = finding(
        id="fnd_2", lever="model-switch", verdict="insufficient_data", **nothing,
        missing=[{"what": "evaluations", "how": "send them"}],
    )  # fmt: skip
    result = {
        "baseline": {"calls": 100, "cost_usd": "10", "unpriced_calls": 7, "since": "2026-03-01"},
        "findings": [lacking, finding(), lacking | {"id": "fnd_3", "lever": "routing"}],
        "joint": {"savings_usd": "3", "savings_pct": 30.0, "interval_95": ["2", "4"]},
    }
    print_findings(console, result)
    text = text_of(console)
    assert "Refused" in text
    assert "-$4.00" in text
    assert "-$5.00 to -$3.00" in text
    assert "Insufficient data" in text
    assert "2, 3" in text, "changes that lack the same share a row"
    assert text.count("evaluations") == text.count("send them") == 1
    assert text.index("prompt-cache") < text.index("model-switch") < text.index("routing")
    assert "7 calls have no known price" in text
    nothing_done = plain_console()
    print_findings(nothing_done, result | {"joint": {"savings_usd": "0", "findings": []}})
    assert "Nothing is recommended on these calls." in text_of(nothing_done)
    assert "All recommended together: $3.00 (30.0 %), 95 % interval $2.00 to $4.00" in text


def test_a_plan_and_why_prefixes_miss_are_shown() -> None:
    console = plain_console()
    change = {"before_ms": 1_500.0, "after_ms": 900.0, "interval_95": [450.0, 700.0]}
    miss = {
        "cause": "changed", "tokens": 600, "share_pct": 60.0, "why": "from block 2 [on]",
        "advice": "Move it.", "worth_usd": "1.5",
    }  # fmt: skip
    group = {
        "feature": "chat", "calls": 10, "tokens": 1_000, "read_pct": 40.0, "shared_tokens": 512,
        "misses": [miss],
    }  # fmt: skip
    check = {
        "name": "min_savings_pct", "limit": 30.0, "value": 20.0, "bound": 18.0, "standing": "unmet",
        "short_by": 10.0,
    }  # fmt: skip
    hedge = finding(
        id="fnd_2", lever="hedging", verdict="recommend", params={},
        latency_effect={"calls": 9, "p50": change, "p95": change, "p99": change},
    )  # fmt: skip
    plan: dict[str, Any] = {
        "feasible": False, "findings": ["fnd_2"], "levers": ["hedging"], "baseline_usd": "10",
        "counterfactual_usd": "8", "savings_usd": "2", "savings_pct": 20.0, "interval_95": ["1.8", "2.2"],
        "quality": None, "latency": None, "risk": "low", "effort": "low", "constraints": [check],
        "summary": "The constraints cannot hold together.", "candidates": 1, "tried": 1, "exact": True,
    }  # fmt: skip
    result = {
        "baseline": {"calls": 100, "cost_usd": "10"},
        "findings": [finding(params={"model": "gpt-4o"}, diagnosis=[group]), hedge],
        "plan": plan,
    }
    print_findings(console, result)
    text = text_of(console)
    assert "No plan holds; the nearest: changes 1, saves $2.00 (20.0 %)" in text
    dearer = plain_console()
    loss = {"savings_usd": "-0.14", "savings_pct": -4.0, "interval_95": ["-0.2", "-0.1"]}
    print_findings(dearer, result | {"plan": plan | loss})
    assert "changes 1, costs $0.14 more (4.0 %), 95 % interval of the saving -$0.20 to" in text_of(dearer)
    assert "does not hold a saving of 30 %: 20.00 %, short by 10.00 points" in text
    assert "Latency p50 1,500 to 900 ms" in text
    assert "Why prefixes of gpt-4o miss the cache" in text
    assert "60.0 % changed: from block 2 [on]; worth $1.50" in text


def frame(kind: str, parent: str | None = None, **data: Any) -> dict[str, Any]:
    return {"type": kind, "parent": parent, "run_id": "run_1", "seq": 1, "data": data}


def test_events_are_lines_indented_by_delegation() -> None:
    console = plain_console()
    with EventsView(console) as view:
        view.show(frame("agent_started", agent_id="a", agent="supervisor", plan=["look", "report"]))
        view.show(frame("agent_started", "a", agent_id="b", agent="data", plan=[]))
        view.show(
            frame("tool_executing", "a", agent_id="b", agent="data", tool="usage", arguments={"by": ["[m]"]})
        )
        view.show(frame("progress", "a", agent_id="b", call_id="c", done=1, of=2, unit="rows", text=""))
        view.show(
            frame("tool_completed", "a", agent_id="b", agent="data", status="error", summary="no [x]", ms=3)
        )
        view.show(frame("agent_completed", agent_id="a", agent="supervisor", outcome="completed", ms=12))
        view.show(frame("message_delta", part=0, offset=0, text="hello"))
    assert text_of(console).splitlines() == [
        "▶ supervisor look → report",
        "  ▶ data",
        '    → usage by=["[m]"]',
        "    ✗ no [x] 3 ms",
        "■ supervisor completed 12 ms",
    ]
