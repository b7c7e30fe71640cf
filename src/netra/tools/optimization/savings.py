"""The tool `find_savings`: what each change would have saved, and all recommended ones together."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from pydantic import AwareDatetime, Field

from netra.optimization.findings import Finding, QualityEffect, latency_words
from netra.optimization.service import OptimizationService, OptimizeRequest, OptimizeResult
from netra.optimization.solver.schemas import Constraints
from netra.reports.charts import SavingBar, SavingsChart, WaterfallChart, WaterfallStep
from netra.reports.document import Baseline, FindingRow, Joint
from netra.tools.figure_sheet import FigureSheet, Source
from netra.tools.optimization.outputs import (
    Apply,
    FindingView,
    QualityFigures,
    SavingFigures,
    SavingsOutput,
)
from netra.tools.optimization.plan_view import plan_view
from netra.tools.optimization.titles import title_of
from netra.tools.optimization.yearly import observed_days, per_year, short_period_assumption
from netra.tools.specification import AnyToolSpec, ToolArguments, ToolCall, ToolResult, ToolSpec, plain_json
from netra.tools.usage.measuring import CallsRead, replay_source
from netra.tools.usage.naming import plain_model
from netra.tools.usage.query_tool import exact_filters
from netra.usage.queries import UsageQuery

_CHARTED = 12
_WORTH_SAYING, _CAUSES = 5.0, 4


class SavingsArguments(ToolArguments):
    """Levers by name (none: all) with their parameters, over a range and the calls that match `where`.

    `constraints` ask which of the changes hold to a saving, a quality and a latency together.
    """

    levers: list[str] | None = None
    params: dict[str, str] = Field(default_factory=dict[str, str])
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    where: dict[str, str] = Field(default_factory=dict[str, str])
    constraints: Constraints | None = None


def find_savings(optimization: OptimizationService) -> AnyToolSpec:
    """The tool `find_savings`."""

    async def run(call: ToolCall, arguments: SavingsArguments) -> ToolResult:
        result = await optimization.optimize(
            call.context,
            OptimizeRequest(
                levers=arguments.levers,
                params=arguments.params,
                since=arguments.since,
                until=arguments.until,
                where=arguments.where,
                constraints=arguments.constraints,
            ),
        )
        base = result.baseline
        source = replay_source(
            UsageQuery(
                measures=["calls", "cost_usd", "unpriced_calls"],
                filters=exact_filters(arguments.where),
                since=arguments.since,
                until=arguments.until,
            ),
            {"levers": arguments.levers or "all", "params": arguments.params},
            CallsRead(base.calls, base.since, base.until),
            call.context.timezone,
        )
        output = savings_output(call.figures, result, source)
        counted = {verdict: sum(f.verdict == verdict for f in output.findings) for verdict in _SAID}
        summary = f"replayed {result.baseline.calls:,} calls: " + ", ".join(
            f"{count} {_SAID[verdict]}" for verdict, count in counted.items()
        )
        return ToolResult(summary, plain_json(output))

    return ToolSpec(
        name="find_savings",
        description="Savings of each lever on the stored calls with 95 % intervals and verdicts, and all "
        "together.",
        arguments=SavingsArguments,
        permission="optimize:run",
        run=run,
        timeout_s=240.0,
        timeout_hint="the analysis goes on and its answer is kept: ask again in a few minutes",
    )


_SAID = {"recommend": "recommended", "refuse": "refused", "insufficient_data": "undecided for lack of data"}


def savings_output(sheet: FigureSheet, result: OptimizeResult, source: Source) -> SavingsOutput:
    """Figures and chart of an optimization; `source` is the query of the calls it looked at."""
    base = result.baseline
    days = observed_days(base.since, base.until)
    better = variants(result.findings)
    views = [
        plain_model(_view(sheet, finding, base_source(finding, source), days, better.get(finding.id)))
        for finding in ranked(result.findings, better)
    ]
    joint = _joint(sheet, result, days, source)
    titles = {view.id: view.title for view in views}
    plan = plan_view(sheet, result.plan, titles, days, source) if result.plan is not None else None
    quotes = [text for view in views for text in _quotes(view)]
    short = short_period_assumption(days) if days is not None else None
    return SavingsOutput(
        names=[*quotes, *([short] if short else [])],
        parameters={view.figures.savings: view.params for view in views if view.figures.savings},
        calls=base.calls,
        spend=sheet.add(Decimal(base.cost_usd), "usd", "Spend in the period", source),
        findings=views,
        joint=joint,
        joint_pct=result.joint.savings_pct if joint else None,
        plan=plan,
        joint_row=Joint.model_validate(result.joint.model_dump(mode="json")) if joint else None,
        baseline=Baseline.model_validate(base.model_dump(mode="json")),
        data_version=result.data_version,
        short_period=short,
        charts=[*_waterfall(result, titles, joint), *_charts(views)],
    )


def ranked(findings: list[Finding], better: dict[str, str]) -> list[Finding]:
    """Recommended first by saving, then their lesser variants, then refused by loss, then what is
    undecided.
    """
    order = {"recommend": 0, "refuse": 2, "insufficient_data": 3}
    return sorted(findings, key=lambda f: (order[f.verdict] + (f.id in better), -Decimal(f.savings_usd or 0)))


def variants(findings: list[Finding]) -> dict[str, str]:
    """For each recommended finding that another beats at the same lever and model: the other's title."""
    best: dict[tuple[str, str], Finding] = {}
    recommended = [finding for finding in findings if finding.verdict == "recommend"]
    for finding in sorted(recommended, key=lambda f: -Decimal(f.savings_usd or 0)):
        best.setdefault(_subject(finding), finding)
    return {
        finding.id: title_of(best[_subject(finding)].lever, best[_subject(finding)].params)
        for finding in recommended
        if best[_subject(finding)] is not finding
    }


