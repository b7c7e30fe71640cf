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
from netra.optimization.prefix_gaps import gaps_since_last_use
from netra.optimization.prefix_replay import CachedTokens, Gaps, PrefixBlocks, cached_tokens, live_prefix
from netra.optimization.provisioned import (
    MICROSECONDS_PER_MINUTE,
    capacity_tokens,
    needed_capacity,
    with_capacity,
)
from netra.optimization.recent import Recent
from netra.optimization.token_changes import limited_tokens, scaled_tokens, switched_cost
from netra.optimization.workload import Workload
from netra.pricing.coding import Int32
from netra.pricing.models import CacheTerms, ServiceTier
from netra.pricing.money import total_femto
from netra.pricing.vectorised import PriceTable, Tokens, price_table, taken

Int64 = npt.NDArray[np.int64]
Rows = npt.NDArray[np.bool_]

_Key = tuple[int, ...]
_MICROSECONDS = 1_000_000
_FOREVER = 2**62
_CALLS_AT_ONCE = 1 << 20


@dataclass
class _State:
    """The calls as changed so far. `moved`: rows of calls on another model; `moves`: which rows went where.
    `ratio`: times the recorded price, for switches known only by cost. `codes`: cache scope of each call.
    `escalated`: calls that are answered once more by their own model, with what that costs.
    """

    tokens: Tokens
    moved: Rows
    moves: list[tuple[SwitchModel, Int64]]
    ratio: npt.NDArray[np.float64] | None
    codes: Int32
    escalated: list[tuple[Int64, Int64]]
    prices: dict[ServiceTier | None, PriceTable]


@dataclass(frozen=True, slots=True)
class _Uses:
    """Prefix blocks of the calls as changed, and how long ago each was last used."""

    blocks: PrefixBlocks
    gaps: Gaps


@dataclass(frozen=True, slots=True)
class _Layer:
    """Caching of calls that no two actions of the layer share: what is read and written (n each), which
    writes are billed as for an hour, and which calls can be cached where they are.
    """

    cached: CachedTokens
    hours: Rows
    able: Rows


class JointReplay:
    """Replays of some of `actions` together. What two replays in a row have in common is computed once: calls
    on other models, the last uses of prefix blocks, the caching that each action would bring.

    `again`: whether there is a next one; otherwise the last uses, up to 12 bytes a block, are let go before
    anything is priced.
    """

    def __init__(self, workload: Workload, actions: Sequence[Action], *, again: bool = True) -> None:
        self._again = again
        self._workload = workload
        self._actions = tuple(actions)
        self._layers = _layers([action for action in actions if isinstance(action, CachePrefixes)])
        self._states = Recent[_State]()
        self._uses = Recent[_Uses]()
        self._cached = Recent[_Layer](2 * len(self._layers))

    def cost(self, actions: Sequence[Action]) -> Int64:
        """Femto-dollars of each call with these actions applied (n); unpriced calls stay 0.

        A call that an action would make unpriced keeps what it would cost without that action.
        """
        workload = self._workload
        removals = [a for a in actions if isinstance(a, RemoveCalls)]
        changes = [a for a in actions if isinstance(a, ChangeTokens)]
        switches = [a for a in actions if isinstance(a, SwitchModel)]
        alive = np.ones(workload.n, dtype=bool)
        for removal in removals:
            alive &= ~removal.rows
        key = (*map(id, changes), *map(id, switches))
        state = self._states.of(key, lambda: _changed(workload, changes, switches))
        tokens = self._with_caches(
            state, alive, (*key, *map(id, removals)), [a for a in actions if isinstance(a, CachePrefixes)]
        )
        cost, priced = _prices(workload, state, None).cost(tokens)
        for tier in (a for a in actions if isinstance(a, ChangeTier)):
            tiered, sold = _prices(workload, state, tier.tier).cost(tokens)
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
        cost = np.where(alive & workload.priced & priced, cost, 0)
        for bought in (a for a in actions if isinstance(a, BuyCapacity)):
            cost = _on_capacity(workload, state, tokens, bought, alive, cost)
        return cost

    def _with_caches(self, state: _State, alive: Rows, key: _Key, actions: Sequence[CachePrefixes]) -> Tokens:
        """The tokens with caching replayed for the calls of each action, in the scopes they are in by now."""
        if not actions:
            return state.tokens
        prices = _prices(self._workload, state, None)
        tokens = _with_own_caching(state.tokens)
        layers = [self._layer(state, alive, key, action) for action in actions]
        if not self._again:
            self._uses.forget()
        for action, layer in zip(actions, layers, strict=True):
            members = np.flatnonzero(action.rows & alive & layer.able)
            pieces = [members[at : at + _CALLS_AT_ONCE] for at in range(0, len(members), _CALLS_AT_ONCE)]
            if sum(_saved(prices, tokens, layer, piece) for piece in pieces) > 0:
                for piece in pieces:
                    _, changed = _cached(tokens, layer, piece)
                    tokens.cache_read[piece] = changed.cache_read
                    tokens.cache_write[piece] = changed.cache_write
                    tokens.cache_write_1h[piece] = changed.cache_write_1h
        return tokens

    def _layer(self, state: _State, alive: Rows, key: _Key, action: CachePrefixes) -> _Layer:
        number = next(n for n, layer in enumerate(self._layers) if any(action is other for other in layer))

        def replayed() -> _Layer:
            uses = self._uses.of(key, lambda: _uses(self._workload, state, alive))
            return _replayed(self._workload, state, uses, self._layers[number])

        return self._cached.of((number, *key), replayed)


def _cached(tokens: Tokens, layer: _Layer, members: Int64) -> tuple[Tokens, Tokens]:
    """(tokens as they are, as the layer would have them) of some calls."""
    before = taken(tokens, members)
    chosen = CachedTokens(layer.cached.read[members], layer.cached.written[members])
    return before, with_cache(before, chosen, layer.hours[members])


