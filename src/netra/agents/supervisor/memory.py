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
    """What the thread remembers: the newest answer that listed something, and what was asked and computed
    last.

    `frame` is the reading of the last question, `figures` those of the last answer. Empty for a new thread.
    """
    memory: JsonObject = {}
    for turn in reversed(history):
        result = turn.result or {}
        kept = result.get("memory")
        if not memory.get("figures") and result.get("figures"):
            memory["figures"] = result["figures"]
        if isinstance(kept, dict):
            memory = {**kept, **memory} if "items" not in memory and "drivers" not in memory else memory
        if memory.get("figures") and (memory.get("items") or memory.get("drivers")):
            break
    return memory


def remember_savings(savings: SavingsOutput, figures: Mapping[str, Figure]) -> JsonObject:
    """Findings in the order in which the answer lists them, each with the figures it cites."""
    items = [_item(finding, figures) for finding in savings.findings]
    return {
        "items": cast(JsonValue, items),
        "titles": [finding.title for finding in savings.findings],
        "levers": [finding.lever for finding in savings.findings],
    }


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
