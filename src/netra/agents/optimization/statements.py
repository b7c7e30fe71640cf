"""What the built-in analyst says about savings: reached or not, what is recommended, refused, undecided."""

from __future__ import annotations

from netra.agents.data.scope import scope_of
from netra.agents.optimization.plan_statements import plan_statements
from netra.agents.optimization.savings_words import interval_in_words
from netra.agents.triage.frame import QuestionFrame
from netra.reports.citations import cite
from netra.tools.optimization.outputs import FindingView, PlanView, SavingsOutput
from netra.tools.optimization.titles import title_of

_REFUSED, _UNDECIDED = 6, 6


def savings_statements(
    frame: QuestionFrame, output: SavingsOutput, failed: PlanView | None = None
) -> list[str]:
    """Sentences about all findings, the joint figure first: savings of single changes do not add up.

    `failed` is the plan for all conditions of the question, where the output's own leaves some of them out.
    """
    recommended = [f for f in output.findings if f.verdict == "recommend" and f.alternative_to is None]
    variants = [f for f in output.findings if f.alternative_to is not None]
    refused = [finding for finding in output.findings if finding.verdict == "refuse"]
    undecided = [finding for finding in output.findings if finding.verdict == "insufficient_data"]
    everything = [finding.title for finding in recommended]
    lines = (
        plan_statements(frame, output.plan, everything, failed, undecided=bool(undecided))
        if output.plan is not None
        else []
    )
    if frame.kind == "latency":
        return lines or ["None of the levers for latency touches these calls."]
    planned = bool(lines)
    if frame.explains:
        lines += _causes(output.findings)
    switches = all(finding.lever == "model-switch" for finding in output.findings)
    if not (lines or recommended or refused) and undecided and switches and len(undecided) > 1:
        return [_nothing_known(frame, undecided)]
    if not lines and len(output.findings) == 1:
        lines = [_alone(output.findings[0])]
    else:
        lines += _listed(frame, output, recommended, after_plan=planned)
        lines += [_variant_line(finding) for finding in variants]
        lines += _refusals(frame, refused)
        lines += _gaps(frame, undecided, alone=not recommended)
    if output.short_period and recommended:
        lines.append(output.short_period)
    return lines or ["None of these changes touches a call of this period, so there is nothing to save."]


def _causes(findings: list[FindingView]) -> list[str]:
    """Why the cache reads no more than it does, each cause once."""
    causes = list(dict.fromkeys(text for finding in findings for text in finding.diagnosis))
    if not causes:
        return []
    return [
        "What a prompt cache could read of the prompts, and what keeps it from the rest:",
        *(f"- {text}" for text in causes),
    ]


def _alone(finding: FindingView) -> str:
    """The only finding, as a yes, a no or an open question."""
    match finding.verdict:
        case "recommend":
            return f"Yes: {recommended_line(finding)}"
        case "refuse":
            return f"No: {refused_line(finding)}"
        case "insufficient_data":
            return f"The data does not decide it: {undecided_line(finding)}."


def _listed(
    frame: QuestionFrame, output: SavingsOutput, recommended: list[FindingView], *, after_plan: bool
) -> list[str]:
    if after_plan and not recommended:
        return []
    lines = [_together(frame, output, recommended, after_plan=after_plan)]
    return lines + [f"{number}. {recommended_line(finding)}" for number, finding in enumerate(recommended, 1)]


def _nothing_known(frame: QuestionFrame, undecided: list[FindingView]) -> str:
    """A choice between models about which the data says nothing: what both lack, once."""
    target = frame.models[0] if len(frame.models) == 1 else ""
    about = f"whether {target} is worth it" if target else "whether a switch is worth it"
    needs: dict[str, str] = {}
    for finding in undecided:
        for missing in finding.missing:
            needs.setdefault(missing.how, missing.what)
    listed = "\n".join(f"- {what}: {how}" for how, what in list(needs.items())[:_UNDECIDED])
    absent = ", ".join(f"`{entry.name}`" for entry in frame.unknown if entry.column == "model")
    said = f" No call and no evaluation is of {absent}." if absent else ""
    return f"**The data cannot say {about}.**{said} It needs:\n{listed}"


def _together(
    frame: QuestionFrame, output: SavingsOutput, recommended: list[FindingView], *, after_plan: bool
) -> str:
    """What all recommended changes come to; where a plan answered the question, what more there is."""
    joint = output.joint
    if not recommended or joint is None or not joint.savings:
        spend = cite(output.spend) if output.spend else "unpriced"
        return (
            f"No change is recommended{scope_of(frame)}: none of those replayed is proved to save on the "
            f"{spend} spent."
        )
    year = f", {cite(joint.year)} in a year" if joint.year else ""
    amount = f"{cite(joint.percent or '')}"
    said = f"{cite(joint.savings)} of {cite(joint.baseline or '')}, {interval_in_words(joint)}{year}"
    if after_plan and output.plan is not None and len(output.plan.titles) == len(recommended):
        return "What is recommended:"
    if after_plan:
        return f"All recommended changes together save {amount} ({said}):"
    if len(recommended) == 1:
        return f"One change is recommended{scope_of(frame)}. It saves {amount} of the spend ({said})."
    return f"The recommended changes together save {amount} of the spend{scope_of(frame)} ({said})."


