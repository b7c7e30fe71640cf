"""hedging: a second request where the first one is late; the first answer counts.

Source: Dean and Barroso, The Tail at Scale, Communications of the ACM 56(2), 2013: send the second request
once the first has been out for longer than the 95th percentile of its class, which bounds the further load to
about 5 %. With a goal the delay is the latest quantile of each (feature, model) that reaches it, else the one
that comes nearest. Replay: a call that took longer than its delay d takes min(l, d + l'), where l' is an
independent draw from the calls of its model with answers of about the same length (`latency_replay`). That
keeps what makes every attempt long, and leaves out only what a slow server makes long.
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

_USUAL = 0.95
_SHARES = (0.99, 0.98, 0.97, 0.95, 0.92, 0.9, 0.85, 0.8, 0.7, 0.6, 0.5)
_HEDGE = """async def hedged(request, delay_s):
    first = asyncio.create_task(client.chat.completions.create(**request))
    done, _ = await asyncio.wait({{first}}, timeout=delay_s)
    if done:
        return first.result()
    second = asyncio.create_task(client.chat.completions.create(**request))
    done, late = await asyncio.wait({{first, second}}, return_when=asyncio.FIRST_COMPLETED)
    for task in late:
        task.cancel()
    return done.pop().result()

answer = await hedged(request, delay_s={delay:.1f})  # one delay per feature and model"""


class Hedging:
    """A second request after the p95 of feature and model, after `delay`, or as late as a goal allows."""

    name = "hedging"
    summary = "send slow calls a second time and take the first answer"
    parameters: dict[str, str] = {
        "delay": "how long to wait before the second request, e.g. 2s (default: p95 of feature and model)",
        **GOAL_PARAMETERS,
    }
    columns = ("latency_ms", "ttft_ms", "status", "interactive", "feature")

    def drafts(self, workload: Workload, evaluations: pl.DataFrame, params: LeverParams) -> list[Draft]:
        """One draft over all calls that somebody waits for."""
        replay = LatencyReplay(workload)
        if not (replay.classes[replay.recorded.known] >= 0).any():
            return [without_latency(self.name, workload)]
        goal, given = goal_of(params), params.duration("delay")
        said: dict[str, str] = dict(params.values)
        if given is not None:
            delays = np.full(workload.n, given / 1_000)
        else:
            share = _USUAL
            if goal is not None:
                tried = tried_shares(workload, _SHARES, quantile_of(goal), cancels=False)
                enough = [number for number, ms in tried if ms <= goal.target_ms]
                share = enough[0] if enough else min(tried, key=lambda pair: pair[1])[0]
            delays = usual_delays(workload, replay, share)
            said["delay"] = f"p{100 * share:.0f} of feature and model"
        action = repeated(workload, replay, delays, cancels=False)
        draft = Draft(
            self.name,
            said,
            workload.n,
            _instructions(workload, action, delays),
            action=action,
            assumptions=_assumptions(workload, replay, action),
            effort="medium",
            risk="low",
        )
        return [with_repetition(draft, workload, replay, goal)]


def _assumptions(workload: Workload, replay: LatencyReplay, action: RepeatSlow) -> list[str]:
    late, known = int(action.rows.sum()), int(replay.recorded.known.sum())
    return [
        f"{late:,} of {known:,} successful calls with a latency would be sent twice "
        f"({100 * late / max(known, 1):.2f} % more requests)",
        "a second attempt takes as long as another call of the model with an answer of about that length, "
        "independently of the first; where a whole provider is slow at once, it gains less",
        "both attempts are billed in full: a cancelled one may cost less, never more",
    ]


def _instructions(workload: Workload, action: RepeatSlow, delays: Float64) -> Instructions:
    top = workload.labels(("feature", "model"), action.rows)
    places = [f"{' / '.join(labels.values())} ({calls:,} calls)" for labels, calls in top if labels]
    typical = float(np.median(delays[action.rows])) if action.rows.any() else 0.0
    return Instructions(
        summary="Send a call that is not answered in time once more, and use the first answer.",
        steps=[
            f"Start with {', '.join(places) if places else 'the calls that somebody waits for'}.",
            f"Wait as long as nearly all of these calls take (most often {typical:,.0f} ms) before the "
            f"second request; cancel the one that loses.",
            "Hedge only calls without side effects, and stop hedging when more than a tenth of the calls "
            "are late: the provider is then slow as a whole.",
            "Compare p95 and p99 with the days before, and the requests sent with the answers used.",
        ],
        snippet=Snippet(language="python", text=_HEDGE.format(delay=typical / 1_000)),
    )
