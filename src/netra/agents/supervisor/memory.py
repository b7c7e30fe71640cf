"""What a thread remembers of an answer, so that "the first of those" means something later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from pydantic import JsonValue

from netra.agents.runtime import Turn
from netra.llm.playbook import JsonObject
from netra.reports.figures import Figure
from netra.tools.optimization.outputs import FindingView, SavingsOutput
from netra.tools.usage.outputs import DriversOutput


def latest_memory(history: Sequence[Turn]) -> JsonObject:
    """The memory of the newest answer that listed something; empty when none did."""
    for turn in reversed(history):
        memory = turn.result.get("memory") if turn.result is not None else None
        if isinstance(memory, dict) and (memory.get("items") or memory.get("drivers")):
            return memory
    return {}


def remember_savings(savings: SavingsOutput, figures: Mapping[str, Figure]) -> JsonObject:
    """Findings in the order in which the answer lists them, each with the figures it cites."""
    items = [_item(finding, figures) for finding in savings.findings]
    return {"items": cast(JsonValue, items), "titles": [finding.title for finding in savings.findings]}


def _item(finding: FindingView, figures: Mapping[str, Figure]) -> dict[str, Any]:
    ids = set(_ids(finding.figures.model_dump()))
    if finding.quality is not None:
        ids |= set(_ids(finding.quality.model_dump()))
    kept = [figures[name].model_dump(mode="json") for name in figures if name in ids]
    return {"finding": finding.model_dump(mode="json"), "figures": kept}


def _ids(values: Mapping[str, str | None]) -> list[str]:
    return [value for value in values.values() if value]


def remember_drivers(drivers: DriversOutput) -> JsonObject:
    """The drivers in the order listed, by the values that select their calls."""
    return {
        "drivers": cast(JsonValue, [driver.keys for driver in drivers.drivers]),
        "titles": [driver.name for driver in drivers.drivers],
    }