def _saved(prices: PriceTable, tokens: Tokens, layer: _Layer, members: Int64) -> int:
    """Femto-dollars that caching as in the layer saves on some calls."""
    before, changed = _cached(tokens, layer, members)
    table = prices.of(members)
    return total_femto(table.cost(before)[0]) - total_femto(table.cost(changed)[0])


def replay_jointly(workload: Workload, actions: Sequence[Action]) -> Int64:
    """Femto-dollars of each call with all actions applied (n), see `JointReplay.cost`."""
    return JointReplay(workload, actions, again=False).cost(actions)


def independent(actions: Sequence[Action]) -> bool:
    """Whether each action does alone what it does with the others: caching of different models only."""
    caches = [action for action in actions if isinstance(action, CachePrefixes)]
    if not caches or len(caches) < len(actions):
        return False
    return bool(np.sum([cache.rows for cache in caches], axis=0, dtype=np.int64).max(initial=0) <= 1)


def _layers(caches: Sequence[CachePrefixes]) -> list[list[CachePrefixes]]:
    """The actions in as few layers as their order gives such that no two of a layer concern the same call."""
    layers: list[list[CachePrefixes]] = []
    taken_rows: list[Rows] = []
    for cache in caches:
        free = (n for n, rows in enumerate(taken_rows) if not bool(np.any(rows & cache.rows)))
        number = next(free, len(layers))
        if number == len(layers):
            layers.append([])
            taken_rows.append(np.zeros(len(cache.rows), dtype=bool))
        layers[number].append(cache)
        taken_rows[number] |= cache.rows
    return layers


def _changed(workload: Workload, changes: Sequence[ChangeTokens], switches: Sequence[SwitchModel]) -> _State:
    """The calls with other tokens, each on the cheapest of the models it may go to."""
    moved = np.zeros(workload.n, dtype=bool)
    state = _State(workload.tokens, moved, [], None, workload.model_codes, [], {})
    for change in changes:
        state.tokens = limited_tokens(state.tokens, change)
    _switch_models(workload, state, switches)
    return state


def _switch_models(workload: Workload, state: _State, switches: Sequence[SwitchModel]) -> None:
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
        state.codes[members] = _code_of(workload, switches, switch)
        state.moves.append((switch, members))


def _prices(workload: Workload, state: _State, tier: ServiceTier | None) -> PriceTable:
    """The prices of the calls on the models they are on by now, remembered with the state."""
    if tier not in state.prices:
        state.prices[tier] = _prices_now(workload, state, tier)
    return state.prices[tier]


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


def _uses(workload: Workload, state: _State, alive: Rows) -> _Uses:
    """What is left of the prefix blocks, and their last uses in the scopes that the calls are in by now."""
    blocks = workload.prefixes.fewer(np.where(alive, state.tokens.input, 0))
    if not state.moved.any() and blocks is workload.prefixes:
        return _Uses(blocks, workload.gaps)
    scope = state.codes.astype(np.int64) * workload.keys + workload.key_codes
    return _Uses(blocks, gaps_since_last_use(blocks, scope, workload.ts))


def _replayed(workload: Workload, state: _State, uses: _Uses, layer: Sequence[CachePrefixes]) -> _Layer:
    """Caching as the actions of a layer have it, and as the models have it that calls moved to."""
    n = workload.n
    ttl, least = np.full(n, -1, dtype=np.int64), np.zeros(n, dtype=np.int64)
    hours = np.zeros(n, dtype=bool)
    for action in layer:
        ttl[action.rows], least[action.rows] = action.ttl, action.min_tokens
        hours[action.rows] = action.write == "cache_write_1h"
    for code, offered in _terms_now(workload, state).items():
        mine = state.moved & (state.codes == code)
        ttl[mine] = -1 if offered is None else offered.default_ttl.seconds * _MICROSECONDS
        if offered is not None:
            least[mine] = offered.min_tokens
            hours[mine] = offered.default_ttl.write == "cache_write_1h"
    able = (ttl >= 0) & (uses.blocks.counts > 0)
    run = live_prefix(uses.blocks, uses.gaps, np.where(able, ttl, _FOREVER))
    return _Layer(cached_tokens(uses.blocks, run, least), hours, able)


def _with_own_caching(tokens: Tokens) -> Tokens:
    """The tokens with columns of caching that may be written to."""
    read, write, hour = tokens.cache_read, tokens.cache_write, tokens.cache_write_1h
    return Tokens(tokens.input, read.copy(), write.copy(), hour.copy(), tokens.output, tokens.reasoning)


def _on_capacity(
    workload: Workload, state: _State, tokens: Tokens, bought: BuyCapacity, alive: Rows, cost: Int64
) -> Int64:
    """What is left of the calls on their model uses the capacity, if it is still worth its price."""
    members = np.flatnonzero(bought.rows & alive & (state.codes == workload.model_codes))
    used = capacity_tokens(taken(tokens, members), bought.output_weight, bought.cached_weight)
    needed = needed_capacity(workload.ts[members] // MICROSECONDS_PER_MINUTE, used)
    cost[members] = with_capacity(needed, cost[members], bought.tokens_a_minute, bought.fee)
    return cost


def _code_of(workload: Workload, switches: Sequence[SwitchModel], switch: SwitchModel) -> int:
    """The number of the cache scope that switched calls come into: the target's own, where it is in use,
    else one that all switches to it share.
    """
    target = (switch.provider or "", switch.model)
    own = [used.code for used in workload.models if (used.provider, used.model) == target]
    there = [(other.provider or "", other.model) for other in switches]
    return own[0] if own else len(workload.models) + there.index(target)


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
