"""How the built-in analyst answers a follow-up about one finding of the thread."""

from __future__ import annotations

from netra.agents.actions.results import PlannedAction
from netra.agents.optimization.statements import refused_line, undecided_line
from netra.agents.triage.frame import FollowUpAsk
from netra.reports.citations import cite
from netra.tools.optimization.recall import RecalledFinding
from netra.tools.usage.recall_query import RecalledQueries

_ALL: tuple[FollowUpAsk, ...] = ("change", "year", "risk")


def follow_up_message(
    asks: list[FollowUpAsk], recalled: RecalledFinding, action: PlannedAction | None
) -> str:
    """What was asked about the finding, in the order asked about most: change, year, risk, why, verify."""
    finding = recalled.finding
    wanted = set(_ALL if asks == ["detail"] else asks)
    blocks = [_verdict(recalled, wanted)]
    if "change" in wanted and finding.verdict != "insufficient_data":
        blocks.append(_change(recalled, action))
    if finding.verdict == "recommend" and wanted & {"year", "change"}:
        blocks.append(_year(recalled))
    if "risk" in wanted and finding.verdict != "insufficient_data":
        blocks.append(_risk(recalled))
    if wanted & {"why", "query"}:
        blocks.append(_why(recalled))
    if "verify" in wanted and action is not None and finding.verdict == "recommend":
        blocks.append(f"**How to verify.** {action.verify}")
    return "\n\n".join(block for block in blocks if block)


def query_message(recalled: RecalledQueries) -> str:
    """The queries behind the last answer: what each gave, the calls it read, the typed query and its SQL."""
    blocks: list[str] = []
    for entry in recalled.queries:
        lines = [f"{'; '.join(entry.gives)}: from {cite(entry.rows)} calls, {entry.period}."]
        lines.append(f"```json\n{entry.query}\n```")
        if entry.sql:
            lines.append(f"```sql\n{entry.sql}\n```")
        blocks.append("\n".join(lines))
    if recalled.more:
        blocks.append("The other figures of that answer open their queries on the page and in the report.")
    return "\n\n".join(blocks)


def _verdict(recalled: RecalledFinding, wanted: set[FollowUpAsk]) -> str:
    """The finding and what was decided about it, with the figure that decided."""
    finding = recalled.finding
    if finding.alternative_to:
        return (
            f"**{finding.title}**: recommended only in place of {finding.alternative_to}, which saves more."
        )
    match finding.verdict:
        case "recommend":
            return f"**{finding.title}** (recommended)"
        case "refuse":
            return f"Not recommended: {refused_line(finding)}"
        case "insufficient_data":
            return f"Undecided for lack of data: {undecided_line(finding)}."


def _change(recalled: RecalledFinding, action: PlannedAction | None) -> str:
    if recalled.finding.verdict == "refuse":
        return "**What to change.** Nothing: leave it as it is."
    if action is None or not action.steps:
        return f"**What to change.** {recalled.finding.apply.summary}"
    steps = "\n".join(f"{number}. {step}" for number, step in enumerate(action.steps, 1))
    return (
        f"**What exactly to change.** {recalled.finding.apply.summary}\n{steps}\n\nTo undo it: "
        f"{action.roll_back}"
    )


def _year(recalled: RecalledFinding) -> str:
    figures = recalled.finding.figures
    if not figures.savings:
        lacks = "; ".join(f"{missing.what}: {missing.how}" for missing in recalled.finding.missing)
        return f"**In a year.** Not known: {lacks}" if lacks else "**In a year.** Not known."
    if not figures.year or not recalled.days:
        return (
            f"**In a year.** The period has no length to project from; it saves "
            f"{cite(figures.savings)} on the calls seen."
        )
    interval = ""
    if recalled.year_low and recalled.year_high:
        interval = f" (95 % interval {cite(recalled.year_low)} to {cite(recalled.year_high)})"
    text = (
        f"**In a year: {cite(figures.year)}**{interval}. That is the saving of {cite(figures.savings)} over "
        f"{cite(recalled.days)}, carried on for a year."
    )
    return f"{text} {recalled.short_period}" if recalled.short_period else text


def _risk(recalled: RecalledFinding) -> str:
    finding = recalled.finding
    lines = [f"**Risk {finding.risk}, effort {finding.effort}.**"]
    if finding.latency_effect and finding.latency_effect != "none":
        lines.append(f"Latency: {finding.latency_effect}.")
    if finding.quality is not None:
        quality = finding.quality
        lines.append(
            f"Quality: {cite(quality.from_score)} to {cite(quality.to_score)}, a drop of "
            f"{cite(quality.drop)} on "
            f"{cite(quality.items)} items."
        )
    elif finding.quality_text and finding.quality_text != "none":
        lines.append(f"Quality: {finding.quality_text}.")
    return " ".join(lines)


def _why(recalled: RecalledFinding) -> str:
    finding = recalled.finding
    figures = finding.figures
    if not figures.baseline or not figures.after:
        return ""
    lines = [
        f"**Where the number comes from.** The {cite(recalled.rows)} calls it touches were priced as they "
        f"were, {cite(figures.baseline)}, and as they would have been, {cite(figures.after)}."
    ]
    if figures.low and figures.high:
        lines.append(f"The 95 % interval of the saving is {cite(figures.low)} to {cite(figures.high)}.")
    if finding.assumptions:
        lines.append("It assumes:\n" + "\n".join(f"- {text}" for text in finding.assumptions))
    return " ".join(lines)
