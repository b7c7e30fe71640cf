"""prompt-trim by hand."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netra.optimization.errors import InvalidLeverParamError
from netra.optimization.levers.prompt_trim import static_tokens
from netra.optimization.prefix_replay import PrefixBlocks
from netra.optimization.shared_prefixes import MIN_CALLS, shared_leading_blocks
from testkit.optimization_bench import calls, only, run_levers, scores, workload
from testkit.properties import examples

BLOCK = 128


def call(*hashes: int, **columns: object) -> dict[str, object]:
    return {"prefix_hashes": list(hashes), "prefix_block_tokens": BLOCK, **columns}


def varying(n: int, **columns: object) -> list[dict[str, object]]:
    """Two static blocks, then one of its own."""
    return [call(1, 2, 1_000 + k, **columns) for k in range(n)]


def test_static_is_what_most_calls_of_the_feature_begin_with() -> None:
    rows = [*varying(60, feature="a"), *[call(1, 9, 8, feature="a")] * 20, *[call(7, 8, feature="b")] * 30]
    rows += [call(5, 6, feature="tiny")] * 5 + [{}] * 3
    static = static_tokens(workload(calls(rows)), 0.5)
    assert static.tolist() == [256] * 60 + [128] * 20 + [256] * 30 + [0] * 8
    strict = static_tokens(workload(calls(rows)), 0.9)
    assert strict.tolist() == [128] * 80 + [256] * 30 + [0] * 8


def test_without_evaluations_an_upper_bound_and_what_to_send() -> None:
    finding = only(run_levers(calls(varying(80)), "prompt-trim"))
    assert finding.verdict == "insufficient_data"
    assert finding.savings_usd is None
    # 256 of 1,000 input tokens at 2.50 USD per million, of 0.0035 a call.
    assert "could touch 18.3 % of the spend" in finding.missing[0].what
    assert "gpt-4o+prompt-trim" in finding.missing[0].how
    assert "20,480 tokens, 25.6 % of all input" in finding.assumptions[0]


def test_through_the_gate_to_the_cent() -> None:
    items = scores([(f"i{k}", m, 1.0) for k in range(400) for m in ("gpt-4o", "gpt-4o+prompt-trim")])
    rows = [*varying(80)]
    finding = only(run_levers(calls(rows), "prompt-trim", evaluations=items, tokens="100"))
    assert finding.verdict == "recommend"
    assert Decimal(finding.savings_usd) == 80 * 100 * Decimal("0.0000025")
    whole = only(run_levers(calls(rows), "prompt-trim", evaluations=items))
    assert Decimal(whole.savings_usd) == 80 * 256 * Decimal("0.0000025")
    worse = scores(
        [(f"i{k}", m, float("+" not in m)) for k in range(400) for m in ("gpt-4o", "gpt-4o+prompt-trim")]
    )
    assert only(run_levers(calls(rows), "prompt-trim", evaluations=worse)).verdict == "refuse"


def test_what_can_be_cached_is_left_to_prompt_cache() -> None:
    long = [call(*range(8), 1_000 + k, input_tokens=1_500) for k in range(80)]
    finding = only(run_levers(calls(long), "prompt-trim"))
    assert (finding.verdict, finding.savings_usd) == ("refuse", "0")
    assert "81,920 more static tokens are long enough" in " ".join(finding.assumptions)
    # The same on a model that nobody is known to cache is paid in full, at an unknown price.
    other = only(run_levers(calls(long, model="nobody-knows"), "prompt-trim"))
    assert other.verdict == "insufficient_data"


def test_nothing_recorded_and_wrong_shares() -> None:
    assert "prefix_hashes" in only(run_levers(calls([{}] * 60), "prompt-trim")).missing[0].what
    with pytest.raises(InvalidLeverParamError):
        run_levers(calls(varying(60)), "prompt-trim", share="0.2")


PROMPTS = st.lists(
    st.tuples(st.integers(0, 1), st.lists(st.integers(0, 1), max_size=4)), min_size=1, max_size=120
)


@settings(max_examples=examples(60))
@given(PROMPTS, st.sampled_from([0.5, 0.75, 1.0]))
def test_as_counted_call_by_call(prompts: list[tuple[int, list[int]]], share: float) -> None:
    def cumulative(blocks: list[int]) -> list[int]:
        return [hash(tuple(blocks[: k + 1])) & (2**63 - 1) for k in range(len(blocks))]

    prompts = prompts * 3
    hashes = [cumulative(blocks) for _, blocks in prompts]
    counts = np.array([len(h) for h in hashes], dtype=np.int64)
    flat = np.array([value for h in hashes for value in h], dtype=np.uint64)
    group = np.array([g for g, _ in prompts], dtype=np.int64)
    found = shared_leading_blocks(PrefixBlocks(counts, np.full(len(prompts), BLOCK), flat), group, share)
    expected = []
    for (own, _), mine in zip(prompts, hashes, strict=True):
        others = [h for (g, _), h in zip(prompts, hashes, strict=True) if g == own and h]
        enough = [sum(v in h for h in others) >= share * len(others) for v in mine]
        expected.append(sum(enough) if len(others) >= MIN_CALLS else 0)
    assert found.tolist() == expected
