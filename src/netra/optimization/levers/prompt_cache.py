"""prompt-cache: reuse of prompt prefixes in the provider's cache, replayed over recorded prefix blocks.

Definition. Calls in order of (ts, position) by cache scope: workspace, provider, model, and key where one is
given. Only full blocks count. A call's cached prefix is its longest run of leading blocks last used at most
`ttl` ago, inclusive. Under the model's minimum nothing is read; where all full blocks of the call hold fewer
tokens than that, nothing is written either. Read is the prefix, written are the other full blocks (a provider
without write premium bills them as plain input), the rest is plain input. Every use refreshes its blocks,
also of a call that reads nothing. With `model` both sides are as if on that model, recorded caching ignored.
Calls tagged `cached_tokens=unreported` are left out and counted.

Source: the providers' cache terms with their documentation, pricing/data/cache_terms.toml.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from netra.optimization.actions import CachePrefixes, Int64, Rows
from netra.optimization.drafts import Draft, Effect, effect_of
from netra.optimization.errors import InvalidLeverParamError
from netra.optimization.findings import Instructions, Missing
from netra.optimization.levers.prompt_cache_advice import caching_instructions
from netra.optimization.levers.prompt_cache_diagnosis import with_diagnosis
from netra.optimization.params import LeverParams, duration_text
from netra.optimization.prefix_gaps import gaps_since_last_use
from netra.optimization.prefix_replay import (
    CachedTokens,
    Gaps,
    Int32,
    cached_tokens,
    live_prefix,
)
from netra.optimization.workload import UsedModel, Workload
from netra.pricing.models import CacheTerms, CacheTtl
from netra.pricing.money import total_femto
from netra.pricing.vectorised import PriceTable, Tokens, price_table

_MICROSECONDS = 1_000_000
_NEVER_CACHED = 2**62
_SEND_PREFIXES = Missing(
    what="prefix blocks of the prompts (prefix_hashes, prefix_block_tokens)",
    how=(
        "send per call one hash for each full block of the prompt from its start, e.g. blocks of 128 tokens, "
        "each hash over everything up to the end of its block"
    ),
)


_SEND_CACHED = Missing(
    what="how many input tokens were read from the cache: the reports of these calls do not say",
    how="use an instrumentation that reports them (gen_ai.usage.cache_read.input_tokens), see docs/ingest.md",
)


@dataclass(frozen=True, slots=True)
class _Retention:
    """How long one model's prefixes are kept (microseconds), and what is bought for it."""

    terms: CacheTerms
    ttl: int
    offered: CacheTtl


@dataclass(frozen=True, slots=True)
class _Replayed:
    """Costs and cached tokens of all calls under one retention per model.

    `unsold` (n): calls with a price whose cached tokens have none.
    """

    before: Int64
    after: Int64
    unsold: Rows
    cached: CachedTokens


