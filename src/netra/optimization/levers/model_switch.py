"""model-switch: the calls of one model on another one, behind the quality gate.

Definition. All calls of `from` (default: each model in use with evaluations) at the prices of `to` at
`to_provider` (default: the catalogue's) on the day of each call; without `to`, every model that shares
evaluated items with `from`. Tokens on the other model: where both models' answers to the same items carry
tokens, the ratio of their sums with its bootstrap interval, input and output apart; else the ratio of costs
where they carry these; else the same tokens, stated as an assumption. A call without a price on either side
stays. All paired items count unless `group` is given.

Source: Efron and Tibshirani, An Introduction to the Bootstrap, 1993 (paired bootstrap; `quality_gate`).
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from netra.optimization.actions import Rows, SwitchModel
from netra.optimization.drafts import Draft, Effect, effect_on
from netra.optimization.evaluated import Ratio, is_variant, paired_ratio, paired_ratios
from netra.optimization.findings import Instructions, Missing, QualityEffect, Snippet
from netra.optimization.levers.latency_words import moved_latency
from netra.optimization.params import LeverParams
from netra.optimization.quality_gate import DEFAULT_MARGIN, GateResult, check_qualities, paired_items
from netra.optimization.token_changes import Repriced
from netra.optimization.workload import Workload
from netra.pricing.money import total_femto

_SEND_EVALUATIONS = (
    "have both models answer the same items and send the scores: netra import FILE --format evals with "
    "item_id, model, score (0 to 1), and input_tokens, output_tokens or cost_usd if there"
)

Ratios = tuple[Ratio | None, Ratio | None]
"""What a switch rests on: ratios of input and of output tokens; or that of costs, and None."""


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two models (`canonical`: the catalogue's name of the target), the calls of the first, and the items
    that both answered.
    """

    origin: str
    target: str
    canonical: str
    rows: Rows
    items: pl.DataFrame


class ModelSwitch:
    """Another model for the calls of one model.

    Without `to`, every model that shares evaluated items with `from`; without `from`, every model in use. The
    tokens on the other model come from the paired evaluations where both carry them, else from their costs,
    else they are taken as the same.
    """

    name = "model-switch"
    summary = "move the calls of one model to another that is as good"
    parameters: dict[str, str] = {
        "from": "the model whose calls would move",
        "to": "the model they would move to",
        "to_provider": "who would bill them (default: as the catalogue says)",
        "margin": "largest acceptable drop in quality, e.g. 0.02 for 2 points",
        "group": "only evaluated items of this group count",
    }
    columns = ("latency_ms", "app", "feature")

    def drafts(self, workload: Workload, evaluations: pl.DataFrame, params: LeverParams) -> list[Draft]:
        """One draft a pair of models."""
        wanted = params.text("from")
        origins = (
            [workload.catalogue.canonical(wanted).model]
            if wanted is not None
            else list(dict.fromkeys(used.canonical.model for used in workload.models))
        )
        found: list[_Pair] = []
        for origin in origins:
            rows = rows_of_model(workload, origin)
            if rows.any():
                found += [
                    self._pair(workload, evaluations, params, (origin, target, rows))
                    for target in self._targets(workload, evaluations, params, origin)
                ]
        margin = params.fraction("margin", DEFAULT_MARGIN)
        judged = iter(check_qualities([pair.items for pair in found if pair.items.height], margin))
        gates = [next(judged) if pair.items.height else None for pair in found]
        drafts = [self._switch(workload, params, pair, gate) for pair, gate in zip(found, gates, strict=True)]
        return drafts or [self._nothing(workload, evaluations, params, origins)]

    def _targets(
        self, workload: Workload, evaluations: pl.DataFrame, params: LeverParams, origin: str
    ) -> list[str]:
        given = params.text("to")
        if given is not None:
            return [given]
        items = evaluations.filter(pl.col("canonical") == origin).select("item_id").unique()
        shared = evaluations.join(items, on="item_id", how="semi").filter(pl.col("canonical") != origin)
        names = shared.group_by("canonical").agg(pl.col("model").min()).sort("canonical")
        return [model for canonical, model in names.rows() if not is_variant(canonical)]

    def _pair(
        self,
        workload: Workload,
        evaluations: pl.DataFrame,
        params: LeverParams,
        pair: tuple[str, str, Rows],
    ) -> _Pair:
        origin, target, rows = pair
        canonical = workload.catalogue.canonical(target, params.text("to_provider")).model
        items = paired_items(evaluations, origin, canonical, params.text("group"))
        return _Pair(origin, target, canonical, rows, items)

    def _switch(self, workload: Workload, params: LeverParams, pair: _Pair, gate: GateResult | None) -> Draft:
        origin, target, rows = pair.origin, pair.target, pair.rows
        provider, group = params.text("to_provider"), params.text("group")
        missing: list[Missing] = []
        cautions: list[str] = []
        quality: QualityEffect | str = "unknown: no item was answered by both models"
        if gate is None:
            missing.append(
                Missing(what=f"items that {origin} and {target} both answered", how=_SEND_EVALUATIONS)
            )
        else:
            quality, cautions = gate.effect, gate.cautions
            if gate.verdict == "insufficient_data":
                missing.append(_more_items(origin, target, gate.effect, gate.items_needed))
        action, said, ratios = as_measured(pair.items, rows, target, provider)
        effect, lacking = switch_effect(workload, action, ratios)
        return Draft(
            self.name,
            {"from": origin, "to": target, **({"to_provider": provider} if provider else {})},
            int(rows.sum()),
            _instructions(workload, rows, origin, target),
            effect=effect,
            action=action,
            quality=quality,
            missing=missing + lacking,
            assumptions=[*said, "the prompts stay as they are", *_scope_of(group), *cautions],
            latency=moved_latency(workload, rows, rows_of_model(workload, pair.canonical), target),
            risk="medium",
            filters=model_filter(workload, origin),
        )

    def _nothing(
        self, workload: Workload, evaluations: pl.DataFrame, params: LeverParams, origins: list[str]
    ) -> Draft:
        wanted = params.text("from")
        if wanted is not None and not rows_of_model(workload, origins[0]).any():
            used = ", ".join(sorted({u.model for u in workload.models})[:8]) or "none"
            missing = Missing(what=f"calls on {wanted}", how=f"name a model in use: {used}")
        elif evaluations.height == 0:
            missing = Missing(what="evaluations of quality; none are stored", how=_SEND_EVALUATIONS)
        else:
            missing = Missing(
                what="evaluated items that a model in use shares with another model", how=_SEND_EVALUATIONS
            )
        instructions = Instructions(summary="Nothing to change yet: send evaluations first.", steps=[])
        return Draft(self.name, dict(params.values), workload.n, instructions, missing=[missing])


