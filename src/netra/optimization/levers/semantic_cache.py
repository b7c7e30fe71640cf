"""semantic-cache: answers reused for requests that mean the same.

Definition. Prompts carry a vector in their tags, made on the machine where the prompts are (`netra embed`);
their text is not needed. A call is served from the cache if an answer of the same provider, model, app,
feature (and user with `scope=user`) whose vector has a cosine of at least `threshold` with its own, of a call
that began earlier, was complete when it began and not complete for longer than `ttl` (inclusive). The nearest
such answer is the one given; which one it is changes no cost. As with response-cache only successful calls
that nobody repeated and that are not sampled above `temperature` store or are served, retries are never
served (they store), and hits store nothing. With `scope=user` calls without a user are left alone. Calls
without a vector stay as they are; of the others the newest 20,000 with the commonest kind of vector are
replayed.

Reusing an answer for another wording can be wrong, so this goes through the quality gate: fresh answers
against cached ones on the same items (MODEL and MODEL+semantic-cache), the scores being whether the answer is
right for what was asked. Beside the gate stands the largest share of wrong hits that the labels do not rule
out (Clopper and Pearson, one-sided 95 %); times the share of hits it must lie inside the margin too, since a
few labels without an error prove little.

Source: Bang, GPTCache, 2023 (lookup by embedding similarity); Clopper and Pearson, Biometrika 26, 1934.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from netra.optimization.actions import Int64, RemoveCalls, Rows
from netra.optimization.drafts import Draft, effect_of
from netra.optimization.findings import Instructions, Missing, QualityEffect, Snippet
from netra.optimization.levers.changed_answers import more_items, nothing_to_change, variant_name
from netra.optimization.levers.latency_words import saved_latency
from netra.optimization.params import LeverParams, duration_text
from netra.optimization.quality_gate import DEFAULT_MARGIN, check_quality, paired_items
from netra.optimization.repeats import is_retry, latency_micros, repeatable
from netra.optimization.similar import (
    Lookup,
    Vectors,
    labels_needed,
    most_wrong,
    served_by_similar,
    vectors_of,
)
from netra.optimization.workload import UsedModel, Workload

_DAY = 86_400_000_000
_THRESHOLD = 0.95
_MOST = 4
_SCOPES = ("app", "user")
_RIGHT = 0.5
_SEND_VECTORS = Missing(
    what="vectors of the prompts (tag embedding)",
    how=(
        "netra embed FILE --text prompt replaces the prompts in a file of calls by vectors on your own "
        "machine; import the file it writes"
    ),
)
_CACHE = """vector = embed(question)
hit = index.nearest(vector, where={{"model": model, "feature": feature}})
if hit and hit.cosine >= {threshold:g} and hit.age < {seconds}:
    return hit.answer
