"""The tool `recall_finding`: a finding of an earlier answer in the thread, with its figures and the year's
saving.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, cast

from pydantic import BaseModel, Field

from netra.errors.kinds import NotFoundError
from netra.reports.figures import Figure
from netra.tools.figure_sheet import FigureSheet, Source
from netra.tools.optimization.outputs import FindingView
from netra.tools.optimization.yearly import in_words, observed_days, per_year, short_period_assumption
from netra.tools.specification import AnyToolSpec, ToolArguments, ToolCall, ToolResult, ToolSpec, plain_json


class RecallArguments(ToolArguments):
    """`position` counts the findings of the earlier answer from 1; -1 is the last."""

    position: int


class RememberedFinding(BaseModel):
    """A finding as a thread remembers it, with the figures it cites."""

    finding: FindingView
    figures: list[Figure] = Field(default_factory=list[Figure])


class RecalledFinding(BaseModel):
    """Answer of `recall_finding`; the figure ids are of the present run."""

    names: list[str] = Field(default_factory=list[str])
    parameters: dict[str, dict[str, str]] = Field(default_factory=dict[str, dict[str, str]])
    position: int
    finding: FindingView
    rows: str
    days: str | None = None
    year_low: str | None = None
    year_high: str | None = None
    short_period: str | None = None


def recall_finding() -> AnyToolSpec:
    """The tool `recall_finding`; the thread's memory travels with the call."""

    async def run(call: ToolCall, arguments: RecallArguments) -> ToolResult:
        items = cast(list[dict[str, Any]], (call.attachment or {}).get("items") or [])
        index = arguments.position - 1 if arguments.position > 0 else len(items) + arguments.position
        if not 0 <= index < len(items):
            raise NotFoundError(
                f"the earlier answer has no finding number {arguments.position}",
                hint=f"it lists {len(items)}",
            )
        recalled = recall(call.figures, RememberedFinding.model_validate(items[index]), index + 1)
        return ToolResult(f"recalled {recalled.finding.title}", plain_json(recalled))

    return ToolSpec(
        name="recall_finding",
        description="A finding of the earlier answer in this thread, by its position, with its saving in "
        "a year.",
        arguments=RecallArguments,
        permission="threads:use",
        run=run,
    )


def recall(sheet: FigureSheet, remembered: RememberedFinding, position: int) -> RecalledFinding:
    """Re-issue the finding's figures in this run and add the year's interval."""
    renamed: dict[str, str] = {}
    for figure in remembered.figures:
        renamed[figure.id] = sheet.add(figure.value, figure.unit, figure.label, _source(figure))
    finding = _with_ids(remembered.finding, renamed)
    known = {figure.id: figure for figure in remembered.figures}
    saving = known.get(remembered.finding.figures.savings or "")
    source = _source(saving) if saving else Source()
    days = observed_days(source.since, source.until)
    quotes = [finding.title, finding.quality_text, finding.latency_effect, *finding.assumptions]
    quotes += [finding.apply.summary, *finding.apply.steps, *finding.params.values()]
    quotes += [text for missing in finding.missing for text in (missing.what, missing.how)]
    quotes += [finding.apply.snippet.text] if finding.apply.snippet else []
    short = short_period_assumption(days) if days is not None else None
    return RecalledFinding(
        names=[text for text in [*quotes, short or ""] if any(letter.isdigit() for letter in text)],
        parameters={finding.figures.savings: finding.params} if finding.figures.savings else {},
        position=position,
        finding=finding,
        rows=sheet.add(source.rows, "count", "Calls replayed", source),
        days=sheet.add(in_words(days), "text", "Observed period", source) if days else None,
        year_low=_yearly(sheet, known.get(remembered.finding.figures.low or ""), days),
        year_high=_yearly(sheet, known.get(remembered.finding.figures.high or ""), days),
        short_period=short,
    )


def _source(figure: Figure) -> Source:
    return Source(figure.query, figure.sql, figure.rows, figure.since, figure.until)


def _yearly(sheet: FigureSheet, figure: Figure | None, days: Decimal | None) -> str | None:
    amount = figure.decimal() if figure else None
    if figure is None or amount is None or days is None:
        return None
    return sheet.add(per_year(amount, days), "usd", f"{figure.label}, in a year", _source(figure))


def _with_ids(finding: FindingView, renamed: dict[str, str]) -> FindingView:
    """The finding with its figure ids replaced."""
    figures = finding.figures.model_copy(
        update={name: renamed.get(value) for name, value in finding.figures.model_dump().items() if value}
    )
    quality = finding.quality
    if quality is not None:
        quality = quality.model_copy(
            update={name: renamed[value] for name, value in quality.model_dump().items() if value in renamed}
        )
    row = finding.row.model_copy(update={"figure": figures.savings})
    return finding.model_copy(update={"figures": figures, "quality": quality, "row": row})