def as_measured(
    pairs: pl.DataFrame, rows: Rows, target: str, provider: str | None
) -> tuple[SwitchModel, list[str], Ratios]:
    """The switch with the tokens that evaluations show, in words, and the ratios it rests on."""
    inputs, outputs = paired_ratios(pairs, ["input_tokens", "output_tokens"])
    costs = paired_ratio(pairs, "cost_usd") if inputs is None and outputs is None else None
    if inputs is not None or outputs is not None:
        known = [
            (r, what) for r, what in ((inputs, "input tokens"), (outputs, "output tokens")) if r is not None
        ]
        action = SwitchModel(
            rows,
            target,
            provider,
            1.0 if inputs is None else inputs.value,
            1.0 if outputs is None else outputs.value,
        )
        said = [ratio.text(what) for ratio, what in known]
        if len(known) == 1:
            said.append("the other tokens are taken as the same")
        return action, said, (inputs, outputs)
    if costs is not None:
        said = [
            costs.text("cents a call").replace("many", "much"),
            "no tokens in the evaluations: costs are used",
        ]
        return SwitchModel(rows, target, provider, cost_ratio=costs.value), said, (costs, None)
    said = ["each call has the same number of tokens on the other model: no paired tokens or costs are known"]
    return SwitchModel(rows, target, provider), said, (None, None)


def switch_effect(
    workload: Workload, action: SwitchModel, ratios: Ratios
) -> tuple[Effect | None, list[Missing]]:
    """The effect of a switch, widened by what its ratios leave open; None and what lacks without a price."""
    repriced = Repriced(workload, workload.tokens, workload.cost, action)
    members = repriced.members
    after, priced = repriced.cost()
    both = workload.priced[members] & priced
    if not workload.priced[members].any():
        return None, [price_of("the model in use")]
    if not both.any():
        return None, [price_of(action.model)]
    effect = effect_on(workload, members, after, both)
    if ratios == (None, None):
        return effect, []
    before = total_femto(workload.cost[members[both]])
    highs = [1.0 if ratio is None else ratio.high / ratio.value for ratio in ratios]
    lows = [1.0 if ratio is None else ratio.low / ratio.value for ratio in ratios]
    dearer, cheaper = (before - total_femto(repriced.cost(*factors)[0][both]) for factors in (highs, lows))
    below = max(0.0, (effect.savings - dearer) * 1e-15)
    above = max(0.0, (cheaper - effect.savings) * 1e-15)
    widened = Effect(effect.baseline, effect.counterfactual, effect.block_savings, (below, above))
    return widened, []


def rows_of_model(workload: Workload, canonical: str) -> Rows:
    """The calls of a model, whatever they call it."""
    wanted = np.zeros(len(workload.models), dtype=bool)
    for used in workload.models:
        wanted[used.code] = used.canonical.model == canonical
    return wanted[workload.model_codes]


def model_filter(workload: Workload, canonical: str) -> dict[str, str]:
    """Conditions on the usage query that select a model's calls; none where they use several names for it."""
    names = [used.model for used in workload.models if used.canonical.model == canonical]
    return {"model": names[0]} if len(names) == 1 else {}


def price_of(model: str) -> Missing:
    """What lacks where a model has no price."""
    return Missing(what=f"a price for {model}", how="add a [[price]] for it to the price overrides file")


def _more_items(origin: str, target: str, effect: QualityEffect, needed: int) -> Missing:
    more = max(needed - effect.items, 1)
    return Missing(
        what=(
            f"about {more:,} more items that {origin} and {target} both answered: with {effect.items:,} the"
            f" drop of {effect.drop_points} points may be up to {effect.upper_95}"
            f" (margin {effect.margin_points})"
        ),
        how=_SEND_EVALUATIONS,
    )


def _scope_of(group: str | None) -> list[str]:
    if group is not None:
        return [f"the items of group {group} stand for these calls"]
    return ["the evaluated items stand for these calls"]


def _instructions(workload: Workload, rows: Rows, origin: str, target: str) -> Instructions:
    top = workload.labels(("app", "feature"), rows)
    names = [" / ".join(labels.values()) for labels, _ in top if labels]
    where = ", ".join(names) if names else "the code that makes these calls"
    return Instructions(
        summary=f"Send the calls of {origin} to {target}.",
        steps=[
            f"In {where}, change the model name from {origin} to {target}.",
            "Begin with a tenth of the sessions and compare errors, length of answers and complaints.",
            "Move the rest when nothing stands out; the old name is the way back.",
        ],
        snippet=Snippet(language="diff", text=f'-    model="{origin}",\n+    model="{target}",'),
    )
