"""timeout: give a late call up and send it again, at the time that makes the tail shortest.

Replay: with a timeout t an attempt that takes longer than t is dropped and repeated once, without a timeout:
the call takes t + l' with l' an independent draw from the calls of its model with answers of about the same
length. Where latencies have a heavy tail this shortens it; where they do not, it only lengthens the calls
that were almost done. The best t is searched among quantiles of each (feature, model); of two as good the
later one. Source: van Moorsel and Wolter, Analysis of restart mechanisms in software systems, IEEE
Transactions on Software Engineering 32(8), 2006.
"""

import numpy as np
import polars as pl

from netra.optimization.actions import RepeatSlow
from netra.optimization.drafts import Draft
from netra.optimization.findings import Instructions, Snippet
from netra.optimization.latency_replay import LatencyReplay
from netra.optimization.levers.latency_goals import (
    GOAL_PARAMETERS,
    Float64,
    goal_of,
    quantile_of,
    repeated,
    tried_shares,
    usual_delays,
    with_repetition,
    without_latency,
)
from netra.optimization.params import LeverParams
from netra.optimization.workload import Workload

_SHARES = (0.999, 0.998, 0.995, 0.99, 0.98, 0.97, 0.95, 0.9)
_CLIENT = """client = OpenAI(timeout={timeout:.1f}, max_retries=1)  # seconds; one per feature and model"""


class Timeout:
    """A timeout with one repetition: `timeout`, or the one that makes the p99 (or the goal) smallest."""

    name = "timeout"
    summary = "give up calls that hang and send them again"
    parameters: dict[str, str] = {
        "timeout": "when to give up, e.g. 30s (default: what makes the tail shortest)",
        **GOAL_PARAMETERS,
    }
    columns = ("latency_ms", "ttft_ms", "status", "interactive", "feature")

    def drafts(self, workload: Workload, evaluations: pl.DataFrame, params: LeverParams) -> list[Draft]:
        """One draft over all calls that somebody waits for."""
        replay = LatencyReplay(workload)
        if not (replay.classes[replay.recorded.known] >= 0).any():
            return [without_latency(self.name, workload)]
        goal, given = goal_of(params), params.duration("timeout")
        said: dict[str, str] = dict(params.values)
        if given is not None:
            limits = np.full(workload.n, given / 1_000)
        else:
            tried = tried_shares(workload, _SHARES, quantile_of(goal), cancels=True)
            share = min(tried, key=lambda pair: pair[1])[0]
            limits = usual_delays(workload, replay, share)
            said["timeout"] = f"p{100 * share:g} of feature and model"
        action = repeated(workload, replay, limits, cancels=True)
        draft = Draft(
            self.name,
            said,
            workload.n,
            _instructions(workload, action, limits),
            action=action,
            assumptions=_assumptions(workload, replay, action),
            effort="low",
            risk="low",
        )
        return [with_repetition(draft, workload, replay, goal)]


def _assumptions(workload: Workload, replay: LatencyReplay, action: RepeatSlow) -> list[str]:
    late, known = int(action.rows.sum()), int(replay.recorded.known.sum())
    hung = int((workload.text("status") == "timeout").sum())
    said = [
        f"{late:,} of {known:,} successful calls with a latency would be given up and repeated once "
        f"({100 * late / max(known, 1):.2f} %)",
        "a repetition takes as long as another call of the model with an answer of about the same length, "
        "independently of the first",
        "the attempt that was given up is billed in full: it may cost less, never more",
    ]
    if hung:
        said.append(f"{hung:,} calls that ended in a timeout are not part of the percentiles")
    return said


def _instructions(workload: Workload, action: RepeatSlow, limits: Float64) -> Instructions:
    top = workload.labels(("feature", "model"), action.rows)
    places = [f"{' / '.join(labels.values())} ({calls:,} calls)" for labels, calls in top if labels]
    typical = float(np.median(limits[action.rows])) if action.rows.any() else 0.0
    return Instructions(
        summary="Set a timeout where the tail begins, with one repetition.",
        steps=[
            f"Start with {', '.join(places) if places else 'the calls that somebody waits for'}.",
            f"Set the client's timeout to what these calls hardly ever need (most often {typical:,.0f} ms).",
            "Let one layer only retry, once, without a timeout of its own below the first.",
            "Compare p99 and the number of attempts a call with the days before.",
        ],
        snippet=Snippet(language="python", text=_CLIENT.format(timeout=typical / 1_000)),
    )
