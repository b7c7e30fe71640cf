"""cascade: the cheaper model answers first, and the dearer one where a score says that it should.

Source: Chen, Zaharia and Zou, FrugalGPT, 2023. The score is what a judge of the cheaper model's answer would
say at run time (its log-probability, a verifier, a self-check), sent with the evaluations under the cheaper
model's name with `+confidence` behind it: one value from 0 to 1 an item. An answer with a score below the
threshold is thrown away and asked of the dearer model, so a call costs the cheaper answer and, for the
escalated part, the dearer one besides.
The threshold is learned on half of the items (by a checksum of their names): the smallest part escalated
whose drop, with its one-sided 95 % bound and room for the chance of judging it, is inside the margin: of n
learned and m judging items, mean + 1.645 s (1/sqrt(n) + 1/sqrt(m)), the drops of escalated ones being 0 and s
their standard deviation. The other half judges, beside escalation by lot of the same part (a random mix), and
an oracle that escalates where the dearer model does better. Where no threshold that saves is certainly
inside, but the mean drop of one is, items lack: that one is judged which takes fewest, N = 8 (1.645 s /
(margin - mean))^2 in both halves together. Where the mean of none is inside, every answer would be asked
again, which costs both: that is refused. The threshold is said with as few digits as tell apart the
confidences that were sent, so that who uses it keeps the answers that were kept here.
"""

from dataclasses import dataclass, replace
from decimal import ROUND_FLOOR, Decimal
from math import ceil

import numpy as np
import polars as pl

from netra.optimization.actions import SwitchModel
from netra.optimization.drafts import Draft, Effect
from netra.optimization.findings import Instructions, Missing, QualityEffect, RoutingBounds, Snippet
from netra.optimization.levers.model_switch import Ratios, as_measured, model_filter, switch_effect
from netra.optimization.levers.router import Float64, Rows, half_of
from netra.optimization.levers.routing import nothing_to_route, routable_pairs
from netra.optimization.levers.routing_cells import Pair
from netra.optimization.params import LeverParams
from netra.optimization.quality_gate import (
    DEFAULT_MARGIN,
    MIN_ITEMS,
    GateResult,
    bootstrap_means,
    check_quality,
)
from netra.optimization.workload import Workload

CONFIDENCE = "+confidence"
_Z_ONE_SIDED = 1.6448536269514722
_CODE = """answer = client.chat.completions.create(model="{cheap}", messages=messages)
if confidence(messages, answer) < {threshold}:  # the score that was sent with the evaluations
    answer = client.chat.completions.create(model="{dear}", messages=messages)"""

_NOT_SURE_ENOUGH = Instructions(
    summary="Nothing to change: no confidence is sure enough of the cheaper model's answers.", steps=[]
)


@dataclass(frozen=True)
class _Scored:
    """Items with the scores of both models and the confidence in the cheaper answer (m each)."""

    dear: Float64
    cheap: Float64
    confidence: Float64
    learned: Rows

    def quality(self, threshold: float, rows: Rows) -> Float64:
        """Scores of the cascade on some items."""
        kept = self.confidence[rows] >= threshold
        return np.where(kept, self.cheap[rows], self.dear[rows])


class Cascade:
    """Per pair of models with confidences: the cheaper one first, the dearer one where it is not sure."""

    name = "cascade"
    summary = "ask a cheaper model first and the dearer one where the answer is doubtful"
    parameters: dict[str, str] = {
        "from": "the dearer model, whose calls would be answered by the cheaper one first",
        "to": "the cheaper model",
        "margin": "largest acceptable drop in quality, e.g. 0.02 for 2 points",
    }
    columns = ("latency_ms", "app", "feature")

    def drafts(self, workload: Workload, evaluations: pl.DataFrame, params: LeverParams) -> list[Draft]:
        """One draft a pair of a model in use and a cheaper one evaluated on the same items."""
        pairs = routable_pairs(workload, evaluations, params)
        drafts: list[Draft] = []
        for pair in pairs:
            scored = _with_confidence(workload, evaluations, pair)
            if scored is not None:
                drafts.append(_cascade(workload, params, pair, scored))
        if drafts:
            return drafts
        if not pairs:
            return [nothing_to_route(self.name, workload, params)]
        return [_without_confidence(workload, pairs[0])]


