"""What it would take to bring a latency percentile under a target: each answer replayed shorter, call by
call.

The formula is that of the levers (`optimization/latency_replay.py`). Calls without a first-token time count
as all writing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from netra.optimization.latency_replay import shortened
from netra.tools.usage.naming import shown

Floats = npt.NDArray[np.float64]
_SEARCH_STEPS = 24
_SMALLEST_CAP = 16.0


@dataclass(frozen=True, slots=True)
class CappedGroup:
    """A group whose answers are shortened, and to how many tokens; `shortened_pct` of its calls are
    affected.
    """

    keys: tuple[str, ...]
    calls: int
    over: int
    cap: int
    shortened_pct: float


@dataclass(frozen=True, slots=True)
class TailPlan:
    """What brings the percentile to `reached_ms`. `first_token_ms` is the same percentile of the first token
    alone.

    `over` counts the calls above the target, `allowed` how many may stay there.
    """

    now_ms: float
    target_ms: float
    reached_ms: float
    over: int
    allowed: int
    calls: int
    groups: list[CappedGroup]
    first_token_ms: float | None
    reachable: bool


def plan_tail(frame: pl.DataFrame, by: list[str], quantile: float, target_ms: float) -> TailPlan | None:
    """The fewest groups, by their calls over the target, whose answers must be shorter, and how short.

    `frame` has latency_ms, ttft_ms, output_tokens and the columns of `by`. None without a latency.
    """
    known = frame.filter(pl.col("latency_ms").is_not_null())
    if known.is_empty():
        return None
    latency = known["latency_ms"].to_numpy().astype(np.float64)
    first = np.minimum(known["ttft_ms"].fill_null(0.0).to_numpy().astype(np.float64), latency)
    tokens = np.maximum(known["output_tokens"].to_numpy().astype(np.float64), 1.0)
    codes, keys = _groups(known, by)
    over = latency > target_ms
    ranked = sorted(range(len(keys)), key=lambda code: -int((over & (codes == code)).sum()))
    chosen: list[int] = []
    replayed = latency
    reachable = not over.any() or float(np.quantile(latency, quantile)) <= target_ms
    for code in ranked:
        if reachable or not (over & (codes == code)).any():
            break
        chosen.append(code)
        within = np.isin(codes, chosen)
        shortest = _capped(latency, first, tokens, within, _SMALLEST_CAP)
        reachable = float(np.quantile(shortest, quantile)) <= target_ms
        replayed = shortest
    within = np.isin(codes, chosen)
    cap = _longest_cap(latency, first, tokens, within, quantile, target_ms) if reachable else _SMALLEST_CAP
    if chosen:
        replayed = _capped(latency, first, tokens, within, cap)
    groups = [
        CappedGroup(
            keys=keys[code],
            calls=int((codes == code).sum()),
            over=int((over & (codes == code)).sum()),
            cap=int(cap),
            shortened_pct=round(float(100 * (tokens[codes == code] > cap).mean()), 2),
        )
        for code in chosen
    ]
    has_first = known["ttft_ms"].null_count() < known.height
    return TailPlan(
        now_ms=float(np.quantile(latency, quantile)),
        target_ms=target_ms,
        reached_ms=float(np.quantile(replayed, quantile)),
        over=int(over.sum()),
        allowed=int((1 - quantile) * known.height),
        calls=known.height,
        groups=groups,
        first_token_ms=float(np.quantile(known["ttft_ms"].drop_nulls().to_numpy(), quantile))
        if has_first
        else None,
        reachable=reachable,
    )


def _capped(
    latency: Floats, first: Floats, tokens: Floats, within: npt.NDArray[np.bool_], cap: float
) -> Floats:
    return np.where(within, shortened(latency, first, tokens, cap), latency)


def _longest_cap(
    latency: Floats,
    first: Floats,
    tokens: Floats,
    within: npt.NDArray[np.bool_],
    quantile: float,
    target: float,
) -> float:
    """The largest whole cap with which the percentile stays under the target, by bisection."""
    if not within.any():
        return _SMALLEST_CAP
    low, high = _SMALLEST_CAP, float(tokens[within].max())
    for _ in range(_SEARCH_STEPS):
        middle = float(int((low + high) / 2))
        if high - low <= 1:
            break
        if float(np.quantile(_capped(latency, first, tokens, within, middle), quantile)) <= target:
            low = middle
        else:
            high = middle
    return low


def _groups(frame: pl.DataFrame, by: list[str]) -> tuple[npt.NDArray[np.int64], list[tuple[str, ...]]]:
    """A number per call and the names behind the numbers."""
    names = frame.select([pl.col(name).cast(pl.String).fill_null("") for name in by])
    distinct = names.unique(maintain_order=True).with_row_index("code")
    codes = names.join(distinct, on=by, how="left", maintain_order="left")["code"].cast(pl.Int64).to_numpy()
    return codes, [tuple(shown(value) for value in row[1:]) for row in distinct.iter_rows()]
