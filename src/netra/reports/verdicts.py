"""Why a finding has its verdict, in a sentence from its own figures, by the rule it was judged by."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast

from netra.reports.formatting import format_money


def verdict_in_words(
    verdict: str, savings_usd: str | None, quality: object, latency: object, found: str = ""
) -> str:
    """The reason of a recommendation or refusal; empty where neither is given, or no figures are.

    `found`: what the lever says first of the calls, the reason where it would save nothing.
    `quality`, `latency`: the finding's effects, as text or as the mapping that was measured.
    """
    gate, goal = _measured(quality), _measured(_measured(latency).get("goal"))
    if verdict == "refuse":
        return _refused(savings_usd, gate, goal, found)
    if verdict != "recommend":
        return ""
    if goal:
        return (
            f"The {goal['percentile']} stays inside the {goal['target_ms']:,.0f} ms asked for: with 95 % "
            f"confidence it is at most {goal['upper_ms']:,.0f} ms."
        )
    inside = ", and the drop of quality is inside the margin" if gate.get("gate") == "recommend" else ""
    return f"The whole 95 % interval of the saving is above zero{inside}."


def _refused(savings_usd: str | None, gate: Mapping[str, Any], goal: Mapping[str, Any], found: str) -> str:
    if gate.get("gate") == "refuse":
        return (
            f"The observed drop of quality, {gate['drop_points']:.2f} points of 100, is beyond the margin of "
            f"{gate['margin_points']:.2f}."
        )
    if goal:
        return (
            f"It does not bring the {goal['percentile']} inside the {goal['target_ms']:,.0f} ms asked for, "
            "or that holds without it."
        )
    if savings_usd is None:
        return ""
    saving = Decimal(savings_usd)
    if saving:
        return f"It would cost {format_money(-saving)} more."
    return f"It would save nothing: {found}." if found else "It would save nothing."


def _measured(effect: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", effect) if isinstance(effect, dict) else {}
