"""routing: each call to the dearer or the cheaper of two models, by what is known of it before it is sent.

Known of a call are its feature, matched by name with the group of evaluated items (`by=group`), and the
length of its prompt (`by=length`, thirds of the evaluated prompts). What a router learned from half of the
items is worth is measured on the other half (`router`), beside the random mix and the oracle. Source: Ong et
al., RouteLLM: Learning to Route LLMs with Preference Data, 2024. Recommended only if the drop over all calls
of the dearer model passes the quality gate and the router certainly beats a random mix of the same saving:
one that does not has learned nothing, and a switch of models is simpler.
"""

from dataclasses import replace

import numpy as np
import orjson
import polars as pl

from netra.optimization.actions import Rows, SwitchModel
from netra.optimization.drafts import Draft
from netra.optimization.evaluated import is_variant
from netra.optimization.findings import Instructions, Missing, RoutingBounds, Snippet
from netra.optimization.levers.latency_words import moved_latency
from netra.optimization.levers.model_switch import (
    as_measured,
    model_filter,
    rows_of_model,
    switch_effect,
)
from netra.optimization.levers.router import Items, Judged, Traffic, half_of, judge_router, learned_cells
from netra.optimization.levers.routing_cells import Pair, cells_of, items_of, traffic_of, with_groups
from netra.optimization.params import LeverParams
from netra.optimization.quality_gate import DEFAULT_MARGIN, MIN_ITEMS, paired_items
from netra.optimization.token_changes import switched_cost
from netra.optimization.workload import Workload
from netra.pricing.money import total_femto

MOST_TARGETS = 4
_SEND = (
    "have both models answer the same items and send per item: item_id, model, score (0 to 1), group (the "
    "feature whose calls it stands for) and input_tokens: netra import FILE --format evals"
)
_SHOWN = 40


class Routing:
    """Per pair of models: the groups of calls that the cheaper one serves well enough."""

    name = "routing"
    summary = "send each call to the cheaper of two models where it does as well"
    parameters: dict[str, str] = {
        "from": "the dearer model, whose calls are routed",
        "to": "the cheaper model",
        "by": "what the router knows: group, length or group,length (default: group, else length)",
        "column": "the column of calls that names the group of items: feature (default) or app",
        "margin": "largest acceptable drop in quality over all calls, e.g. 0.02 for 2 points",
    }
    columns = ("latency_ms", "app", "feature")

    def drafts(self, workload: Workload, evaluations: pl.DataFrame, params: LeverParams) -> list[Draft]:
        """One draft a pair of a model in use and a cheaper one evaluated on the same items."""
        pairs = routable_pairs(workload, evaluations, params)
        return [self._route(workload, params, pair) for pair in pairs] or [
            nothing_to_route(self.name, workload, params)
        ]

    def _route(self, workload: Workload, params: LeverParams, pair: Pair) -> Draft:
        margin = params.fraction("margin", DEFAULT_MARGIN)
        cells = cells_of(workload, pair, params)
        whole, said, ratios = as_measured(pair.items, pair.rows, pair.target, None)
        if cells is None:
            return _unknown(workload, pair, margin)
        traffic, lacking = traffic_of(workload, whole, cells)
        items = items_of(pair, cells)
        if min(int(items.learned.sum()), int((~items.learned).sum())) < MIN_ITEMS:
            return _too_few(pair, cells.by, len(items.learned))
        routed, order = learned_cells(items, traffic, margin)
        judged = judge_router(items, traffic, routed, order, margin)
        rows = pair.rows & np.isin(cells.of_calls, np.array(routed, dtype=np.int64))
        action = replace(whole, rows=rows)
        effect, missing = switch_effect(workload, action, ratios) if rows.any() else (None, [])
        if effect is not None:
            stays = total_femto(workload.cost[pair.rows & ~rows])
            effect = replace(
                effect, baseline=effect.baseline + stays, counterfactual=effect.counterfactual + stays
            )
        missing = [*lacking, *missing, *_doubts(pair, judged, routed)]
        calls, covered = int(pair.rows.sum()), int((cells.of_calls >= 0).sum())
        names = [cells.names[cell] for cell in routed]
        return Draft(
            self.name,
            {"from": pair.origin, "to": pair.target, "by": cells.by},
            calls,
            _instructions(pair, params, names, cells.by),
            effect=effect,
            action=action if rows.any() else None,
            quality=judged.quality,
            missing=missing,
            assumptions=[
                f"{int(rows.sum()):,} of {calls:,} calls of {pair.origin} go to {pair.target}; "
                f"{calls - covered:,} are of a kind that was not evaluated and stay",
                "calls of a kind are as hard as the evaluated items of that name or length",
                *in_words(judged.bounds, pair),
                *said,
            ],
            latency=moved_latency(workload, rows, rows_of_model(workload, pair.target), pair.target),
            risk="medium",
            effort="medium",
            filters=model_filter(workload, pair.origin),
            bounds=judged.bounds,
        )


