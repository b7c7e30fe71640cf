"""What the recommended changes save together."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from netra.optimization.drafts import Draft, Effect
from netra.optimization.replay import JointReplay, independent
from netra.optimization.workload import Workload
from netra.pricing.money import total_femto

_CALLS_REPLAYED = 10_000_000
"""Calls that the replays behind the steps may read in all."""


@dataclass(frozen=True, slots=True)
class Together:
    """The changes taken together (positions among the drafts) and their effect on all calls. `replay` is what
    the effect was computed with, where it is to be asked for parts.
    """

    parts: list[int]
    effect: Effect
    replay: JointReplay | None = None


def taken_together(workload: Workload, drafts: Sequence[Draft], chosen: Sequence[int]) -> Together:
    """Replay the chosen drafts' actions together. A what-if over all calls as on another model has no action:
    it stands alone or is left out.
    """
    acting = [number for number in chosen if drafts[number].action is not None]
    if not acting and len(chosen) == 1:
        alone = drafts[chosen[0]].effect
        if alone is not None:
            return Together(list(chosen), alone)
    walked = _walked(workload, len(acting))
    actions = [action for number in acting if (action := drafts[number].action)]
    replay = JointReplay(workload, actions, again=walked)
    effect = _effect(workload, [drafts[number] for number in acting], replay)
    uncertain = [known.uncertainty for number in acting if (known := drafts[number].effect) is not None]
    below, above = (float(np.sum([each[side] for each in uncertain])) for side in (0, 1))
    whole = Effect(effect.baseline, effect.counterfactual, effect.block_savings, (below, above))
    return Together(acting, whole, replay if walked else None)


def marginal_savings(
    workload: Workload, drafts: Sequence[Draft], together: Together
) -> list[tuple[int, int]]:
    """Each part with the femto-dollars it adds to the joint replay of the parts before it, the largest single
    saving first. They add up to the joint saving. Empty where that takes too many replays.
    """
    effects = {number: effect for number in together.parts if (effect := drafts[number].effect) is not None}
    order = sorted(effects, key=lambda number: (-effects[number].savings, number))
    actions = [action for number in order if (action := drafts[number].action) is not None]
    if len(order) <= 1 or independent(actions):
        return [(number, effects[number].savings) for number in order]
    replay = together.replay
    if len(actions) != len(order) or replay is None:
        return []
    between = [total_femto(replay.cost(actions[:count])) for count in range(1, len(order))]
    levels = [together.effect.baseline, *between, together.effect.counterfactual]
    return [(number, levels[place] - levels[place + 1]) for place, number in enumerate(order)]


def _walked(workload: Workload, parts: int) -> bool:
    return workload.n * (parts - 1) <= _CALLS_REPLAYED


def _effect(workload: Workload, drafts: Sequence[Draft], replay: JointReplay) -> Effect:
    actions = [draft.action for draft in drafts if draft.action is not None]
    before = workload.cost
    whole = total_femto(before)
    if independent(actions):
        effects = [draft.effect for draft in drafts if draft.effect is not None]
        saved = np.sum([effect.block_savings for effect in effects], axis=0)
        return Effect(whole, whole - sum(effect.savings for effect in effects), saved)
    after = replay.cost(actions) if actions else before
    return Effect(whole, total_femto(after), workload.blocks.sums(before - after))
