"""What the data lacks for an answer, gathered from everybody who worked on it, each gap once."""

from __future__ import annotations

import re
from collections.abc import Sequence

from netra.agents.specialists import HandOver

_COLUMN = re.compile(r"`([a-z]+_[a-z_]+)`|\(([a-z]+_[a-z]+)(?:, [a-z_]+)*\)")


def gaps_of(everything: Sequence[HandOver]) -> list[tuple[str, str]]:
    """(what, how to send it): those of triage first, then of the data tools, then of undecided findings.

    Two that name the same column of the calls are one.
    """
    pairs: list[tuple[str, str]] = []
    for found in everything:
        pairs += [(item.what, item.how) for item in found.triage.missing]
        pairs += [(item["what"], item["how"]) for item in found.data.missing] if found.data else []
        for finding in found.savings.findings if found.savings else []:
            pairs += [(item.what, item.how) for item in finding.missing]
    kept: dict[str, tuple[str, str]] = {}
    for what, how in dict.fromkeys(pairs):
        column = _COLUMN.search(what)
        kept.setdefault(next(filter(None, column.groups())) if column else what, (what, how))
    return list(kept.values())
