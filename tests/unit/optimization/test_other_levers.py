"""batch, output-cap, retry-waste, context-growth by hand."""

from decimal import Decimal

from netra.optimization.levers.context_growth import new_tokens
from netra.optimization.levers.output_cap import usual_caps
from netra.optimization.levers.retry_waste import wasted_attempts
from netra.optimization.registry import LEVERS
from testkit.optimization_bench import calls, only, run_levers, scores, workload

COST = Decimal("0.0035")


def test_batch_takes_only_declared_successful_calls() -> None:
    rows = [{"interactive": False}] * 60 + [{"interactive": True}] * 20 + [{"interactive": None}] * 20
    rows += [{"interactive": False, "status": "error"}] * 10 + [
        {"interactive": False, "service_tier": "batch"}
    ] * 10
    finding = only(run_levers(calls(rows), "batch"))
    assert finding.verdict == "recommend"
    assert Decimal(finding.savings_usd) == 60 * COST / 2
    assert finding.rows == 120
    assert "24 hours" in finding.latency_effect


def test_batch_without_declaration_or_price_is_insufficient() -> None:
    nobody = only(run_levers(calls([{}] * 60), "batch"))
    assert nobody.verdict == "insufficient_data"
    assert "interactive" in nobody.missing[0].what
    unsold = only(run_levers(calls([{"interactive": False}] * 60, model="o1-mini"), "batch"))
    assert "batch price" in unsold.missing[0].what


def test_batch_with_everybody_waiting_is_refused() -> None:
    refused = only(run_levers(calls([{"interactive": True}] * 60), "batch"))
    assert refused.verdict == "refuse"
    assert refused.apply.summary.startswith("Leave it as it is")
    assert not refused.apply.steps
    assert refused.assumptions[0].startswith("0 of 60 calls are declared not interactive")


def test_caps_are_said_for_each_feature_and_model() -> None:
    rows = [
        {"feature": name, "output_tokens": long if k == 99 else 100}
        for name, long in (("chat", 1_100), ("title", 600))
        for k in range(100)
    ]
    finding = only(run_levers(calls(rows), "output-cap"))
    # Of ranks 0 to 99 the p99 is at 98.01: a hundredth of the way from 100 to the longest answer.
    assert finding.apply.steps[0].endswith("chat / gpt-4o to 110; title / gpt-4o to 105.")
    assert "max_output_tokens=CAP" in finding.apply.snippet.text


def test_wasted_attempts_of_chains() -> None:
    rows = [
        {"call_id": "a"},  # alone
        {"call_id": "b", "status": "error"},
        {"call_id": "c", "retry_of": "b", "status": "timeout"},
        {"call_id": "d", "retry_of": "c"},  # chain b <- c <- d, d succeeds
        {"call_id": "e", "status": "error"},
        {"call_id": "f", "retry_of": "e", "status": "error"},  # nothing succeeds
        {"call_id": "g"},
        {"call_id": "h", "retry_of": "g"},  # both succeed: only the last one was needed
        {"call_id": "i", "retry_of": "unseen"},
        {"call_id": "j", "retry_of": "j"},
        {"call_id": "k", "retry_of": "b", "status": "error"},  # after the success, came to nothing
    ]
    wasted = wasted_attempts(workload(calls(rows)))
    assert [row["call_id"] for row, waste in zip(rows, wasted, strict=True) if waste] == list("bcefgk")


def test_repeated_attempts_that_cost_nothing_save_nothing() -> None:
    refused = {"status": "rate_limited", "input_tokens": 0, "output_tokens": 0}
    rows = [
        {**refused, "call_id": f"a{k // 2}"} if k % 2 == 0 else {"retry_of": f"a{k // 2}"} for k in range(80)
    ]
    finding = only(run_levers(calls(rows), "retry-waste"))
    assert (finding.verdict, finding.savings_usd) == ("refuse", "0")


def test_a_long_chain_and_a_cycle_end() -> None:
    chain = [
        {"call_id": f"c{n}", "retry_of": f"c{n - 1}" if n else "", "status": "error"} for n in range(300)
    ]
    chain.append({"call_id": "last", "retry_of": "c299"})
    assert wasted_attempts(workload(calls(chain))).sum() == 300
    circle = [{"call_id": "x", "retry_of": "y"}, {"call_id": "y", "retry_of": "x"}]
    assert wasted_attempts(workload(calls(circle))).sum() <= 2


def test_retry_waste_saves_what_the_repeated_attempts_cost() -> None:
    rows: list[dict[str, object]] = []
    for n in range(40):
        rows += [{"call_id": f"a{n}", "status": "error"}, {"call_id": f"b{n}", "retry_of": f"a{n}"}]
    finding = only(run_levers(calls(rows), "retry-waste"))
    assert Decimal(finding.savings_usd) == 40 * COST
    assert finding.verdict == "recommend"
    assert only(run_levers(calls([{}] * 60), "retry-waste")).verdict == "insufficient_data"


def test_output_cap_default_is_the_p99_of_feature_and_model() -> None:
    rows = [{"output_tokens": n, "feature": "a"} for n in range(1, 102)]
    rows += [{"output_tokens": 5, "feature": "b"}] * 3
    caps = usual_caps(workload(calls(rows)))
    assert set(caps[:101].tolist()) == {100}
    assert set(caps[101:].tolist()) == {5}


