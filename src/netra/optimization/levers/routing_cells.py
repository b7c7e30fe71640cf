"""Kinds of calls that a router can tell apart, seen in evaluated items and in calls alike."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl

from netra.optimization.actions import Rows, SwitchModel
from netra.optimization.findings import Missing
from netra.optimization.levers.model_switch import price_of
from netra.optimization.levers.router import Float64, Int64, Items, Traffic, half_of
from netra.optimization.params import LeverParams
from netra.optimization.token_changes import switched_cost
from netra.optimization.workload import Workload


@dataclass(frozen=True)
class Pair:
    """Two models, the calls of the dearer one, and the items both answered (with `group`)."""

    origin: str
    target: str
    rows: Rows
    items: pl.DataFrame


@dataclass(frozen=True)
class Cells:
    """Kinds of calls: their names, the cell of each paired item and of each call (-1: none)."""

    names: list[str]
    of_items: Int64
    of_calls: Int64
    by: str


def with_groups(evaluations: pl.DataFrame, origin: str, pairs: pl.DataFrame) -> pl.DataFrame:
    """Paired items with the `group` of the first model's answers."""
    groups = (
        evaluations.filter(pl.col("canonical") == origin)
        .group_by("item_id", maintain_order=True)
        .agg(pl.col("group").drop_nulls().first())
    )
    return pairs.join(groups, on="item_id", how="left", maintain_order="left")


def cells_of(workload: Workload, pair: Pair, params: LeverParams) -> Cells | None:
    """The kinds of calls that both items and calls show; None where there is nothing to tell them by."""
    asked = [part.strip() for part in (params.text("by") or "").split(",") if part.strip()]
    parts: list[Cells] = []
    if not asked or "group" in asked:
        parts += [found for found in [_by_group(workload, pair, params)] if found is not None]
    if "length" in asked or (not asked and not parts):
        parts += [found for found in [_by_length(workload, pair)] if found is not None]
    if not parts or len(parts) < len(asked):
        return None
    return parts[0] if len(parts) == 1 else _crossed(*parts)


def _by_group(workload: Workload, pair: Pair, params: LeverParams) -> Cells | None:
    column = params.choice("column", ("feature", "app")) if params.text("column") else "feature"
    groups = pair.items.get_column("group").fill_null("")
    known = {name for name in groups.unique().to_list() if name}
    labels = workload.coded(column)
    names = [name for name in sorted(known) if name in labels.values]
    if not names:
        return None
    numbers = {name: number for number, name in enumerate(names)}
    by_code = np.array([numbers.get(value, -1) for value in labels.values], dtype=np.int64)
    of_items = groups.replace_strict(numbers, default=-1, return_dtype=pl.Int64).to_numpy()
    return Cells(names, of_items, np.where(pair.rows, by_code[labels.codes], -1), "group")


def _by_length(workload: Workload, pair: Pair) -> Cells | None:
    lengths = pair.items.get_column("a_input_tokens")
    if lengths.null_count() > lengths.len() // 10:
        return None
    known = lengths.fill_null(0.0).to_numpy()
    learned = half_of(pair.items.get_column("item_id").to_list())
    edges = np.unique(np.quantile(known[learned], [1 / 3, 2 / 3]).astype(np.int64))
    edges = edges[edges < known.max()]
    if not len(edges):
        return None
    between = [f"{low + 1:,} to {high:,} tokens" for low, high in pairwise(edges)]
    names = [f"up to {edges[0]:,} tokens", *between, f"over {edges[-1]:,} tokens"]
    of_calls = np.searchsorted(edges, workload.tokens.input, side="left").astype(np.int64)
    of_items = np.searchsorted(edges, known, side="left").astype(np.int64)
    return Cells(names, of_items, np.where(pair.rows, of_calls, -1), "length")


def _crossed(one: Cells, other: Cells) -> Cells:
    width = len(other.names)

    def crossed(first: Int64, second: Int64) -> Int64:
        return np.where((first < 0) | (second < 0), -1, first * width + second)

    names = [f"{a}, {b}" for a in one.names for b in other.names]
    return Cells(
        names,
        crossed(one.of_items, other.of_items),
        crossed(one.of_calls, other.of_calls),
        f"{one.by},{other.by}",
    )


def items_of(pair: Pair, cells: Cells) -> Items:
    """The scores of the items that are of some kind."""
    kept = cells.of_items >= 0
    frame = pair.items.filter(pl.Series(kept))
    return Items(
        frame.get_column("a_score").to_numpy(),
        frame.get_column("b_score").to_numpy(),
        cells.of_items[kept],
        half_of(frame.get_column("item_id").to_list()),
    )


def traffic_of(workload: Workload, whole: SwitchModel, cells: Cells) -> tuple[Traffic, list[Missing]]:
    """Share of calls and of savings of each cell; by calls alone where the cheaper model has no price."""
    covered, count = cells.of_calls >= 0, len(cells.names)
    calls = np.bincount(cells.of_calls[covered], minlength=count).astype(np.float64)
    after, priced = switched_cost(workload, workload.tokens, workload.cost, whole)
    both = covered & priced & workload.priced
    if not both.any():
        return Traffic(_shares(calls), _shares(calls)), [price_of(whole.model)]
    saved = (workload.cost[both] - after[both]).astype(np.float64)
    by_cell = np.bincount(cells.of_calls[both], weights=saved, minlength=count)
    return Traffic(_shares(calls), _shares(np.maximum(by_cell, 0.0))), []


def _shares(amounts: Float64) -> Float64:
    total = float(amounts.sum())
    return amounts / total if total > 0 else amounts