def _with_confidence(workload: Workload, evaluations: pl.DataFrame, pair: Pair) -> _Scored | None:
    """The paired items that carry a confidence in the cheaper answer; None where too few do."""
    name = workload.catalogue.canonical(pair.target).model + CONFIDENCE
    given = (
        evaluations.filter((pl.col("canonical") == name) & pl.col("score").is_not_null())
        .group_by("item_id")
        .agg(pl.col("score").mean().alias("confidence"))
    )
    items = pair.items.join(given, on="item_id", how="inner", maintain_order="left")
    if items.height < 2 * MIN_ITEMS:
        return None
    dear, cheap, confidence = (
        items.get_column(column).to_numpy() for column in ("a_score", "b_score", "confidence")
    )
    return _Scored(dear, cheap, confidence, half_of(items.get_column("item_id").to_list()))


@dataclass(frozen=True)
class _Thresholds:
    """What keeping the answers at or above each confidence does on the learning half, highest first.

    `mean` and `spread`: of the drops over all its items, those escalated being 0; `bound`: the one-sided 95 %
    bound of the mean with room for judging.
    """

    value: Float64
    mean: Float64
    spread: Float64
    bound: Float64


def _thresholds(scored: _Scored) -> _Thresholds:
    rows = scored.learned
    judging = max(int((~rows).sum()), 1)
    order = np.argsort(-scored.confidence[rows], kind="stable")
    confidence = scored.confidence[rows][order]
    drops = (scored.dear - scored.cheap)[rows][order]
    n = len(drops)
    mean = np.cumsum(drops) / n
    square = np.cumsum(drops**2) / n
    spread = np.sqrt(np.maximum(square - mean**2, 0.0))
    bound = mean + _Z_ONE_SIDED * spread * (1 / np.sqrt(n) + 1 / np.sqrt(judging))
    whole = np.append(confidence[1:] < confidence[:-1], True)
    return _Thresholds(confidence[whole], mean[whole], spread[whole], bound[whole])


def certain_threshold(scored: _Scored, margin: float) -> float | None:
    """The smallest threshold whose drop is certainly inside the margin on the learning half; None where only
    escalating everything is.
    """
    tried = _thresholds(scored)
    inside = np.flatnonzero(tried.bound <= margin)
    return float(tried.value[inside[-1]]) if len(inside) else None


def likely_threshold(scored: _Scored, margin: float, affordable: float) -> float | None:
    """Of the thresholds whose mean drop is inside the margin on the learning half and that escalate less than
    `affordable` of the judging one (a share), the one that takes fewest items to be certain of.
    """
    tried = _thresholds(scored)
    judging = np.sort(scored.confidence[~scored.learned])
    escalated = np.searchsorted(judging, tried.value) / max(len(judging), 1)
    able = np.flatnonzero((tried.mean <= margin) & (tried.spread > 0) & (escalated < affordable))
    if not len(able):
        return None
    room = (margin - tried.mean[able]) / tried.spread[able]
    return float(tried.value[able[np.flatnonzero(room == room.max())[-1]]])


@dataclass(frozen=True)
class _Trial:
    """A threshold with what it does to the spend; infinite where all is escalated."""

    threshold: float
    certain: bool
    action: SwitchModel
    effect: Effect | None
    missing: list[Missing]

    @property
    def affordable(self) -> float:
        """The share of escalated calls at which nothing is saved; 1 where no price is known."""
        if self.effect is None or not self.effect.baseline:
            return 1.0
        return self.action.escalated + self.effect.savings / self.effect.baseline


def _trial(
    workload: Workload, scored: _Scored, measured: tuple[SwitchModel, Ratios], margin: float
) -> _Trial:
    """The certain threshold, or a likely one where that saves nothing."""
    whole, ratios = measured

    def tried(threshold: float, *, certain: bool) -> _Trial:
        escalated = float((scored.confidence[~scored.learned] < threshold).mean())
        action = replace(whole, escalated=escalated)
        return _Trial(threshold, certain, action, *switch_effect(workload, action, ratios))

    learned = certain_threshold(scored, margin)
    sure = tried(np.inf if learned is None else learned, certain=True)
    if learned is not None and sure.action.escalated < sure.affordable:
        return sure
    likely = likely_threshold(scored, margin, sure.affordable)
    return sure if likely is None else tried(likely, certain=False)