def test_output_cap_goes_only_through_the_gate() -> None:
    frame = calls([{"output_tokens": 1_000}] * 60)
    idle = only(run_levers(frame, "output-cap", cap="1000"))
    assert (idle.verdict, idle.savings_usd) == ("refuse", "0"), "no evaluation is needed to change nothing"
    closed = only(run_levers(frame, "output-cap", cap="500"))
    assert closed.verdict == "insufficient_data"
    assert closed.savings_usd is None
    assert "gpt-4o+output-cap" in closed.missing[0].how
    items = [(f"i{k}", model, 1.0) for k in range(400) for model in ("gpt-4o", "gpt-4o+output-cap")]
    opened = only(run_levers(frame, "output-cap", evaluations=scores(items), cap="500"))
    assert opened.verdict == "recommend"
    assert Decimal(opened.savings_usd) == 60 * 500 * Decimal("0.00001")
    # Each model has its own finding, and is told of its own places: by name, or by how many there are more.
    rows = [{"output_tokens": 1_000 - k % 5, "feature": "abcd"[k % 5 : k % 5 + 1]} for k in range(60)]
    both = calls(rows + [{"model": "gpt-4o-mini", "output_tokens": 900, "feature": "e"}] * 60)
    mine, others = run_levers(both, "output-cap", evaluations=scores(items), cap="500").findings
    named = "a / gpt-4o to 500; b / gpt-4o to 500; c / gpt-4o to 500; and 2 more, each to 500."
    assert mine.apply.steps[0].endswith(f": {named}")
    assert others.apply.steps[0].endswith(": e / gpt-4o-mini to 500.")
    nameless = only(run_levers(calls(rows[4::5] * 12), "output-cap", cap="500"))
    assert nameless.apply.steps[0].endswith(": gpt-4o to 500."), "no call has a feature"
    some = only(run_levers(calls(rows[3::5] + rows[4::5]), "output-cap", cap="500"))
    assert "calls without a feature / gpt-4o to 500" in some.apply.steps[0]
    worse = [(item, model, 0.5 if "+" in model else score) for item, model, score in items]
    assert only(run_levers(frame, "output-cap", evaluations=scores(worse), cap="500")).verdict == "refuse"


def test_new_tokens_are_the_growth_within_a_session() -> None:
    rows = [
        {"session_id": "s", "input_tokens": 1_000},
        {"session_id": "t", "input_tokens": 50},
        {"session_id": "s", "input_tokens": 1_600},
        {"session_id": "s", "input_tokens": 900},
        {"session_id": None, "input_tokens": 70},
    ]
    assert new_tokens(workload(calls(rows))).tolist() == [1_000, 50, 600, 0, 70]


def test_context_growth_by_hand() -> None:
    rows = [{"session_id": f"s{n // 10}", "input_tokens": 1_000 * (n % 10 + 1)} for n in range(400)]
    frame = calls(rows)
    items = [(f"i{k}", model, 1.0) for k in range(400) for model in ("gpt-4o", "gpt-4o+context-growth")]
    finding = only(run_levers(frame, "context-growth", evaluations=scores(items), keep="4000"))
    # A session sends 1,000 ... 10,000; new is 1,000 a call, so 5,000 are kept: 1+2+3+4+5 thousand go.
    assert Decimal(finding.savings_usd) == 40 * 15_000 * Decimal("0.0000025")
    assert finding.verdict == "recommend"
    worse = [(item, model, 0.5 if "+" in model else score) for item, model, score in items]
    assert only(run_levers(frame, "context-growth", evaluations=scores(worse))).verdict == "refuse"
    idle = only(run_levers(frame, "context-growth", keep="9000"))
    assert (idle.verdict, idle.savings_usd) == ("refuse", "0"), "nine tenths and the new one are kept"
    assert only(run_levers(calls([{}] * 60), "context-growth")).missing[0].how.startswith("send session_id")


def test_context_cut_is_taken_from_what_the_cache_held() -> None:
    rows = [
        {
            "session_id": f"s{n // 2}",
            "input_tokens": 10_000 + n % 2,
            "cache_read_tokens": 10_000 if n % 2 else 0,
        }
        for n in range(100)
    ]
    items = [(f"i{k}", model, 1.0) for k in range(400) for model in ("gpt-4o", "gpt-4o+context-growth")]
    finding = only(run_levers(calls(rows), "context-growth", evaluations=scores(items), keep="2000"))
    assert Decimal(finding.savings_usd) == 50 * 8_000 * Decimal("0.00000125")


def test_absent_columns_are_no_error() -> None:
    bare = calls([{}] * 60).select("ts", "model", "input_tokens", "output_tokens")
    verdicts = {f.lever: f.verdict for f in run_levers(bare).findings}
    assert len(verdicts) == len(LEVERS)
    assert verdicts.pop("provider-switch") == "refuse", "prices alone say that nobody sells it for less"
    assert verdicts.pop("output-cap") == "refuse", "no answer is longer than the p99"
    assert set(verdicts.values()) == {"insufficient_data"}


def test_no_calls_at_all() -> None:
    analysis = run_levers(calls([{}]).clear())
    assert analysis.baseline.calls == 0
    assert analysis.baseline.since is None
    assert {f.verdict for f in analysis.findings} == {"insufficient_data"}
    assert analysis.joint.savings_usd == "0"


def test_totals_beyond_int64_stay_exact() -> None:
    frame = calls([{"input_tokens": 1_000_000_000}] * 60)
    analysis = run_levers(frame, "retry-waste")
    assert Decimal(analysis.baseline.cost_usd) == 60 * (2_500 + Decimal("0.001"))
