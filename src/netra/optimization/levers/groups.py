"""Findings for the places where most is to be had, and one for all the others together."""

from collections.abc import Sequence

import numpy as np

from netra.optimization.actions import Int64, Rows
from netra.optimization.workload import Workload
from netra.pricing.coding import combined

MOST = 4


def dearest_groups(
    workload: Workload, names: Sequence[str], gains: Int64, most: int = MOST
) -> list[tuple[dict[str, str], Rows]]:
    """(labels, calls) of the combinations of text columns with the largest gain, largest first.

    `gains`: femto-dollars a call (n). Only combinations with calls of some gain; those beyond `most` come as
    one last group without labels. Where nothing is gained or no column has values, all calls are one group
    without labels.
    """
    found = np.flatnonzero(gains)
    present = [name for name in names if workload.has_text(name)]
    if not len(found) or not present:
        return [({}, np.ones(workload.n, dtype=bool))]
    codes, texts = combined([workload.coded(name) for name in present])
    usd = np.bincount(codes[found], weights=gains[found] * 1e-15, minlength=len(texts))
    calls = np.bincount(codes[found], minlength=len(texts))
    order = sorted(np.flatnonzero(calls).tolist(), key=lambda place: (-usd[place], texts[place]))
    groups: list[tuple[dict[str, str], Rows]] = []
    rest = np.ones(workload.n, dtype=bool)
    for place in order[:most]:
        rows = codes == place
        rest &= ~rows
        groups.append(({n: v for n, v in zip(present, texts[place], strict=True) if v}, rows))
    if len(order) > most:
        groups.append(({}, rest))
    return groups


def place_params(labels: dict[str, str], *, alone: bool) -> dict[str, str]:
    """How a finding names its group: the labels, or that it stands for all the others."""
    return labels if labels or alone else {"calls": "all others"}