def _subject(finding: Finding) -> tuple[str, str]:
    return finding.lever, finding.params.get("model") or finding.params.get("from") or ""


def base_source(finding: Finding, base: Source) -> Source:
    """What stands behind a finding's figures."""
    return Source(finding.query, finding.sql, finding.rows, base.since, base.until)


def _view(
    sheet: FigureSheet, finding: Finding, source: Source, days: Decimal | None, better: str | None
) -> FindingView:
    title = title_of(finding.lever, finding.params)
    figures = _saving_figures(sheet, finding, title, source, days)
    effect = finding.quality_effect
    row = FindingRow.model_validate({**finding.model_dump(mode="json"), "figure": figures.savings})
    return FindingView(
        id=finding.id,
        lever=finding.lever,
        title=title,
        verdict=finding.verdict,
        params=finding.params,
        figures=figures,
        savings_usd=finding.savings_usd,
        savings_pct=finding.savings_pct,
        quality=_quality(sheet, effect, source) if isinstance(effect, QualityEffect) else None,
        to_score=effect.to_score if isinstance(effect, QualityEffect) else None,
        drop_points=effect.drop_points if isinstance(effect, QualityEffect) else None,
        alternative_to=better,
        quality_text=effect if isinstance(effect, str) else "",
        latency_effect=latency_words(finding.latency_effect),
        risk=finding.risk,
        effort=finding.effort,
        assumptions=finding.assumptions,
        diagnosis=_diagnosis(finding),
        missing=list(row.missing),
        apply=Apply.model_validate(finding.apply.model_dump(mode="json")),
        row=row,
    )


def _diagnosis(finding: Finding) -> list[str]:
    """What of the prompts is not read from the cache, and why, most tokens first."""
    model = finding.params.get("model", "")
    told = [
        (
            group.tokens,
            f"{group.feature or 'all calls'}{f' on {model}' if model else ''}: with caching "
            f"{group.read_pct:g} % of the tokens in full blocks would be read"
            + "".join(
                f"; {miss.share_pct:g} % would not: {miss.why}"
                for miss in group.misses
                if miss.share_pct >= _WORTH_SAYING
            ),
        )
        for group in finding.diagnosis or []
    ]
    return [text for _, text in sorted(told, reverse=True)[:_CAUSES]]


def _saving_figures(
    sheet: FigureSheet, finding: Finding, title: str, source: Source, days: Decimal | None
) -> SavingFigures:
    if finding.savings_usd is None:
        return SavingFigures()
    savings = Decimal(finding.savings_usd)
    low, high = finding.interval_95 or (None, None)
    return SavingFigures(
        baseline=sheet.add(_money(finding.baseline_usd), "usd", f"{title}: spend before", source),
        after=sheet.add(_money(finding.counterfactual_usd), "usd", f"{title}: spend after", source),
        savings=sheet.add(savings, "usd", f"{title}: saving", source),
        percent=sheet.add(finding.savings_pct, "percent", f"{title}: saving", source),
        low=sheet.add(_money(low), "usd", f"{title}: low end of the 95 % interval", source) if low else None,
        high=sheet.add(_money(high), "usd", f"{title}: high end of the 95 % interval", source)
        if high
        else None,
        year=_year(sheet, savings, days, title, source),
        **_loss(sheet, savings, (low, high), title, source),
    )


