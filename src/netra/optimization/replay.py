"""The joint replay: all recommended changes together, call by call.

Per call in this order: remove calls, change tokens, change model or provider, cache replay, tier, calls sent
twice, bought capacity. Where several actions of one kind concern the same call, the one that makes it cheaper
wins (for the cache, which depends on earlier calls, and for capacity, which is bought for all, the one that
makes all its calls cheaper together).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from netra.optimization.actions import (
    Action,
    BuyCapacity,
    CachePrefixes,
    ChangeTier,
    ChangeTokens,
    RemoveCalls,
    RepeatSlow,
    SwitchModel,
)
from netra.optimization.levers.prompt_cache import with_cache
from netra.optimization.prefix_replay import CachedTokens, cached_tokens, gaps_since_last_use, live_prefix
from netra.optimization.provisioned import (
    MICROSECONDS_PER_MINUTE,
    capacity_tokens,
    needed_capacity,
    with_capacity,
)
from netra.optimization.token_changes import limited_tokens, scaled_tokens, switched_cost
from netra.optimization.workload import Workload
from netra.pricing.coding import Int32
from netra.pricing.models import CacheTerms, ServiceTier
from netra.pricing.money import total_femto
from netra.pricing.vectorised import PriceTable, Tokens, price_table, taken

Int64 = npt.NDArray[np.int64]
Rows = npt.NDArray[np.bool_]

_MICROSECONDS = 1_000_000


@dataclass
class _State:
    """The calls as changed so far. `moved`: rows of calls on another model; `moves`: which rows went where.
    `ratio`: times the recorded price, for switches known only by cost. `codes`: cache scope of each call.
    `escalated`: calls that are answered once more by their own model, with what that costs.
    """

    tokens: Tokens
    alive: Rows
    moved: Rows
    moves: list[tuple[SwitchModel, Int64]]
    ratio: npt.NDArray[np.float64] | None
    codes: Int32
    escalated: list[tuple[Int64, Int64]]


def replay_jointly(workload: Workload, actions: Sequence[Action]) -> Int64:
    """Femto-dollars of each call with all actions applied (n); unpriced calls stay 0.

    A call that an action would make unpriced keeps what it would cost without that action.
    """
    alive, moved = np.ones(workload.n, dtype=bool), np.zeros(workload.n, dtype=bool)
    state = _State(workload.tokens, alive, moved, [], None, workload.model_codes, [])
    for removal in (a for a in actions if isinstance(a, RemoveCalls)):
        state.alive &= ~removal.rows
    for change in (a for a in actions if isinstance(a, ChangeTokens)):
        state.tokens = limited_tokens(state.tokens, change)
    _switch_models(workload, state, [a for a in actions if isinstance(a, SwitchModel)])
    prices = _prices_now(workload, state, None)
    _replay_caches(workload, state, prices, [a for a in actions if isinstance(a, CachePrefixes)])
    cost, priced = prices.cost(state.tokens)
    for tier in (a for a in actions if isinstance(a, ChangeTier)):
        tiered, sold = _prices_now(workload, state, tier.tier).cost(state.tokens)
        better = tier.rows & sold & priced & (tiered < cost)
        cost = np.where(better, tiered, cost)
    if state.ratio is not None:
        cost = np.where(state.ratio != 1.0, np.rint(cost * state.ratio).astype(np.int64), cost)
    for members, further in state.escalated:
        cost[members] += further
    twice = np.zeros(workload.n, dtype=bool)
    for repeat in (a for a in actions if isinstance(a, RepeatSlow)):
        twice |= repeat.rows
    cost[twice] *= 2
    cost = np.where(state.alive & workload.priced & priced, cost, 0)
    for bought in (a for a in actions if isinstance(a, BuyCapacity)):
        cost = _on_capacity(workload, state, bought, cost)
    return cost


def independent(actions: Sequence[Action]) -> bool:
    """Whether each action does alone what it does with the others: caching of different models only."""
    caches = [action for action in actions if isinstance(action, CachePrefixes)]
    if not caches or len(caches) < len(actions):
        return False
    return bool(np.sum([cache.rows for cache in caches], axis=0, dtype=np.int64).max(initial=0) <= 1)


def _switch_models(workload: Workload, state: _State, switches: list[SwitchModel]) -> None:
    """Each call goes to the cheapest of the models it may go to, if that is cheaper than where it is."""
    if not switches:
        return
    own, _ = workload.prices.cost(state.tokens)
    best = own
    choice = np.full(workload.n, -1, dtype=np.int32)
    for number, switch in enumerate(switches):
        after, priced = switched_cost(workload, state.tokens, best, switch)
        better = switch.rows & priced & workload.priced & (after < best)
        best = np.where(better, after, best)
        choice[better] = number
    state.codes = state.codes.copy()
    for number, switch in enumerate(switches):
        rows = choice == number
        members = np.flatnonzero(rows)
        if not len(members):
            continue
        state.moved |= rows
        if switch.cost_ratio is not None:
            state.ratio = np.ones(workload.n) if state.ratio is None else state.ratio
            state.ratio[members] = switch.cost_ratio + switch.escalated
            continue
        if switch.escalated:
            further = np.rint(own[members] * switch.escalated).astype(np.int64)
            state.escalated.append((members, further))
        state.tokens = scaled_tokens(state.tokens, rows, switch.input_ratio, switch.output_ratio)
        state.codes[members] = _code_of(workload, switch, number)
        state.moves.append((switch, members))


def _prices_now(workload: Workload, state: _State, tier: ServiceTier | None) -> PriceTable:
    """The prices of the calls on the models they are on by now."""
    table = workload.prices if tier is None else price_table(workload.frame, workload.catalogue, tier=tier)
    if not state.moves:
        return table
    index, prices = table.index.copy(), list(table.prices)
    for switch, members in state.moves:
        part = price_table(
            workload.priced_by[members],
            workload.catalogue,
            model=switch.model,
            provider=switch.provider,
            tier=tier,
        )
        index[members] = np.where(part.index < 0, -1, part.index + len(prices))
        prices += part.prices
    return PriceTable(index, prices)


def _replay_caches(
    workload: Workload, state: _State, prices: PriceTable, actions: list[CachePrefixes]
) -> None:
    """Replay caching for the calls of each action, in the scopes the calls are in by now."""
    if not actions:
        return
    blocks = workload.prefixes.fewer(np.where(state.alive, state.tokens.input, 0))
    if state.moved.any() or blocks is not workload.prefixes:
        scope = state.codes.astype(np.int64) * workload.keys + workload.key_codes
        gaps = gaps_since_last_use(blocks, scope, workload.ts)
    else:
        gaps = workload.gaps
    terms = _terms_now(workload, state)
    for action in actions:
        rows = action.rows & state.alive & (blocks.counts > 0)
        ttl, least, hours = _terms_by_call(workload, state, terms, action)
        members = np.flatnonzero(rows & (ttl >= 0))
        cached = cached_tokens(blocks, live_prefix(blocks, gaps, np.maximum(ttl, 0)), least)
        chosen = CachedTokens(cached.read[members], cached.written[members])
        before = taken(state.tokens, members)
        changed = with_cache(before, chosen, hours[members])
        table = prices.of(members)
        if total_femto(table.cost(changed)[0]) < total_femto(table.cost(before)[0]):
            state.tokens = _placed(state.tokens, members, changed)


def _on_capacity(workload: Workload, state: _State, bought: BuyCapacity, cost: Int64) -> Int64:
    """What is left of the calls on their model uses the capacity, if it is still worth its price."""
    members = np.flatnonzero(bought.rows & state.alive & (state.codes == workload.model_codes))
    used = capacity_tokens(taken(state.tokens, members), bought.output_weight, bought.cached_weight)
    needed = needed_capacity(workload.ts[members] // MICROSECONDS_PER_MINUTE, used)
    cost[members] = with_capacity(needed, cost[members], bought.tokens_a_minute, bought.fee)
    return cost


def _terms_by_call(
    workload: Workload, state: _State, terms: dict[int, CacheTerms | None], action: CachePrefixes
) -> tuple[Int64, Int64, Rows]:
    """(retention in microseconds, shortest prefix, writes billed as for an hour) of each call; the retention
    is -1 where the model that a call has moved to does not cache.
    """
    ttl = np.full(workload.n, action.ttl, dtype=np.int64)
    least = np.full(workload.n, action.min_tokens, dtype=np.int64)
    hours = np.full(workload.n, action.write == "cache_write_1h")
    for code, offered in terms.items():
        mine = state.moved & (state.codes == code)
        if offered is None:
            ttl[mine] = -1
            continue
        ttl[mine] = offered.default_ttl.seconds * _MICROSECONDS
        least[mine] = offered.min_tokens
        hours[mine] = offered.default_ttl.write == "cache_write_1h"
    return ttl, least, hours


def _placed(tokens: Tokens, members: Int64, cached: Tokens) -> Tokens:
    """The tokens with caching as replayed for some calls."""

    def placed(whole: Int64, part: Int64) -> Int64:
        whole = whole.copy()
        whole[members] = part
        return whole

    return Tokens(
        tokens.input,
        placed(tokens.cache_read, cached.cache_read),
        placed(tokens.cache_write, cached.cache_write),
        placed(tokens.cache_write_1h, cached.cache_write_1h),
        tokens.output,
        tokens.reasoning,
    )


def _code_of(workload: Workload, switch: SwitchModel, number: int) -> int:
    """The number of the cache scope that switched calls come into: the target's own, where it is in use."""
    target = (switch.provider or "", switch.model)
    own = [used.code for used in workload.models if (used.provider, used.model) == target]
    return own[0] if own else len(workload.models) + number


def _terms_now(workload: Workload, state: _State) -> dict[int, CacheTerms | None]:
    """Terms of caching of the models that calls are on after a switch, by code."""
    found: dict[int, CacheTerms | None] = {}
    if not state.moved.any():
        return found
    there = {used.code: (used.model, used.provider) for used in workload.models}
    for switch, members in state.moves:
        there[int(state.codes[members[0]])] = (switch.model, switch.provider or "")
    for code in np.unique(state.codes[state.moved]).tolist():
        model, provider = there[code]
        found[code] = workload.catalogue.cache_terms(model, provider or None)
    return found
