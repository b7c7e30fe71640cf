"""The report document of a run, put together from what the specialists handed over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from netra.agents.gaps import gaps_of
from netra.agents.report.results import ReportAnswer
from netra.agents.specialists import HandOver, RunTeam
from netra.agents.triage.results import DataFacts
from netra.reports.document import Analyst, Baseline, Missing, ReportDocument

_CHARTS = 6


def document_of(
    team: RunTeam, found: Sequence[HandOver], answer: ReportAnswer, created: datetime
) -> ReportDocument:
    """Everything found about each question, in the report room's shape. Raises a validation error when a
    citation has no figure.
    """
    runtime = team.runtime
    searches = [one.savings for one in found if one.savings is not None]
    charts: list[dict[str, Any]] = [chart.model_dump() for search in searches for chart in search.charts]
    charts += [chart for one in found if one.data is not None for chart in one.data.charts]
    sections = [section for one in found if one.data is not None for section in one.data.sections]
    facts = found[0].triage.facts
    whole = all(not one.failures and one.triage.sufficiency == "sufficient" for one in found)
    content: dict[str, Any] = {
        "title": answer.title,
        "question": team.question,
        "created": created,
        "answer": "answered" if whole else "partial",
        "summary": answer.summary,
        "baseline": searches[0].baseline if len(searches) == 1 else _baseline(facts),
        "charts": charts[:_CHARTS],
        "sections": sections,
        "findings": [finding.row for search in searches for finding in search.findings],
        # Two searches are over other calls or conditions: what each comes to together is in the summary.
        "joint": searches[0].joint_row if len(searches) == 1 else None,
        "actions": [action for one in found if one.actions for action in one.actions.as_report()],
        "assumptions": _assumptions(found),
        "missing": [Missing(what=what, how=how) for what, how in gaps_of(found)],
        "figures": runtime.dispatcher.ledger.all(),
        "data_version": facts.data_version,
        "timezone": runtime.context.timezone,
        "analyst": Analyst(kind=runtime.llm.kind, model=runtime.llm.model_name),
        "thread_id": runtime.context.thread_id,
        "run_id": runtime.context.run_id,
    }
    return ReportDocument.model_validate(content)


def _baseline(facts: DataFacts) -> Baseline:
    return Baseline(
        calls=facts.calls, unpriced_calls=facts.unpriced_calls, since=facts.since, until=facts.until
    )


def _assumptions(found: Sequence[HandOver]) -> list[str]:
    texts: list[str] = []
    for one in found:
        texts += one.triage.notes
        savings = one.savings
        if savings is not None:
            texts += [savings.short_period] if savings.short_period else []
            proved = [finding for finding in savings.findings if finding.verdict == "recommend"]
            texts += [text for finding in proved or savings.findings for text in finding.assumptions]
    return list(dict.fromkeys(texts))
