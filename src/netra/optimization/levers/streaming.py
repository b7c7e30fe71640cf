"""streaming: answers shown while they are written, so that the wait ends at the first token.

Definition. Somebody who waits for a call sees its answer at the first token where it is streamed (`ttft_ms`),
else at the end (`latency_ms`). Successful calls recorded with `streaming=false` that somebody waits for would
be streamed. Measured, not assumed: each one gets the first token of the same rank among the streamed calls of
its model with prompts of about the same length (powers of two, at least 50 of them; post-stratification,
Cochran, Sampling Techniques, 3rd ed., 1977, section 5A.9), never later than its own end. How long a whole
answer takes, and what it costs, stays as it is, so plans that bind the latency of calls do not count on it.

Source: Nielsen, Usability Engineering, 1993, chapter 5 (what counts is when a response begins).
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from netra.optimization.drafts import Draft, effect_of
from netra.optimization.findings import Instructions, LatencyEffect, Missing, Snippet
from netra.optimization.latency_intervals import Goal, latency_effect
from netra.optimization.latency_replay import (
    ENOUGH,
    Float64,
    Int64,
    Latencies,
    Rows,
    same_ranks,
    standing_in,
)
from netra.optimization.levers.changed_answers import nothing_to_change
from netra.optimization.levers.latency_goals import gains, waited_for
from netra.optimization.params import LeverParams
from netra.optimization.workload import Workload
from netra.pricing.coding import has_value

_SIZES = 64
_SEND_STREAMING = Missing(
    what="which calls are streamed (streaming)",
    how="send streaming=true or false with each call; the LLM gateway records it",
)
_STREAM = """stream = client.chat.completions.create(**request, stream=True)
for part in stream:
    show(part.choices[0].delta.content or "")  # the first words appear at once"""


@dataclass(frozen=True, slots=True)
class _Waits:
    """Until when a person waits, as recorded and with streaming; `moved`: calls that would be streamed.

    `weights` (n): how much each recorded wait counts with streaming, those streamed standing for others.
    """

    before: Latencies
    after: Latencies
    moved: Rows
    weights: Float64


class Streaming:
    """Streamed answers for calls that somebody waits for and that are not streamed yet."""

    name = "streaming"
    summary = "show answers while they are written"
    parameters: dict[str, str] = {
        "first_p95_ms": "the p95 of the wait for the first words to reach, in milliseconds",
        "first_p99_ms": "the p99 of it to reach, in milliseconds",
    }
    columns = ("latency_ms", "ttft_ms", "streaming", "status", "interactive", "app", "feature")

    def drafts(self, workload: Workload, evaluations: pl.DataFrame, params: LeverParams) -> list[Draft]:
        """One draft over all calls that somebody waits for."""
        streamed = workload.number("streaming")
        if streamed is None:
            return [nothing_to_change(self.name, workload, _SEND_STREAMING)]
        waited = waited_for(workload) & has_value(workload.coded("status"), ("ok", ""))
        waits = _waits(workload, streamed.cast(pl.Boolean), waited)
        whole = (waited & streamed.cast(pl.Boolean).fill_null(value=True).not_().to_numpy()).sum()
        if whole and not waits.moved.any():
            return [nothing_to_change(self.name, workload, _send_first_tokens(workload))]
        goal = _goal_of(params)
        effect = latency_effect(
            workload.blocks, waits.before, waits.after, goal, weights=waits.weights if whole else None
        )
        moved = int(waits.moved.sum())
        return [
            Draft(
                self.name,
                dict(params.values),
                workload.n,
                _instructions(workload, waits.moved),
                effect=effect_of(workload, None, workload.cost),
                quality="the same answer",
                missing=_missing_goal(effect),
                assumptions=[
                    f"{moved:,} of {int(whole):,} calls that somebody waits for and that are not streamed "
                    f"have at least {ENOUGH} streamed calls of their model with prompts of about the same "
                    f"length to be compared with; the others stay as they are"
                    if whole
                    else "every call that somebody waits for, as far as is recorded, is streamed already",
                    "latency here is the wait until the first words: the first token where an answer is "
                    "streamed, else its end; whole answers take as long and cost as much as before",
                ],
                latency="unknown" if effect is None else effect,
            )
        ]


def _waits(workload: Workload, streamed: pl.Series, waited: Rows) -> _Waits:
    latency, first = workload.number("latency_ms"), workload.number("ttft_ms")
    streams = streamed.fill_null(value=False).to_numpy() & waited
    whole = ~streamed.fill_null(value=True).to_numpy() & waited
    ends, begins = _known(workload, latency), _known(workload, first)
    streams, whole = streams & ~np.isnan(begins), whole & ~np.isnan(ends)
    wait = np.where(streams, begins, np.where(whole, ends, 0.0))
    strata = _strata(workload)
    cells = int(strata.max(initial=0)) + 1
    there = np.bincount(strata[streams], minlength=cells)
    moved = whole & (there >= ENOUGH)[strata]
    after = wait.copy()
    if moved.any():
        like = same_ranks(wait[moved], strata[moved], wait[streams], strata[streams])
        after[moved] = np.minimum(wait[moved], like)
    known = streams | whole
    weights = standing_in(strata, known, moved, streams)
    nothing = np.zeros(workload.n)
    return _Waits(Latencies(wait, nothing, known), Latencies(after, nothing, known), moved, weights)


def _known(workload: Workload, column: pl.Series | None) -> Float64:
    """A column in milliseconds (n), NaN where it is not recorded."""
    if column is None:
        return np.full(workload.n, np.nan)
    return column.cast(pl.Float64).fill_null(np.nan).to_numpy()


def _strata(workload: Workload) -> Int64:
    """Model and size of the prompt as one number (n): how long a prompt is read depends on both."""
    sizes = np.ceil(np.log2(workload.tokens.input + 1.0)).astype(np.int64)
    return workload.model_codes.astype(np.int64) * _SIZES + sizes


def _goal_of(params: LeverParams) -> Goal | None:
    p95, p99 = params.whole("first_p95_ms"), params.whole("first_p99_ms")
    if p95 is not None:
        return Goal("p95", float(p95))
    return None if p99 is None else Goal("p99", float(p99))


def _missing_goal(effect: LatencyEffect | None) -> list[Missing]:
    if effect is None or effect.goal is not None or not gains(effect):
        return []
    what = f"a goal for the wait until the first words: this change brings {effect.in_words()}, for nothing"
    return [Missing(what=what, how="name what to reach: --param streaming.first_p95_ms=1000")]


def _send_first_tokens(workload: Workload) -> Missing:
    names = ", ".join(used.model for used in workload.models[:3])
    return Missing(
        what=f"streamed calls to compare with: at least {ENOUGH} of a model in use ({names}) with prompts of "
        f"about the same length, their first token and the others' end recorded",
        how="stream a share of the calls for a few days; send streaming, ttft_ms and latency_ms",
    )


def _instructions(workload: Workload, moved: Rows) -> Instructions:
    top = workload.labels(("app", "feature", "model"), moved)
    places = [f"{' / '.join(labels.values())} ({calls:,} calls)" for labels, calls in top if labels]
    return Instructions(
        summary="Stream the answers that somebody reads.",
        steps=[
            f"Start with {', '.join(places) if places else 'the calls that somebody waits for'}.",
            "Ask for a stream and show its parts as they come; not where a program reads it.",
            "Ask for usage in the stream (stream_options include_usage), so that tokens stay recorded.",
            "Decide what the page shows when a stream breaks off in the middle.",
        ],
        snippet=Snippet(language="python", text=_STREAM),
    )
