"""Why prefixes miss, what to move, what it is worth: on cases worked by hand."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netra.optimization.findings import CacheGroup, CacheMiss
from testkit.optimization_bench import calls, run_levers
from testkit.properties import examples

SONNET = "claude-sonnet-4-5"
IN, WRITE, READ = (Decimal(price) / 10**6 for price in ("3", "3.75", "0.30"))
BLOCK = 512


def prompts(rows: Sequence[Mapping[str, object]], **common: object) -> pl.DataFrame:
    """Calls whose prompts are exactly their blocks and whose answers cost nothing."""
    full: list[dict[str, object]] = []
    for row in rows:
        hashes = row["prefix_hashes"]
        assert isinstance(hashes, list)
        full.append({"input_tokens": BLOCK * len(hashes), "output_tokens": 0, **row})
    return calls(full, **{"model": SONNET, "prefix_block_tokens": BLOCK, **common})


def diagnosed(frame: pl.DataFrame, model: str = SONNET) -> list[CacheGroup]:
    findings = run_levers(frame, "prompt-cache").findings
    found = next(f.diagnosis for f in findings if f.params["model"] == model)
    assert found is not None
    return found


def miss(group: CacheGroup, cause: str) -> CacheMiss:
    return next(m for m in group.misses if m.cause == cause)


def causes(group: CacheGroup) -> dict[str, int]:
    return {m.cause: m.tokens for m in group.misses}


def test_a_time_stamp_in_the_second_block_of_a_conversation() -> None:
    """Every turn sends the history again behind a block that differs: only the first block is shared."""
    rows = [
        {
            "at": 1_000 * session + 10 * turn,
            "session_id": f"s{session}",
            "prefix_hashes": [1, *(10_000 * session + 100 * turn + k for k in range(1, 4))],
        }
        for session in range(30)
        for turn in range(3)
    ]
    group = diagnosed(prompts(rows))[0]
    # Of a session's 3 x 4 blocks the first turn has none to repeat; the later two each lose 3 of 4.
    found = miss(group, "changed")
    assert found.tokens == 30 * 2 * 3 * BLOCK
    assert "block 2 (about token 512)" in found.why
    assert "token 512" in found.advice
    # The one shared block is under the minimum of 1,024, so it is not read either.
    assert causes(group)["below_minimum"] == 30 * 2 * BLOCK
    assert group.read_pct == 0.0
    # Moved to the end, 3 of 4 blocks repeat in the later turns: read instead of written again.
    assert Decimal(found.worth_usd) == 30 * 2 * 3 * BLOCK * (WRITE - READ)
    assert not found.at_most
    finding = run_levers(prompts(rows), "prompt-cache").findings[0]
    assert any("block 2" in said for said in finding.assumptions)
    assert any("token 512" in step and "Worth $0.32" in step for step in finding.apply.steps)


def test_a_start_that_was_kept_too_short() -> None:
    rows = [{"at": 600 * k, "prefix_hashes": [1, 2, 3, 4]} for k in range(60)]
    group = diagnosed(prompts(rows))[0]
    assert causes(group) == {"expired": 59 * 4 * BLOCK, "new": 4 * BLOCK}
    found = miss(group, "expired")
    assert "5m" in found.why
    # An hour's retention: one write at twice the input price, then reads.
    now, then = 60 * 4 * BLOCK * WRITE, 4 * BLOCK * (2 * IN + 59 * READ)
    assert Decimal(found.worth_usd) == now - then


def test_a_start_that_is_warm_under_another_key_or_model() -> None:
    rows = [{"at": 10 * k, "prefix_hashes": [1, 2, 3], "api_key_id": f"k{k}"} for k in range(60)]
    group = diagnosed(prompts(rows))[0]
    assert causes(group) == {"other_key": 59 * 3 * BLOCK, "new": 3 * BLOCK}
    assert Decimal(miss(group, "other_key").worth_usd) == 59 * 3 * BLOCK * (WRITE - READ)
    # By turns every four minutes each key's own is older than five, the other's is not: one key reads it all.
    turns = [{"at": 240 * k, "prefix_hashes": [1, 2, 3], "api_key_id": f"k{k % 2}"} for k in range(60)]
    group = diagnosed(prompts(turns))[0]
    assert causes(group) == {"expired": 58 * 3 * BLOCK, "other_key": 3 * BLOCK, "new": 3 * BLOCK}
    assert Decimal(miss(group, "other_key").worth_usd) == 59 * 3 * BLOCK * (WRITE - READ)
    assert "what expires with several: its worth counts both" in miss(group, "other_key").why
    turns = [
        {"at": 10 * k, "prefix_hashes": [1, 2, 3], "model": SONNET if k == 59 else "claude-sonnet-4"}
        for k in range(60)
    ]
    group = diagnosed(prompts(turns))[0]
    assert causes(group) == {"other_model": 3 * BLOCK}
    assert miss(group, "other_model").worth_usd is None


def test_prompts_under_the_minimum_are_left_alone() -> None:
    group = diagnosed(prompts([{"prefix_hashes": [1]} for _ in range(60)]))[0]
    assert causes(group) == {"below_minimum": 60 * BLOCK}
    assert "1,024" in miss(group, "below_minimum").why


def test_first_calls_that_differ_early_are_worth_something_at_most() -> None:
    """A user's name in the first block, then instructions that may well be the same."""
    rows = [
        {"at": 10 * k, "session_id": f"s{k}", "prefix_hashes": [100 * k + j for j in range(1, 6)]}
        for k in range(60)
    ]
    found = miss(diagnosed(prompts(rows))[0], "differs")
    assert found.tokens == 60 * 5 * BLOCK
    assert found.at_most
    assert Decimal(found.worth_usd) == 59 * 5 * BLOCK * (WRITE - READ)
    assert "before" in found.advice


