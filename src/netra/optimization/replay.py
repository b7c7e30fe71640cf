"""The joint replay: all recommended changes together, call by call.

Per call in this order: remove calls, change tokens, change model or provider, cache replay, tier, calls sent
twice. Where
several actions of one kind concern the same call, the one that makes it cheaper wins (for the cache, which
depends on earlier calls, the one that makes all its calls cheaper together).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from netra.optimization.actions import (
    Action,
    CachePrefixes,
    ChangeTier,
    ChangeTokens,
    RemoveCalls,
    RepeatSlow,
    SwitchModel,
)
from netra.optimization.levers.prompt_cache import with_cache
from netra.optimization.prefix_replay import cached_tokens, gaps_since_last_use, live_prefix
from netra.optimization.token_changes import limited_tokens, scaled_tokens, switched_cost
from netra.optimization.workload import Workload
from netra.pricing.models import CacheTtl
from netra.pricing.vectorised import PriceTable, Tokens, price_table

Int64 = npt.NDArray[np.int64]
Rows = npt.NDArray[np.bool_]


@dataclass
class _State:
    """The calls as changed so far. `ratio`: times the recorded price, for switches known only by cost."""

    frame: pl.DataFrame
    tokens: Tokens
    alive: Rows
    moved: Rows
    ratio: npt.NDArray[np.float64]
    codes: Int64


def replay_jointly(workload: Workload, actions: Sequence[Action]) -> Int64:
    """Femto-dollars of each call with all actions applied (n); unpriced calls stay 0.

    A call that an action would make unpriced keeps what it would cost without that action.
    """
    state = _State(
        workload.frame,
        workload.tokens,
        np.ones(workload.n, dtype=bool),
        np.zeros(workload.n, dtype=bool),
        np.ones(workload.n),
        workload.model_codes,
    )
    for removal in (a for a in actions if isinstance(a, RemoveCalls)):
        state.alive &= ~removal.rows
    _change_tokens(state, [a for a in actions if isinstance(a, ChangeTokens)])
    _switch_models(workload, state, [a for a in actions if isinstance(a, SwitchModel)])
    prices = price_table(state.frame, workload.catalogue)
    _replay_caches(workload, state, prices, [a for a in actions if isinstance(a, CachePrefixes)])
    cost, priced = prices.cost(state.tokens)
    for tier in (a for a in actions if isinstance(a, ChangeTier)):
        table = price_table(state.frame, workload.catalogue, tier=tier.tier)
        tiered, sold = table.cost(state.tokens)
        better = tier.rows & sold & priced & (tiered < cost)
        cost = np.where(better, tiered, cost)
    by_ratio = state.ratio != 1.0
    if by_ratio.any():
        cost = np.where(by_ratio, np.rint(cost * state.ratio).astype(np.int64), cost)
    twice = np.zeros(workload.n, dtype=bool)
    for repeat in (a for a in actions if isinstance(a, RepeatSlow)):
        twice |= repeat.rows
    cost = np.where(twice, 2 * cost, cost)
    return np.where(state.alive & workload.priced & priced, cost, 0)


def independent(actions: Sequence[Action]) -> bool:
    """Whether each action does alone what it does with the others: caching of different models only."""
    caches = [action for action in actions if isinstance(action, CachePrefixes)]
    if not caches or len(caches) < len(actions):
        return False
    return bool(np.sum([cache.rows for cache in caches], axis=0, dtype=np.int64).max(initial=0) <= 1)


def _change_tokens(state: _State, changes: list[ChangeTokens]) -> None:
    for change in changes:
        state.tokens = limited_tokens(state.tokens, change)


def _switch_models(workload: Workload, state: _State, switches: list[SwitchModel]) -> None:
    """Each call goes to the cheapest of the models it may go to, if that is cheaper than where it is."""
    if not switches:
        return
    best, _ = workload.prices.cost(state.tokens)
    choice = np.full(workload.n, -1, dtype=np.int64)
    for number, switch in enumerate(switches):
        after, priced = switched_cost(workload, state.tokens, best, switch)
        better = switch.rows & priced & workload.priced & (after < best)
        best = np.where(better, after, best)
        choice[better] = number
    model, provider = workload.text("model"), workload.text("provider")
    for number, switch in enumerate(switches):
        rows = choice == number
        if not rows.any():
            continue
        state.moved |= rows
        if switch.cost_ratio is not None:
            state.ratio = np.where(rows, switch.cost_ratio, state.ratio)
            continue
        state.tokens = scaled_tokens(state.tokens, rows, switch.input_ratio, switch.output_ratio)
        mask = pl.Series(rows)
        model = model.set(mask, switch.model)
        provider = provider.set(mask, switch.provider or "")
        state.codes = np.where(rows, _code_of(workload, switch, number), state.codes)
    state.frame = state.frame.with_columns(model.alias("model"), provider.alias("provider"))


def _replay_caches(
    workload: Workload, state: _State, prices: PriceTable, actions: list[CachePrefixes]
) -> None:
    """Replay caching for the calls of each action, in the scopes the calls are in by now."""
    if not actions:
        return
    blocks = workload.prefixes.fewer(np.where(state.alive, state.tokens.input, 0))
    if state.moved.any() or not state.alive.all() or blocks is not workload.prefixes:
        gaps = gaps_since_last_use(blocks, _scopes(workload, state), workload.ts)
    else:
        gaps = workload.gaps
    terms = _terms_now(workload, state)
    cost, _ = prices.cost(state.tokens)
    for action in actions:
        rows = action.rows & state.alive & (blocks.counts > 0)
        ttl, minimum, hour = (
            np.full(workload.n, action.ttl),
            np.full(workload.n, action.min_tokens),
            action.write,
        )
        hours = np.full(workload.n, hour == "cache_write_1h")
        for code, (offer, least) in terms.items():
            mine = state.moved & (state.codes == code)
            rows &= ~mine if offer is None else np.ones_like(mine)
            if offer is not None:
                ttl = np.where(mine, offer.seconds * 1_000_000, ttl)
                minimum = np.where(mine, least, minimum)
                hours = np.where(mine, offer.write == "cache_write_1h", hours)
        cached = cached_tokens(blocks, live_prefix(blocks, gaps, ttl), minimum)
        changed = with_cache(state.tokens, cached, hours)
        after, _ = prices.cost(changed)
        if int(after[rows].sum()) < int(cost[rows].sum()):
            cost = np.where(rows, after, cost)
            state.tokens = _merged(rows, changed, state.tokens)


def _merged(rows: Rows, new: Tokens, old: Tokens) -> Tokens:
    return Tokens(
        old.input,
        np.where(rows, new.cache_read, old.cache_read),
        np.where(rows, new.cache_write, old.cache_write),
        np.where(rows, new.cache_write_1h, old.cache_write_1h),
        old.output,
        old.reasoning,
    )


def _code_of(workload: Workload, switch: SwitchModel, number: int) -> int:
    """The number of the cache scope that switched calls come into: the target's own, where it is in use."""
    target = (switch.provider or "", switch.model)
    own = [used.code for used in workload.models if (used.provider, used.model) == target]
    return own[0] if own else len(workload.models) + number


def _scopes(workload: Workload, state: _State) -> Int64:
    return state.codes * (workload.key_codes.max(initial=0) + 1) + workload.key_codes


def _terms_now(workload: Workload, state: _State) -> dict[int, tuple[CacheTtl | None, int]]:
    """Retention and minimum of the models that calls have moved to, by code."""
    if not state.moved.any():
        return {}
    codes = state.codes
    found: dict[int, tuple[CacheTtl | None, int]] = {}
    for code in np.unique(codes[state.moved]).tolist():
        row = int(np.flatnonzero(codes == code)[0])
        model, provider = state.frame.item(row, "model"), state.frame.item(row, "provider")
        terms = workload.catalogue.cache_terms(model, provider or None)
        found[code] = (None, 0) if terms is None else (terms.default_ttl, terms.min_tokens)
    return found
