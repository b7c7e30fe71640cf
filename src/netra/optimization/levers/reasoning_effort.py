"""reasoning-effort: the same model, thinking less.

Definition. Reasoning tokens are output tokens and billed as such. For each (provider, model, recorded
`reasoning_effort`) with reasoning, a lower effort writes r times the output tokens, where r is the ratio of
output tokens over items that were answered at both efforts, with its bootstrap interval; no more can go than
was reasoning, so r is at least the share of output that is not. Where the evaluations carry costs but no
tokens, r is the ratio of costs. Thinking less changes answers: recommended only through the quality gate.

Evaluations at an effort are sent under the model's name with the effort behind it: `gpt-5@low`, `gpt-5 low`
or `gpt-5 (low)`; efforts are none, minimal, low, medium, high, xhigh. Calls whose effort is not recorded, or
whose effort was not evaluated, are compared with evaluations of the plain name. A leaderboard of averages has
no paired items and is not enough.

Source: OpenAI documentation, Reasoning models (effort, reasoning tokens billed as output); Anthropic
documentation, Extended thinking (thinking tokens billed as output).
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from netra.optimization.actions import Int64, Rows, SwitchModel
from netra.optimization.drafts import Draft, Effect, effect_of
from netra.optimization.evaluated import EFFORTS, Ratio, paired_ratio
from netra.optimization.findings import Instructions, LatencyEffect, Missing, Snippet
from netra.optimization.left_out import prices_of
from netra.optimization.levers.changed_answers import more_items, nothing_to_change
from netra.optimization.levers.latency_words import moved_latency
from netra.optimization.params import LeverParams
from netra.optimization.quality_gate import DEFAULT_MARGIN, check_quality, paired_items
from netra.optimization.token_changes import switched_cost
from netra.optimization.workload import UsedModel, Workload
from netra.pricing.coding import Coded, has_value
from netra.pricing.money import total_femto
from netra.pricing.vectorised import Tokens

_MOST = 4
_SEND_REASONING = Missing(
    what="how many tokens are reasoning (reasoning_tokens)",
    how="send reasoning_tokens with each call, as the provider reports them, and reasoning_effort",
)


@dataclass(frozen=True, slots=True)
class _Group:
    """The calls of one model at one recorded effort ("" where unknown)."""

    used: UsedModel
    effort: str
    rows: Rows
    reasoning: int

    @property
    def label(self) -> dict[str, str]:
        provider = {"provider": self.used.provider} if self.used.provider else {}
        return {"model": self.used.model, **provider}


class ReasoningEffort:
    """A lower reasoning effort where evaluations show that answers stay as good."""

    name = "reasoning-effort"
    summary = "think less where answers stay as good"
    parameters: dict[str, str] = {
        "to": f"only this effort: {', '.join(EFFORTS)}",
        "margin": "largest acceptable drop in quality, e.g. 0.02 for 2 points",
        "group": "only evaluated items of this group count",
    }
    columns = ("reasoning_effort", "reasoning_tokens", "latency_ms", "app", "feature")

    def drafts(self, workload: Workload, evaluations: pl.DataFrame, params: LeverParams) -> list[Draft]:
        """One draft a model, effort and lower effort evaluated; one for the rest with what it costs now."""
        if workload.number("reasoning_tokens") is None:
            return [nothing_to_change(self.name, workload, _SEND_REASONING)]
        cost = reasoning_cost(workload)
        groups = _groups(workload, cost)
        targets = (params.choice("to", EFFORTS),) if params.text("to") else EFFORTS
        if not groups:
            reasons = np.minimum(workload.tokens.reasoning, workload.tokens.output) > 0
            unknown = reasons & ~workload.priced
            if unknown.any():
                return [nothing_to_change(self.name, workload, prices_of(workload, unknown))]
            return [_nothing_reasoned(workload)]
        drafts: list[Draft] = []
        rest: list[_Group] = []
        for group in groups:
            found = _gated(workload, evaluations, params, group, targets)
            drafts += found
            if not found:
                rest.append(group)
        return drafts + ([_unevaluated(workload, evaluations, rest)] if rest else [])


def reasoning_cost(workload: Workload) -> Int64:
    """Femto-dollars of each call that are reasoning (n); 0 where the call has no price."""
    tokens = workload.tokens
    thought = np.minimum(tokens.reasoning, tokens.output)
    without = Tokens(
        tokens.input,
        tokens.cache_read,
        tokens.cache_write,
        tokens.cache_write_1h,
        tokens.output - thought,
        np.zeros_like(thought),
    )
    cost, _ = workload.prices.cost(without)
    return np.where(workload.priced, workload.cost - cost, 0)


def _groups(workload: Workload, cost: Int64) -> list[_Group]:
    efforts = workload.coded("reasoning_effort")
    spellings = sorted({value.lower() for value in efforts.values})
    groups: list[_Group] = []
    for used in workload.models:
        mine = workload.rows_of(used.code)
        if not cost[mine].any():
            continue
        for effort in spellings:
            rows = mine & _at_effort(efforts, effort)
            spent = total_femto(cost[rows])
            if spent:
                groups.append(_Group(used, effort, rows, spent))
    return sorted(groups, key=lambda group: -group.reasoning)


def _at_effort(efforts: Coded, effort: str) -> Rows:
    return has_value(efforts, [value for value in efforts.values if value.lower() == effort])


def _spelled(workload: Workload, group: _Group) -> dict[str, str]:
    """The recorded effort as the calls spell it, where efforts are recorded at all."""
    efforts = workload.coded("reasoning_effort")
    counts = np.bincount(efforts.codes[group.rows], minlength=len(efforts.values))
    known = workload.has_text("reasoning_effort")
    return {"reasoning_effort": efforts.values[int(counts.argmax())]} if known else {}


def _gated(
    workload: Workload,
    evaluations: pl.DataFrame,
    params: LeverParams,
    group: _Group,
    targets: tuple[str, ...],
) -> list[Draft]:
    """A draft for each lower effort that shares evaluated items with the effort in use."""
    model = group.used.canonical.model
    lower = EFFORTS[: EFFORTS.index(group.effort)] if group.effort in EFFORTS else EFFORTS
    drafts: list[Draft] = []
    for effort in (effort for effort in lower if effort in targets):
        for base in ([f"{model}@{group.effort}"] if group.effort else []) + [model]:
            pairs = paired_items(evaluations, base, f"{model}@{effort}", params.text("group"))
            if pairs.height:
                margin = params.fraction("margin", DEFAULT_MARGIN)
                drafts.append(_draft(workload, group, effort, pairs, margin))
                break
    return drafts


def _draft(workload: Workload, group: _Group, effort: str, pairs: pl.DataFrame, margin: float) -> Draft:
    gate = check_quality(pairs, margin)
    model = group.used.canonical.model
    missing = (
        [more_items(model, gate.effect, gate.items_needed)] if gate.verdict == "insufficient_data" else []
    )
    action, ratio = _as_measured(workload, group, pairs)
    said = [_spent(workload, [group])]
    effect: Effect | None = None
    if action is None or ratio is None:
        missing.append(
            Missing(
                what=f"output tokens or costs of the answers of {model} at both efforts",
                how="send output_tokens (reasoning included) or cost_usd with the evaluations",
            )
        )
    else:
        effect = _effect(workload, action, ratio)
        what = "output tokens" if action.cost_ratio is None else "costs"
        said.append(
            f"at effort {effort} {what} are {ratio.value:.3f} times those now (95 % interval {ratio.low:.3f} "
            f"to {ratio.high:.3f}, {ratio.items} paired items)"
        )
        said += ["the evaluated items stand for these calls", *gate.cautions]
    before = {"effort": group.effort} if group.effort else {}
    return Draft(
        ReasoningEffort.name,
        {**group.label, **before, "to": effort},
        int(group.rows.sum()),
        _instructions(workload, group.rows, group.used.model, effort),
        effect=effect,
        action=action,
        quality=gate.effect,
        missing=missing,
        assumptions=said,
        latency=_latency(workload, group, effort),
        risk="medium",
        filters={"model": group.used.model, "provider": group.used.provider, **_spelled(workload, group)},
    )


def _as_measured(
    workload: Workload, group: _Group, pairs: pl.DataFrame
) -> tuple[SwitchModel | None, Ratio | None]:
    """The change with the tokens, else the costs, that paired evaluations show."""
    used, rows = group.used, group.rows
    provider = used.provider or None
    outputs = paired_ratio(pairs, "output_tokens")
    if outputs is not None:
        written = int(workload.tokens.output[rows].sum())
        thought = int(np.minimum(workload.tokens.reasoning, workload.tokens.output)[rows].sum())
        floor = 1 - thought / written if written else 1.0
        value, low, high = (max(end, floor) for end in (outputs.value, outputs.low, outputs.high))
        ratio = Ratio(value, low, high, outputs.items)
        return SwitchModel(rows, used.model, provider, output_ratio=ratio.value), ratio
    costs = paired_ratio(pairs, "cost_usd")
    if costs is not None:
        return SwitchModel(rows, used.model, provider, cost_ratio=costs.value), costs
    return None, None


def _effect(workload: Workload, action: SwitchModel, ratio: Ratio) -> Effect:
    """The effect, with what it would be at the ends of the ratio's interval as uncertainty."""

    def at(value: float) -> Effect:
        by_cost = action.cost_ratio is not None
        moved = SwitchModel(
            action.rows,
            action.model,
            action.provider,
            output_ratio=1.0 if by_cost else value,
            cost_ratio=value if by_cost else None,
        )
        after, priced = switched_cost(workload, workload.tokens, workload.cost, moved)
        return effect_of(workload, action.rows, np.where(priced, after, workload.cost))

    middle, low, high = at(ratio.value), at(ratio.low), at(ratio.high)
    below = max(0.0, (middle.savings - high.savings) * 1e-15)
    above = max(0.0, (low.savings - middle.savings) * 1e-15)
    return Effect(middle.baseline, middle.counterfactual, middle.block_savings, (below, above))


