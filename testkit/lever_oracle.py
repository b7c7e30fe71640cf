"""The levers once more, one call after the other, as their definitions say it, to compare the product with.

Written from the definitions alone, without their code. Calls are dictionaries with the columns of `llm_calls`
in order of (ts, position); money is whole femto-dollars; a call without a price costs None.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from functools import cache
from typing import Any

from netra.optimization.actions import (
    Action,
    CachePrefixes,
    ChangeTier,
    ChangeTokens,
    RemoveCalls,
    RepeatSlow,
    SwitchModel,
)
from netra.pricing.models import CallUsage
from testkit.optimization_bench import CATALOGUE

__all__ = [
    "Retention",
    "as_if_uncached",
    "computed_inflight",
    "cost",
    "in_order",
    "new_tokens",
    "output_caps",
    "replayed_jointly",
    "scaled",
    "served",
    "wasted",
    "with_prompt_cache",
]

Call = Mapping[str, Any]
TOKENS = (
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "cache_write_1h_tokens",
    "reasoning_tokens",
)
SUCCESSFUL = ("ok", "", None)


def in_order(rows: Iterable[Call]) -> list[Call]:
    """Calls by (ts, position)."""
    return sorted(rows, key=lambda call: (call["ts"], call["position"]))


@cache
def _cost(model: str, provider: str | None, at: datetime, tier: str, tokens: tuple[int, ...]) -> int | None:
    usage = CallUsage(**dict(zip(TOKENS, tokens, strict=True)))
    usd = CATALOGUE.cost(usage, model=model, provider=provider, at=at, tier=tier).cost_usd  # pyright: ignore[reportArgumentType]
    return None if usd is None else int(usd.scaleb(15))


def cost(call: Call) -> int | None:
    """Femto-dollars of a call, None without a price."""
    tokens = tuple(int(call.get(name) or 0) for name in TOKENS)
    return _cost(
        call["model"],
        call.get("provider") or None,
        call["ts"],
        call.get("service_tier") or "standard",
        tokens,
    )


@dataclass(frozen=True)
class Retention:
    """What a model's cache keeps: how long, from which length, how writes are billed."""

    ttl: timedelta
    minimum: int
    write: str