def routable_pairs(workload: Workload, evaluations: pl.DataFrame, params: LeverParams) -> list[Pair]:
    """Models in use with cheaper ones evaluated on the same items, those that could save most first."""
    wanted, given = params.text("from"), params.text("to")
    canonical = workload.catalogue.canonical
    origins = (
        [canonical(wanted).model]
        if wanted is not None
        else list(dict.fromkeys(used.canonical.model for used in workload.models))
    )
    found: list[tuple[float, Pair]] = []
    for origin in origins:
        rows = rows_of_model(workload, origin)
        for name in [given] if given is not None else _evaluated_with(evaluations, origin):
            target = canonical(name).model
            if not rows.any() or target == origin:
                continue
            items = with_groups(evaluations, origin, paired_items(evaluations, origin, target))
            saving = _saving(workload, rows, name) if items.height >= 2 * MIN_ITEMS else None
            if given is not None or (saving is not None and saving > 0):
                found.append((-(saving or 0.0), Pair(origin, name, rows, items)))
    found = [pair for pair in found if pair[1].items.height >= 2 * MIN_ITEMS]
    found.sort(key=lambda pair: (pair[0], pair[1].origin, pair[1].target))
    return [pair for _, pair in found[:MOST_TARGETS]]


def nothing_to_route(lever: str, workload: Workload, params: LeverParams) -> Draft:
    """A draft that says that paired evaluations lack."""
    what = f"at least {2 * MIN_ITEMS} items that a model in use and a cheaper one both answered"
    steps = Instructions(summary="Nothing to change yet: send evaluations first.", steps=[])
    return Draft(lever, dict(params.values), workload.n, steps, missing=[Missing(what=what, how=_SEND)])


def in_words(bounds: RoutingBounds, pair: Pair) -> list[str]:
    """The router beside the random mix and the oracle."""
    kept = "" if bounds.pgr is None else f"; it keeps {100 * bounds.pgr:.1f} % of the gap (PGR)"
    area = "" if bounds.apgr is None else f", {100 * bounds.apgr:.1f} % on average over all shares (APGR)"
    return [
        f"on {bounds.items_judged:,} items it did not learn from, {bounds.share_pct} % of the calls on "
        f"{pair.target} lose {bounds.router_drop_points} points; a random mix of the same saving loses "
        f"{bounds.random_mix_drop_points}, all calls {bounds.all_cheaper_drop_points}{kept}{area}",
        f"the router is ahead of the random mix by {bounds.advantage_points} points (95 % interval "
        f"{bounds.advantage_95[0]} to {bounds.advantage_95[1]})",
        f"an oracle could send {bounds.oracle_share_pct} % of the calls to {pair.target} and change quality "
        f"by {0.0 - bounds.oracle_drop_points:+} points: no router does better",
    ]


def _evaluated_with(evaluations: pl.DataFrame, origin: str) -> list[str]:
    items = evaluations.filter(pl.col("canonical") == origin).select("item_id").unique()
    shared = evaluations.join(items, on="item_id", how="semi").filter(pl.col("canonical") != origin)
    names = shared.group_by("canonical").agg(pl.col("model").min()).sort("canonical")
    return [str(model) for canonical, model in names.iter_rows() if not is_variant(str(canonical))]


def _saving(workload: Workload, rows: Rows, target: str) -> float | None:
    """Dollars that moving all of the calls would save with the same tokens; None where not priced."""
    after, priced = switched_cost(workload, workload.tokens, workload.cost, SwitchModel(rows, target, None))
    both = rows & priced & workload.priced
    return float((workload.cost[both] - after[both]).sum()) * 1e-15 if both.any() else None


