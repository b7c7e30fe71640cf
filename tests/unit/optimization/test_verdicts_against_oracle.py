"""Blocks, intervals and verdicts of findings against their definitions, step by step."""

import random
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from testkit import choice_oracle as choice
from testkit import lever_oracle as oracle
from testkit import verdict_oracle
from testkit.optimization_bench import run_levers
from testkit.properties import examples
from testkit.random_traffic import ordered, traffic

SESSIONS = [""] + [f"s{k}" for k in range(60)]


@settings(max_examples=examples(4))
@given(st.integers(0, 2**32), st.sampled_from([3, 49, 50, 80, 140]))
def test_blocks_intervals_and_verdicts(seed: int, count: int) -> None:
    draw = random.Random(seed)
    frame = traffic(
        draw,
        count,
        ["gpt-4o", "claude-sonnet-4-5"],
        session_id=draw.choice([[""], SESSIONS, SESSIONS[1:]]),
        interactive=draw.choice([[True], [True, False]]),
        request_hash=draw.choice([["", "x", "y"], [f"h{k}" for k in range(400)]]),
    )
    rows = ordered(frame)
    blocks, before = verdict_oracle.block_of(rows), [oracle.cost(row) for row in rows]
    waits = choice.in_tier(rows, "batch", ())
    wasted = oracle.wasted(rows)
    served = oracle.served(rows, timedelta(hours=24), "workspace")
    saved = {
        "batch": [
            0 if after is None else (was or 0) - after for was, after in zip(before, waits, strict=True)
        ],
        "retry-waste": [(was or 0) * gone for was, gone in zip(before, wasted, strict=True)],
        "response-cache": [(was or 0) * gone for was, gone in zip(before, served, strict=True)],
    }
    for lever, gains in saved.items():
        given_scope = {"scope": "workspace"} if lever == "response-cache" else {}
        (*_, finding) = findings = run_levers(frame, lever, **given_scope).findings
        if len(findings) > 1 or finding.rows != len(rows) or not any(before):
            continue
        bounds = verdict_oracle.interval(gains, blocks)
        missing = bool(finding.missing) and bounds is not None and sum(gains) == 0
        expected = verdict_oracle.verdict("none", missing, sum(gains), bounds)
        assert finding.verdict == expected, lever
        if expected == "insufficient_data" or bounds is None or finding.interval_95 is None:
            assert finding.savings_usd is None
            continue
        assert Decimal(finding.savings_usd or 0) == Decimal(sum(gains)).scaleb(-15)
        assert [float(end) for end in finding.interval_95] == pytest.approx(bounds, rel=1e-6, abs=1e-6)
