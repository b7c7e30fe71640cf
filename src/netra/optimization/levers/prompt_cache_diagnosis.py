"""Why prompt prefixes miss the cache: every unread block by its cause, what to move, what it is worth.

A call's full blocks are read off from the start, each piece ending where the next run does:
- read: live in the call's own scope within the retention (below the minimum where that is too short);
- expired: used in the scope before, but longer ago; other_key, other_model: live there instead;
- changed: beyond that, up to as many blocks as the session's previous call had. History that is sent again
  unchanged would be in the cache; here it is not, so something at the first such block changes from call to
  call, and every hash behind it with it;
- differs: likewise for first calls of sessions (or calls without one), up to the number of blocks that nine
  prompts in ten of the feature have, if they share a start much shorter than that. Whether what follows is
  the same cannot be seen, so its worth is an upper bound;
- new: the rest.
Worth is the difference of two replays of the cost: as it is, and with the cause removed, whatever else that
reads (one key also keeps fresh what expires with several, beyond the tokens of `other_key`). For `changed`
and `differs` the blocks from that place on get hashes of their position in the session (or feature), and the
last one a hash of its own, as if what changes had moved to the end.
Large workloads are diagnosed on their latest calls: a retention is short, so little history is cut off.
"""

from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from netra.optimization.actions import Int64, Rows
from netra.optimization.drafts import Draft
from netra.optimization.findings import CacheGroup, CacheMiss, MissCause
from netra.optimization.levers.prompt_cache_advice import miss_in_words
from netra.optimization.prefix_gaps import gaps_since_last_use
from netra.optimization.prefix_replay import (
    LONGEST,
    PrefixBlocks,
    cached_tokens,
    live_prefix,
)
from netra.optimization.workload import Workload
from netra.pricing.models import MAX_FEMTO, CacheTerms
from netra.pricing.money import femto_string, total_femto
from netra.pricing.vectorised import Tokens

Int32 = npt.NDArray[np.int32]
UInt64 = npt.NDArray[np.uint64]

LOOKED_AT = 300_000
"""Calls that a diagnosis reads at most."""

_GROUPS = 4
_SAID = 4
_WORTH_SAYING = 5.0
_FORGET_NOTHING = (LONGEST - 1) * 1_000
_COMMON_SHARE = 0.1
_SHORT_OF_COMMON = 2
_MICROSECONDS = 1_000_000
_NO_CACHE = 2**62
_MIX = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F), np.uint64(0x165667B19E3779F9))


@dataclass(frozen=True)
class _Runs:
    """Leading blocks of each call that are live or would be (n each).

    `expected` the session sent before; `usual` most first calls of the feature have, `common` the same for
    first calls and 0 for others.
    """

    live: Int32
    ever: Int32
    key: Int32
    anywhere: Int32
    expected: Int64
    common: Int64
    usual: Int64


@dataclass(frozen=True)
class _Scene:
    """The calls looked at, with the retention and minimum of each call's model and the feature's number."""

    load: Workload
    ttl: Int64
    least: Int64
    hour: Rows
    groups: Int64
    features: tuple[str, ...]
    known: Rows


def with_diagnosis(workload: Workload, drafts: list[Draft]) -> list[Draft]:
    """The drafts of models in use with a diagnosis each."""
    if not any(draft.action is not None for draft in drafts):
        return drafts
    scene = _scene(workload)
    runs = _runs(scene)
    costs = _Costs(scene, runs)
    found: dict[tuple[str, str], list[CacheGroup]] = {}
    diagnosed: list[Draft] = []
    for draft in drafts:
        label = (draft.params.get("model", ""), draft.params.get("provider", ""))
        if draft.action is None:
            diagnosed.append(draft)
            continue
        if label not in found:
            found[label] = _groups_of(scene, runs, costs, label)
        diagnosed.append(_told(draft, found[label]))
    return diagnosed


def steps_worth_it(groups: list[CacheGroup]) -> list[str]:
    """The changes of prompts that a diagnosis found worth something, in words."""
    steps = [
        f"{f'In {group.feature}: ' if group.feature else ''}{miss.advice} Worth "
        f"{'at most ' if miss.at_most else ''}${Decimal(miss.worth_usd):,.2f} on these {group.calls:,} calls."
        for group in groups
        for miss in group.misses
        if miss.worth_usd is not None and miss.share_pct >= _WORTH_SAYING
    ]
    return steps[:_SAID]