class PromptCache:
    """Provider-side prompt caching.

    Without `model`, each model in use is looked at with its own prices and its recorded caching as baseline,
    with the provider's default retention, and with a longer one it offers where that saves more; calls whose
    report leaves out what was cached have no such baseline and are left as they are, and so are calls without
    a full block. All of them use their blocks. With `model`, all calls are taken as if on that model without
    caching, and share its cache within an API key.
    """

    name = "prompt-cache"
    summary = "reuse prompt prefixes in the provider's cache"
    parameters: dict[str, str] = {
        "model": "take all calls as if on this model, recorded caching ignored",
        "ttl": "retention after the last use: 5m, 10m, 30m, 1h",
    }
    columns = (
        "prefix_hashes",
        "prefix_block_tokens",
        "api_key_id",
        "session_id",
        "feature",
        "cache_unreported",
    )

    def drafts(self, workload: Workload, evaluations: pl.DataFrame, params: LeverParams) -> list[Draft]:
        """One draft a model in use (two where a longer retention saves more), or one for the given model."""
        ttl = params.duration("ttl")
        as_if = params.text("model")
        if not len(workload.prefixes.hashes):
            return [_nothing_to_replay(workload, params, [_SEND_PREFIXES])]
        if as_if is not None:
            return [self._as_if(workload, as_if, ttl, params)]
        return self._in_use(workload, ttl)

    def _as_if(self, workload: Workload, model: str, ttl: int | None, params: LeverParams) -> Draft:
        catalogue = workload.catalogue
        canonical = catalogue.canonical(model)
        terms = catalogue.cache_terms(model)
        prices = price_table(workload.frame, catalogue, model=model)
        baseline, priced = prices.cost(_uncached(workload.tokens))
        missing = _what_is_missing(model, terms, bool(priced.any()))
        if missing or terms is None:
            return _nothing_to_replay(workload, params, missing)
        gaps = gaps_since_last_use(workload.prefixes, workload.key_codes.astype(np.int64), workload.ts)
        retention = _chosen(terms, ttl, model)
        alone = np.zeros(workload.n, dtype=np.int64)
        replayed = _replay(workload, (prices, baseline, priced), gaps, (alone, [retention]))
        if replayed.unsold.any():
            return _nothing_to_replay(workload, params, [_price_of_cached(model)])
        before, after = (np.where(priced, cost, 0) for cost in (replayed.before, replayed.after))
        effect = Effect(total_femto(before), total_femto(after), workload.blocks.sums(before - after))
        used = UsedModel(0, canonical.provider or "", model, canonical, workload.n, effect.baseline)
        # What would be true on another model cannot be applied to the calls as they are: no action.
        return _draft(workload, used, retention, replayed, (None, effect, {"model": model}))

    def _in_use(self, workload: Workload, ttl: int | None) -> list[Draft]:
        default: list[_Retention | None] = [None] * len(workload.models)
        longer: list[_Retention | None] = [None] * len(workload.models)
        drafts: list[Draft] = []
        reported = _reported(workload)
        for used in workload.models:
            rows = workload.rows_of(used.code)
            if not workload.prefixes.counts[rows].any():
                continue
            terms = workload.catalogue.cache_terms(used.model, used.provider or None)
            missing = _what_is_missing(used.model, terms, bool(workload.priced[rows].any()))
            if not workload.prefixes.counts[rows & reported].any():
                missing.append(_SEND_CACHED)
            if missing or terms is None:
                label = _label(used)
                drafts.append(
                    Draft(self.name, label, used.rows, _no_instructions(), missing=missing, filters=label)
                )
                continue
            default[used.code] = _chosen(terms, ttl, used.model)
            if ttl is None and terms.settable and len(terms.ttls) > 1:
                offer = terms.ttls[1]
                longer[used.code] = _Retention(terms, offer.seconds * _MICROSECONDS, offer)
        return with_diagnosis(workload, self._with_retentions(workload, default, longer)) + drafts

    def _with_retentions(
        self, workload: Workload, default: list[_Retention | None], longer: list[_Retention | None]
    ) -> list[Draft]:
        drafts: list[Draft] = []
        saved: dict[int, int] = {}
        reported = _reported(workload)
        for retentions in (default, longer):
            if not any(retentions):
                continue
            plan = (workload.model_codes, retentions)
            recorded = (workload.prices, workload.cost, workload.priced)
            replayed = _replay(workload, recorded, workload.gaps, plan)
            for used in workload.models:
                retention = retentions[used.code]
                if retention is None:
                    continue
                rows = workload.rows_of(used.code) & reported
                if (replayed.unsold & rows).any():
                    if retentions is default:
                        drafts.append(_unsold(used))
                    continue
                effect = effect_of(workload, rows, replayed.after)
                if used.code in saved and effect.savings <= saved[used.code]:
                    continue
                saved[used.code] = effect.savings
                drafts.append(_draft(workload, used, retention, replayed, (rows, effect, _label(used))))
        return drafts


def _replay(
    workload: Workload,
    priced: tuple[PriceTable, Int64, Rows],
    gaps: Gaps,
    plan: tuple[Int32 | Int64, Sequence[_Retention | None]],
) -> _Replayed:
    """Cost of all calls; `plan` names each call's retention by number, None leaves a call as it is.

    `priced`: prices, what the calls cost before, and which have a price.
    """
    prices, before, had_price = priced
    codes, retentions = plan
    ttl = np.array([0 if r is None else r.ttl for r in retentions], dtype=np.int64)[codes]
    least = np.array([_NEVER_CACHED if r is None else r.terms.min_tokens for r in retentions])[codes]
    hour = np.array([r is not None and r.offered.write == "cache_write_1h" for r in retentions])[codes]
    known = np.array([r is not None for r in retentions])[codes] & (workload.prefixes.counts > 0)
    run = live_prefix(workload.prefixes, gaps, ttl)
    cached = cached_tokens(workload.prefixes, run, least)
    after, sold = prices.cost(with_cache(workload.tokens, cached, hour))
    return _Replayed(before, np.where(known, after, before), known & had_price & ~sold, cached)


def _draft(
    workload: Workload,
    used: UsedModel,
    retention: _Retention,
    replayed: _Replayed,
    result: tuple[Rows | None, Effect, dict[str, str]],
) -> Draft:
    rows, effect, label = result
    terms, offered = retention.terms, retention.offered
    chosen = slice(None) if rows is None else rows
    tokens = (
        int(replayed.cached.read[chosen].sum()),
        int(replayed.cached.written[chosen].sum()),
        int(workload.tokens.input[chosen].sum()),
    )
    return Draft(
        PromptCache.name,
        {**label, "ttl": duration_text(retention.ttl)},
        used.rows if rows is None else int(rows.sum()),
        caching_instructions(workload, used, rows, terms, offered),
        effect=effect,
        action=None if rows is None else CachePrefixes(rows, retention.ttl, offered.write, terms.min_tokens),
        assumptions=[*_assumptions(retention, tokens, as_if=rows is None), *_left_out(used, rows)],
        latency="lower: a cached prefix is not computed again; how much is not recorded",
        effort="low" if terms.automatic else "medium",
        filters={} if rows is None else label,
    )