def _latency(workload: Workload, group: _Group, effort: str) -> LatencyEffect | str:
    there = workload.rows_of(group.used.code) & _at_effort(workload.coded("reasoning_effort"), effort)
    if there.any():
        # Less effort writes less, so calls are not to be compared by the length of their answer.
        return moved_latency(workload, group.rows, there, f"effort {effort}", by_size=False)
    return "lower: fewer tokens are written before the answer; how much is not recorded"


def _spent(workload: Workload, groups: list[_Group]) -> str:
    thought = sum(int(workload.tokens.reasoning[group.rows].sum()) for group in groups)
    written = sum(int(workload.tokens.output[group.rows].sum()) for group in groups)
    dollars = sum(group.reasoning for group in groups) * 1e-15
    whole = total_femto(workload.cost) * 1e-15
    return (
        f"reasoning is {thought:,} of {written:,} output tokens here and costs ${dollars:,.2f}, "
        f"{100 * dollars / whole if whole else 0:.1f} % of the spend looked at"
    )


def _unevaluated(workload: Workload, evaluations: pl.DataFrame, groups: list[_Group]) -> Draft:
    shown = groups[:_MOST]
    rows = np.any([group.rows for group in groups], axis=0)
    names = ", ".join(
        f"{group.used.model}{f' at {group.effort}' if group.effort else ''}: ${group.reasoning * 1e-15:,.2f}"
        for group in shown
    )
    example, now = shown[0].used.canonical.model, shown[0].effort
    less = EFFORTS[max(EFFORTS.index(now) - 1, 0)] if now in EFFORTS else "low"
    missing = Missing(
        what=f"evaluations at two efforts ({_spent(workload, groups)}; {names})",
        how=(
            f"answer the same items at both efforts and import the scores with --format evals as models "
            f"{example}{f'@{now}' if now else ''} and {example}@{less}, with output_tokens"
        ),
    )
    models = dict.fromkeys(group.used.canonical.model for group in shown)
    return Draft(
        ReasoningEffort.name,
        {},
        int(rows.sum()),
        _instructions(workload, rows, example, less),
        quality="unknown: no lower effort was evaluated on the same items",
        missing=[missing],
        assumptions=[said for model in models for said in _averages(evaluations, model)],
        latency="lower: fewer tokens are written before the answer",
        risk="medium",
    )


