"""What lets an engineer check a finding: gate, bounds, why prefixes miss, steps of the joint saving."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

from netra.optimization.findings import CacheMiss, RoutingBounds
from netra.reports.document import FindingRow, ReportDocument
from netra.reports.formatting import counted, format_money

GATE_WORDS = {
    "recommend": "passed",
    "refuse": "not passed",
    "insufficient_data": "open: too few items to be certain",
}


@dataclass(frozen=True, slots=True)
class StepView:
    """What one change adds to the joint saving of those before it, and what is saved so far."""

    finding: str
    change: str
    adds: str
    so_far: str


def show_gate(effect: object) -> str:
    """The quality gate in a sentence, empty where no quality was measured. Points are of 100."""
    if not isinstance(effect, dict):
        return ""
    measured = cast("Mapping[str, Any]", effect)
    if not {"gate", "upper_95", "margin_points", "items", "from_score", "to_score"} <= measured.keys():
        return ""
    upper = float(measured["upper_95"])
    drop = "no drop" if upper <= 0 else f"a drop of at most {upper:.2f} points"
    return (
        f"Quality gate {GATE_WORDS.get(measured['gate'], measured['gate'])}: "
        f"{measured['from_score']:.2f} to {measured['to_score']:.2f} of 100 points on "
        f"{counted(int(measured['items']), 'item', 'items')} both models answered; with 95 % confidence "
        f"{drop}, allowed are {measured['margin_points']:.2f}"
    )


def show_bounds(bounds: RoutingBounds | None) -> str:
    """A router beside chance and perfect knowledge, empty where there is none."""
    if bounds is None:
        return ""
    low, high = bounds.advantage_95
    items = counted(bounds.items_judged, "item", "items")
    return (
        f"Sends {bounds.share_pct:.1f} % of the calls to the cheaper model. On {items} it did not learn "
        f"from, quality drops by {bounds.router_drop_points:.2f} points; by lot the same saving costs "
        f"{bounds.random_mix_drop_points:.2f}, the cheaper model for all "
        f"{bounds.all_cheaper_drop_points:.2f}, perfect knowledge {bounds.oracle_drop_points:.2f}. "
        f"Advantage over lot: {bounds.advantage_points:.2f} points (95 %: {low:.2f} to {high:.2f})"
    )


def show_miss_worth(miss: CacheMiss) -> str:
    """What it is worth to end the misses of one cause, empty where nothing can be done."""
    if miss.worth_usd is None:
        return ""
    return f"{'at most ' if miss.at_most else ''}{format_money(miss.worth_usd)}"


def joint_steps(document: ReportDocument, changes: Mapping[str, str]) -> list[StepView]:
    """How the joint saving adds up; `changes` names findings by id, others keep their id."""
    return list(_steps(document, changes))


def find_joint_figure(document: ReportDocument) -> str | None:
    """The id of the figure behind the joint saving: that of the waterfall which ends where it leads."""
    left = document.joint.counterfactual_usd if document.joint else None
    charts = (chart for chart in document.charts if chart.kind == "waterfall")
    return next((chart.figure for chart in charts if chart.after_usd == left), None)


def diagnosed_once(rows: list[FindingRow]) -> set[str]:
    """Ids of the findings under which a diagnosis is to be told: those of one model have the same."""
    told: dict[tuple[object, ...], str] = {}
    for row in rows:
        if row.diagnosis:
            told.setdefault(tuple(group.model_dump_json() for group in row.diagnosis), row.id)
    return set(told.values())


def _steps(document: ReportDocument, changes: Mapping[str, str]) -> Iterator[StepView]:
    so_far = Decimal(0)
    for step in document.joint.steps if document.joint else ():
        so_far += Decimal(step.savings_usd)
        name = changes.get(step.finding, step.finding)
        yield StepView(step.finding, name, format_money(step.savings_usd), format_money(format(so_far, "f")))
