"""Levers that keep the model and change what it sees or says: recommended only through the gate.

The changed calls need evaluations of their own. They are sent under the model's name with the lever's name
behind a plus sign (`gpt-4o+output-cap`), on the same items as evaluations of the model as it is.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import polars as pl

from netra.optimization.actions import ChangeTokens, Int64, Rows
from netra.optimization.drafts import Draft, effect_of
from netra.optimization.findings import Instructions, Missing, QualityEffect
from netra.optimization.left_out import prices_of
from netra.optimization.params import LeverParams
from netra.optimization.quality_gate import DEFAULT_MARGIN, check_quality, paired_items
from netra.optimization.token_changes import limited_tokens, shortened
from netra.optimization.workload import Workload


def variant_name(model: str, lever: str) -> str:
    """Under which name the changed calls of a model are evaluated."""
    return f"{model}+{lever}"


def gated_drafts(
    workload: Workload,
    evaluations: pl.DataFrame,
    params: LeverParams,
    change: ChangeTokens,
    base: Draft,
    instructions: Callable[[Rows], Instructions],
) -> list[Draft]:
    """`base` once per model whose changed calls are evaluated, and once for the models where none are.

    `instructions`: what to do for some of the calls (n); those of `base` are for all.
    """
    after, _ = workload.prices.cost(limited_tokens(workload.tokens, change))
    touched = shortened(workload.tokens, change)
    margin = params.fraction("margin", DEFAULT_MARGIN)
    drafts: list[Draft] = []
    rest = np.ones(workload.n, dtype=bool)
    canonicals = list(dict.fromkeys(used.canonical.model for used in workload.models))
    for canonical in canonicals:
        pairs = paired_items(
            evaluations, canonical, variant_name(canonical, base.lever), params.text("group")
        )
        if pairs.height == 0:
            continue
        codes = [used.code for used in workload.models if used.canonical.model == canonical]
        rows = np.isin(workload.model_codes, np.array(codes, dtype=np.int64))
        rest &= ~rows
        gate = check_quality(pairs, margin)
        missing = (
            []
            if gate.verdict != "insufficient_data"
            else [more_items(canonical, gate.effect, gate.items_needed)]
        )
        said = replace(base, apply=instructions(rows), assumptions=[*base.assumptions, *gate.cautions])
        drafts.append(_one(workload, said, change, (canonical, rows, after), (gate.effect, missing)))
    if rest.any():
        told = base if rest.all() else replace(base, apply=instructions(rest))
        drafts.append(_unevaluated(workload, told, (rest, rest & touched), after))
    return drafts


def _one(
    workload: Workload,
    base: Draft,
    change: ChangeTokens,
    part: tuple[str, Rows, Int64],
    quality: tuple[QualityEffect, list[Missing]],
) -> Draft:
    canonical, rows, after = part
    effect, missing = quality
    return Draft(
        base.lever,
        {**base.params, "model": canonical},
        int(rows.sum()),
        base.apply,
        effect=effect_of(workload, rows, after),
        action=_limited_to(workload, change, rows),
        quality=effect,
        missing=missing,
        assumptions=base.assumptions,
        latency=base.latency,
        risk=base.risk,
        effort=base.effort,
        filters=_told_by_model(workload, canonical),
    )


def _told_by_model(workload: Workload, canonical: str) -> dict[str, str]:
    """What selects the calls of a model, where they all name it in one way."""
    names = {used.model for used in workload.models if used.canonical.model == canonical}
    return {"model": names.pop()} if len(names) == 1 else {}


def _unevaluated(workload: Workload, base: Draft, calls: tuple[Rows, Rows], after: Int64) -> Draft:
    """What is to be said of calls without evaluations; `calls`: those, and the ones of them that change."""
    rows, touched = calls
    effect = effect_of(workload, rows, after)
    priced = bool(workload.priced[touched].any())
    if not touched.any() or (priced and not effect.savings):
        return replace(base, rows=int(rows.sum()), effect=effect, quality="none: nothing would change")
    codes = np.unique(workload.model_codes[touched])
    example = next(used.canonical.model for used in workload.models if used.code in codes)
    share = 100 * effect.savings / effect.baseline if effect.baseline else 0.0
    told = "less than 0.1" if 0 < share < 0.05 else f"{share:.1f}"
    concerns = f"could touch {told} % of the spend" if priced else "the calls it touches have no price"
    missing = Missing(
        what=f"evaluations of the changed calls: this lever changes answers, and {concerns}",
        how=f"answer the same items with and without the change and import both with --format evals: model "
        f"{example} as it is, model {variant_name(example, base.lever)} with the change",
    )
    lacking = [missing] if priced else [missing, prices_of(workload, touched)]
    return Draft(
        base.lever,
        base.params,
        int(rows.sum()),
        base.apply,
        effect=None,
        quality="unknown: the changed calls were not evaluated",
        missing=[*base.missing, *lacking],
        assumptions=base.assumptions,
        latency=base.latency,
        risk=base.risk,
        effort=base.effort,
    )


def _limited_to(workload: Workload, change: ChangeTokens, rows: Rows) -> ChangeTokens:
    """The change for some calls only."""

    def only(limit: Int64 | None, recorded: Int64) -> Int64 | None:
        return None if limit is None else np.where(rows, limit, recorded)

    return ChangeTokens(
        only(change.input_limit, workload.tokens.input), only(change.output_limit, workload.tokens.output)
    )


def more_items(model: str, effect: QualityEffect, needed: int) -> Missing:
    """How many more items of a model the gate needs."""
    return Missing(
        what=f"about {max(needed - effect.items, 1):,} more items of {model}, with and without the change",
        how="import them with --format evals",
    )


def nothing_to_change(lever: str, workload: Workload, missing: Missing) -> Draft:
    """A draft that only says what lacks."""
    steps = Instructions(summary="Nothing to change yet: send what is missing, then ask again.", steps=[])
    return Draft(lever, {}, workload.n, steps, missing=[missing])
