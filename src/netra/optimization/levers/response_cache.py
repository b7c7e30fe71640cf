"""response-cache: identical requests answered from a cache of our own.

Definition. A call is served from the cache if an identical request (provider, model, request_hash) of the
same scope was answered by a model, began at an earlier instant, and its answer was complete when the call
began and no older than `ttl` (inclusive). Only successful calls store or are served; a hit does not renew its
entry. Calls that repeat an attempt on purpose (`retry_of`) are never served, and attempts that were repeated
do not store either. A request that begins while the same one is still being answered finds nothing: that is
duplicate-inflight's to save. Its answer, like that of a retry, is stored only where the entry is too old by
then: until that ends, the answer asked for first counts. The request hash is over the whole request, so that
the answer is one the model gave to exactly this request.

Scope. An answer is reused within one app, also between its users: the cached answer depends on nothing but
the identical request, yet where it was drawn from data only one user may see (tools on the provider's side,
files behind an id), or where the speed of an answer may not tell that somebody asked the same, `scope=user`
is right. A call without a user then shares with nobody. Apps never share unless `scope=workspace`.

Source: LiteLLM documentation, Caching (exact match on the whole request, TTL from when it was stored);
OpenAI API reference, temperature (sampling above 0 is meant to vary).
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from netra.optimization.actions import Int64, RemoveCalls, Rows
from netra.optimization.drafts import Draft, effect_of
from netra.optimization.findings import Instructions, Missing, Snippet
from netra.optimization.levers.changed_answers import nothing_to_change
from netra.optimization.levers.groups import Group, dearest_groups
from netra.optimization.levers.latency_words import saved_latency
from netra.optimization.params import LeverParams, duration_text
from netra.optimization.repeats import is_retry, latency_micros, repeatable, repeats_of
from netra.optimization.workload import Workload

_DAY = 86_400_000_000
_SCOPES = ("app", "user", "workspace")
SEND_REQUEST_HASH = Missing(
    what="which requests are identical (request_hash)",
    how=(
        "send request_hash with each call: a hash over the whole request, e.g. SHA-256 of its JSON with "
        "sorted keys; calls through the LLM gateway carry it"
    ),
)
_CACHE = """key = f"{{{scope}}}:{{sha256(canonical_json(request))}}"  # model, messages, tools, parameters
answer = cache.get(key)
if answer is None:
    answer = client.chat.completions.create(**request)
    if answer.choices[0].finish_reason == "stop":
        cache.set(key, answer.model_dump_json(), ex={seconds})"""


@dataclass(frozen=True, slots=True)
class _Terms:
    ttl: int
    scope: str
    warmest: float


class ResponseCache:
    """Exact response caching: no model for a request that was answered before."""

    name = "response-cache"
    summary = "answer identical requests from a cache of your own"
    parameters: dict[str, str] = {
        "ttl": "how long an answer may be reused, e.g. 1h (default 24h)",
        "scope": "who shares answers: app (default), user, workspace",
        "temperature": "calls sampled at more than this are left alone (default 0)",
    }
    columns = (
        "call_id",
        "retry_of",
        "request_hash",
        "status",
        "temperature",
        "latency_ms",
        "user",
        "app",
        "feature",
    )

    def drafts(self, workload: Workload, evaluations: pl.DataFrame, params: LeverParams) -> list[Draft]:
        """One draft a feature in which requests repeat, dearest first; one that refuses where none do."""
        terms = _Terms(
            params.duration("ttl") or _DAY,
            params.choice("scope", _SCOPES),
            params.number("temperature", 0.0) or 0.0,
        )
        if not workload.identities("request_hash").any():
            return [nothing_to_change(self.name, workload, SEND_REQUEST_HASH)]
        if terms.scope == "user" and not workload.identities("user").any():
            lacking = Missing(
                what="who asked (user), needed for scope=user",
                how="send user with each call, any stable pseudonym",
            )
            return [nothing_to_change(self.name, workload, lacking)]
        hits = cache_hits(workload, terms.ttl, terms.scope, terms.warmest)
        saved = np.where(hits, workload.cost, 0)
        groups = dearest_groups(workload, ("app", "feature"), saved)
        return [_draft(workload, terms, hits, group) for group in groups]


def cache_hits(workload: Workload, ttl: int, scope: str, warmest: float) -> Rows:
    """Calls (n) that would have been served. `ttl` in microseconds; `scope`: app, user or workspace."""
    eligible = repeatable(workload, warmest)
    names = {"workspace": (), "app": ("app",), "user": ("app", "user")}[scope]
    who = [workload.identities(name) for name in names]
    if scope == "user":
        eligible &= who[-1] != 0
    repeats = repeats_of(workload, eligible, *who)
    ready = workload.ts + _or_zero(workload, latency_micros(workload))
    rows = repeats.rows
    until = np.searchsorted(workload.ts, ready[rows] + ttl, side="right").astype(np.int64)
    computed = rows[repeats.computed(until)]
    served = (workload.ts[rows] >= ready[computed]) & (workload.ts[rows] > workload.ts[computed])
    hits = np.zeros(workload.n, dtype=bool)
    hits[rows[served]] = True
    return hits & ~is_retry(workload)


def _or_zero(workload: Workload, latency: Int64 | None) -> Int64:
    return np.zeros(workload.n, dtype=np.int64) if latency is None else latency


def _draft(workload: Workload, terms: _Terms, hits: Rows, group: Group) -> Draft:
    gone, rows = hits & group.own, group.rows
    unknown = _unknown_temperatures(workload, gone)
    return Draft(
        ResponseCache.name,
        {
            **group.params,
            "ttl": duration_text(terms.ttl),
            "scope": terms.scope,
            **({"temperature": f"{terms.warmest:g}"} if terms.warmest else {}),
        },
        int(rows.sum()),
        _instructions(workload, terms, gone, group.place),
        effect=effect_of(workload, rows, np.where(gone, 0, workload.cost)),
        action=RemoveCalls(gone),
        quality="the same answer as the model gave to the identical request before; it may be stale",
        assumptions=_assumptions(workload, terms, (int(gone.sum()), int(rows.sum()), unknown)),
        latency=saved_latency(workload, gone) if gone.any() else "none",
        risk="medium" if unknown or terms.warmest > 0 or terms.scope == "workspace" else "low",
        effort="medium",
        filters=group.labels,
    )


def _unknown_temperatures(workload: Workload, rows: Rows) -> int:
    temperature = workload.number("temperature")
    return int(rows.sum()) if temperature is None else int(temperature.filter(pl.Series(rows)).null_count())


def _assumptions(workload: Workload, terms: _Terms, counts: tuple[int, int, int]) -> list[str]:
    gone, calls, unknown = counts
    within = {"app": "of the same app", "user": "of the same app and user", "workspace": "of the workspace"}
    said = [
        f"{gone:,} of {calls:,} calls repeat an identical request {within[terms.scope]} whose answer was "
        f"computed at most {duration_text(terms.ttl)} before",
        "the answer does not depend on anything outside the request, such as the time or a tool's data",
    ]
    if unknown:
        said.append(
            f"{unknown:,} of the repeats carry no temperature and are taken as repeatable; calls sampled "
            f"above {terms.warmest:g} are left alone"
        )
    if workload.number("latency_ms") is None:
        said.append("no latency is recorded: an answer counts as there as soon as it is asked for")
    if terms.scope == "app" and not workload.has_text("app"):
        said.append("no app is recorded: all calls count as one app")
    return said


def _instructions(workload: Workload, terms: _Terms, gone: Rows, place: str) -> Instructions:
    top = workload.labels(("app", "feature", "model"), gone)
    places = [f"{' / '.join(labels.values())} ({calls:,} repeats)" for labels, calls in top if labels]
    where = place or "the code that makes these calls"
    scope = {"app": "APP", "user": "APP}:{USER_ID", "workspace": "WORKSPACE"}[terms.scope]
    return Instructions(
        summary=f"Keep answers for {duration_text(terms.ttl)} and reuse them for identical requests.",
        steps=[
            f"In {where}, look up the whole request before calling the model"
            + (f"; most repeats: {', '.join(places)}." if places else "."),
            "Store complete answers only, never errors, refusals for rate limits, or answers cut at a limit.",
            "Let requests that ask for a fresh answer (a retry, a regenerate button) pass by the cache.",
            "Leave calls whose answer depends on the time, on tools or on files out, or shorten the time.",
        ],
        snippet=Snippet(
            language="python", text=_CACHE.format(scope=scope, seconds=max(terms.ttl // 1_000_000, 1))
        ),
    )
