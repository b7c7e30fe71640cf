"""The figures that any implementation of the definitions must give on the public traces."""

import os
from pathlib import Path

import numpy as np
import pytest

from netra.optimization.prefix_gaps import gaps_since_last_use
from netra.optimization.prefix_replay import PrefixBlocks, live_prefix
from testkit.optimization_bench import mooncake, only, routellm, run_levers


@pytest.fixture(scope="module")
def real_data() -> Path:
    folder = os.environ.get("NETRA_REAL_DATA")
    if not folder:
        pytest.skip("NETRA_REAL_DATA is not set: golden lever figures not compared")
    return Path(folder)


@pytest.mark.parametrize(
    ("model", "ttl", "before", "after", "percent"),
    [
        ("claude-sonnet-4-5", "5m", 192.52, 112.27, 41.7),
        ("claude-sonnet-4-5", "1h", 192.52, 146.58, 23.9),
        ("gpt-4o", "10m", 158.94, 109.63, 31.0),
    ],
)
def test_prompt_cache_on_mooncake(
    real_data: Path, model: str, ttl: str, before: float, after: float, percent: float
) -> None:
    finding = only(run_levers(mooncake(real_data), "prompt-cache", model=model, ttl=ttl))
    assert round(float(finding.baseline_usd), 2) == before
    assert round(float(finding.counterfactual_usd), 2) == after
    assert round(finding.savings_pct, 1) == percent
    assert finding.rows == 3_993


def test_ceiling_of_an_unlimited_cache_on_mooncake(real_data: Path) -> None:
    frame = mooncake(real_data)
    counts = frame["prefix_hashes"].list.len().to_numpy().astype(np.int64)
    inputs = frame["input_tokens"].to_numpy()
    blocks = PrefixBlocks(counts, np.full(len(counts), 512), frame["prefix_hashes"].explode().to_numpy())
    gaps = gaps_since_last_use(blocks, np.zeros_like(counts), frame["ts"].dt.epoch("us").to_numpy())
    run = live_prefix(blocks, gaps, 2**62)
    assert round(100 * run.sum() / counts.sum(), 1) == 64.0
    assert round(100 * np.minimum(run * 512, inputs).sum() / inputs.sum(), 1) == 65.1


def test_quality_gate_on_routellm(real_data: Path) -> None:
    frame = mooncake(real_data, "gpt-4-1106-preview")
    params = {"from": "gpt-4-1106-preview", "to": "mixtral-8x7b-instruct"}
    finding = only(run_levers(frame, "model-switch", evaluations=routellm(real_data), **params))
    effect = finding.quality_effect
    assert not isinstance(effect, str)
    assert (effect.from_score, effect.to_score, effect.drop_points) == (80.58, 68.08, 12.5)
    assert effect.interval_95 == (11.74, 13.27)
    assert effect.items == 14_042
    assert finding.verdict == "refuse"
