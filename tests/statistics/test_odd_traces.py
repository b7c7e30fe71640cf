"""Every lever on odd but plausible traces: a verdict each, with a reason, and no figure out of nowhere."""

import re
from decimal import Decimal

import polars as pl
import pytest

from testkit.optimization_bench import calls, run_levers, scores

BARE: dict[str, object] = {}


def whole(number: int) -> dict[str, object]:
    """A call with all that levers look at."""
    return {
        "interactive": number % 2 == 0,
        "session_id": f"s{number // 4}",
        "request_hash": f"h{number % 7}",
        "latency_ms": 100.0 + number % 13 * 50,
        "retry_of": f"c{number - 1}" if number % 5 == 1 else "",
        "reasoning_tokens": 50,
        "prefix_hashes": [1, 2, 3, number],
        "prefix_block_tokens": 400,
        "input_tokens": 1_700,
        "temperature": 0.0,
        "streaming": number % 3 == 0,
        "ttft_ms": 50.0,
        "feature": f"f{number % 3}",
        "tags": '{"region":"eu"}' if number % 2 else '{"region":"us"}',
    }


TRACES: dict[str, list[dict[str, object]]] = {
    "nothing": [],
    "one call": [whole(0)],
    "nothing but the tokens": [BARE] * 60,
    "all failed": [{**whole(k), "status": "error"} for k in range(60)],
    "all failed at no cost": [
        {**whole(k), "status": "error", "input_tokens": 0, "output_tokens": 0} for k in range(60)
    ],
    "all at one instant": [{**whole(k), "at": 0} for k in range(60)],
    "a year": [{**whole(k), "at": k * 86_400 * 4} for k in range(92)],
    "half without a price": [
        {**whole(k), "model": "nobody-knows" if k % 2 else "gpt-4o"} for k in range(120)
    ],
}


@pytest.mark.parametrize("trace", TRACES)
def test_each_lever_has_a_verdict_with_its_reason(trace: str) -> None:
    names = [f"gpt-4o{change}" for change in ("", "-mini", "+output-cap", "+context-growth", "+prompt-trim")]
    good = scores([(f"i{k}", name, 1.0) for k in range(60) for name in names])
    analysis = run_levers(calls(TRACES[trace]), evaluations=good)
    spent = Decimal(analysis.baseline.cost_usd)
    assert len({finding.lever for finding in analysis.findings}) >= 19
    for finding in analysis.findings:
        said = " ".join([*finding.assumptions, finding.apply.summary, *finding.apply.steps])
        said += " ".join(f"{lacking.what} {lacking.how}" for lacking in finding.missing)
        assert not re.search(r"\b(nan|inf|None)\b|-0\.0 ", said), said
        if finding.verdict == "insufficient_data":
            assert finding.missing
            assert (finding.savings_usd, finding.interval_95) == (None, None)
            continue
        assert finding.rows >= 50
        assert finding.missing == []
        assert Decimal(finding.baseline_usd or -1) <= spent
        assert Decimal(finding.savings_usd or -1) == (
            Decimal(finding.baseline_usd or 0) - Decimal(finding.counterfactual_usd or 0)
        )
        assert (Decimal(finding.savings_usd or 0) > 0) == (finding.verdict == "recommend"), finding.lever
    assert Decimal(0) <= Decimal(analysis.joint.savings_usd) <= spent
    assert Decimal(analysis.joint.baseline_usd) == spent
    assert pl.Series([finding.id for finding in analysis.findings]).is_unique().all()
