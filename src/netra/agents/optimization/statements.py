"""What the built-in analyst says about savings: reached or not, what is recommended, refused, undecided."""

from __future__ import annotations

from netra.agents.data.statements import scope_of
from netra.agents.triage.frame import QuestionFrame
from netra.reports.citations import cite
from netra.tools.optimization.outputs import FindingView, SavingFigures, SavingsOutput

_REFUSED, _UNDECIDED = 6, 6


def savings_statements(frame: QuestionFrame, output: SavingsOutput) -> list[str]:
    """Sentences about all findings, the joint figure first: savings of single changes do not add up."""
    recommended = [finding for finding in output.findings if finding.verdict == "recommend"]
    refused = [finding for finding in output.findings if finding.verdict == "refuse"]
    undecided = [finding for finding in output.findings if finding.verdict == "insufficient_data"]
    lines = [_verdict_on_goal(frame, output, recommended)]
    lines += [f"{number}. {recommended_line(finding)}" for number, finding in enumerate(recommended, 1)]
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
    if finding.quality is not None:
        quality = finding.quality
        return (
            f"**{finding.title}**: quality would fall from {cite(quality.from_score)} to "
            f"{cite(quality.to_score)}, a drop "
            f"of {cite(quality.drop)} on {cite(quality.items)} items (bound "
            f"{cite(quality.upper)}){_would_save(finding)}."
        )
    figures = finding.figures
    if figures.savings:
        return (
            f"**{finding.title}** would change the spend by {cite(figures.savings)} saved "
            f"({_interval(figures)}): a loss."
        )
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
