"""duplicate-inflight: the same request again while it is still being answered.

Definition. A call is a duplicate in flight if it begins after an identical request (provider, model,
request_hash, app) began, in order of (ts, position), and before that one ended (ts + latency_ms). With
single-flight only the first is sent and the others wait for its answer; the first request after its end is
sent again. Both must have succeeded. Attempts that were repeated belong to retry-waste; calls with `retry_of`
are sent, and others may wait for them. Calls sampled at a temperature above `temperature` are left alone:
several samples of one prompt at a time (self-consistency) are wanted.

Source: Go, golang.org/x/sync/singleflight (duplicate suppression of calls in flight).
"""

import numpy as np
import polars as pl

from netra.optimization.actions import Int64, RemoveCalls, Rows
from netra.optimization.drafts import Draft, effect_of
from netra.optimization.findings import Instructions, Missing, Snippet
from netra.optimization.levers.changed_answers import nothing_to_change
from netra.optimization.levers.groups import Group, dearest_groups
from netra.optimization.levers.response_cache import SEND_REQUEST_HASH
from netra.optimization.params import LeverParams
from netra.optimization.repeats import is_retry, latency_micros, repeatable, repeats_of
from netra.optimization.workload import Workload

_SEND_LATENCY = Missing(
    what="how long calls take (latency_ms), to know which were still running",
    how="send latency_ms with each call, from request to the end of the answer",
)
_SINGLE_FLIGHT = """running: dict[str, asyncio.Task] = {}

async def once(request):
    key = sha256(canonical_json(request))
    if key not in running:
        running[key] = asyncio.create_task(client.chat.completions.create(**request))
        running[key].add_done_callback(lambda _: running.pop(key, None))
    return await asyncio.shield(running[key])  # everyone who asks meanwhile waits for the same answer"""


class DuplicateInflight:
    """Single-flight: one call for identical requests at the same time."""

    name = "duplicate-inflight"
    summary = "send a request once while the same one is still running"
    parameters: dict[str, str] = {
        "temperature": "calls sampled at more than this are left alone (default 0)",
    }
    columns = (
        "call_id",
        "retry_of",
        "request_hash",
        "status",
        "temperature",
        "latency_ms",
        "app",
        "feature",
    )

    def drafts(self, workload: Workload, evaluations: pl.DataFrame, params: LeverParams) -> list[Draft]:
        """One draft a feature with duplicates, dearest first; one that refuses where there are none."""
        if not workload.identities("request_hash").any():
            return [nothing_to_change(self.name, workload, SEND_REQUEST_HASH)]
        latency = latency_micros(workload)
        if latency is None:
            return [nothing_to_change(self.name, workload, _SEND_LATENCY)]
        warmest = params.number("temperature", 0.0) or 0.0
        duplicates = duplicates_in_flight(workload, latency, warmest)
        saved = np.where(duplicates, workload.cost, 0)
        groups = dearest_groups(workload, ("app", "feature"), saved)
        return [_draft(workload, duplicates, group) for group in groups]


def duplicates_in_flight(workload: Workload, latency: Int64, warmest: float) -> Rows:
    """Calls (n) that began while an identical one was running. `latency` in microseconds (n)."""
    repeats = repeats_of(workload, repeatable(workload, warmest), workload.identities("app"))
    rows = repeats.rows
    ends = workload.ts + latency
    until = np.searchsorted(workload.ts, ends[rows], side="left").astype(np.int64)
    first = rows[repeats.computed(until)]
    found = np.zeros(workload.n, dtype=bool)
    found[rows[(rows != first) & (workload.ts[rows] < ends[first])]] = True
    return found & ~is_retry(workload)


def _draft(workload: Workload, duplicates: Rows, group: Group) -> Draft:
    gone, rows = duplicates & group.own, group.rows
    unknown = workload.number("temperature")
    open_ended = int(gone.sum()) if unknown is None else int(unknown.filter(pl.Series(gone)).null_count())
    said = [
        f"{int(gone.sum()):,} of {int(rows.sum()):,} calls began while an identical request of the same app "
        f"was running; they would have waited for its answer",
        "they are not meant as hedges or as several samples of one prompt",
    ]
    if open_ended:
        said.append(f"{open_ended:,} of them carry no temperature and are taken as repeatable")
    return Draft(
        DuplicateInflight.name,
        group.params,
        int(rows.sum()),
        _instructions(workload, gone, group.place),
        effect=effect_of(workload, rows, np.where(gone, 0, workload.cost)),
        action=RemoveCalls(gone),
        quality="none: the answer to the identical request",
        assumptions=said,
        latency="lower or the same: who waits gets the answer of a request that began earlier",
        risk="medium" if open_ended else "low",
        effort="medium",
        filters=group.labels,
    )


def _instructions(workload: Workload, gone: Rows, place: str) -> Instructions:
    top = workload.labels(("app", "feature", "model"), gone)
    places = [f"{' / '.join(labels.values())} ({calls:,} duplicates)" for labels, calls in top if labels]
    where = place or "the code that makes these calls"
    return Instructions(
        summary="Send identical requests once while one of them is running, and share the answer.",
        steps=[
            f"In {where}, find who asks twice: double clicks, several workers on one job, re-rendered pages"
            + (f". Most duplicates: {', '.join(places)}." if places else "."),
            "Key requests in flight by a hash of the whole request; whoever asks meanwhile waits for it.",
            "Across machines, hold the key in a shared store with a lease a little above the p99 latency.",
        ],
        snippet=Snippet(language="python", text=_SINGLE_FLIGHT),
    )
