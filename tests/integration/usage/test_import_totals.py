"""The published traces, imported into the real stores, give the published totals."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

pytestmark = pytest.mark.protects("W10")


@pytest.mark.parametrize(
    ("file", "calls", "inputs", "outputs", "medians"),
    [
        ("azure_llm_2023_code.csv", 8_819, 18_059_974, 245_896, (1_469, 13)),
        ("azure_llm_2023_conv.csv", 19_366, 22_361_870, 4_088_665, (1_020, 129)),
    ],
)
async def test_azure_totals(
    bench: Any, real_data: Path, file: str, calls: int, inputs: int, outputs: int, medians: tuple[int, int]
) -> None:
    content = (real_data / file).read_bytes()
    result = await bench.load(content, "azure-llm")
    assert (result.read, result.stored, result.duplicates, result.rejected) == (calls, calls, 0, 0)
    assert result.unpriced == calls
    answer = await bench.ask(
        "calls", "input_tokens", "output_tokens", "input_tokens_p50", "output_tokens_p50", "cost_usd"
    )
    assert answer.rows == [
        {
            "calls": calls,
            "input_tokens": inputs,
            "output_tokens": outputs,
            "input_tokens_p50": medians[0],
            "output_tokens_p50": medians[1],
            "cost_usd": None,
        }
    ]
    assert answer.unpriced_calls == calls
    again = await bench.load(content, "azure-llm", values={"model": "gpt-4o"})
    assert (again.stored, again.duplicates) == (0, calls)


async def test_mooncake_keeps_full_blocks_only(bench: Any, real_data: Path) -> None:
    result = await bench.load((real_data / "mooncake_synthetic.jsonl").read_bytes(), "mooncake")
    assert result.stored == 3_993
    frame = await bench.usage.load_calls(
        bench.context, columns=["ts", "input_tokens", "prefix_hashes", "prefix_block_tokens", "position"]
    )
    assert frame.height == 3_993
    assert frame.sort("ts", "position").equals(frame)
    assert (frame["prefix_hashes"].list.len() <= frame["input_tokens"] // 512).all()
    assert frame["prefix_block_tokens"].unique().to_list() == [512]


async def test_aider_costs_equal_the_file(bench: Any, real_data: Path) -> None:
    result = await bench.load((real_data / "aider_sample_analytics.jsonl").read_bytes(), "aider-analytics")
    assert (result.read, result.stored, result.ignored, result.unpriced) == (1_000, 107, 893, 0)
    answer = await bench.ask("calls", "cost_usd", "reported_cost_usd")
    assert answer.rows == [{"calls": 107, "cost_usd": "5.305332", "reported_cost_usd": "5.305332"}]
    frame = await bench.usage.load_calls(bench.context, columns=["cost_usd", "reported_cost_usd"])
    assert (frame["cost_usd"] == frame["reported_cost_usd"]).sum() == 107


async def test_wide_evaluations_are_imported_once_per_model(bench: Any, real_data: Path) -> None:
    content = (real_data / "routellm_mmlu_paired.csv").read_bytes()
    for model, column in (
        ("gpt-4-1106-preview", "gpt_4_1106_preview"),
        ("mixtral-8x7b", "mixtral_8x7b_instruct"),
    ):
        result = await bench.load(
            content, "evals", values={"model": model}, names={"score": column, "group": "subject"}
        )
        assert (result.stored, result.duplicates) == (14_042, 0)
    scores = await bench.evaluations.load(bench.context)
    means = dict(scores.group_by("model").agg(pl.col("score").mean() * 100).iter_rows())
    assert round(means["gpt-4-1106-preview"], 2) == 80.58
    assert round(means["mixtral-8x7b"], 2) == 68.08
    overview = await bench.usage.overview(bench.context)
    assert overview.evaluations == 28_084
    assert overview.calls == 0
