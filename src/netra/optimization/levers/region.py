"""region: the same model from the place (region or provider) that answers soonest.

Measured, not assumed: calls of one model in one place are compared with calls of the same model in another on
the same features and with answers of about the same length; only calls of which the other place has at least
50 such ones would move, and at least 50 of them. Of k that move within a feature and length, the i-th fastest
gets the latency at (i - 1/2) / k of the way through those of the other place, linear between them
(post-stratification), and in the interval the calls observed there stand for it with their weight, so that
few calls there make it wide. Which calls went where was not drawn by lot: time of day and size of prompts may
still differ.

Source: Cochran, Sampling Techniques, 3rd ed., 1977, section 5A.9 (post-stratification).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np
import numpy.typing as npt
import polars as pl

from netra.optimization.actions import Action, ChangeLatency, Rows, SwitchModel
from netra.optimization.drafts import Draft, Effect, effect_of
from netra.optimization.findings import Instructions, Missing, Snippet
from netra.optimization.latency_intervals import latency_effect
from netra.optimization.latency_replay import ENOUGH, Float64, Int64, LatencyReplay, same_ranks, standing_in
from netra.optimization.levers.latency_goals import (
    GOAL_PARAMETERS,
    codes_of,
    goal_of,
    missing_goal,
    without_latency,
)
from netra.optimization.params import LeverParams
from netra.optimization.token_changes import switched_cost
from netra.optimization.workload import Workload
from netra.pricing.coding import coded
from netra.pricing.money import femto_string

_TAG, _NAMED = "$.region", '"region"'
_SIZES = 64
_MOST_PLACES = 8
_MOST = 3
_SEND_PLACES = Missing(
    what="calls of one model in two places, on the same features and with a latency each",
    how='send the region as a tag (tags: {"region": "eu-west-1"}) and the provider, and send a share of the '
    "calls elsewhere for a few days",
)


@dataclass(frozen=True, slots=True)
class _Move:
    """Calls of a model that would move from one place to another.

    `rows` and `there`: positions of the calls that move and of those in the other place. `after`: latency of
    each call that moves (milliseconds), `gain`: milliseconds saved in all.
    """

    kind: str
    model: str
    origin: str
    target: str
    rows: Int64
    there: Int64
    after: Float64
    gain: float


class Region:
    """One draft for each model and place that another place beats, by region tag or provider."""

    name = "region"
    summary = "send calls to the region or provider that answers soonest"
    parameters: dict[str, str] = {
        "from": "only calls in this region or at this provider",
        "to": "only this region or provider as the target",
        **GOAL_PARAMETERS,
    }
    columns = ("latency_ms", "ttft_ms", "status", "feature", "tags")

    def drafts(self, workload: Workload, evaluations: pl.DataFrame, params: LeverParams) -> list[Draft]:
        """The moves that shorten latency most, by the time they save; one draft saying so where none does."""
        replay = LatencyReplay(workload)
        if not replay.recorded.known.any():
            return [without_latency(self.name, workload)]
        moves = [
            move
            for kind in ("region", "provider")
            for move in _moves(workload, replay, kind)
            if params.text("from") in (None, move.origin) and params.text("to") in (None, move.target)
        ]
        if not moves:
            steps = Instructions(summary="Nothing to compare yet: send what is missing.", steps=[])
            return [Draft(self.name, dict(params.values), workload.n, steps, missing=[_SEND_PLACES])]
        return [self._draft(workload, replay, move, params) for move in _promising(moves)]

    def _draft(self, workload: Workload, replay: LatencyReplay, move: _Move, params: LeverParams) -> Draft:
        rows, ms = np.zeros(workload.n, dtype=bool), replay.recorded.ms.copy()
        rows[move.rows], ms[move.rows] = True, move.after
        action: Action = ChangeLatency(rows, ms)
        money: Effect | None = effect_of(workload, rows, workload.cost)
        missing: list[Missing] = []
        if move.kind == "provider":
            action = SwitchModel(rows, move.model, move.target)
            money, missing = _priced(workload, action)
        effect = latency_effect(
            workload.blocks,
            replay.recorded,
            replay.after([ChangeLatency(rows, ms)])[0],
            goal_of(params),
            weights=_weights(workload, replay, move),
        )
        costs = "nothing" if money is None or not money.savings else f"${femto_string(-money.savings)}"
        return Draft(
            self.name,
            {"by": move.kind, "model": move.model, "from": move.origin, "to": move.target},
            len(move.rows),
            _instructions(workload, move, rows),
            effect=money,
            action=action,
            missing=missing,
            goal_missing=missing_goal(self.name, effect, costs),
            assumptions=_assumptions(replay, move),
            latency="unknown" if effect is None else effect,
            risk="low",
            effort="medium",
            filters={"model": move.model} | ({"provider": move.origin} if move.kind == "provider" else {}),
        )


def _strata(workload: Workload, replay: LatencyReplay) -> Int64:
    """Feature and size of the answer as one number (n)."""
    return codes_of(workload, ("feature",)) * _SIZES + replay.octaves


def _moves(workload: Workload, replay: LatencyReplay, kind: str) -> list[_Move]:
    """Every pair of places of a model with enough calls on common features and lengths."""
    names, places = _places(workload, kind)
    if len(names) < 2:
        return []
    strata = _strata(workload, replay)
    cells = int(strata.max(initial=0)) + 1
    ms = replay.recorded.ms
    moves: list[_Move] = []
    for model in dict.fromkeys(used.canonical.model for used in workload.models):
        codes = [used.code for used in workload.models if used.canonical.model == model]
        of_model = np.isin(np.arange(len(workload.models)), codes)[workload.model_codes]
        own = np.flatnonzero(of_model & replay.recorded.known & (places >= 0))
        parts = [own[places[own] == place] for place in range(len(names))]
        counts = [np.bincount(strata[part], minlength=cells) for part in parts]
        for origin, target in permutations(range(len(names)), 2):
            there = parts[target]
            rows = parts[origin][(counts[target] >= ENOUGH)[strata[parts[origin]]]]
            if len(rows) < ENOUGH:
                continue
            after = same_ranks(ms[rows], strata[rows], ms[there], strata[there])
            gain = float((ms[rows] - after).sum())
            moves.append(_Move(kind, model, names[origin], names[target], rows, there, after, gain))
    return moves


def _places(workload: Workload, kind: str) -> tuple[list[str], Int64]:
    """Names of the places and each call's number among them (n), -1 where unknown; the most used ones."""
    nowhere = np.full(workload.n, -1, dtype=np.int64)
    if not workload.has_text("tags" if kind == "region" else "provider"):
        return [], nowhere
    if kind == "provider":
        labels = workload.coded("provider")
        codes, values = labels.codes, list(labels.values)
    else:
        tags = workload.text("tags")
        named = tags.str.contains(_NAMED, literal=True)
        if not named.any():
            return [], nowhere
        regions = tags.set(~named, "{}").str.json_path_match(_TAG).fill_null("")
        labels = coded(regions)
        codes, values = labels.codes, list(labels.values)
    used = np.bincount(codes, minlength=len(values))
    kept = sorted((-int(used[code]), name, code) for code, name in enumerate(values) if name)[:_MOST_PLACES]
    by_code = np.full(len(values), -1, dtype=np.int64)
    for number, (_, _, code) in enumerate(kept):
        by_code[code] = number
    return [name for _, name, _ in kept], by_code[codes]