answer = ask(model, question)
index.add(vector, answer)"""


@dataclass(frozen=True, slots=True)
class _Replayed:
    """Which calls (n) have a vector and which of them would be served."""

    compared: Rows
    hits: Rows
    of: int


class SemanticCache:
    """A response cache looked up by meaning, with a stated bound on wrong hits."""

    name = "semantic-cache"
    summary = "reuse answers for requests that mean the same"
    parameters: dict[str, str] = {
        "threshold": "least cosine of two prompts that count as the same (default 0.95)",
        "ttl": "how long an answer may be reused, e.g. 1h (default 24h)",
        "scope": "who shares answers: app (default), user",
        "temperature": "calls sampled at more than this are left alone (default 0)",
        "margin": "largest acceptable drop in quality, e.g. 0.02 for 2 points",
        "group": "only evaluated items of this group count",
    }
    columns = (
        "call_id",
        "retry_of",
        "status",
        "temperature",
        "latency_ms",
        "user",
        "app",
        "feature",
        "tags",
    )

    def drafts(self, workload: Workload, evaluations: pl.DataFrame, params: LeverParams) -> list[Draft]:
        """One draft a model with hits, dearest first; one that refuses where nothing is alike."""
        alike = params.fraction("threshold", _THRESHOLD)
        lookup = Lookup(alike, params.duration("ttl") or _DAY)
        scope, warmest = params.choice("scope", _SCOPES), params.number("temperature", 0.0) or 0.0
        vectors = vectors_of(workload, "embedding", "embedding_model")
        if not len(vectors.rows):
            return [nothing_to_change(self.name, workload, _SEND_VECTORS)]
        replayed = _replay(workload, vectors, lookup, scope, warmest)
        said = {"threshold": f"{alike:g}", "ttl": duration_text(lookup.ttl), "scope": scope}
        drafts: list[Draft] = []
        for used in workload.models:
            if (replayed.hits & workload.rows_of(used.code)).any():
                drafts.append(_draft(workload, evaluations, params, (used, replayed), said))
        return drafts[:_MOST] or [_nothing_alike(workload, replayed, said)]


def _replay(workload: Workload, vectors: Vectors, lookup: Lookup, scope: str, warmest: float) -> _Replayed:
    latency = latency_micros(workload)
    ready = workload.ts if latency is None else workload.ts + latency
    able = repeatable(workload, warmest)[vectors.rows]
    if scope == "user":
        able &= workload.identities("user")[vectors.rows] != 0
    rows, found = vectors.rows[able], vectors.vectors[able]
    may = ~is_retry(workload)[rows]
    hits = np.zeros(workload.n, dtype=bool)
    for members in _groups(workload, rows, scope):
        own = rows[members]
        served = served_by_similar(found[members], workload.ts[own], ready[own], may[members], lookup)
        hits[own[served]] = True
    compared = np.zeros(workload.n, dtype=bool)
    compared[vectors.rows] = True
    return _Replayed(compared, hits, vectors.of)


def _groups(workload: Workload, rows: Int64, scope: str) -> list[Int64]:
    """Places in `rows` of the calls that may share answers, group by group."""
    columns = [workload.model_codes[rows].astype(np.uint64)]
    names = ("app", "feature", "user") if scope == "user" else ("app", "feature")
    columns += [workload.identities(name)[rows] for name in names]
    _, group = np.unique(np.stack(columns, axis=1), axis=0, return_inverse=True)
    order = np.argsort(group, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(group[order])) + 1)


def _draft(
    workload: Workload,
    evaluations: pl.DataFrame,
    params: LeverParams,
    part: tuple[UsedModel, _Replayed],
    said: dict[str, str],
) -> Draft:
    used, replayed = part
    canonical, rows = used.canonical.model, workload.rows_of(used.code)
    gone = replayed.hits & rows
    effect = effect_of(workload, rows, np.where(gone, 0, workload.cost))
    pairs = paired_items(
        evaluations, canonical, variant_name(canonical, SemanticCache.name), params.text("group")
    )
    quality, missing, words = _quality(pairs, canonical, gone, rows & replayed.compared, params)
    if not pairs.height:
        worth = 100 * effect.savings / effect.baseline if effect.baseline else 0.0
        missing = [_send_labels(canonical, said["threshold"], int(gone.sum()), worth)]
    return Draft(
        SemanticCache.name,
        {"model": used.model, **({"provider": used.provider} if used.provider else {}), **said},
        int(rows.sum()),
        _instructions(workload, gone, said),
        effect=effect if pairs.height else None,
        action=RemoveCalls(gone),
        quality=quality,
        missing=missing,
        assumptions=[
            f"{int(gone.sum()):,} of {int((rows & replayed.compared).sum()):,} calls with a vector are as "
            f"near as {said['threshold']} to one answered at most {said['ttl']} before",
            *words,
            "the labelled hits stand for these calls; vectors see the prompt's last question only, so calls "
            "whose answer depends on an earlier turn or on who asks should carry another feature",
            *_left_out(replayed),
        ],
        latency=saved_latency(workload, gone),
        risk="high",
        effort="high",
        filters={"model": used.model, "provider": used.provider},
    )


def _quality(
    pairs: pl.DataFrame, canonical: str, gone: Rows, compared: Rows, params: LeverParams
) -> tuple[QualityEffect | str, list[Missing], list[str]]:
    """What the labels say: the gate, what is missing, and the bound on wrong hits in words."""
    if not pairs.height:
        return "unknown: no hit was labelled", [], []
    margin = params.fraction("margin", DEFAULT_MARGIN)
    gate = check_quality(pairs, margin)
    fresh, cached = (pairs.get_column(f"{side}_score").to_numpy() for side in "ab")
    wrong = int(((fresh >= _RIGHT) & (cached < _RIGHT)).sum())
    bound = most_wrong(wrong, pairs.height)
    share = int(gone.sum()) / max(int(compared.sum()), 1)
    words = [
        f"{wrong:,} of {pairs.height:,} labelled hits were wrong: at most {100 * bound:.1f} % of hits, and "
        f"{100 * bound * share:.2f} % of the calls compared, are (Clopper-Pearson, 95 %)"
    ]
    if gate.verdict == "insufficient_data":
        return gate.effect, [more_items(canonical, gate.effect, gate.items_needed)], words
    if gate.verdict == "recommend" and bound * share > margin:
        more = max(labels_needed(margin / share) - pairs.height, 1)
        lacking = Missing(
            what=f"about {more:,} more labelled hits: up to {100 * bound:.1f} % may be wrong",
            how="import them with --format evals",
        )
        return gate.effect, [lacking], words
    return gate.effect, [], words


def _send_labels(canonical: str, threshold: str, hits: int, worth: float) -> Missing:
    return Missing(
        what=(
            f"labels of hits: {hits:,} calls would be served at a cosine of {threshold}, {worth:.1f} % of "
            f"their model's spend, but whether the answers would be right is not known"
        ),
        how=(
            f"judge some hundred hits and import with --format evals, one item a hit: model {canonical} with "
            f"the score of the fresh answer, model {variant_name(canonical, SemanticCache.name)} with the "
            f"score of the cached one (1 right, 0 wrong)"
        ),
    )


def _left_out(replayed: _Replayed) -> list[str]:
    compared = int(replayed.compared.sum())
    if replayed.of <= compared:
        return []
    return [
        f"{replayed.of - compared:,} other calls with a vector (earlier ones, or of another embedding model) "
        "were not compared and stay as they are"
    ]


def _nothing_alike(workload: Workload, replayed: _Replayed, said: dict[str, str]) -> Draft:
    return Draft(
        SemanticCache.name,
        said,
        workload.n,
        Instructions(summary="Nothing to change: no two prompts are as near as that.", steps=[]),
        effect=effect_of(workload, None, workload.cost),
        assumptions=[
            f"{int(replayed.compared.sum()):,} calls with a vector were compared",
            *_left_out(replayed),
        ],
    )


def _instructions(workload: Workload, gone: Rows, said: dict[str, str]) -> Instructions:
    top = workload.labels(("app", "feature", "model"), gone)
    places = [f"{' / '.join(place.values())} ({calls:,} hits)" for place, calls in top if place]
    seconds = LeverParams(SemanticCache.name, said).duration("ttl") or _DAY
    return Instructions(
        summary=f"Look answers up by meaning, at a cosine of {said['threshold']} or more.",
        steps=[
            f"Start where questions repeat in other words: {', '.join(places) or 'each feature'}.",
            "Keep one index a model and feature, and one a user where answers depend on who asks.",
            "Leave conversations, tools and anything that changes by the hour out.",
            "Label a sample of hits every week; raise the threshold when one is wrong.",
        ],
        snippet=Snippet(
            language="python",
            text=_CACHE.format(threshold=float(said["threshold"]), seconds=seconds // 1_000_000),
        ),
    )
