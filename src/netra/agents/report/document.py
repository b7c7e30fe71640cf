"""The report document of a run, put together from what the specialists handed over."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from netra.agents.gaps import gaps_of
from netra.agents.report.results import ReportAnswer
from netra.agents.specialists import HandOver, RunTeam
from netra.reports.document import Analyst, Baseline, Missing, ReportDocument

_CHARTS = 6


def document_of(team: RunTeam, found: HandOver, answer: ReportAnswer, created: datetime) -> ReportDocument:
    """Everything found, in the report room's shape. Raises a validation error when a citation has no
    figure.
    """
    runtime = team.runtime
    savings = found.optimization.savings if found.optimization is not None else None
    data = found.data
    charts: list[dict[str, Any]] = [chart.model_dump() for chart in savings.charts] if savings else []
    charts += data.charts if data else []
    sections: list[dict[str, Any]] = data.sections if data else []
    triage = found.triage
    facts = triage.facts if triage is not None else None
    content: dict[str, Any] = {
        "title": answer.title,
        "question": team.question,
        "created": created,
        "answer": "partial" if found.failures or (triage and triage.sufficiency == "partial") else "answered",
        "summary": answer.summary,
        "baseline": savings.baseline if savings else _baseline(found),
        "charts": charts[:_CHARTS],
        "sections": sections,
        "findings": [finding.row for finding in savings.findings] if savings else [],
        "joint": savings.joint_row if savings else None,
        "actions": found.actions.as_report() if found.actions else [],
        "assumptions": _assumptions(found),
        "missing": [Missing(what=what, how=how) for what, how in gaps_of(found)],
        "figures": runtime.dispatcher.ledger.all(),
        "data_version": facts.data_version if facts else 0,
        "timezone": runtime.context.timezone,
        "analyst": Analyst(kind=runtime.llm.kind, model=runtime.llm.model_name),
        "thread_id": runtime.context.thread_id,
        "run_id": runtime.context.run_id,
    }
    return ReportDocument.model_validate(content)


def _baseline(found: HandOver) -> Baseline:
    facts = found.triage.facts if found.triage is not None else None
    if facts is None:
        return Baseline(calls=0)
    return Baseline(
        calls=facts.calls, unpriced_calls=facts.unpriced_calls, since=facts.since, until=facts.until
    )


def _assumptions(found: HandOver) -> list[str]:
    texts: list[str] = list(found.triage.notes) if found.triage is not None else []
    savings = found.optimization.savings if found.optimization is not None else None
    if savings is not None:
        texts += [savings.short_period] if savings.short_period else []
        proved = [finding for finding in savings.findings if finding.verdict == "recommend"]
        texts += [text for finding in proved or savings.findings for text in finding.assumptions]
    return list(dict.fromkeys(texts))
