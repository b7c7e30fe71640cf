"""What is planted in the traffic and what it is worth, by arithmetic that is not the levers'."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import polars as pl

from netra.generator.company import Company, Undecided
from netra.generator.replays import replay_answers, replay_cache, replay_flights
from netra.pricing.catalogue import PriceCatalogue
from netra.pricing.vectorised import COST_COLUMN, price_frame

_FEMTO = Decimal(1).scaleb(-15)


class AnswerKey:
    """Computes the key of one set of drawn calls (sorted by ts)."""

    def __init__(self, company: Company, calls: pl.DataFrame, catalogue: PriceCatalogue) -> None:
        self._company = company
        self._catalogue = catalogue
        self._calls = _priceable(calls)
        self._priced = price_frame(self._calls, catalogue)

    def to_dict(self, profile: Mapping[str, Any]) -> dict[str, Any]:
        """JSON values; money as text. `planted` names lever, parameters, expected verdict and amounts."""
        costs = self._priced[COST_COLUMN]
        return {
            "version": 2,
            "company": self._company.name,
            "profile": dict(profile),
            "baseline": {
                "calls": self._calls.height,
                "cost_usd": _text(_sum(costs)),
                "unpriced_calls": costs.null_count(),
                "since": _iso(self._calls["ts"].min()),
                "until": _iso(self._calls["ts"].max()),
            },
            "planted": [
                *self._prompt_cache(),
                *self._repeated_answers(),
                *self._batch(),
                *self._switches(),
                *self._retry_waste(),
                *(_undecided(entry) for entry in self._company.undecided),
            ],
            "surges": self._surges(),
        }

    def _prompt_cache(self) -> list[dict[str, Any]]:
        """Five-minute caching per model, call by call."""
        cached_models = {w.model for w in self._company.workloads if w.shared_blocks is not None}
        if not cached_models:
            return []
        by_model: list[dict[str, Any]] = []
        for model in sorted(cached_models):
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
        return [
            {
                "lever": "prompt-cache",
                "params": {"ttl": "5m"},
                "verdict": "recommend" if total > 0 else "refuse",
                "savings_usd": _text(total),
                "by_model": by_model,
            }
        ]

    def _repeated_answers(self) -> list[dict[str, Any]]:
        """What is asked again within a day, and what is asked twice at once."""
        found: list[dict[str, Any]] = []
        if any(workload.questions is not None for workload in self._company.workloads):
            again = self._priced.filter(replay_answers(self._priced))
            found.append(self._finding("response-cache", {}, "recommend", again, Decimal(0)))
        if any(workload.doubles for workload in self._company.workloads):
            twice = self._priced.filter(replay_flights(self._priced))
            found.append(self._finding("duplicate-inflight", {}, "recommend", twice, Decimal(0)))
        return found

    def _batch(self) -> list[dict[str, Any]]:
        """Everything nobody waits for, at batch prices."""
        if all(workload.interactive is not False for workload in self._company.workloads):
            return []
        calls = self._priced.filter((pl.col("interactive") == False) & (pl.col("status") == "ok"))  # noqa: E712
        after = price_frame(calls.with_columns(pl.lit("batch").alias("service_tier")), self._catalogue)
        return [self._finding("batch", {}, "recommend", calls, _sum(after[COST_COLUMN]))]

    def _switches(self) -> list[dict[str, Any]]:
        """The model switches that were examined; more than two points of quality are too much."""
        findings: list[dict[str, Any]] = []
        for exam in self._company.examinations:
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

    def _retry_waste(self) -> list[dict[str, Any]]:
        """Failed attempts that were repeated."""
        if not any(workload.fails for workload in self._company.workloads):
            return []
        repeated = self._priced["retry_of"].drop_nulls()
        wasted = self._priced.filter(pl.col("call_id").is_in(repeated.implode()))
        return [self._finding("retry-waste", {}, "recommend", wasted, Decimal(0))]

    def _surges(self) -> list[dict[str, Any]]:
        return [
            {
                "app": workload.app,
                "feature": workload.feature,
                "model": workload.model,
                "days": self._company.surge_days,
                "factor": workload.surge,
            }
            for workload in self._company.workloads
            if workload.surge != 1.0
        ]

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


def _priceable(calls: pl.DataFrame) -> pl.DataFrame:
    ts = pl.from_epoch("ts", time_unit="ms").dt.replace_time_zone("UTC")
    return calls.with_columns(ts.cast(pl.Datetime("us", "UTC")))


def _undecided(entry: Undecided) -> dict[str, Any]:
    return {
        "lever": entry.lever,
        "params": {},
        "verdict": "insufficient_data",
        "feature": entry.feature,
        "why": entry.why,
    }


def _sum(femto: pl.Series) -> Decimal:
    """Python integers: a month of a large company overflows 64 bits of femto-dollars."""
    return Decimal(sum(value for value in femto.to_list() if value is not None)) * _FEMTO


def _text(amount: Decimal) -> str:
    text = format(amount.normalize(), "f")
    return "0" if text == "-0" else text


def _iso(moment: Any) -> str | None:
    return None if moment is None else moment.isoformat()
