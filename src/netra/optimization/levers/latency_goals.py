"""What the latency levers have in common: the goal, the choice of a delay, what is missing.

A latency lever buys time with money, so its saving says nothing about whether to do it. With a goal
(`target_p95_ms` or `target_p99_ms`) it is recommended if the goal is certainly reached, refused if it is not
reached or already met. Without a goal a lever that gains nothing is refused, and one that gains something
misses the goal: whether the time is worth its price is not in the data.
"""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import polars as pl

from netra.optimization.actions import RepeatSlow, Rows
from netra.optimization.drafts import Draft, effect_of
from netra.optimization.findings import Instructions, LatencyEffect, Missing
from netra.optimization.latency_intervals import QUANTILES, Goal, latency_effect
from netra.optimization.latency_replay import ENOUGH, LatencyReplay
from netra.optimization.params import LeverParams
from netra.optimization.workload import Workload
from netra.pricing.coding import combined
from netra.pricing.money import femto_string

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

GOAL_PARAMETERS: dict[str, str] = {
    "target_p95_ms": "the p95 latency to reach, in milliseconds",
    "target_p99_ms": "the p99 latency to reach, in milliseconds",
}
_LOOKED_AT = 200_000
"""Calls among which a delay is chosen; the figures come from all of them."""


def goal_of(params: LeverParams) -> Goal | None:
    """The goal asked for; the p95 where both are given."""
    p95, p99 = params.whole("target_p95_ms"), params.whole("target_p99_ms")
    if p95 is not None:
        return Goal("p95", float(p95))
    return None if p99 is None else Goal("p99", float(p99))


def without_latency(lever: str, workload: Workload) -> Draft:
    """A draft that says which latencies lack."""
    missing = Missing(
        what=f"latencies: at least {ENOUGH} successful calls of one model with latency_ms",
        how="send latency_ms with each call (milliseconds from request to the end of the answer)",
    )
    steps = Instructions(summary="Nothing to change yet: send what is missing, then ask again.", steps=[])
    return Draft(lever, {}, workload.n, steps, missing=[missing])


def missing_goal(lever: str, effect: LatencyEffect | None, costs: str) -> list[Missing]:
    """What lacks for a verdict on a change that gains time, where no goal was given."""
    if effect is None or effect.goal is not None or not gains(effect):
        return []
    return [
        Missing(
            what=f"a goal for latency: this change brings {effect.in_words()} and costs {costs}",
            how=f"name the percentile to reach: --param {lever}.target_p95_ms=2000 "
            f"or {lever}.target_p99_ms=5000, or ask for a plan with --p95 2s",
        )
    ]


def gains(effect: LatencyEffect) -> bool:
    """Whether some percentile certainly shrinks."""
    return any(change.interval_95[0] > 0 for change in (effect.p50, effect.p95, effect.p99))


def usual_delays(workload: Workload, replay: LatencyReplay, share: float) -> Float64:
    """The quantile `share` of the latencies of each call's (feature, model) (n); infinite for too few calls.

    A client can know these two before it sends a call, unlike the length of the answer.
    """
    known = replay.recorded.known
    codes = codes_of(workload, ("feature",)) * len(workload.models) + workload.model_codes
    frame = pl.DataFrame({"code": codes[known], "ms": replay.recorded.values})
    delays = frame.group_by("code").agg(
        pl.col("ms").quantile(share, interpolation="linear"), pl.len().alias("calls")
    )
    by_code = np.full(int(codes.max(initial=0)) + 1, np.inf)
    enough = delays.filter(pl.col("calls") >= ENOUGH)
    by_code[enough.get_column("code").to_numpy()] = enough.get_column("ms").to_numpy()
    return by_code[codes]


def codes_of(workload: Workload, names: Sequence[str]) -> Int64:
    """A number per combination of text columns (n); absent columns count as empty."""
    codes, _ = combined([workload.coded(name) for name in names])
    return codes.astype(np.int64)


def waited_for(workload: Workload) -> Rows:
    """Calls that somebody may wait for: all but those declared not interactive."""
    declared = workload.number("interactive")
    if declared is None:
        return np.ones(workload.n, dtype=bool)
    return declared.cast(pl.Boolean).fill_null(value=True).to_numpy()


def repeated(workload: Workload, replay: LatencyReplay, delays: Float64, *, cancels: bool) -> RepeatSlow:
    """The repetition of calls that somebody waits for and that are not answered within their delay."""
    late = replay.recorded.known & (replay.recorded.ms > delays) & (replay.classes >= 0)
    late &= waited_for(workload)
    return RepeatSlow(late, delays, replay.drawn(late), cancels)


def with_repetition(draft: Draft, workload: Workload, replay: LatencyReplay, goal: Goal | None) -> Draft:
    """The draft with what its repetition does to latency and to spend: both attempts are billed."""
    action = draft.action
    if not isinstance(action, RepeatSlow):
        return draft
    effect = latency_effect(workload.blocks, replay.recorded, replay.after([action])[0], goal)
    money = effect_of(workload, None, np.where(action.rows, 2 * workload.cost, workload.cost))
    costs = f"${Decimal(femto_string(-money.savings)):,.2f}"
    return replace(
        draft,
        effect=money,
        goal_missing=missing_goal(draft.lever, effect, costs),
        latency="unknown" if effect is None else effect,
    )


def tried_shares(
    workload: Workload, shares: Sequence[float], quantile: float, *, cancels: bool
) -> list[tuple[float, float]]:
    """(share, the quantile of latency in milliseconds) with each delay, on every k-th call."""
    stride = -(-workload.n // _LOOKED_AT)
    some = Workload(workload.frame.gather_every(stride), workload.catalogue) if stride > 1 else workload
    replay = LatencyReplay(some)
    found: list[tuple[float, float]] = []
    for share in shares:
        action = repeated(some, replay, usual_delays(some, replay, share), cancels=cancels)
        after, _ = replay.after([action])
        found.append((share, float(np.quantile(after.values, quantile)) if len(after.values) else np.inf))
    return found


def quantile_of(goal: Goal | None) -> float:
    """The quantile a search looks at: the goal's, p99 without one."""
    return QUANTILES["p99" if goal is None else goal.percentile]