def _promising(moves: Sequence[_Move]) -> list[_Move]:
    """The best target of each model and place, most milliseconds saved first."""
    best: dict[tuple[str, str, str], _Move] = {}
    for move in moves:
        key = (move.kind, move.model, move.origin)
        if key not in best or move.gain > best[key].gain:
            best[key] = move
    ranked = sorted(best.values(), key=lambda move: -move.gain)
    return [move for move in ranked if move.gain > 0][:_MOST] or ranked[:1]


def _weights(workload: Workload, replay: LatencyReplay, move: _Move) -> Float64:
    """How much each recorded call counts after the move (n): those that move are stood for by those there."""
    moved, there = np.zeros(workload.n, dtype=bool), np.zeros(workload.n, dtype=bool)
    moved[move.rows], there[move.there] = True, True
    return standing_in(_strata(workload, replay), replay.recorded.known, moved, there)


def _priced(workload: Workload, action: SwitchModel) -> tuple[Effect | None, list[Missing]]:
    after, priced = switched_cost(workload, workload.tokens, workload.cost, action)
    both: npt.NDArray[np.bool_] = action.rows & workload.priced & priced
    if both.any():
        return effect_of(workload, action.rows, np.where(both, after, workload.cost)), []
    what = f"a price for {action.model} at {action.provider}"
    return None, [Missing(what=what, how="add a [[price]] for it to the price overrides file")]


def _assumptions(replay: LatencyReplay, move: _Move) -> list[str]:
    before = replay.recorded.ms[move.rows]
    was, becomes = (np.percentile(values, [50, 95]) for values in (before, move.after))
    return [
        f"{len(move.rows):,} calls of {move.model} in {move.origin} are compared with "
        f"{len(move.there):,} in {move.target}, feature by feature and by length of the answer: median "
        f"{was[0]:,.0f} to {becomes[0]:,.0f} ms, p95 {was[1]:,.0f} to {becomes[1]:,.0f} ms",
        "where the calls went was not drawn by lot: time of day and size of the prompts may differ as well",
        "the place has room for the calls that move; prompts already cached where they are now are read anew",
    ]


def _instructions(workload: Workload, move: _Move, rows: Rows) -> Instructions:
    top = workload.labels(("app", "feature"), rows)
    names = [" / ".join(labels.values()) for labels, _ in top if labels]
    where = ", ".join(names) if names else "the code that makes these calls"
    what = "region" if move.kind == "region" else "provider"
    return Instructions(
        summary=f"Send the calls of {move.model} from {move.origin} to {move.target}.",
        steps=[
            f"In {where}, change the {what} (base URL and key) from {move.origin} to {move.target}.",
            "Check first that data may be processed there.",
            "Move a tenth by lot for a day and compare p50 and p95; then the rest.",
        ],
        snippet=Snippet(language="diff", text=f"-    {what}: {move.origin}\n+    {what}: {move.target}"),
    )
