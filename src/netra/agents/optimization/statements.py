"""What the built-in analyst says about savings: reached or not, what is recommended, refused, undecided."""

from __future__ import annotations

from netra.agents.data.scope import scope_of
from netra.agents.triage.frame import QuestionFrame
from netra.reports.citations import cite
from netra.tools.optimization.outputs import FindingView, SavingFigures, SavingsOutput
from netra.tools.usage.outputs import TailOutput

_REFUSED, _UNDECIDED = 6, 6


def savings_statements(
    frame: QuestionFrame, output: SavingsOutput, tail: TailOutput | None = None, *, narrowed: bool = False
) -> list[str]:
    """Sentences about all findings, the joint figure first: savings of single changes do not add up.

    `tail` is the latency condition as measured; `narrowed` says that switches below the quality floor were
    left out.
    """
    recommended = [f for f in output.findings if f.verdict == "recommend" and f.alternative_to is None]
    variants = [f for f in output.findings if f.alternative_to is not None]
    refused = [finding for finding in output.findings if finding.verdict == "refuse"]
    undecided = [finding for finding in output.findings if finding.verdict == "insufficient_data"]
    lines = [_verdict_on_goal(frame, output, recommended), *_conditions(frame, recommended, tail, narrowed)]
    lines += [f"{number}. {recommended_line(finding)}" for number, finding in enumerate(recommended, 1)]
    if variants:
        lines.append("Lesser variants, not in addition:")
        lines += [
            f"- **{finding.title}** saves {cite(finding.figures.savings or '')}, less than "
            f"{finding.alternative_to}"
            for finding in variants
        ]
    if refused:
        lines.append("Not recommended:")
        lines += [f"- {refused_line(finding)}" for finding in refused[:_REFUSED]]
    if undecided:
        lines.append("Cannot be judged from the data that is there:")
        lines += [f"- {undecided_line(finding)}" for finding in undecided[:_UNDECIDED]]
    if output.short_period and recommended:
        lines.append(output.short_period)
    return lines


def _verdict_on_goal(frame: QuestionFrame, output: SavingsOutput, recommended: list[FindingView]) -> str:
    scope = scope_of(frame)
    spend = cite(output.spend) if output.spend else "unpriced"
    joint = output.joint
    if not recommended or joint is None or not joint.savings:
        return (
            f"No change is recommended{scope}: none of the replayed ones is proved to save on the "
            f"{spend} spent."
        )
    wanted = frame.targets.savings_pct
    said = f"{cite(joint.savings)} of {cite(joint.baseline or '')}, {_interval(joint)}"
    year = f" That is {cite(joint.year)} in a year." if joint.year else ""
    if wanted is None or output.joint_pct is None:
        return (
            f"Together the recommended changes save {cite(joint.percent or '')} of the spend{scope} "
            f"({said}).{year}"
        )
    if output.joint_pct >= wanted:
        goal = f"**Yes: {wanted:g} % is within reach.** The recommended changes together"
        return f"{goal} save {cite(joint.percent or '')} of the spend{scope} ({said}).{year}"
    goal = f"**No: {wanted:g} % is not reached by what can be proved.** The recommended changes together"
    return f"{goal} save {cite(joint.percent or '')} of the spend{scope} ({said}).{year}"


def _conditions(
    frame: QuestionFrame, recommended: list[FindingView], tail: TailOutput | None, narrowed: bool
) -> list[str]:
    """Whether the conditions on quality and latency hold under the recommended changes."""
    lines: list[str] = []
    floor = frame.targets.quality_min_pct
    if floor is not None and narrowed:
        lines.append(
            f"Quality: switches that would end below {floor:g} were left out; what remains keeps the models."
        )
    elif floor is not None and recommended:
        switched = [finding for finding in recommended if finding.quality is not None]
        kept = (
            "the other changes leave the answers as they are"
            if switched
            else ("these changes leave answers as they are")
        )
        scores = "; ".join(
            f"{finding.title} ends at {cite(finding.quality.to_score)}"
            for finding in switched
            if finding.quality
        )
        lines.append(f"Quality above {floor:g}: {scores + ', and ' if scores else ''}{kept}.")
    if tail is not None and tail.met_now:
        lines.append(
            f"Latency: the {tail.percentile} is {cite(tail.now)}, within the {cite(tail.target)} wanted, "
            f"and none of "
            "these changes makes calls that people wait for slower."
        )
    elif tail is not None:
        lines.append(
            f"**Latency: not met today.** The {tail.percentile} is {cite(tail.now)} before any change, "
            f"above the "
            f"{cite(tail.target)} wanted; cutting cost does not repair that."
        )
    return lines


def _interval(figures: SavingFigures) -> str:
    if figures.low and figures.high:
        return f"95 % interval {cite(figures.low)} to {cite(figures.high)}"
    return "no interval: too few calls"


def recommended_line(finding: FindingView) -> str:
    """A recommended change: saving, interval, what to do, risk and effort."""
    figures = finding.figures
    year = f", {cite(figures.year)} in a year" if figures.year else ""
    return (
        f"**{finding.title}** saves {cite(figures.savings or '')} ({cite(figures.percent or '')} of the "
        f"spend it "
        f"touches, {_interval(figures)}{year}). {finding.apply.summary} Effort {finding.effort}, risk "
        f"{finding.risk}."
        f"{_quality(finding)}"
    )


def refused_line(finding: FindingView) -> str:
    """A refused change: what it would lose, in quality or in money."""
    quality, figures = finding.quality, finding.figures
    if quality is not None and (finding.drop_points or 0) > 0:
        return (
            f"**{finding.title}**: quality would fall from {cite(quality.from_score)} to "
            f"{cite(quality.to_score)}, "
            f"a drop of {cite(quality.drop)} on {cite(quality.items)} items (bound {cite(quality.upper)})"
            f"{_would_save(finding)}."
        )
    if figures.loss:
        better = f" (quality {cite(quality.from_score)} to {cite(quality.to_score)})" if quality else ""
        return (
            f"**{finding.title}** would cost {cite(figures.loss)} more ({_interval(figures)} of "
            f"saving){better}."
        )
    if figures.savings:
        return f"**{finding.title}** saves {cite(figures.savings)} ({_interval(figures)}): nothing proved."
    return f"**{finding.title}**: refused."


def _would_save(finding: FindingView) -> str:
    return f", for a saving of {cite(finding.figures.savings)}" if finding.figures.savings else ""


def undecided_line(finding: FindingView) -> str:
    """A change that the data cannot decide: what is missing and how to send it."""
    reasons = "; ".join(f"{missing.what} \u2192 {missing.how}" for missing in finding.missing)
    return f"**{finding.title}**: {reasons or 'the data does not decide it'}"


def _quality(finding: FindingView) -> str:
    quality = finding.quality
    if quality is None:
        return ""
    return (
        f" Quality: {cite(quality.from_score)} to {cite(quality.to_score)}, a drop of "
        f"{cite(quality.drop)} with the "
        f"upper bound {cite(quality.upper)} on {cite(quality.items)} items."
    )
