"""retry-waste: what the attempts cost that a later attempt replaced.

Definition. Calls that `retry_of` links, directly or over others, are one chain, an attempt that was not
recorded included. Every attempt of a chain but its last successful one, in order of (ts, position), is
wasted; where none succeeded all of them are. What is saved is what their recorded tokens cost: an attempt
refused without tokens costs nothing.

Source: Brooker, Timeouts, retries and backoff with jitter, Amazon Builders' Library, 2019 (retry in one
layer, with backoff).
"""

import numpy as np
import polars as pl

from netra.optimization.actions import RemoveCalls, Rows
from netra.optimization.drafts import Draft, effect_of
from netra.optimization.findings import Instructions, Missing, Snippet
from netra.optimization.params import LeverParams
from netra.optimization.workload import Workload

_MAX_ROUNDS = 40
_RETRIES = """client = OpenAI(max_retries=2, timeout=60)  # one layer of retries only
# retry on 408, 409, 429 and 5xx, with backoff and the server's Retry-After; never on 400 or on a refusal"""


class RetryWaste:
    """The cost of every attempt in a chain of retries but the last successful one."""

    name = "retry-waste"
    summary = "stop paying for attempts that are repeated"
    parameters: dict[str, str] = {}
    columns = ("call_id", "retry_of", "status", "app", "feature")

    def drafts(self, workload: Workload, evaluations: pl.DataFrame, params: LeverParams) -> list[Draft]:
        """One draft over all chains."""
        if not workload.has_text("retry_of"):
            missing = Missing(
                what="which calls repeat which (retry_of)",
                how="send in retry_of the call_id of the attempt that a call repeats",
            )
            steps = Instructions(summary="Nothing to change yet: record retries first.", steps=[])
            return [Draft(self.name, {}, workload.n, steps, missing=[missing])]
        rows = wasted_attempts(workload)
        return [
            Draft(
                self.name,
                {},
                workload.n,
                _instructions(workload, rows),
                effect=effect_of(workload, None, np.where(rows, 0, workload.cost)),
                action=RemoveCalls(rows),
                assumptions=[
                    f"{int(rows.sum()):,} attempts were repeated or came to nothing; this is saved if "
                    f"what causes them is removed entirely",
                    "an attempt costs what its recorded tokens cost; failed ones without tokens cost nothing",
                ],
                latency="lower where an attempt is not repeated",
                risk="low",
                effort="medium",
            )
        ]


def wasted_attempts(workload: Workload) -> Rows:
    """Attempts of retry chains other than the last successful one (all of them where none succeeded)."""
    status = workload.coded("status")
    well = np.array([value in ("ok", "") for value in status.values])[status.codes]
    calls = pl.DataFrame(
        {
            "call_id": workload.identities("call_id"),
            "retry_of": workload.identities("retry_of"),
            "well": well,
        }
    ).with_row_index("row")
    repeats = calls.filter((pl.col("retry_of") != 0) & (pl.col("retry_of") != pl.col("call_id")))
    parents = repeats.filter(pl.col("call_id") != 0).unique("call_id", keep="first", maintain_order=True)
    tops = _top_of_chain(parents.select(id="call_id", up="retry_of"))
    later = repeats.join(tops, left_on="retry_of", right_on="id", how="left").with_columns(
        root=pl.coalesce("up", "retry_of")
    )
    first = calls.join(later.select("root").unique(), left_on="call_id", right_on="root", how="semi")
    begun = first.select("row", pl.col("call_id").alias("root"), "well")
    chained = pl.concat([later.select("row", "root", "well"), begun]).unique("row")
    kept = chained.filter("well").group_by("root").agg(pl.col("row").max())
    wasted = chained.join(kept, on="row", how="anti")
    rows = np.zeros(workload.n, dtype=bool)
    rows[wasted.get_column("row").to_numpy()] = True
    return rows


def _top_of_chain(links: pl.DataFrame) -> pl.DataFrame:
    """Follow id -> up to the first attempt of each chain; each round doubles the steps taken."""
    for _ in range(_MAX_ROUNDS):
        higher = links.join(links.rename({"id": "up", "up": "top"}), on="up", how="inner")
        if higher.height == 0:
            break
        links = links.join(higher.select("id", "top"), on="id", how="left").select(
            "id", pl.coalesce("top", "up").alias("up")
        )
    return links


def _instructions(workload: Workload, rows: Rows) -> Instructions:
    top = workload.labels(("app", "feature", "status"), rows)
    places = [f"{' / '.join(labels.values())} ({calls:,} attempts)" for labels, calls in top if labels]
    return Instructions(
        summary="Find why attempts are repeated, and repeat only what can succeed.",
        steps=[
            f"Look first at {', '.join(places) if places else 'the repeated calls'}.",
            "Timeouts: raise the client's timeout above the model's p99 latency, or stream.",
            "Rate limits: back off by Retry-After and spread the load; refused attempts are not billed.",
            "Answers that do not parse: use structured output, so that the second attempt is not needed.",
            "Make sure only one layer (SDK, framework, queue) retries.",
        ],
        snippet=Snippet(language="python", text=_RETRIES),
    )
