"""Whether the levers find what the generator planted."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import polars as pl

from netra.generator.generating import GeneratedUsage, Profile, generate
from netra.optimization.findings import Finding
from testkit.optimization_bench import CATALOGUE, run_levers

UNTIL = datetime(2026, 11, 21, tzinfo=UTC)


@dataclass(frozen=True)
class Planted:
    """One entry of an answer key with the finding that answers it."""

    lever: str
    params: dict[str, str]
    verdict: str
    savings: Decimal | None
    finding: Finding

    @property
    def name(self) -> str:
        """What was planted, in words."""
        return f"{self.lever} {self.params}"

    def check(self) -> None:
        """The verdict is right, the amount exact, and the interval holds it."""
        assert self.finding.verdict == self.verdict, (self.name, self.finding)
        if self.savings is None:
            assert self.finding.missing, self.name
            return
        assert self.finding.savings_usd is not None, self.name
        assert Decimal(self.finding.savings_usd) == self.savings, self.name
        assert self.holds(self.savings), (self.name, self.finding.interval_95)

    def holds(self, savings: Decimal) -> bool:
        """Whether the interval of the finding holds an amount."""
        interval = self.finding.interval_95
        return interval is not None and Decimal(interval[0]) <= savings <= Decimal(interval[1])


def planted_and_found(name: str, seed: int, calls: int) -> list[Planted]:
    """Generate usage of a profile, run the levers that its answer key names, and pair both."""
    usage = generate(Profile(name=name, calls=calls, seed=seed, until=UNTIL), CATALOGUE)
    levers = list(dict.fromkeys(entry["lever"] for entry in usage.answer_key["planted"]))
    analysis = run_levers(_stored(usage), *levers, evaluations=usage.evaluations)
    return [_paired(*entry, analysis.findings) for entry in _entries(usage.answer_key["planted"])]


def _stored(usage: GeneratedUsage) -> pl.DataFrame:
    """The calls as the store would hand them to the levers."""
    ts = pl.from_epoch("ts", time_unit="ms").dt.replace_time_zone("UTC").cast(pl.Datetime("us", "UTC"))
    return usage.calls.with_columns(ts, pl.int_range(pl.len()).cast(pl.UInt64).alias("position"))


def _entries(planted: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, str], dict[str, Any]]]:
    for entry in planted:
        for part in entry.get("by_model", [entry]):
            model = {"model": part["model"]} if "model" in part else {}
            yield entry["lever"], {**entry["params"], **model}, part


def _paired(lever: str, params: dict[str, str], entry: dict[str, Any], findings: list[Finding]) -> Planted:
    answering = [f for f in findings if f.lever == lever and params.items() <= f.params.items()]
    assert len(answering) == 1, (lever, params, [(f.lever, f.params) for f in findings])
    savings = entry.get("savings_usd")
    amount = None if savings is None else Decimal(savings)
    return Planted(lever, params, entry["verdict"], amount, answering[0])
