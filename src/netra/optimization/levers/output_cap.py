"""output-cap: answers no longer than a cap.

Definition. A call with more output tokens than its cap would have written the cap: output' = min(output,
cap), reasoning included, and no more reasoning than output'. `cap` is one for all calls; without it each
(feature, model) has its own, the p99 of its output tokens, linear between ranks and rounded up. A capped
answer ends there and is not asked for again. That changes answers: recommended only through the quality gate,
with evaluations of the capped answers under MODEL+output-cap.

Source: OpenAI, API reference, max_output_tokens; Anthropic, API reference, max_tokens (output is cut at the
limit and what was written is billed).
"""

import numpy as np
import polars as pl

from netra.optimization.actions import ChangeTokens, Int64, Rows
from netra.optimization.drafts import Draft
from netra.optimization.findings import Instructions, Snippet
from netra.optimization.levers.changed_answers import gated_drafts
from netra.optimization.params import LeverParams
from netra.optimization.workload import Workload
from netra.pricing.coding import combined, has_value

_QUANTILE = 0.99
_NAMED = 3


class OutputCap:
    """A cap on output tokens: `cap`, or the p99 of each (feature, model)."""

    name = "output-cap"
    summary = "cap the length of answers"
    parameters: dict[str, str] = {
        "cap": "output tokens (default: p99 of each feature and model)",
        "margin": "largest acceptable drop in quality, e.g. 0.02 for 2 points",
        "group": "only evaluated items of this group count",
    }
    columns = ("feature", "max_output_tokens")

    def drafts(self, workload: Workload, evaluations: pl.DataFrame, params: LeverParams) -> list[Draft]:
        """One draft a model whose capped answers are evaluated, one for the rest."""
        cap = params.whole("cap")
        limits = np.full(workload.n, cap, dtype=np.int64) if cap is not None else usual_caps(workload)
        longer = int((workload.tokens.output > limits).sum())

        def some(rows: Rows) -> Instructions:
            return _instructions(workload, limits, rows, cap)

        base = Draft(
            self.name,
            {} if cap is None else {"cap": str(cap)},
            workload.n,
            some(np.ones(workload.n, dtype=bool)),
            assumptions=[
                f"{longer:,} of {workload.n:,} answers are longer than "
                + (f"{cap:,} tokens" if cap is not None else "the p99 of their feature and model"),
                "a capped answer ends at the cap; it is not asked for again",
            ],
            latency="lower for the longest answers",
            risk="medium",
            effort="low",
        )
        return gated_drafts(workload, evaluations, params, ChangeTokens(output_limit=limits), base, some)


def usual_caps(workload: Workload) -> Int64:
    """The p99 of output tokens of each call's (feature, model), linear between ranks, rounded up (n)."""
    if not workload.n:
        return np.zeros(0, dtype=np.int64)
    group, _ = combined([workload.coded("feature"), workload.coded("model")])
    frame = pl.DataFrame({"group": group, "output": workload.tokens.output})
    # Between two whole numbers of tokens a percentile is a multiple of 1/100; as a float it is beside it.
    usual = (pl.col("output").quantile(_QUANTILE, interpolation="linear") * 100).round().cast(pl.Int64)
    caps = frame.group_by("group").agg(((usual + 99) // 100).alias("cap")).sort("group")
    return caps.get_column("cap").to_numpy()[group]


def _instructions(workload: Workload, limits: Int64, rows: Rows, cap: int | None) -> Instructions:
    """What to set for some of the calls (n): the dearest three places by name, the others by number."""
    longer = rows & (workload.tokens.output > limits)
    found = workload.labels(("feature", "model"), longer, workload.n)
    places: list[str] = []
    for labels, _ in found[:_NAMED]:
        value = int(limits[np.argmax(longer & _labelled(workload, labels))])
        nameless = workload.has_text("feature") and "feature" not in labels
        names = ["calls without a feature", *labels.values()] if nameless else labels.values()
        places.append(f"{' / '.join(names)} to {value:,}")
    if len(found) > _NAMED:
        each = "its p99" if cap is None else f"{cap:,}"
        places.append(f"and {len(found) - _NAMED:,} more, each to {each}")
    values = set(np.unique(limits[longer]).tolist()) if cap is None else {cap}
    where = "; ".join(places) if places else "of the calls with the longest answers to the cap"
    return Instructions(
        summary="Set a limit on output tokens where answers run away.",
        steps=[
            f"Set max_tokens (max_output_tokens): {where}.",
            "Say in the prompt how long the answer may be, so that it ends instead of being cut.",
            "Count answers that stop for length (finish_reason length) after the change.",
        ],
        snippet=Snippet(
            language="python", text=f"    max_output_tokens={values.pop() if len(values) == 1 else 'CAP'},"
        ),
    )


def _labelled(workload: Workload, labels: dict[str, str]) -> Rows:
    """The calls with these texts in feature and model, an absent one being empty."""
    rows = np.ones(workload.n, dtype=bool)
    for name in ("feature", "model"):
        rows &= has_value(workload.coded(name), (labels.get(name, ""),))
    return rows
