"""What the data lacks for an answer, gathered from everybody who worked on it, each gap once."""

from __future__ import annotations

import re

from netra.agents.specialists import HandOver

_COLUMN = re.compile(r"`([a-z]+_[a-z_]+)`|\(([a-z]+_[a-z]+)(?:, [a-z_]+)*\)")


def gaps_of(found: HandOver) -> list[tuple[str, str]]:
    """(what, how to send it): those of triage first, then of the data tools, then of undecided findings.

    Two that name the same column of the calls are one.
    """
    triage, data = found.triage, found.data
    pairs = [(item.what, item.how) for item in triage.missing] if triage is not None else []
    pairs += [(item["what"], item["how"]) for item in data.missing] if data is not None else []
    savings = found.optimization.savings if found.optimization is not None else None
    if savings is not None:
        pairs += [(item.what, item.how) for finding in savings.findings for item in finding.missing]
    kept: dict[str, tuple[str, str]] = {}
    for what, how in dict.fromkeys(pairs):
        column = _COLUMN.search(what)
        kept.setdefault(next(filter(None, column.groups())) if column else what, (what, how))
    return list(kept.values())