def _loss(
    sheet: FigureSheet, savings: Decimal, ends: tuple[str | None, str | None], title: str, source: Source
) -> dict[str, str]:
    """A negative saving as further cost, with its interval turned round."""
    if savings >= 0:
        return {}
    low, high = (None if end is None else -Decimal(end) for end in ends)
    amounts = {"loss": -savings, "loss_low": high, "loss_high": low}
    return {
        name: sheet.add(amount, "usd", f"{title}: further cost", source)
        for name, amount in amounts.items()
        if amount is not None
    }


def _year(
    sheet: FigureSheet, savings: Decimal, days: Decimal | None, title: str, source: Source
) -> str | None:
    if days is None:
        return None
    query = {**source.query, "projection": {"formula": "saving x 365 / observed days", "days": str(days)}}
    projected = Source(query, source.sql, source.rows, source.since, source.until)
    return sheet.add(per_year(savings, days), "usd", f"{title}: saving in a year", projected)


def _money(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _quality(sheet: FigureSheet, effect: QualityEffect, source: Source) -> QualityFigures:
    return QualityFigures(
        from_score=sheet.add(effect.from_score, "percent", "Quality of the present model", source),
        to_score=sheet.add(effect.to_score, "percent", "Quality of the other model", source),
        drop=sheet.add(effect.drop_points, "points", "Observed drop of quality", source),
        upper=sheet.add(effect.upper_95, "points", "Upper bound of the drop (one-sided)", source),
        items=sheet.add(effect.items, "count", "Items both models answered", source),
    )


def _joint(
    sheet: FigureSheet, result: OptimizeResult, days: Decimal | None, source: Source
) -> SavingFigures | None:
    joint = result.joint
    if not joint.levers:
        return None
    label = "All recommended changes together"
    joined = {**source.query, "joint": joint.findings}
    query = Source(joined, source.sql, source.rows, source.since, source.until)
    low, high = joint.interval_95 or (None, None)
    savings = Decimal(joint.savings_usd)
    return SavingFigures(
        baseline=sheet.add(Decimal(joint.baseline_usd), "usd", "Spend before any change", query),
        after=sheet.add(Decimal(joint.counterfactual_usd), "usd", f"{label}: spend after", query),
        savings=sheet.add(savings, "usd", f"{label}: saving", query),
        percent=sheet.add(joint.savings_pct, "percent", f"{label}: saving", query),
        low=sheet.add(_money(low), "usd", f"{label}: low end of the 95 % interval", query) if low else None,
        high=sheet.add(_money(high), "usd", f"{label}: high end of the 95 % interval", query)
        if high
        else None,
        year=_year(sheet, savings, days, label, query),
    )


def _quotes(view: FindingView) -> list[str]:
    """Sentences of a finding that were computed with it and may be quoted."""
    texts = [view.title, view.quality_text, view.latency_effect, view.apply.summary, *view.apply.steps]
    texts += [*view.assumptions, *view.diagnosis, *view.params.values()]
    texts += [text for missing in view.missing for text in (missing.what, missing.how)]
    if view.apply.snippet:
        texts.append(view.apply.snippet.text)
    return [text for text in texts if any(letter.isdigit() for letter in text)]


def _waterfall(
    result: OptimizeResult, titles: Mapping[str, str], joint: SavingFigures | None
) -> list[WaterfallChart]:
    """From the spend now to the spend after: what each change adds to the joint replay of those before it."""
    whole = result.joint
    if joint is None:
        return []
    steps = tuple(
        WaterfallStep(label=titles[step.finding], change_usd=_negated(step.savings_usd))
        for step in whole.steps
        if step.finding in titles and Decimal(step.savings_usd)
    )
    together = WaterfallStep(label="All changes together", change_usd=_negated(whole.savings_usd))
    return [
        WaterfallChart(
            title="From the spend now to the spend after all recommended changes",
            baseline_usd=whole.baseline_usd,
            steps=steps or (together,),
            after_usd=whole.counterfactual_usd,
            figure=joint.savings,
        )
    ]


def _negated(amount: str) -> str:
    return format(-Decimal(amount), "f")


def _charts(views: list[FindingView]) -> list[SavingsChart | WaterfallChart]:
    bars = tuple(
        SavingBar(
            label=view.title,
            savings_usd=view.row.savings_usd,
            low_usd=view.row.interval_95[0],
            high_usd=view.row.interval_95[1],
            verdict=view.verdict,
        )
        for view in views
        if view.row.savings_usd is not None and view.row.interval_95 and Decimal(view.row.savings_usd)
    )[:_CHARTED]
    return [SavingsChart(title="Savings with their 95 % intervals", bars=bars)] if bars else []