def with_cache(tokens: Tokens, cached: CachedTokens, hour: Rows) -> Tokens:
    """The tokens of calls with caching replayed instead of recorded; `hour`: writes billed as 1 h writes."""
    return Tokens(
        tokens.input,
        cached.read,
        np.where(hour, 0, cached.written),
        np.where(hour, cached.written, 0),
        tokens.output,
        tokens.reasoning,
    )


def _uncached(tokens: Tokens) -> Tokens:
    none = np.zeros_like(tokens.input)
    return Tokens(tokens.input, none, none, none, tokens.output, tokens.reasoning)


def _chosen(terms: CacheTerms, ttl: int | None, model: str) -> _Retention:
    if ttl is None:
        return _Retention(terms, terms.default_ttl.seconds * _MICROSECONDS, terms.default_ttl)
    offered = terms.covering(-(-ttl // _MICROSECONDS))
    if offered is not None:
        return _Retention(terms, ttl, offered)
    longest = max(terms.ttls, key=lambda offer: offer.seconds)
    if terms.settable:
        raise InvalidLeverParamError(
            f"prompt-cache: ttl={duration_text(ttl)} is longer than {model} keeps a prefix",
            hint=f"at most {duration_text(longest.seconds * _MICROSECONDS)}",
        )
    return _Retention(terms, ttl, longest)


def _label(used: UsedModel) -> dict[str, str]:
    return {"model": used.model, **({"provider": used.provider} if used.provider else {})}


def _what_is_missing(model: str, terms: CacheTerms | None, priced: bool) -> list[Missing]:
    missing: list[Missing] = []
    if not priced:
        missing.append(
            Missing(what=f"a price for {model}", how="add a [[price]] for it to the price overrides file")
        )
    if terms is None:
        missing.append(
            Missing(
                what=f"the terms under which {model} caches prompts (minimum length, retention)",
                how="ask about a model whose provider publishes them: --param model=claude-sonnet-4-5",
            )
        )
    return missing


def _price_of_cached(model: str) -> Missing:
    return Missing(
        what=f"a price for what {model} reads from the cache or writes to it for that long",
        how="add cache_read, cache_write or cache_write_1h to a [[price]] for it in the price overrides file",
    )


def _unsold(used: UsedModel) -> Draft:
    label, missing = _label(used), [_price_of_cached(used.model)]
    return Draft(PromptCache.name, label, used.rows, _no_instructions(), missing=missing, filters=label)


def _assumptions(retention: _Retention, tokens: tuple[int, int, int], *, as_if: bool) -> list[str]:
    terms, ttl = retention.terms, retention.ttl
    read, written, everything = tokens
    share = 100 * read / everything if everything else 0.0
    said = [
        f"prefixes of at least {terms.min_tokens:,} tokens stay cached {duration_text(ttl)} after their last "
        f"use ({terms.source})",
        f"replayed on the recorded prefix blocks: {read:,} of {everything:,} input tokens ({share:.1f} %) "
        f"are read from the cache, {written:,} written",
        "a cache is shared by the calls of one model and API key only, and nothing is evicted early",
    ]
    if retention.offered.seconds * _MICROSECONDS != ttl:
        bought = duration_text(retention.offered.seconds * _MICROSECONDS)
        said.append(
            f"writes are billed as for {bought}, the nearest retention on sale"
            if terms.settable
            else f"the provider promises {bought}; {duration_text(ttl)} is your assumption"
        )
    if as_if:
        said.append("all calls are taken as on this model, with the same tokens, without recorded caching")
    return said


def _reported(workload: Workload) -> Rows:
    """The calls whose recorded caching is known (n)."""
    unreported = workload.number("cache_unreported")
    if unreported is None:
        return np.ones(workload.n, dtype=np.bool_)
    return ~unreported.fill_null(False).to_numpy()


def _left_out(used: UsedModel, rows: Rows | None) -> list[str]:
    silent = 0 if rows is None else used.rows - int(rows.sum())
    if not silent:
        return []
    return [
        f"{silent:,} further {'call does' if silent == 1 else 'calls do'} not say how much of the input was "
        "cached, so what caching would save there is unknown and left out"
    ]


def _no_instructions() -> Instructions:
    return Instructions(summary="Nothing to change yet: send what is missing, then ask again.", steps=[])


def _nothing_to_replay(workload: Workload, params: LeverParams, missing: list[Missing]) -> Draft:
    return Draft(PromptCache.name, dict(params.values), workload.n, _no_instructions(), missing=missing)