def _cascade(workload: Workload, params: LeverParams, pair: Pair, scored: _Scored) -> Draft:
    margin = params.fraction("margin", DEFAULT_MARGIN)
    judging = ~scored.learned
    whole, said, ratios = as_measured(pair.items, pair.rows, pair.target, None)
    trial = _trial(workload, scored, (whole, ratios), margin)
    keeps = bool(np.isfinite(trial.threshold))
    said_threshold = _told_apart(trial.threshold, scored.confidence) if keeps else "none"
    escalated = trial.action.escalated
    gate = _gate(scored, judging, trial.threshold, margin)
    if not trial.certain and gate.verdict == "recommend":
        gate = replace(gate, effect=gate.effect.model_copy(update={"gate": "insufficient_data"}))
    bounds = _bounds(scored, judging, trial.threshold)
    more = _more_items(scored, trial.threshold, margin)
    return Draft(
        Cascade.name,
        {"from": pair.origin, "to": pair.target, "threshold": said_threshold},
        int(pair.rows.sum()),
        _instructions(pair, said_threshold, escalated) if keeps else _NOT_SURE_ENOUGH,
        effect=trial.effect,
        action=trial.action,
        quality=gate.effect,
        missing=[*trial.missing, *_doubts(pair, gate, bounds, more, certain=trial.certain)],
        assumptions=[
            _what_is_asked_again(pair, scored, trial, said_threshold, margin),
            "computing the confidence costs nothing here; add what your check of an answer costs",
            *_in_words(gate.effect, bounds, pair),
            *(gate.cautions if keeps else []),
            *said,
        ],
        latency=f"higher for the {100 * escalated:.1f} % of calls that are asked twice",
        risk="medium",
        effort="high",
        filters=model_filter(workload, pair.origin),
        bounds=bounds,
    )


def _what_is_asked_again(pair: Pair, scored: _Scored, trial: _Trial, threshold: str, margin: float) -> str:
    items, points = f"{int(scored.learned.sum()):,} items to learn from", f"{100 * margin:g} points"
    if threshold == "none":
        return (
            f"no threshold that saves holds the margin of {points} on the {items}, not even as observed: "
            f"every call would be asked again of {pair.origin}, and cost and take both"
        )
    again = (
        f"an answer of {pair.target} with a confidence under {threshold} is asked again of {pair.origin}: "
        f"{100 * trial.action.escalated:.1f} % of the calls, which cost and take both"
    )
    if trial.certain:
        return again
    return f"{again}. That holds the margin of {points} as observed on the {items}, not yet with certainty"


def _gate(scored: _Scored, judging: Rows, threshold: float, margin: float) -> GateResult:
    pairs = pl.DataFrame(
        {"a_score": scored.dear[judging], "b_score": scored.quality(threshold, judging)},
        schema={"a_score": pl.Float64, "b_score": pl.Float64},
    )
    return check_quality(pairs, margin)


def _bounds(scored: _Scored, judging: Rows, threshold: float) -> RoutingBounds:
    """The cascade beside a random mix of as many kept answers, and the oracle."""
    dear, cheap = scored.dear[judging], scored.cheap[judging]
    kept = float((scored.confidence[judging] >= threshold).mean())
    drops, own = dear - cheap, dear - scored.quality(threshold, judging)
    ahead = bootstrap_means([kept * drops - own])[0]
    low, high = np.percentile(ahead, [2.5, 97.5])
    gap, drop = float(drops.mean()), float(own.mean())
    return RoutingBounds(
        share_pct=_points(kept),
        saving_share_pct=_points(kept),
        router_drop_points=_points(drop),
        random_mix_drop_points=_points(kept * gap),
        all_cheaper_drop_points=_points(gap),
        advantage_points=_points(kept * gap - drop),
        advantage_95=(_points(float(low)), _points(float(high))),
        oracle_drop_points=_points(-float(np.maximum(-drops, 0.0).mean())),
        oracle_share_pct=_points(float((drops <= 0).mean())),
        pgr=round(1 - drop / gap, 4) if gap > 0 else None,
        apgr=_apgr(scored.confidence[judging], drops) if gap > 0 else None,
        items_learned=int(scored.learned.sum()),
        items_judged=int(judging.sum()),
    )


def _apgr(confidence: Float64, drops: Float64) -> float:
    """Mean part of the gap kept over all parts escalated, the most doubtful first."""
    kept = np.cumsum(drops[np.argsort(-confidence, kind="stable")]) / drops.sum()
    return round(1 - float(np.concatenate([[0.0], kept])[:-1].mean() + kept.mean()) / 2, 4)