def with_prompt_cache(calls: Sequence[Call], retention_of: Callable[[Call], Retention | None]) -> list[Call]:
    """Each call with the tokens that the provider's cache would have read and written.

    A call without terms or without full blocks stays as it is.
    """
    last: dict[Hashable, datetime] = {}
    found: list[Call] = []
    for call in calls:
        scope = (call.get("provider") or "", call["model"], call.get("api_key_id") or "")
        size = int(call.get("prefix_block_tokens") or 0)
        hashes = list(call.get("prefix_hashes") or [])[: call["input_tokens"] // size if size > 0 else 0]
        terms = retention_of(call)
        if terms is not None and hashes:
            run = 0
            while run < len(hashes):
                used = last.get((scope, hashes[run]))
                if used is None or call["ts"] - used > terms.ttl:
                    break
                run += 1
            read = run * size if run * size >= terms.minimum else 0
            written = len(hashes) * size - read
            if len(hashes) * size < terms.minimum:
                read = written = 0
            call_then = {**call, **dict.fromkeys(TOKENS[2:5], 0), "cache_read_tokens": read}
            found.append({**call_then, f"{terms.write}_tokens": written})
        else:
            found.append(call)
        for block in hashes:
            last[scope, block] = call["ts"]
    return found


def as_if_uncached(calls: Sequence[Call], model: str) -> list[Call]:
    """All calls as on a model of its maker, nothing cached."""
    return [{**call, "model": model, "provider": "", **dict.fromkeys(TOKENS[2:5], 0)} for call in calls]


def _repeated(calls: Sequence[Call]) -> set[str]:
    return {call["retry_of"] for call in calls if call.get("retry_of")}


def wasted(calls: Sequence[Call]) -> list[bool]:
    """Every attempt in a chain of retries but the last successful one."""
    parent: dict[str, str] = {}

    def top(name: str) -> str:
        while parent.setdefault(name, name) != name:
            name = parent[name]
        return name

    for call in calls:
        if call.get("retry_of") and call["retry_of"] != call["call_id"]:
            parent[top(call["call_id"])] = top(call["retry_of"])
    last_ok: dict[str, str] = {}
    for call in calls:
        if call["call_id"] in parent and call["status"] in SUCCESSFUL:
            last_ok[top(call["call_id"])] = call["call_id"]
    return [
        call["call_id"] in parent and last_ok.get(top(call["call_id"])) != call["call_id"] for call in calls
    ]


def _stands_for_another(call: Call, repeated: set[str], warmest: float) -> bool:
    cold = call.get("temperature") is None or call["temperature"] <= warmest
    return (
        bool(call.get("request_hash"))
        and call["status"] in SUCCESSFUL
        and cold
        and call["call_id"] not in repeated
    )


def _latency(call: Call) -> timedelta:
    return timedelta(milliseconds=call.get("latency_ms") or 0)


def computed_inflight(calls: Sequence[Call], warmest: float = 0.0) -> list[bool]:
    """Calls that began while an identical one was running."""
    running: dict[Hashable, datetime] = {}
    repeated, found = _repeated(calls), [False] * len(calls)
    for row, call in enumerate(calls):
        if not _stands_for_another(call, repeated, warmest):
            continue
        same = (call.get("provider") or "", call["model"], call["request_hash"], call.get("app") or "")
        if same in running and call["ts"] < running[same]:
            found[row] = not call.get("retry_of")
        else:
            running[same] = call["ts"] + _latency(call)
    return found


def served(calls: Sequence[Call], ttl: timedelta, scope: str = "app", warmest: float = 0.0) -> list[bool]:
    """Calls that a cache of whole answers would have served."""
    stored: dict[Hashable, tuple[datetime, datetime]] = {}
    repeated, found = _repeated(calls), [False] * len(calls)
    for row, call in enumerate(calls):
        if not _stands_for_another(call, repeated, warmest):
            continue
        if scope == "user" and not call.get("user"):
            continue
        sharing = {"workspace": (), "app": ("app",), "user": ("app", "user")}[scope]
        same = (
            call["request_hash"],
            call["model"],
            *(call.get(name) or "" for name in ("provider", *sharing)),
        )
        begun, complete = stored.get(same, (None, None))
        if begun is None or complete is None or call["ts"] > complete + ttl:
            stored[same] = (call["ts"], call["ts"] + _latency(call))
        elif not call.get("retry_of"):
            found[row] = call["ts"] >= complete and call["ts"] > begun
    return found


def output_caps(calls: Sequence[Call]) -> list[int]:
    """The p99 of the output of each call's (feature, model), linear between ranks, rounded up."""
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for call in calls:
        groups[call.get("feature") or "", call["model"]].append(call["output_tokens"])
    caps: dict[Hashable, int] = {}
    for group, values in groups.items():
        values.sort()
        rank = Fraction(99, 100) * (len(values) - 1)
        low = values[int(rank)]
        high = values[min(int(rank) + 1, len(values) - 1)]
        exact = low + (high - low) * (rank - int(rank))
        caps[group] = -int(-exact // 1)
    return [caps[call.get("feature") or "", call["model"]] for call in calls]


def new_tokens(calls: Sequence[Call]) -> list[int]:
    """Input that the session's previous call had not sent; all of it without a session."""
    before: dict[str, int] = {}
    found: list[int] = []
    for call in calls:
        session = call.get("session_id") or ""
        found.append(max(0, call["input_tokens"] - (before.get(session, 0) if session else 0)))
        before[session] = call["input_tokens"]
    return found


def _limited(call: Call, input_limit: int | None, output_limit: int | None) -> Call:
    after = dict(call)
    if output_limit is not None:
        after["output_tokens"] = min(call["output_tokens"], output_limit)
        after["reasoning_tokens"] = min(call.get("reasoning_tokens") or 0, after["output_tokens"])
    if input_limit is not None:
        after["input_tokens"] = min(call["input_tokens"], input_limit)
        cut = call["input_tokens"] - after["input_tokens"]
        for name in TOKENS[2:5]:
            held = call.get(name) or 0
            after[name] = held - min(held, cut)
            cut -= min(held, cut)
    return after


def scaled(call: Call, action: SwitchModel) -> Call:
    """The call on another model, with so many times the tokens."""

    def times(tokens: int, ratio: float) -> int:
        return round(tokens * ratio)

    after = {**call, "model": action.model, "provider": action.provider or ""}
    for name in TOKENS:
        ratio = action.output_ratio if name in ("output_tokens", "reasoning_tokens") else action.input_ratio
        after[name] = times(call.get(name) or 0, ratio)
    return after


def _terms(call: Call, action: CachePrefixes, switched: bool) -> Retention | None:
    if not switched:
        return Retention(timedelta(microseconds=action.ttl), action.min_tokens, action.write)
    terms = CATALOGUE.cache_terms(call["model"], call.get("provider") or None)
    if terms is None:
        return None
    default = terms.default_ttl
    return Retention(timedelta(seconds=default.seconds), terms.min_tokens, default.write)


def replayed_jointly(calls: Sequence[Call], actions: Sequence[Action]) -> list[int]:
    """Femto-dollars of each call with all actions: remove, tokens, model, cache, tier, sent twice."""
    gone = {
        row for act in actions if isinstance(act, RemoveCalls) for row in range(len(calls)) if act.rows[row]
    }
    priced = [cost(call) is not None for call in calls]
    kept = [row for row in range(len(calls)) if row not in gone]
    now: dict[int, Call] = {row: calls[row] for row in kept}
    for act in actions:
        if isinstance(act, ChangeTokens):
            for row in kept:
                limits = (act.input_limit, act.output_limit)
                now[row] = _limited(now[row], *(None if lim is None else int(lim[row]) for lim in limits))
    switched: set[int] = set()
    for row in kept:
        options = [scaled(now[row], act) for act in actions if isinstance(act, SwitchModel) and act.rows[row]]
        best = _cheapest(now[row], options) if priced[row] else now[row]
        if best is not now[row]:
            switched.add(row)
        now[row] = best
    cached: list[tuple[set[int], dict[int, Call]]] = []
    for act in actions:
        if isinstance(act, CachePrefixes):
            mine = {row for row in kept if act.rows[row]}
            part = [{**now[row], "row": row} for row in kept]
            replayed = with_prompt_cache(
                part,
                lambda call, act=act, mine=mine: (
                    _terms(call, act, call["row"] in switched) if call["row"] in mine else None
                ),
            )
            cached.append((mine, {call["row"]: call for call in replayed}))
    now = _best_cached(now, cached)
    for row in kept:
        options = [
            {**now[row], "service_tier": act.tier}
            for act in actions
            if isinstance(act, ChangeTier) and act.rows[row]
        ]
        now[row] = _cheapest(now[row], options)
    found = [(cost(now[row]) or 0) if row in now and priced[row] else 0 for row in range(len(calls))]
    times = [
        1 + sum(bool(a.rows[row]) for a in actions if isinstance(a, RepeatSlow)) for row in range(len(calls))
    ]
    return [usd * sent for usd, sent in zip(found, times, strict=True)]


def _cheapest(call: Call, options: Sequence[Call]) -> Call:
    best = call
    for option in options:
        after, before = cost(option), cost(best)
        if after is not None and before is not None and after < before:
            best = option
    return best


def _best_cached(now: dict[int, Call], cached: list[tuple[set[int], dict[int, Call]]]) -> dict[int, Call]:
    """For each cache action, its calls with or without it, whichever is cheaper together."""
    found = dict(now)
    for mine, after in cached:
        rows = [row for row in mine if cost(found[row]) is not None and cost(after[row]) is not None]
        before_all = sum(cost(found[row]) or 0 for row in rows)
        if sum(cost(after[row]) or 0 for row in rows) < before_all:
            found |= {row: after[row] for row in rows}
    return found