def _told(draft: Draft, groups: list[CacheGroup]) -> Draft:
    """The draft with its diagnosis, and with the dearest causes in words."""
    said = [
        f"{group.feature or 'these calls'}: {miss.share_pct} % of the tokens in full blocks are not read: "
        f"{miss.why}"
        for group in groups
        for miss in group.misses
        if miss.cause not in ("new", "below_minimum") and miss.share_pct >= _WORTH_SAYING
    ]
    apply = draft.apply.model_copy(update={"steps": [*draft.apply.steps, *steps_worth_it(groups)]})
    return replace(draft, diagnosis=groups, apply=apply, assumptions=[*draft.assumptions, *said[:_SAID]])


def _scene(workload: Workload) -> _Scene:
    large = workload.n > LOOKED_AT
    load = Workload(workload.frame.tail(LOOKED_AT), workload.catalogue) if large else workload
    terms = _terms(load)
    codes = load.model_codes
    labels = load.coded("feature")
    return _Scene(
        load,
        np.array([0 if t is None else t.default_ttl.seconds * _MICROSECONDS for t in terms])[codes],
        np.array([_NO_CACHE if t is None else t.min_tokens for t in terms])[codes],
        np.array([t is not None and t.default_ttl.write == "cache_write_1h" for t in terms])[codes],
        codes.astype(np.int64) * len(labels.values) + labels.codes,
        labels.values,
        np.array([t is not None for t in terms])[codes] & (load.prefixes.counts > 0),
    )


def _terms(load: Workload) -> list[CacheTerms | None]:
    """Caching terms of each model, by its code."""
    terms: list[CacheTerms | None] = [None] * len(load.models)
    for used in load.models:
        terms[used.code] = load.catalogue.cache_terms(used.model, used.provider or None)
    return terms


def _runs(scene: _Scene) -> _Runs:
    load = scene.load
    blocks = load.prefixes
    live = live_prefix(blocks, load.gaps, scene.ttl)
    ever = live_prefix(blocks, load.gaps, _FORGET_NOTHING)
    key = anywhere = live
    if load.keys > 1:
        gaps = gaps_since_last_use(blocks, load.model_codes.astype(np.int64), load.ts)
        key = live_prefix(blocks, gaps, scene.ttl)
    if len(load.models) > 1:
        gaps = gaps_since_last_use(blocks, np.zeros(load.n, dtype=np.int64), load.ts)
        anywhere = live_prefix(blocks, gaps, scene.ttl)
    before = _blocks_before(scene)
    expected = np.where(before >= 0, np.minimum(before, blocks.counts), 0)
    usual, early = _usual_blocks(scene, before < 0, np.maximum(np.maximum(ever, key), anywhere))
    return _Runs(live, ever, key, anywhere, expected, np.where((before < 0) & early, usual, 0), usual)


def _blocks_before(scene: _Scene) -> Int64:
    """Full blocks of the previous call of the same session and feature on the same model; -1: none."""
    load = scene.load
    frame = pl.DataFrame(
        {
            "session": load.identities("session_id"),
            "group": scene.groups,
            "blocks": load.prefixes.counts.astype(np.int64),
        }
    )
    before = pl.col("blocks").shift(1).over("session", "group")
    known = pl.when(pl.col("session") == 0).then(None).otherwise(before)
    return frame.select(known.fill_null(-1).alias("before")).to_series().to_numpy()


def _usual_blocks(scene: _Scene, first: Rows, shared: Int32) -> tuple[Int64, Rows]:
    """(blocks that nine in ten first calls of the feature have at least, no more than the call has; whether
    first calls of the feature usually share a start much shorter than that) (n each).
    """
    counts = scene.load.prefixes.counts.astype(np.int64)
    frame = pl.DataFrame(
        {"group": scene.groups[first], "blocks": counts[first], "shared": shared[first].astype(np.int64)}
    )
    usual = frame.group_by("group").agg(
        pl.col("blocks").quantile(_COMMON_SHARE, interpolation="lower").cast(pl.Int64),
        pl.col("shared").median(),
    )
    by_group = np.zeros(int(scene.groups.max(initial=0)) + 1, dtype=np.int64)
    early = np.zeros(len(by_group), dtype=bool)
    numbers = usual.get_column("group").to_numpy()
    by_group[numbers] = usual.get_column("blocks").to_numpy()
    short = usual.get_column("shared") + _SHORT_OF_COMMON <= usual.get_column("blocks")
    early[numbers] = short.to_numpy()
    return np.minimum(by_group[scene.groups], counts), early[scene.groups]


