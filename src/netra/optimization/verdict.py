"""The verdict on a draft, in one fixed order."""

from dataclasses import dataclass

from netra.optimization.drafts import Draft
from netra.optimization.findings import LatencyEffect, LatencyGoal, Missing, QualityEffect, Verdict
from netra.optimization.intervals import MIN_CALLS, Interval


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict, and what is missing where it is `insufficient_data`."""

    verdict: Verdict
    missing: list[Missing]


def judge(draft: Draft, interval: Interval | None) -> Judgement:
    """Order: quality refuses; something is missing; the interval is above zero; nothing saved; not certain.

    A change made for a goal of latency is judged by the goal instead of by its saving. `interval`: 95 %
    interval of the saving in dollars, None where it was not computed.
    """
    gate = draft.quality if isinstance(draft.quality, QualityEffect) else None
    if gate is not None and gate.gate == "refuse":
        return Judgement("refuse", [])
    if draft.lacking:
        return Judgement("insufficient_data", draft.lacking)
    if draft.effect is None or interval is None:
        return Judgement("insufficient_data", [_more_calls(draft.rows)])
    goal = draft.latency.goal if isinstance(draft.latency, LatencyEffect) else None
    if goal is not None:
        return Judgement(goal.gate, [_closer(goal)] if goal.gate == "insufficient_data" else [])
    if interval.low > 0:
        return Judgement("recommend", [])
    if draft.effect.savings <= 0:
        return Judgement("refuse", [])
    return Judgement("insufficient_data", [_wider(draft, interval)])


def _more_calls(rows: int) -> Missing:
    return Missing(
        what=f"enough calls for an interval: {rows} where {MIN_CALLS} are needed",
        how="import a longer period of usage (netra import FILE --format calls)",
    )


def _closer(goal: LatencyGoal) -> Missing:
    return Missing(
        what=f"certainty: the {goal.percentile} would be inside {goal.target_ms:,.0f} ms, but may be as high "
        f"as {goal.upper_ms:,.0f} ms (one-sided 95 % bound)",
        how="import a longer period of usage with latency_ms",
    )


def _wider(draft: Draft, interval: Interval) -> Missing:
    effect = draft.effect
    saving = 0.0 if effect is None else effect.savings * 1e-15
    return Missing(
        what=(
            f"certainty: the saving of ${saving:,.4f} has a 95 % interval from ${interval.low:,.4f} to "
            f"${interval.high:,.4f}, which includes zero"
        ),
        how="import a longer period of usage, so that more sessions or days are compared",
    )