def test_healthy_conversations_have_only_new_blocks() -> None:
    rows = [
        {
            "at": 1_000 * session + 10 * turn,
            "session_id": f"s{session}",
            "prefix_hashes": [1, 2, 3, *(1_000 * session + k for k in range(1, 2 + turn))],
        }
        for session in range(30)
        for turn in range(3)
    ]
    group = diagnosed(prompts(rows))[0]
    assert set(causes(group)) <= {"new", "expired"}
    assert group.shared_tokens >= 3 * BLOCK


def test_features_and_models_are_told_apart() -> None:
    good = {"prefix_hashes": [1, 2, 3], "feature": "search"}
    rows = [
        dict(good, at=10 * k) if k % 2 else {"at": 10 * k, "prefix_hashes": [k + 9, k + 999], "feature": "x"}
        for k in range(120)
    ]
    groups = {group.feature: group for group in diagnosed(prompts(rows))}
    assert groups["search"].read_pct > 95
    assert groups["x"].read_pct == 0.0


@settings(max_examples=examples(25))
@given(
    data=st.lists(
        st.tuples(
            st.integers(0, 400), st.integers(0, 3), st.integers(0, 4), st.integers(0, 6), st.integers(0, 1)
        ),
        min_size=60,
        max_size=90,
    )
)
def test_every_block_is_read_or_has_one_cause(data: list[tuple[int, int, int, int, int]]) -> None:
    rows = [
        {
            "at": at,
            "session_id": f"s{session}" if session else "",
            "prefix_hashes": [*range(1, 1 + shared), *(1_000 * index + j for j in range(own))],
            "api_key_id": f"k{key}",
        }
        for index, (at, session, shared, own, key) in enumerate(data)
    ]
    frame = prompts(rows)
    finding = run_levers(frame, "prompt-cache").findings[0]
    for group in finding.diagnosis or []:
        missed = sum(m.tokens for m in group.misses)
        assert 0 <= missed <= group.tokens
        assert group.read_pct == pytest.approx(100 * (1 - missed / group.tokens), abs=0.01)
        assert all(m.worth_usd is None or Decimal(m.worth_usd) > 0 for m in group.misses)
        assert all(
            m.share_pct == pytest.approx(100 * m.tokens / group.tokens, abs=0.01) for m in group.misses
        )
