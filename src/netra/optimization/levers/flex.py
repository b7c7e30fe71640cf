"""flex: calls that may wait minutes, in the provider's flex tier.

Definition. Successful calls declared `interactive=false`, on a model with a flex price at their time and in
no cheaper tier already (batch, flex), cost their recorded tokens at the flex price, caches included. The same
calls may be offered to batch; the joint replay takes the cheaper tier for each call.

Source: OpenAI documentation, Flex processing (lower prices for slower answers, occasionally refused with 429
resource unavailable, which is not billed).
"""

import numpy as np
import polars as pl

from netra.optimization.actions import ChangeTier, Int64, Rows
from netra.optimization.drafts import Draft, effect_of
from netra.optimization.findings import Instructions, Missing, Snippet
from netra.optimization.left_out import prices_of
from netra.optimization.levers.changed_answers import nothing_to_change
from netra.optimization.params import LeverParams
from netra.optimization.workload import Workload
from netra.pricing.coding import has_value
from netra.pricing.vectorised import price_table

_FLEX = """client = OpenAI(timeout=900.0)  # answers may take minutes
client.responses.create(model="{model}", input=..., service_tier="flex")
# on 429 resource_unavailable: wait and repeat, or send without service_tier"""
SEND_INTERACTIVE = Missing(
    what="which calls somebody waits for (interactive)",
    how="send interactive=true or false per call, or fill it at import: --set interactive=false",
)


class Flex:
    """The flex tier for successful calls declared not interactive."""

    name = "flex"
    summary = "send calls that may wait minutes through the flex tier"
    parameters: dict[str, str] = {}
    columns = ("interactive", "status", "service_tier", "app", "feature")

    def drafts(self, workload: Workload, evaluations: pl.DataFrame, params: LeverParams) -> list[Draft]:
        """One draft over all calls that could wait."""
        if workload.number("interactive") is None:
            return [nothing_to_change(self.name, workload, SEND_INTERACTIVE)]
        eligible = _may_wait(workload)
        after, sold = price_table(workload.frame, workload.catalogue, tier="flex").cost(workload.tokens)
        rows = eligible & workload.priced & sold
        if eligible.any() and not rows.any():
            lacking = prices_of(workload, eligible, "flex")
            return [nothing_to_change(self.name, workload, lacking)]
        return [_draft(workload, rows, np.where(rows, after, workload.cost), int((eligible & ~rows).sum()))]


def _may_wait(workload: Workload) -> Rows:
    declared = workload.number("interactive")
    if declared is None:
        return np.zeros(workload.n, dtype=bool)
    fine = has_value(workload.coded("status"), ("ok", ""))
    cheap = has_value(workload.coded("service_tier"), ("batch", "flex"))
    return (~declared.cast(pl.Boolean).fill_null(value=True)).to_numpy() & fine & ~cheap


def _draft(workload: Workload, rows: Rows, after: Int64, unsold: int) -> Draft:
    said = [
        f"{int(rows.sum()):,} of {workload.n:,} calls are declared not interactive, succeeded, are on models "
        f"with a flex price, and can wait minutes",
        "calls refused for lack of capacity are repeated and not billed; cached tokens stay as recorded",
    ]
    if unsold:
        said.append(f"{unsold:,} more such calls are on models without a flex price and stay as they are")
    said += _beside_batch(workload, rows, after)
    return Draft(
        Flex.name,
        {},
        workload.n,
        _instructions(workload, rows),
        effect=effect_of(workload, None, after),
        action=ChangeTier(rows, "flex"),
        assumptions=said,
        latency="these calls may take minutes instead of seconds, and some are refused and repeated",
    )


def _beside_batch(workload: Workload, rows: Rows, after: Int64) -> list[str]:
    """Whether those of the calls that could wait a day would be as cheap in batch."""
    batch, sold = price_table(workload.frame, workload.catalogue, tier="batch").cost(workload.tokens)
    as_cheap = int((rows & sold & (batch <= after)).sum())
    if not as_cheap:
        return []
    return [f"{as_cheap:,} of them cost no more in batch, for which a call must be able to wait a day"]


def _instructions(workload: Workload, rows: Rows) -> Instructions:
    top = workload.labels(("app", "feature", "model"), rows)
    places = [f"{' / '.join(labels.values())} ({calls:,} calls)" for labels, calls in top if labels]
    model = next((labels["model"] for labels, _ in top if "model" in labels), "MODEL")
    return Instructions(
        summary="Send calls that may wait minutes with service_tier flex.",
        steps=[
            f"Start with {', '.join(places) if places else 'the calls declared not interactive'}.",
            'Set service_tier to "flex" and the client\'s timeout to 15 minutes.',
            "On 429 resource unavailable repeat with backoff, or fall back to the standard tier.",
            "Keep calls that a person waits for as they are.",
        ],
        snippet=Snippet(language="python", text=_FLEX.format(model=model)),
    )
