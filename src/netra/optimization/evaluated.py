"""Evaluations made comparable with calls, and what two models' answers to the same items say about tokens."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from netra.optimization.quality_gate import bootstrap_ratios
from netra.pricing.catalogue import PriceCatalogue

Float64 = npt.NDArray[np.float64]

EVALUATION_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "item_id": pl.String,
    "model": pl.String,
    "score": pl.Float64,
    "group": pl.String,
    "input_tokens": pl.Int64,
    "output_tokens": pl.Int64,
    "cost_usd": pl.Float64,
}

EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh")
"""Reasoning efforts, the least first."""

_EFFORT = re.compile(rf"(?P<model>.+?)(?:@|\s+\(?)(?P<effort>{'|'.join(EFFORTS)})\)?", re.IGNORECASE)


def with_canonical(evaluations: pl.DataFrame, catalogue: PriceCatalogue) -> pl.DataFrame:
    """Adds `canonical`, the catalogue's name of each evaluated model; absent columns become null."""
    frame = evaluations.select(
        (pl.col(name) if name in evaluations.columns else pl.lit(None).alias(name)).cast(dtype, strict=False)
        for name, dtype in EVALUATION_SCHEMA.items()
    )
    names = frame.get_column("model").drop_nulls().unique().to_list()
    known = {name: _canonical(name, catalogue) for name in names}
    return frame.with_columns(
        canonical=pl.col("model").replace_strict(known, default=None, return_dtype=pl.String)
    )


def _canonical(name: str, catalogue: PriceCatalogue) -> str:
    """The catalogue's name; what says how the model was used stays: a reasoning effort (`gpt-5 (high)`,
    `gpt-5 high` and `gpt-5@high` are `gpt-5@high`), and what follows a plus sign.
    """
    model, plus, variant = name.partition("+")
    at_effort = _EFFORT.fullmatch(model.strip())
    if at_effort is not None:
        model, effort = at_effort["model"], at_effort["effort"].lower()
        return f"{catalogue.canonical(model).model}@{effort}{plus}{variant}"
    return catalogue.canonical(model).model + plus + variant


def is_variant(canonical: str) -> bool:
    """Whether a canonical name of an evaluation is a model used in another way, not a model of its own."""
    return "+" in canonical or canonical.rpartition("@")[2] in EFFORTS


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many times as much on the other model, with a 95 % interval."""

    value: float
    low: float
    high: float
    items: int

    def text(self, what: str) -> str:
        """The ratio in words."""
        return (
            f"{what} on the other model are {self.value:.3f} times as many (95 % interval {self.low:.3f} to "
            f"{self.high:.3f}, {self.items} paired items)"
        )


def paired_ratio(pairs: pl.DataFrame, column: str) -> Ratio | None:
    """Ratio of a column's sums over items where both models carry it; None where none do.

    An item counts where the first model's value is above 0. Where all of the other model's are 0 the column
    was not recorded for it, and there is no ratio: nothing is free, and no answer is without tokens.
    """
    return paired_ratios(pairs, [column])[0]


def paired_ratios(pairs: pl.DataFrame, columns: Sequence[str]) -> list[Ratio | None]:
    """`paired_ratio` of several columns; those that as many items carry share the resamples."""
    carried = [_carried(pairs, column) for column in columns]
    found: list[Ratio | None] = [None] * len(columns)
    for size in {len(before) for before, _ in carried} - {0}:
        same = [number for number, (before, _) in enumerate(carried) if len(before) == size]
        for number, ratio in zip(same, bootstrap_ratios([carried[n] for n in same]), strict=True):
            found[number] = Ratio(*ratio, size)
    return found


def _carried(pairs: pl.DataFrame, column: str) -> tuple[Float64, Float64]:
    """A column's values of both models where both have one."""
    before, after = pl.col(f"a_{column}"), pl.col(f"b_{column}")
    both = pairs.filter(before.is_not_null() & after.is_not_null() & (before > 0))
    both = both.filter((after > 0).any())
    first, second = (both.get_column(f"{side}_{column}").to_numpy().astype(np.float64) for side in "ab")
    return first, second
