"""batch: calls nobody waits for, in the provider's batch tier.

Definition. Successful calls (no status counts as one) declared `interactive=false`, in any other tier (flex
too, where nothing is gained), on a model with a batch price at their time, cost their recorded tokens at the
batch price, caches included. Without a declaration somebody waits for a call.

Source: the providers' published batch price lists (pricing/data/tiers.toml): answers within 24 hours.
"""

import numpy as np
import polars as pl

from netra.optimization.actions import ChangeTier, Rows
from netra.optimization.drafts import Draft, effect_of
from netra.optimization.findings import Instructions, Missing, Snippet
from netra.optimization.left_out import prices_of
from netra.optimization.params import LeverParams
from netra.optimization.workload import Workload
from netra.pricing.vectorised import price_table

_BATCH = """# one line a call
{"custom_id": "CALL_ID", "method": "POST", "url": "/v1/chat/completions", "body": {"model": "MODEL", ...}}

file = client.files.create(file=open("calls.jsonl", "rb"), purpose="batch")
client.batches.create(input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h")"""


class Batch:
    """The batch tier for successful calls declared not interactive that are not in it already."""

    name = "batch"
    summary = "send calls nobody waits for through the batch tier"
    parameters: dict[str, str] = {}
    columns = ("interactive", "status", "service_tier", "app", "feature")

    def drafts(self, workload: Workload, evaluations: pl.DataFrame, params: LeverParams) -> list[Draft]:
        """One draft over all calls that could wait."""
        declared = workload.number("interactive")
        if declared is None:
            missing = Missing(
                what="which calls somebody waits for (interactive)",
                how="send interactive=true or false per call, or fill it at import: --set interactive=false",
            )
            return [_draft(workload, missing=[missing])]
        waiting = declared.cast(pl.Boolean).fill_null(value=True)
        fine = workload.text("status").replace("", "ok") == "ok"
        eligible = (~waiting & fine & (workload.text("service_tier") != "batch")).to_numpy()
        table = price_table(workload.frame, workload.catalogue, tier="batch")
        after, sold = table.cost(workload.tokens)
        rows = eligible & workload.priced & sold
        if eligible.any() and not rows.any():
            return [_draft(workload, missing=[prices_of(workload, eligible, "batch")])]
        unsold = int((eligible & ~rows).sum())
        return [_draft(workload, rows=rows, after=np.where(rows, after, workload.cost), unsold=unsold)]


def _draft(
    workload: Workload,
    *,
    rows: Rows | None = None,
    after: "np.ndarray[tuple[int, ...], np.dtype[np.int64]] | None" = None,
    unsold: int = 0,
    missing: list[Missing] | None = None,
) -> Draft:
    if rows is None or after is None:
        steps = Instructions(summary="Nothing to change yet: send what is missing, then ask again.", steps=[])
        return Draft(Batch.name, {}, workload.n, steps, missing=missing or [])
    said = [
        f"{int(rows.sum()):,} of {workload.n:,} calls are declared not interactive, succeeded, and can wait "
        f"up to 24 hours",
        "prompt caching recorded with these calls stays as it is",
    ]
    if unsold:
        said.append(f"{unsold:,} more such calls are on models without a batch price and stay as they are")
    return Draft(
        Batch.name,
        {},
        workload.n,
        _instructions(workload, rows),
        effect=effect_of(workload, None, after),
        action=ChangeTier(rows, "batch"),
        assumptions=said,
        latency="these calls take up to 24 hours instead of seconds",
        effort="medium",
    )


def _instructions(workload: Workload, rows: Rows) -> Instructions:
    top = workload.labels(("app", "feature", "model"), rows)
    places = [f"{' / '.join(labels.values())} ({calls:,} calls)" for labels, calls in top if labels]
    return Instructions(
        summary="Collect the calls nobody waits for and submit them as batches.",
        steps=[
            f"Start with {', '.join(places) if places else 'the calls declared not interactive'}.",
            "Write their requests to a file, submit it to the provider's batch endpoint, fetch the results.",
            "Keep calls that a person or a deadline under a day waits for as they are.",
        ],
        snippet=Snippet(language="python", text=_BATCH),
    )
