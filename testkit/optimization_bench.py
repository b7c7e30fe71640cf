"""Calls, evaluations and analyses for tests of the levers."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from netra.optimization.analysis.analyse import (
    Analysis,
    Surroundings,
    analyse,
    id_from_content,
    with_instructions_of,
)
from netra.optimization.drafts import Draft
from netra.optimization.evaluated import with_canonical
from netra.optimization.findings import Finding
from netra.optimization.params import params_by_lever
from netra.optimization.registry import chosen_levers
from netra.optimization.solver.schemas import Constraints
from netra.optimization.solver.solve import params_within, solve
from netra.optimization.workload import Workload
from netra.pricing.catalogue import PriceCatalogue

CATALOGUE = PriceCatalogue()
START = datetime(2026, 6, 1, tzinfo=UTC)

_SCHEMA: dict[str, Any] = {
    "call_id": pl.String,
    "ts": pl.Datetime("us", "UTC"),
    "position": pl.UInt64,
    "provider": pl.String,
    "model": pl.String,
    "input_tokens": pl.Int64,
    "cache_read_tokens": pl.Int64,
    "cache_write_tokens": pl.Int64,
    "output_tokens": pl.Int64,
    "service_tier": pl.String,
    "status": pl.String,
    "retry_of": pl.String,
    "session_id": pl.String,
    "api_key_id": pl.String,
    "feature": pl.String,
    "app": pl.String,
    "interactive": pl.Boolean,
    "streaming": pl.Boolean,
    "latency_ms": pl.Float64,
    "ttft_ms": pl.Float64,
    "tags": pl.String,
    "cache_unreported": pl.Boolean,
    "user": pl.String,
    "request_hash": pl.String,
    "temperature": pl.Float64,
    "reasoning_tokens": pl.Int64,
    "reasoning_effort": pl.String,
    "prefix_hashes": pl.List(pl.UInt64),
    "prefix_block_tokens": pl.Int64,
}


def calls(rows: Sequence[Mapping[str, object]], **common: object) -> pl.DataFrame:
    """A frame of calls: each row over defaults; `at` is seconds after START, rows stand in file order."""
    full: list[dict[str, object]] = []
    for position, row in enumerate(rows):
        merged: dict[str, object] = {
            "call_id": f"c{position}",
            "position": position,
            "provider": "",
            "model": "gpt-4o",
            "input_tokens": 1_000,
            "output_tokens": 100,
            "status": "ok",
            "service_tier": "standard",
            **common,
            **row,
        }
        seconds = merged.pop("at", position)
        merged["ts"] = START + timedelta(seconds=float(str(seconds)))
        full.append({name: merged.get(name) for name in _SCHEMA})
    return pl.DataFrame(full, schema=_SCHEMA)


def scores(rows: Sequence[tuple[str, str, float]], **columns: object) -> pl.DataFrame:
    """Evaluations from (item_id, model, score)."""
    frame = pl.DataFrame(rows, schema=["item_id", "model", "score"], orient="row")
    return frame.with_columns(**{name: pl.lit(value) for name, value in columns.items()})


def workload(frame: pl.DataFrame) -> Workload:
    """Priced with the shipped catalogue."""
    return Workload(frame, CATALOGUE)


def run_levers(
    frame: pl.DataFrame,
    *levers: str,
    evaluations: pl.DataFrame | None = None,
    **params: str,
) -> Analysis:
    """Analyse a frame with some levers (none: all); `from` and dotted names through a mapping."""
    chosen = chosen_levers(list(levers) or None)
    accepted = {lever.name: lever.parameters for lever in chosen}
    given = params_by_lever(params, [lever.name for lever in chosen], accepted)
    scored = with_canonical(pl.DataFrame() if evaluations is None else evaluations, CATALOGUE)

    def describe(draft: Draft) -> tuple[dict[str, Any], str]:
        return {"filters": draft.filters}, ""

    around = Surroundings(describe, lambda key: id_from_content("fnd", key), lambda _step, _of, _text: None)
    return analyse(workload(frame), scored, chosen, given, around)


def solved(
    frame: pl.DataFrame,
    evaluations: pl.DataFrame | None,
    *levers: str,
    judged: bool = False,
    **constraints: Any,
) -> Any:
    """The plan of some levers (none: the three that tests of plans need) under constraints; with `judged`
    also the drafts and findings behind it.
    """
    asked = Constraints(**constraints)
    chosen = chosen_levers(list(levers) or ["model-switch", "batch", "retry-waste"])
    accepted = {lever.name: lever.parameters for lever in chosen}
    params = params_within(asked, params_by_lever({}, list(accepted), accepted), accepted)
    scored = with_canonical(pl.DataFrame() if evaluations is None else evaluations, CATALOGUE)
    around = Surroundings(
        lambda draft: ({"filters": draft.filters}, ""),
        lambda key: id_from_content("fnd", key),
        lambda _step, _of, _text: None,
    )
    load = workload(frame)
    analysis = analyse(load, scored, chosen, params, around)
    pairs = list(zip(analysis.drafts, analysis.findings, strict=True))
    plan = solve(load, scored, pairs, asked)
    told = with_instructions_of(plan.findings, analysis).findings
    return (plan, list(zip(analysis.drafts, told, strict=True))) if judged else plan


def only(analysis: Analysis) -> Finding:
    """The one finding."""
    assert len(analysis.findings) == 1, [(f.lever, f.params) for f in analysis.findings]
    return analysis.findings[0]


def mooncake(folder: Path, model: str = "claude-sonnet-4-5") -> pl.DataFrame:
    """The trace as calls on a model."""
    rows = [json.loads(line) for line in (folder / "mooncake_synthetic.jsonl").read_text().splitlines()]
    return pl.DataFrame(
        {
            "ts": pl.Series([row["timestamp"] * 1_000 for row in rows]).cast(pl.Datetime("us", "UTC")),
            "position": range(len(rows)),
            "model": [model] * len(rows),
            "input_tokens": [row["input_length"] for row in rows],
            "output_tokens": [row["output_length"] for row in rows],
            "prefix_hashes": pl.Series([row["hash_ids"] for row in rows], dtype=pl.List(pl.UInt64)),
            "prefix_block_tokens": [512] * len(rows),
        }
    )


def routellm(folder: Path) -> pl.DataFrame:
    """The paired results as evaluations, in the order of the file."""
    table = pl.read_csv(folder / "routellm_mmlu_paired.csv")
    names = {"gpt_4_1106_preview": "gpt-4-1106-preview", "mixtral_8x7b_instruct": "mixtral-8x7b-instruct"}
    return table.unpivot(
        list(names), index=["item_id", "subject"], variable_name="model", value_name="score"
    ).select(
        "item_id",
        pl.col("model").replace(names),
        pl.col("score").cast(pl.Float64),
        pl.col("subject").alias("group"),
    )