def _more_items(scored: _Scored, threshold: float, margin: float) -> str:
    """How many more items a certain answer takes if drop and spread of all of them stay as observed.

    Where the drop is nearer to the margin than its own standard error, no number would mean anything.
    """
    drops = scored.dear - scored.quality(threshold, np.ones(len(scored.dear), dtype=bool))
    room, spread, n = margin - float(drops.mean()), float(drops.std()), len(drops)
    if room * n**0.5 < spread:
        return (
            f"many more items than {n:,}, as the drop of {_points(float(drops.mean()))} points is near the "
            f"margin of {_points(margin)},"
        )
    needed = ceil(8 * (_Z_ONE_SIDED * spread / room) ** 2) if room > 0 else 0
    return f"about {max(needed - n, 2 * MIN_ITEMS):,} more items"


def _doubts(
    pair: Pair, gate: GateResult, bounds: RoutingBounds, more: str, *, certain: bool
) -> list[Missing]:
    how = "send more evaluated items of both models with confidences (netra import FILE --format evals)"
    if gate.verdict == "insufficient_data" or not certain:
        return [Missing(what=f"{more} of {pair.origin} and {pair.target} with a confidence", how=how)]
    low, high = bounds.advantage_95
    if bounds.share_pct > 0 and low <= 0:
        what = (
            f"a confidence that beats chance: it is ahead of escalating by lot by {bounds.advantage_points} "
            f"points, 95 % interval {low} to {high}"
        )
        return [
            Missing(what=what, how="score the answers of the cheaper model in another way, and send that")
        ]
    return []


def _in_words(effect: QualityEffect, bounds: RoutingBounds, pair: Pair) -> list[str]:
    return [
        f"on {effect.items:,} items the threshold was not learned from, the cascade loses "
        f"{bounds.router_drop_points} points; escalating as many by lot {bounds.random_mix_drop_points}, "
        f"all calls on {pair.target} {bounds.all_cheaper_drop_points}",
        f"an oracle would keep {bounds.oracle_share_pct} % of the answers of {pair.target} and change "
        f"quality by {0.0 - bounds.oracle_drop_points:+} points",
    ]


def _without_confidence(workload: Workload, pair: Pair) -> Draft:
    steps = Instructions(summary="Nothing to change yet: send confidences first.", steps=[])
    missing = Missing(
        what=f"a confidence in each answer of {pair.target}: without a score nobody knows which answers to "
        "ask again",
        how=f"send it as evaluations of model {pair.target}{CONFIDENCE} on the same items, score from 0 to "
        "1: netra import FILE --format evals",
    )
    return Draft(
        Cascade.name,
        {"from": pair.origin, "to": pair.target},
        int(pair.rows.sum()),
        steps,
        quality="unknown: no confidences are stored",
        missing=[missing],
        risk="medium",
        effort="high",
        filters=model_filter(workload, pair.origin),
    )


def _told_apart(threshold: float, confidence: Float64) -> str:
    """A threshold, rounded down to the fewest digits that keep no answer it would not keep."""
    below = confidence[confidence < threshold].max(initial=-np.inf)
    exact = Decimal(repr(threshold))
    for digits in range(1, 17):
        rounded = exact.quantize(Decimal(1).scaleb(-digits), ROUND_FLOOR)
        if below < float(rounded) <= threshold:
            return f"{rounded.normalize():f}"
    return repr(threshold)


def _instructions(pair: Pair, threshold: str, escalated: float) -> Instructions:
    return Instructions(
        summary=f"Ask {pair.target} first, and {pair.origin} where the answer is doubtful.",
        steps=[
            f"Send the calls of {pair.origin} to {pair.target} first and compute the same confidence that "
            f"was evaluated.",
            f"Ask {pair.origin} where it is under {threshold}; expect {100 * escalated:.1f} % of them.",
            "Record both attempts with one session_id, so that the part escalated can be watched.",
            "Learn the threshold anew when either model or the prompts change.",
        ],
        snippet=Snippet(
            language="python",
            text=_CODE.format(cheap=pair.target, dear=pair.origin, threshold=threshold),
        ),
    )


def _points(share: float) -> float:
    return round(share * 100, 2) + 0.0
