"""Findings for the places where most is to be had, and one for all the others together."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from netra.optimization.actions import Int64, Rows
from netra.optimization.workload import Workload
from netra.pricing.coding import combined

MOST = 4


@dataclass(frozen=True, slots=True)
class Group:
    """Calls of one place. `labels`: the text columns that tell them (empty where the place has none of it).

    `rows` (n) are the calls that a finding is about, `own` (n) those of the place; for all the other places
    together, which no labels tell, a finding is about all calls.
    """

    labels: dict[str, str]
    rows: Rows
    own: Rows
    others: bool = False

    @property
    def params(self) -> dict[str, str]:
        """How a finding names the place."""
        if self.others:
            return {"calls": "all others"}
        return {name: value for name, value in self.labels.items() if value}

    @property
    def place(self) -> str:
        """Where in the team's code that is."""
        return " / ".join(self.params.values()) if self.params and not self.others else ""


def dearest_groups(workload: Workload, names: Sequence[str], gains: Int64, most: int = MOST) -> list[Group]:
    """The combinations of text columns with the largest gain, largest first.

    `gains`: femto-dollars a call (n). Only combinations with calls of some gain; those beyond `most` come as
    one last group. Where nothing is gained or no column has values, all calls are one group.
    """
    found = np.flatnonzero(gains)
    present = [name for name in names if workload.has_text(name)]
    everything = np.ones(workload.n, dtype=bool)
    if not len(found) or not present:
        return [Group({}, everything, everything)]
    codes, texts = combined([workload.coded(name) for name in present])
    usd = np.bincount(codes[found], weights=gains[found] * 1e-15, minlength=len(texts))
    calls = np.bincount(codes[found], minlength=len(texts))
    order = sorted(np.flatnonzero(calls).tolist(), key=lambda place: (-usd[place], texts[place]))
    groups: list[Group] = []
    rest = everything.copy()
    for place in order[:most]:
        rows = codes == place
        rest &= ~rows
        groups.append(Group(dict(zip(present, texts[place], strict=True)), rows, rows))
    if len(order) > most:
        groups.append(Group({}, everything, rest, others=True))
    return groups
