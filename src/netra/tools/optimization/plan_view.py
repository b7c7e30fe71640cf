"""The plan under conditions as figures."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from netra.optimization.findings import LatencyEffect
from netra.optimization.solver.checks import DAYS_OF
from netra.optimization.solver.schemas import ConstraintCheck, Plan
from netra.reports.figures import FigureUnit
from netra.tools.figure_sheet import FigureSheet, Source
from netra.tools.optimization.outputs import CheckView, PaceFigures, PlanView, SavingFigures
from netra.tools.optimization.yearly import in_words, per_year

_UNITS: dict[str, tuple[FigureUnit, float, str]] = {
    "min_savings_pct": ("percent", 1, "Saving of the plan"),
    "min_savings_usd": ("usd", 1, "Saving of the plan"),
    "min_savings_usd_per_month": ("usd", 1, "Saving of the plan in a month"),
    "max_spend_usd": ("usd", 1, "Spend under the plan"),
    "min_quality": ("percent", 100, "Mean quality under the plan"),
    "max_quality_drop": ("points", 100, "Largest drop of quality under the plan"),
    "max_p50_ms": ("ms", 1, "Median latency under the plan"),
    "max_p95_ms": ("ms", 1, "p95 latency under the plan"),
    "max_p99_ms": ("ms", 1, "p99 latency under the plan"),
}


_SAME = 0.0005
"""Two values so near are shown alike."""


def plan_view(
    sheet: FigureSheet, plan: Plan, titles: Mapping[str, str], days: Decimal | None, source: Source
) -> PlanView:
    """The plan with its figures; `titles` are those of the findings by id."""
    query = {**source.query, "plan": plan.findings}
    behind = Source(query, source.sql, source.rows, source.since, source.until)
    savings = Decimal(plan.savings_usd)
    low, high = plan.interval_95 or (None, None)
    label = "The plan"

    def money(value: str | Decimal, what: str) -> str:
        return sheet.add(Decimal(value), "usd", f"{label}: {what}", behind)

    return PlanView(
        feasible=plan.feasible,
        exact=plan.exact,
        titles=[titles[name] for name in plan.findings if name in titles],
        figures=SavingFigures(
            baseline=money(plan.baseline_usd, "spend before"),
            after=money(plan.counterfactual_usd, "spend after"),
            savings=money(savings, "saving"),
            percent=sheet.add(plan.savings_pct, "percent", f"{label}: saving", behind),
            low=money(low, "low end of the 95 % interval") if low else None,
            high=money(high, "high end of the 95 % interval") if high else None,
            loss=money(-savings, "further cost") if savings < 0 else None,
            year=money(per_year(savings, days), "saving in a year") if days else None,
        ),
        checks=[_check(sheet, check, plan, behind, days) for check in plan.constraints],
    )


def _check(
    sheet: FigureSheet, check: ConstraintCheck, plan: Plan, source: Source, days: Decimal | None
) -> CheckView:
    unit, scale, label = _UNITS[check.name]

    def figure(value: float | None, more: str = "", *, lack: bool = False) -> str | None:
        if value is None:
            return None
        scaled = Decimal(str(round(value * scale, 4)))
        # What lacks of a share is a difference of shares.
        shown: FigureUnit = "points" if lack and unit == "percent" else unit
        return sheet.add(scaled if unit == "usd" else float(scaled), shown, label + more, source)

    before = _before(check.name, plan)
    return CheckView(
        name=check.name,
        standing=check.standing,
        certain=check.certain,
        value=figure(check.value),
        bound=figure(check.bound, ", end of its 95 % interval"),
        short_by=figure(check.short_by, ", what lacks to the target", lack=True),
        before=figure(before, ", before any change"),
        unchanged=before is not None
        and check.value is not None
        and abs(before - check.value) <= _SAME * abs(before),
        pace=_pace(sheet, check, plan, source, days),
        missing=check.missing,
        others_hold_without=check.others_hold_without,
    )


def _pace(
    sheet: FigureSheet, check: ConstraintCheck, plan: Plan, source: Source, days: Decimal | None
) -> PaceFigures | None:
    """How a condition in dollars per period becomes a share of the spend: at the pace of the calls."""
    per = check.per or ("month" if check.name == "min_savings_usd_per_month" else None)
    spent = Decimal(plan.baseline_usd)
    if per is None or not days or spent <= 0:
        return None
    spend = round(spent * Decimal(DAYS_OF[per]) / days, 4)
    wanted = Decimal(str(check.limit))
    cut = spend - wanted if check.per else wanted
    share = float(round(100 * cut / spend, 4)) if spend > 0 else 0.0
    return PaceFigures(
        per=per,
        spend=sheet.add(spend, "usd", f"Spend in a {per} at the pace of these calls", source),
        observed=sheet.add(in_words(days), "text", "Time between the first and the last call", source),
        share=sheet.add(share, "percent", "Share of the spend to be saved", source) if cut > 0 else None,
    )


def _before(name: str, plan: Plan) -> float | None:
    """What the condition is about without any change, in the condition's unit."""
    if name == "min_quality" and plan.quality is not None:
        return plan.quality.before / 100
    if isinstance(plan.latency, LatencyEffect):
        percentile = {"max_p50_ms": "p50", "max_p95_ms": "p95", "max_p99_ms": "p99"}.get(name)
        if percentile is not None:
            return float(getattr(plan.latency, percentile).before_ms)
    return None
