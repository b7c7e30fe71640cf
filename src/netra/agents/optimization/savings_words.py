"""Phrases about savings that several statements share."""

from __future__ import annotations

from netra.reports.citations import cite
from netra.tools.optimization.outputs import SavingFigures


def interval_in_words(figures: SavingFigures) -> str:
    """The 95 % interval of a saving."""
    if figures.low and figures.high:
        return f"95 % interval {cite(figures.low)} to {cite(figures.high)}"
    return "no interval: too few calls"