def recommended_line(finding: FindingView) -> str:
    """A recommended change: saving, interval, what to do, risk and effort."""
    figures = finding.figures
    year = f", {cite(figures.year)} in a year" if figures.year else ""
    return (
        f"**{finding.title}** saves {cite(figures.savings or '')} ({cite(figures.percent or '')} of the "
        f"{cite(figures.baseline or '')} looked at, {interval_in_words(figures)}{year}). "
        f"{finding.apply.summary} Effort {finding.effort}, risk {finding.risk}.{_quality(finding)}"
    )


def _variant_line(finding: FindingView) -> str:
    return (
        f"- Instead of {finding.alternative_to}: **{finding.title}** saves "
        f"{cite(finding.figures.savings or '')}, which is less."
    )


def _refusals(frame: QuestionFrame, refused: list[FindingView]) -> list[str]:
    """What would lose; where nobody asked about a lever, those that change nothing go without a word."""
    losing = [f for f in refused if frame.levers or f.quality or f.figures.loss]
    if not losing:
        return []
    return ["Not recommended:", *(f"- {refused_line(finding)}" for finding in losing[:_REFUSED])]


def refused_line(finding: FindingView) -> str:
    """A refused change: what it would lose, in quality or in money."""
    quality, figures = finding.quality, finding.figures
    if quality is not None and (finding.drop_points or 0) > 0:
        gain = f", for a saving of {cite(figures.savings)}" if figures.savings and not figures.loss else ""
        return (
            f"**{finding.title}** lowers quality from {cite(quality.from_score)} to "
            f"{cite(quality.to_score)}, a drop of {cite(quality.drop)} (upper bound {cite(quality.upper)}, "
            f"{cite(quality.items)} items){gain}."
        )
    if figures.loss:
        ends = (
            f" (95 % interval {cite(figures.loss_low)} to {cite(figures.loss_high)})"
            if figures.loss_low and figures.loss_high
            else ""
        )
        better = (
            f", for quality {cite(quality.to_score)} in place of {cite(quality.from_score)}"
            if quality
            else ""
        )
        return f"**{finding.title}** would cost {cite(figures.loss)} more{ends}{better}."
    if figures.savings:
        # The first assumption says how many calls the lever found to act on, which is mostly why.
        why = f" ({finding.assumptions[0]})" if finding.assumptions else ""
        spend = cite(figures.baseline or "")
        return f"**{finding.title}** saves nothing: {cite(figures.savings)} of {spend}{why}."
    return f"**{finding.title}**: refused."


def _gaps(frame: QuestionFrame, undecided: list[FindingView], *, alone: bool) -> list[str]:
    """What the data cannot decide, the changes that lack the same things in one line.

    Where nobody asked about them, their names only: what each lacks stands in the list of what is missing.
    """
    if not undecided:
        return []
    if not alone and not frame.levers and frame.kind != "model_choice":
        names = ", ".join(dict.fromkeys(title_of(finding.lever, {}) for finding in undecided))
        return [f"Not decided for lack of data (see what is missing): {names}."]
    groups: dict[tuple[str, ...], list[FindingView]] = {}
    for finding in undecided:
        groups.setdefault(tuple(missing.how for missing in finding.missing), []).append(finding)
    lines = [_gap_line(findings) for findings in list(groups.values())[:_UNDECIDED]]
    more = [title_of(f.lever, {}) for findings in list(groups.values())[_UNDECIDED:] for f in findings]
    lines += [f"also open (see what is missing): {', '.join(dict.fromkeys(more))}"] if more else []
    return ["Not decided for lack of data:", *(f"- {line}" for line in lines)]


def _gap_line(findings: list[FindingView]) -> str:
    names = ", ".join(f"**{finding.title}**" for finding in findings)
    reasons = "; ".join(f"{missing.what} ({missing.how})" for missing in findings[0].missing)
    needs = "needs" if len(findings) == 1 else "need"
    return f"{names} {needs} {reasons}" if reasons else f"{names}: its interval holds zero"


def undecided_line(finding: FindingView) -> str:
    """A change that the data cannot decide: what is missing and how to send it."""
    return _gap_line([finding])


def _quality(finding: FindingView) -> str:
    quality = finding.quality
    if quality is None:
        return ""
    return (
        f" Quality goes from {cite(quality.from_score)} to {cite(quality.to_score)} (upper bound of the drop "
        f"{cite(quality.upper)}, {cite(quality.items)} items)."
    )