def _doubts(pair: Pair, judged: Judged, routed: list[int]) -> list[Missing]:
    """What lacks for a recommendation, apart from prices."""
    effect = judged.quality
    if not routed:
        what = "a kind of calls that can move: with the items there are, no drop is certainly small enough"
        return [Missing(what=what, how=_SEND)]
    if effect.gate == "insufficient_data":
        more = max(judged.items_needed - effect.items, 1)
        return [
            Missing(
                what=f"about {2 * more:,} more items that {pair.origin} and {pair.target} both answered: the "
                f"drop of {effect.drop_points} points may be up to {effect.upper_95} (margin "
                f"{effect.margin_points})",
                how=_SEND,
            )
        ]
    if not judged.beats_chance:
        low, high = judged.bounds.advantage_95
        return [
            Missing(
                what=f"a router that beats chance: it is ahead of a random mix of the same saving by "
                f"{judged.bounds.advantage_points} points, 95 % interval {low} to {high}",
                how="name what makes items hard as their group, or move calls with model-switch where that "
                "is recommended",
            )
        ]
    return []


def _too_few(pair: Pair, by: str, items: int) -> Draft:
    """Too few of the items are of the kinds of calls there are."""
    what = (
        f"items of the kinds of calls there are: of {pair.items.height:,} that both models answered "
        f"{items:,} are, and half of them are to be judged on, {MIN_ITEMS} at least"
    )
    steps = Instructions(summary="Nothing to change yet: send what is missing, then ask again.", steps=[])
    return Draft(
        Routing.name,
        {"from": pair.origin, "to": pair.target, "by": by},
        int(pair.rows.sum()),
        steps,
        quality="unknown: no router could be learned",
        missing=[Missing(what=what, how=_SEND)],
        risk="medium",
        effort="medium",
    )


def _unknown(workload: Workload, pair: Pair, margin: float) -> Draft:
    """Nothing tells the calls apart: only the bounds can be said."""
    names = pair.items.get_column("item_id").to_list()
    one = np.zeros(len(names), dtype=np.int64)
    dear, cheap = (pair.items.get_column(f"{side}_score").to_numpy() for side in "ab")
    everything = Traffic(np.ones(1), np.ones(1))
    judged = judge_router(Items(dear, cheap, one, half_of(names)), everything, [], [], margin)
    bounds = judged.bounds
    missing = Missing(
        what="something that tells evaluated items and calls apart: a group that is also the feature (or "
        "app) of calls, or input_tokens of the items",
        how=_SEND,
    )
    steps = Instructions(summary="Nothing to change yet: send what is missing, then ask again.", steps=[])
    return Draft(
        Routing.name,
        {"from": pair.origin, "to": pair.target},
        int(pair.rows.sum()),
        steps,
        quality="unknown: no router could be learned",
        missing=[missing],
        assumptions=[
            f"without knowing more, a mix by lot loses up to {bounds.all_cheaper_drop_points} points (all "
            f"calls on {pair.target}); an oracle could send {bounds.oracle_share_pct} % of the calls there "
            f"and change quality by {0.0 - bounds.oracle_drop_points:+} points",
        ],
        risk="medium",
        effort="medium",
        filters=model_filter(workload, pair.origin),
        bounds=bounds,
    )


def _instructions(pair: Pair, params: LeverParams, names: list[str], by: str) -> Instructions:
    if not names:
        return Instructions(summary="Nothing to change yet: no kind of calls can move.", steps=[])
    column = params.text("column") or "feature"
    table = {"by": by.replace("group", column), "default": pair.origin, pair.target: names[:_SHOWN]}
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return Instructions(
        summary=f"Send {len(names)} kinds of calls of {pair.origin} to {pair.target}.",
        steps=[
            f"Where these calls are made, choose the model by {by.replace('group', column)}: {pair.target} "
            f"for {', '.join(names[:8])}{' and others' if len(names) > 8 else ''}, else {pair.origin}.",
            f"The table below is what was judged{more}; keep it in configuration, one line a kind.",
            "Begin with a tenth of the sessions and score the answers of both models on new items.",
            "Learn anew when features, prompts or either model change.",
        ],
        snippet=Snippet(language="json", text=orjson.dumps(table, option=orjson.OPT_INDENT_2).decode()),
    )