def _pieces(scene: _Scene, runs: _Runs) -> dict[MissCause, Int64]:
    """Unread tokens of each call by cause (n each)."""
    blocks = scene.load.prefixes
    counts, size = blocks.counts.astype(np.int64), blocks.block_tokens.astype(np.int64)
    short = counts * size < scene.least
    too_short = np.where(short, counts, np.where(runs.live * size < scene.least, runs.live, 0))
    pieces: dict[MissCause, Int64] = {"below_minimum": too_short}
    at = np.where(short, counts, runs.live.astype(np.int64))
    ends: tuple[tuple[MissCause, npt.NDArray[np.signedinteger]], ...] = (
        ("expired", runs.ever),
        ("other_key", runs.key),
        ("other_model", runs.anywhere),
        ("changed", runs.expected),
        ("differs", runs.common),
        ("new", counts),
    )
    for cause, end in ends:
        reached = np.maximum(at, end)
        pieces[cause] = reached - at
        at = reached
    return {cause: np.where(scene.known, amount * size, 0) for cause, amount in pieces.items()}


class _Costs:
    """Costs of all calls under replays, femto-dollars (n); each replay is made once, for all groups."""

    def __init__(self, scene: _Scene, runs: _Runs) -> None:
        self._scene = scene
        self._runs = runs
        self.pieces = _pieces(scene, runs)
        self._place = np.maximum(np.maximum(runs.ever, runs.key), runs.anywhere).astype(np.int64)
        self.now = self._cost(scene.load.prefixes, runs.live)

    def places(self, cause: MissCause) -> Int64:
        """The block at which most tokens are lost to a cause in each group (groups)."""
        tokens, groups = self.pieces[cause], self._scene.groups
        width = int(self._place.max(initial=0)) + 1
        count = int(groups.max(initial=0)) + 1
        lost = np.bincount(groups * width + self._place, weights=tokens, minlength=count * width)
        return np.argmax(lost.reshape(count, width), axis=1)

    @cached_property
    def changed(self) -> Int64:
        """If what changes from call to call came last."""
        return self._moved("changed", self._scene.load.identities("session_id"))

    @cached_property
    def differs(self) -> Int64:
        """If the common length of first calls were the same in all of them."""
        return self._moved("differs", None)

    @cached_property
    def one_key(self) -> Int64:
        """If the calls of a model shared a cache whatever their key."""
        return self._cost(self._scene.load.prefixes, self._runs.key)

    @cached_property
    def kept_longer(self) -> Int64:
        """With the longest retention on sale."""
        load = self._scene.load
        longest = [None if t is None or not t.settable else t.ttls[-1] for t in _terms(load)]
        codes = load.model_codes
        ttl = np.array([0 if t is None else t.seconds * _MICROSECONDS for t in longest])[codes]
        hour = np.array([t is not None and t.write == "cache_write_1h" for t in longest])[codes]
        run = live_prefix(load.prefixes, load.gaps, np.maximum(ttl, self._scene.ttl))
        return self._cost(load.prefixes, run, hour | self._scene.hour)

    def _moved(self, cause: MissCause, sessions: UInt64 | None) -> Int64:
        """If the blocks behind the place that loses most repeated by position, by session or feature."""
        scene, load = self._scene, self._scene.load
        blocks = load.prefixes
        groups = scene.groups
        suffer = np.bincount(groups, weights=self.pieces[cause]) > 0
        place = np.where(suffer, self.places(cause), _NO_CACHE)[groups]
        owner = groups.astype(np.uint64) * _MIX[1] + _MIX[2]
        end = self._runs.usual if sessions is None else blocks.counts.astype(np.int64)
        if sessions is not None:
            owner = owner ^ sessions * _MIX[0]
        starts = np.cumsum(blocks.counts, dtype=np.int64) - blocks.counts
        position = np.arange(len(blocks.hashes), dtype=np.int64) - np.repeat(starts, blocks.counts)
        inside = (position >= np.repeat(place, blocks.counts)) & (position < np.repeat(end, blocks.counts))
        repeated = np.repeat(owner, blocks.counts) ^ (position.astype(np.uint64) + np.uint64(1)) * _MIX[0]
        hashes = np.where(inside, repeated, blocks.hashes)
        if sessions is not None:
            last = inside & (position == np.repeat(end, blocks.counts) - 1)
            own = np.arange(len(position), dtype=np.uint64) * _MIX[2] ^ _MIX[1]
            hashes = np.where(last, own, hashes)
        altered = PrefixBlocks(blocks.counts, blocks.block_tokens, hashes)
        scope = load.model_codes.astype(np.int64) * load.keys + load.key_codes
        return self._cost(
            altered, live_prefix(altered, gaps_since_last_use(altered, scope, load.ts), scene.ttl)
        )

    def _cost(self, blocks: PrefixBlocks, run: Int32, hour: Rows | None = None) -> Int64:
        load, hours = self._scene.load, self._scene.hour if hour is None else hour
        cached = cached_tokens(blocks, run, self._scene.least)
        plain = load.tokens
        tokens = Tokens(
            plain.input,
            cached.read,
            np.where(hours, 0, cached.written),
            np.where(hours, cached.written, 0),
            plain.output,
            plain.reasoning,
        )
        cost, priced = load.prices.cost(tokens)
        # What nobody sells is never worth it.
        return np.where(load.priced & ~priced, MAX_FEMTO, cost)