def _averages(evaluations: pl.DataFrame, model: str) -> list[str]:
    """What results that share no items say of a model's efforts, to show and not to decide by."""
    means = (
        evaluations.filter(pl.col("canonical").str.starts_with(f"{model}@"))
        .group_by("canonical")
        .agg(pl.col("score").mean(), pl.col("cost_usd").mean(), pl.len().alias("items"))
        .sort("score", "canonical", descending=[True, False])
    )
    told = [
        f"{name} {100 * score:.1f}" + (f" at ${cost:,.4f} an item" if cost is not None else "")
        for name, score, cost, _ in means.rows()
        if score is not None
    ]
    if len(told) < 2:
        return []
    return [f"mean scores on items that are not the same, which decide nothing: {'; '.join(told)}"]


def _nothing_reasoned(workload: Workload) -> Draft:
    return Draft(
        ReasoningEffort.name,
        {},
        workload.n,
        Instructions(summary="Nothing to change: no call reasons.", steps=[]),
        effect=effect_of(workload, None, workload.cost),
        assumptions=["reasoning_tokens are recorded, and none of the output is reasoning"],
    )


def _instructions(workload: Workload, rows: Rows, model: str, effort: str) -> Instructions:
    top = workload.labels(("app", "feature"), rows)
    names = [" / ".join(labels.values()) for labels, _ in top if labels]
    where = ", ".join(names) if names else "the code that makes these calls"
    return Instructions(
        summary=f"Set the reasoning effort of {model} to {effort} where answers stay as good.",
        steps=[
            f'In {where}, set reasoning_effort to "{effort}" (with Anthropic: a smaller thinking budget).',
            "Begin with a tenth of the sessions and compare evaluations, errors and complaints.",
            "Keep the effort where the task is hard: route by feature, not for the whole application.",
        ],
        snippet=Snippet(language="python", text=f'    model="{model}",\n    reasoning_effort="{effort}",'),
    )
