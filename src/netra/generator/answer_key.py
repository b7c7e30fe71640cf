"""What is planted in the traffic and what it is worth, by arithmetic that is not the levers'."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import polars as pl

from netra.generator.company import COMPANY, EXAMINATIONS, SURGE_DAYS, WORKLOADS
from netra.pricing.catalogue import PriceCatalogue
from netra.pricing.vectorised import COST_COLUMN, price_frame

_FEMTO = Decimal(1).scaleb(-15)
_CACHE_TTL_MS = 300_000


class AnswerKey:
    """Computes the key of one set of drawn calls (sorted by ts)."""

    def __init__(self, calls: pl.DataFrame, catalogue: PriceCatalogue) -> None:
        self._catalogue = catalogue
        self._calls = _priceable(calls)
        self._priced = price_frame(self._calls, catalogue)

    def to_dict(self, profile: Mapping[str, Any]) -> dict[str, Any]:
        """JSON values; money as text. `planted` names lever, parameters, expected verdict and amounts."""
        costs = self._priced[COST_COLUMN]
        return {
            "version": 1,
            "company": COMPANY,
            "profile": dict(profile),
            "baseline": {
                "calls": self._calls.height,
                "cost_usd": _text(_sum(costs)),
                "unpriced_calls": costs.null_count(),
                "since": _iso(self._calls["ts"].min()),
                "until": _iso(self._calls["ts"].max()),
            },
            "planted": [
                self._prompt_cache(),
                self._batch(),
                *self._switches(),
                self._retry_waste(),
                _undecided("context-growth", "route-agent", "no evaluations of shortened histories"),
                _undecided("output-cap", "offer-draft", "no evaluations of capped answers"),
            ],
            "surge": _surge(),
        }

    def _prompt_cache(self) -> dict[str, Any]:
        """Five-minute caching per model, call by call."""
        by_model: list[dict[str, Any]] = []
        for model in sorted({w.model for w in WORKLOADS if w.shared_blocks is not None}):
            calls = self._priced.filter(pl.col("model") == model)
            cached = replay_cache(calls, self._catalogue.min_cacheable_tokens(model) or 0)
            before, after = _sum(calls[COST_COLUMN]), _sum(price_frame(cached, self._catalogue)[COST_COLUMN])
            by_model.append(
                {
                    "model": model,
                    "calls": calls.height,
                    "baseline_usd": _text(before),
                    "counterfactual_usd": _text(after),
                    "savings_usd": _text(before - after),
                    "verdict": "recommend" if after < before else "refuse",
                }
            )
        total = sum((Decimal(entry["savings_usd"]) for entry in by_model), Decimal(0))
        return {
            "lever": "prompt-cache",
            "params": {"ttl": "5m"},
            "verdict": "recommend" if total > 0 else "refuse",
            "savings_usd": _text(total),
            "by_model": by_model,
        }

    def _batch(self) -> dict[str, Any]:
        """Everything nobody waits for, at batch prices."""
        calls = self._priced.filter((pl.col("interactive") == False) & (pl.col("status") == "ok"))  # noqa: E712
        after = price_frame(calls.with_columns(pl.lit("batch").alias("service_tier")), self._catalogue)
        return self._finding("batch", {}, "recommend", calls, _sum(after[COST_COLUMN]))

    def _switches(self) -> list[dict[str, Any]]:
        """The model switches that were examined: the first loses no quality, the second too much."""
        findings: list[dict[str, Any]] = []
        for exam in EXAMINATIONS:
            calls = self._priced.filter(pl.col("model") == exam.current)
            after = price_frame(calls.with_columns(pl.lit(exam.candidate).alias("model")), self._catalogue)
            drop = 100 * (exam.right_current - exam.right_candidate)
            finding = self._finding(
                "model-switch",
                {"from": exam.current, "to": exam.candidate},
                "refuse" if drop > 2 else "recommend",
                calls,
                _sum(after[COST_COLUMN]),
            )
            findings.append({**finding, "quality_drop_points": round(drop, 2)})
        return findings

    def _retry_waste(self) -> dict[str, Any]:
        """Failed attempts that were repeated."""
        repeated = self._priced["retry_of"].drop_nulls()
        wasted = self._priced.filter(pl.col("call_id").is_in(repeated.implode()))
        return self._finding("retry-waste", {}, "recommend", wasted, Decimal(0))

    def _finding(
        self, lever: str, params: dict[str, str], verdict: str, calls: pl.DataFrame, after: Decimal
    ) -> dict[str, Any]:
        before = _sum(calls[COST_COLUMN])
        return {
            "lever": lever,
            "params": params,
            "verdict": verdict,
            "calls": calls.height,
            "baseline_usd": _text(before),
            "counterfactual_usd": _text(after),
            "savings_usd": _text(before - after),
        }


def replay_cache(calls: pl.DataFrame, minimum: int, ttl_ms: int = _CACHE_TTL_MS) -> pl.DataFrame:
    """The calls with the cache reads and writes that a prefix cache of this time to live would have had.

    A block is known if it was last used at most `ttl_ms` before; the read prefix is the run of known leading
    blocks, if it holds `minimum` tokens; the other full blocks are written. `calls` are sorted by ts.
    """
    last_used: dict[int, int] = {}
    never = -(10**15)
    reads: list[int] = []
    writes: list[int] = []
    columns = calls.select(pl.col("ts").dt.epoch("ms"), "prefix_hashes", "prefix_block_tokens")
    for ts, hashes, block in columns.iter_rows():
        blocks: list[int] = hashes or []
        whole = len(blocks) * (block or 0)
        known = 0
        if whole >= minimum:
            while known < len(blocks) and last_used.get(blocks[known], never) >= ts - ttl_ms:
                known += 1
            last_used.update((block_id, ts) for block_id in blocks)
        read = known * (block or 0)
        read = read if read >= minimum else 0
        reads.append(read)
        writes.append(whole - read if whole >= minimum else 0)
    return calls.with_columns(
        pl.Series("cache_read_tokens", reads, dtype=pl.Int64),
        pl.Series("cache_write_tokens", writes, dtype=pl.Int64),
    )


def _priceable(calls: pl.DataFrame) -> pl.DataFrame:
    ts = pl.from_epoch("ts", time_unit="ms").dt.replace_time_zone("UTC")
    return calls.with_columns(ts.cast(pl.Datetime("us", "UTC")))


def _undecided(lever: str, feature: str, why: str) -> dict[str, Any]:
    return {"lever": lever, "params": {}, "verdict": "insufficient_data", "feature": feature, "why": why}


def _surge() -> dict[str, Any]:
    surging = next(workload for workload in WORKLOADS if workload.surge != 1.0)
    return {
        "app": surging.app,
        "feature": surging.feature,
        "model": surging.model,
        "days": SURGE_DAYS,
        "factor": surging.surge,
    }


def _sum(femto: pl.Series) -> Decimal:
    """Python integers: a month of a large company overflows 64 bits of femto-dollars."""
    return Decimal(sum(value for value in femto.to_list() if value is not None)) * _FEMTO


def _text(amount: Decimal) -> str:
    text = format(amount.normalize(), "f")
    return "0" if text == "-0" else text


def _iso(moment: Any) -> str | None:
    return None if moment is None else moment.isoformat()