def _groups_of(scene: _Scene, runs: _Runs, costs: _Costs, label: tuple[str, str]) -> list[CacheGroup]:
    """The features of one model with the most unread tokens."""
    codes = [u.code for u in scene.load.models if (u.model, u.provider) == label]
    if not codes:
        return []
    mine = scene.known & (scene.load.model_codes == codes[0])
    unread = np.sum(list(costs.pieces.values()), axis=0)
    totals = np.bincount(scene.groups[mine], weights=unread[mine])
    order = np.argsort(-totals, kind="stable")[:_GROUPS].tolist()
    terms = _terms(scene.load)[codes[0]]
    return [
        _group(scene, runs, costs, (mine & (scene.groups == group), terms))
        for group in order
        if totals[group] > 0 and terms is not None
    ]


def _group(scene: _Scene, runs: _Runs, costs: _Costs, chosen: tuple[Rows, CacheTerms | None]) -> CacheGroup:
    rows, terms = chosen
    blocks = scene.load.prefixes
    size = blocks.block_tokens.astype(np.int64)
    whole = int((blocks.counts[rows] * size[rows]).sum())
    misses = [
        miss
        for cause in costs.pieces
        if (miss := _miss(scene, costs, (cause, rows, terms), whole)) is not None
    ]
    unread = sum(miss.tokens for miss in misses)
    first = int(np.flatnonzero(rows)[0])
    return CacheGroup(
        feature=scene.features[int(scene.groups[first] % len(scene.features))],
        calls=int(rows.sum()),
        tokens=whole,
        read_pct=round(100 * (whole - unread) / max(whole, 1), 2),
        shared_tokens=int(np.median(runs.ever[rows] * size[rows])),
        misses=sorted(misses, key=lambda miss: -miss.tokens),
    )


def _miss(
    scene: _Scene, costs: _Costs, chosen: tuple[MissCause, Rows, CacheTerms | None], whole: int
) -> CacheMiss | None:
    cause, rows, terms = chosen
    amounts = np.where(rows, costs.pieces[cause], 0)
    tokens = int(amounts.sum())
    if not tokens or terms is None:
        return None
    place = int(costs.places(cause)[scene.groups[int(np.flatnonzero(rows)[0])]])
    size = int(np.median(scene.load.prefixes.block_tokens[rows]))
    after: Int64 | None = None
    match cause:
        case "changed":
            after = costs.changed
        case "differs":
            after = costs.differs
        case "other_key":
            after = costs.one_key
        case "expired" if terms.settable and len(terms.ttls) > 1:
            after = costs.kept_longer
        case _:
            pass
    saved = 0 if after is None else total_femto(costs.now[rows]) - total_femto(after[rows])
    why, advice = miss_in_words(cause, terms, place, place * size)
    if after is not None and saved <= 0:
        advice = "Leave it: by replay, what is written to the cache for it would cost more than it saves."
    return CacheMiss(
        cause=cause,
        tokens=tokens,
        share_pct=round(100 * tokens / max(whole, 1), 2),
        why=why,
        advice=advice,
        worth_usd=femto_string(saved) if saved > 0 else None,
        at_most=cause == "differs" and saved > 0,
    )
