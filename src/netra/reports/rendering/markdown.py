"""A report as Markdown, each cited figure a footnote that names its query, rows and time range."""

from collections.abc import Iterator, Mapping

from netra.reports.citations import cited_ids, fill_prose
from netra.reports.document import ReportDocument
from netra.reports.figures import Figure
from netra.reports.formatting import (
    format_count,
    format_figure,
    format_instant,
    format_money,
    format_percent,
    format_period,
)
from netra.reports.queries import QueryAppendix
from netra.reports.rendering.checks import joint_steps
from netra.reports.rendering.view import (
    FindingView,
    index_figures,
    lacking_alike,
    show_interval,
    view_findings,
)


def render_markdown(document: ReportDocument) -> str:
    """The report as Markdown (pipe tables, footnotes)."""
    figures = index_figures(document)
    parts = [
        *_opening(document),
        _prose(document.summary, figures),
        *_sections(document, figures),
        *_findings(document),
        *_actions(document, figures),
        *_lists(document, figures),
        *_footnotes(document, figures),
        *_queries(document),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _opening(document: ReportDocument) -> Iterator[str]:
    baseline = document.baseline
    yield f"# {document.title}"
    yield "\n".join(f"> {line}" for line in document.question.splitlines())
    yield (
        f"{format_instant(document.created, document.timezone)} {document.timezone}. "
        f"{format_count(baseline.calls)} calls, {format_money(baseline.cost_usd)}, "
        f"{format_period(baseline.since, baseline.until, document.timezone)}; "
        f"{format_percent(baseline.unpriced_share)} of the calls unpriced; "
        f"data version {document.data_version}."
    )


def _sections(document: ReportDocument, figures: Mapping[str, Figure]) -> Iterator[str]:
    for section in document.sections:
        yield f"## {section.heading}"
        yield _prose(section.text, figures)
        if section.table:
            rows = [[_prose(cell, figures) for cell in row] for row in section.table.rows]
            yield _table(section.table.columns, rows)


def _findings(document: ReportDocument) -> Iterator[str]:
    if not document.findings:
        return
    views = view_findings(document)
    judged = [view for view in views if view.row.verdict != "insufficient_data"]
    yield "## Findings"
    if judged:
        yield _table(
            ("Change", "Verdict", "Saving", "Share", "95 % interval", "Risk", "Effort"),
            [_finding_cells(finding) for finding in judged],
        )
        yield "\n".join(line for finding in judged if (line := _finding_notes(finding)))
    yield from _undecided(document)
    yield from _joint(document, {view.row.id: _name(view) for view in judged})


def _joint(document: ReportDocument, changes: Mapping[str, str]) -> Iterator[str]:
    joint = document.joint
    if joint and joint.savings_usd is not None:
        share = "" if joint.savings_pct is None else f" ({format_percent(joint.savings_pct)})"
        yield (
            f"All recommended together, replayed jointly: **{format_money(joint.savings_usd)}**{share}, "
            f"95 % interval {show_interval(joint.interval_95)}."
        )
        yield "\n".join(
            f"{number}. {step.change} adds {step.adds}, {step.so_far} so far"
            for number, step in enumerate(joint_steps(document, changes), start=1)
        )


def _undecided(document: ReportDocument) -> Iterator[str]:
    """Changes without a verdict, those that lack the same in one line."""
    together = lacking_alike(document.findings)
    if together:
        yield "Insufficient data:"
        yield "\n".join(
            f"- {', '.join(dict.fromkeys(row.lever for row in alike))}: "
            + "; ".join(f"{what}: {how}" if how else what for what, how in lacking)
            for lacking, alike in together.items()
        )


def _name(finding: FindingView) -> str:
    return f"{finding.row.lever} ({finding.params})" if finding.params else finding.row.lever


def _finding_notes(finding: FindingView) -> str:
    assumed = "; ".join(finding.row.assumptions)
    notes = [finding.row.why, finding.gate, finding.bounds, f"Assumes: {assumed}" if assumed else ""]
    told = ". ".join(note.rstrip(".") for note in notes if note)
    return f"- {_name(finding)}: {told}." if told else ""


def _finding_cells(finding: FindingView) -> list[str]:
    return [
        _name(finding),
        finding.verdict,
        finding.savings,
        finding.percent,
        finding.interval,
        finding.risk,
        finding.effort,
    ]


def _actions(document: ReportDocument, figures: Mapping[str, Figure]) -> Iterator[str]:
    if document.actions:
        yield "## What to do, in order"
    for number, action in enumerate(document.actions, start=1):
        yield f"### {number}. {_prose(action.title, figures)}"
        saving = f"Saves {_cited(figures[action.saving_figure])}. " if action.saving_figure else ""
        yield f"{saving}Effort: {action.effort}. Risk: {action.risk}."
        yield _prose(action.why, figures)
        yield "\n".join(
            f"{place}. {_prose(step, figures)}" for place, step in enumerate(action.steps, start=1)
        )
        if action.verify:
            yield f"Check afterwards: {_prose(action.verify, figures)}"
        if action.roll_back:
            yield f"To undo it: {_prose(action.roll_back, figures)}"


def _lists(document: ReportDocument, figures: Mapping[str, Figure]) -> Iterator[str]:
    if document.assumptions:
        yield "## Assumptions"
        yield "\n".join(f"- {_prose(text, figures)}" for text in document.assumptions)
    if document.missing:
        yield "## What is missing"
        yield "\n".join(
            f"- **{_prose(item.what, figures)}**: {_prose(item.how, figures)}" for item in document.missing
        )


def _footnotes(document: ReportDocument, figures: Mapping[str, Figure]) -> Iterator[str]:
    appendix = QueryAppendix(document)
    cited = dict.fromkeys(figure_id for text in document.prose() for figure_id in cited_ids(text))
    cited |= dict.fromkeys(action.saving_figure for action in document.actions if action.saving_figure)
    for figure_id in cited:
        figure, query = figures[figure_id], appendix.find_for_figure(figure_id)
        behind = f", query {query.id}" if query else ""
        yield (
            f"[^f{figure_id}]: {figure.label}: {figure.value} {figure.unit}; "
            f"{format_count(figure.rows)} calls, "
            f"{format_period(figure.since, figure.until, document.timezone)}{behind}"
        )


def _queries(document: ReportDocument) -> Iterator[str]:
    entries = QueryAppendix(document).entries
    if entries:
        yield "## Queries"
    for entry in entries:
        yield f"**{entry.id}** ({format_count(entry.rows)} calls)"
        if entry.sql:
            yield f"```sql\n{entry.sql}\n```"


def _cited(figure: Figure) -> str:
    return f"{format_figure(figure)}[^f{figure.id}]"


def _prose(text: str, figures: Mapping[str, Figure]) -> str:
    return fill_prose(text, figures, _cited)


def _table(columns: tuple[str, ...], rows: list[list[str]]) -> str:
    def line(cells: list[str]) -> str:
        return "| " + " | ".join(cell.replace("|", r"\|").replace("\n", " ") for cell in cells) + " |"

    return "\n".join([line(list(columns)), line(["---"] * len(columns)), *(line(row) for row in rows)])
