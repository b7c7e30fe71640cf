"""What the built-in analyst says about load: where limits bit, what growth does, what a spike needs."""

from __future__ import annotations

from netra.agents.data.scope import scope_of
from netra.agents.triage.frame import QuestionFrame
from netra.reports.citations import cite
from netra.tools.usage.outputs import LoadedModel, LoadOutput


def load_statements(frame: QuestionFrame, output: LoadOutput) -> list[str]:
    """Rate limits first, then the growth or spike asked about, then the models one by one."""
    lines = [_limits(frame, output)]
    growth, spike = frame.targets.growth_pct, frame.targets.spike
    at_risk = [model for model in output.models if model.at_risk]
    if growth is not None:
        lines.append(_growth(f"{growth:g} % more load", output, at_risk))
    if spike is not None:
        over = [model.name for model in output.models if model.spike_over_peak]
        said = (
            f"busier than any minute seen for {', '.join(over)}"
            if over
            else ("no busier than minutes already seen")
        )
        lines.append(f"A {spike:g}x spike over the mean minute of the busiest hour would be {said}.")
    lines += [f"{number}. {_model(frame, model)}" for number, model in enumerate(output.models, 1)]
    return lines


def _limits(frame: QuestionFrame, output: LoadOutput) -> str:
    if not output.any_refused:
        return (
            f"No call{scope_of(frame)} was refused by a rate limit, so the limits themselves are not in "
            f"the data: up to "
            "the busiest minute of each model the load is known to be carried, above it nothing is known."
        )
    hit = [model for model in output.models if model.refused_any]
    return f"Rate limits refused {cite(output.refused)} calls{scope_of(frame)}: " + " ".join(
        _bite(model) for model in hit
    )


def _bite(model: LoadedModel) -> str:
    onset = cite(model.onset_calls or "")
    if model.bound:
        return (
            f"**{model.name}** from {onset} of calls ({cite(model.refused)} refused); up to "
            f"{cite(model.carried_calls)} were "
            "carried without a refusal."
        )
    return (
        f"**{model.name}** refused {cite(model.refused)}, in minutes with as few as {onset} of calls "
        f"although "
        f"{cite(model.carried_calls)} were carried at other times. So this load is not what hits the "
        f"limit: look for a "
        "key or project shared with other traffic, and for bursts within a minute."
    )


def _growth(said: str, output: LoadOutput, at_risk: list[LoadedModel]) -> str:
    spend = ""
    if output.spend and output.grown_spend:
        spend = (
            f" Spend would go from {cite(output.spend)} to {cite(output.grown_spend)} at the same mix "
            f"and prices."
        )
    if not at_risk:
        return f"With {said} no minute goes beyond what was carried so far.{spend}"
    bound = [model for model in at_risk if model.bound]
    unknown = [model for model in at_risk if not model.bound]
    lines = [f"With {said}:"]
    if bound:
        names = ", ".join(f"**{model.name}** in {cite(model.minutes_at_risk)} minutes" for model in bound)
        lines.append(f"refusals are to be expected for {names}.")
    if unknown:
        names = ", ".join(f"{model.name} in {cite(model.minutes_at_risk)}" for model in unknown)
        lines.append(f"Busier than any minute carried so far, with limits unknown (minutes): {names}.")
    return " ".join(lines) + spend


def _model(frame: QuestionFrame, model: LoadedModel) -> str:
    text = (
        f"**{model.name}**: {cite(model.calls_a_day)} calls a day, in the busiest minute calls "
        f"{cite(model.peak_calls)} "
        f"and tokens {cite(model.peak_tokens)}"
    )
    if frame.targets.growth_pct is not None:
        text += f"; grown, calls {cite(model.grown_peak_calls)} and tokens {cite(model.grown_peak_tokens)}"
    if model.spike_calls:
        text += f"; in the spike calls {cite(model.spike_calls)}"
    return text
