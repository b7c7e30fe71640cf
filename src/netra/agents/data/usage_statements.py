"""What the built-in analyst says about a table of measures: the number asked for first, then the groups."""

from __future__ import annotations

import re

from netra.agents.data.scope import scope_of
from netra.agents.triage.frame import QuestionFrame
from netra.reports.citations import cite
from netra.tools.usage.naming import shown
from netra.tools.usage.outputs import UsageRow, UsageTable

_ROWS, _TIED = 40, 5


def usage_statements(frame: QuestionFrame, table: UsageTable) -> list[str]:
    """The totals, or the group asked for; then the groups one by one."""
    rows = [row for row in table.rows if _wanted(frame, row) and _has(table, row)]
    spans = [f"The calls{scope_of(frame)} are from {table.span}."] if frame.asks_span and table.span else []
    lines = [*spans, _opening(frame, table, rows) if table.kept is None else _kept(frame, table)]
    if table.dimensions and rows and not (len(rows) == 1 and frame.extreme):
        lines.append(f"By {', '.join(_plain(name) for name in table.dimensions)}:")
        lines += [f"- {' / '.join(row.keys.values())}: {_cells(table, row)}" for row in rows[:_ROWS]]
        if table.more:
            lines.append("- and further groups that are not listed here")
    if table.unpriced:
        lines.append(f"{cite(table.unpriced)} of the calls have no known price and are not in the spend.")
    if any(name.startswith("latency") for name in table.measures) and "status" not in frame.filters:
        lines.append("Latency is of all calls here, failed ones included.")
    return lines


def unpriced_statements(table: UsageTable) -> list[str]:
    """Which models have calls without a known price, and how to give them one."""
    rows = [row for row in table.rows if row.counts.get("unpriced_calls")]
    if not rows:
        return ["Every call has a known price: no model is unpriced."]
    total = cite(table.totals["unpriced_calls"])
    lines = [f"{total} calls have no known price, of {'one model' if len(rows) == 1 else 'these models'}:"]
    lines += [
        f"- **{' / '.join(row.keys.values())}**: {cite(row.figures['unpriced_calls'])} calls" for row in rows
    ]
    lines.append(
        "They are left out of every spend, never counted as free. Add a [[price]] for each to the price "
        "overrides file (`NETRA_PRICE_OVERRIDES`)."
    )
    return lines


def _opening(frame: QuestionFrame, table: UsageTable, rows: list[UsageRow]) -> str:
    scope = scope_of(frame)
    said = [
        f"{table.labels[name]}: {cite(table.totals[name])}" for name in table.measures if name in table.totals
    ]
    said[:1] = [text.replace(":", f"{scope}:", 1) for text in said[:1]]
    if said and table.share and table.share_of:
        said[0] += f", {cite(table.share)} of {cite(table.share_of)} in all"
    if said and table.mean:
        said[0] += f", {cite(table.mean)} in a mean {table.dimensions[0]}"
    total = ", ".join([*said[:1], *(text[0].lower() + text[1:] for text in said[1:])])
    if frame.extreme and rows and table.dimensions and not _in_time(table):
        first, measure = rows[0], table.measures[0]
        word = "Least" if frame.extreme == "least" else "Most"
        level = [
            row
            for row in rows
            if measure in row.amounts and row.amounts[measure] == first.amounts.get(measure)
        ]
        tied = [f"**{' / '.join(row.keys.values())}**" for row in level[:_TIED]] or [
            f"**{' / '.join(first.keys.values())}**"
        ]
        names = " and ".join([", ".join(tied[:-1]), tied[-1]]) if len(tied) > 1 else tied[0]
        more = " and others" if len(level) > _TIED else ""
        each = ", each with" if len(level) > 1 else ","
        return (
            f"{word}: {names}{more}{each} {table.labels[measure].lower()} {cite(first.figures[measure])}"
            + (f" (all together {cite(table.totals[measure])})" if measure in table.totals else "")
            + "."
        )
    if table.dimensions and not rows:
        return f"No {', '.join(_plain(name) for name in table.dimensions)} matches{scope}."
    total = total.replace("Calls of failed calls", "Failed calls").replace(
        "Calls of retried attempts", "Retries"
    )
    return f"{total}." if total else "No calls match."


_PLURALS = {"session_id": "sessions", "api_key_id": "API keys", "user": "users"}
_SAYS_WHICH = (
    r"(?:that|who|which|whose|with|where|on which|in which|slower|faster|longer|shorter|larger|cheaper)\b"
)


def _kept(frame: QuestionFrame, table: UsageTable) -> str:
    """How many groups hold to the conditions, and what they come to of all."""
    first = frame.group_conditions[0]
    said = " and ".join(
        shown(entry.said if re.match(_SAYS_WHICH, entry.said) else f"that {entry.said}")
        for entry in frame.group_conditions
    )
    noun = _PLURALS.get(first.dimension, f"{first.dimension}s")
    counted = (
        "" if len(table.dimensions) == 1 else f", counted by {' and '.join(map(_plain, table.dimensions))}"
    )
    sums = [
        f"{table.labels[name].lower()} {cite(figure)} of {cite(table.totals[name])}"
        for name, figure in table.together.items()
        if name in table.totals
    ]
    together = f". Together: {', '.join(sums)}" if sums else ""
    return (
        f"**{noun[0].upper()}{noun[1:]} {said}{scope_of(frame)}: {cite(table.kept or '')} of "
        f"{cite(table.groups or '')}**{counted}{together}."
    )


def _in_time(table: UsageTable) -> bool:
    """Whether the groups are days or hours in their order, which says nothing of the largest."""
    keys = [next(iter(row.keys.values()), "") for row in table.rows]
    return bool({*table.dimensions} & {"day", "hour"}) and (len(keys) > 1 and keys == sorted(keys))


def _plain(dimension: str) -> str:
    return dimension.removesuffix("_id").replace("_", " ")


def _wanted(frame: QuestionFrame, row: UsageRow) -> bool:
    return len(frame.models) < 2 or row.keys.get("model") in frame.models


def _has(table: UsageTable, row: UsageRow) -> bool:
    """Whether the group has what the measure divides by: a feature without sessions has no cost of one."""
    return not table.measures[0].startswith("cost_per_") or table.measures[0] not in row.unknown


def _cells(table: UsageTable, row: UsageRow) -> str:
    if len(table.measures) == 1:
        share = f" ({cite(row.share)})" if row.share else ""
        return f"{cite(row.figures[table.measures[0]])}{share}"
    return ", ".join(f"{table.labels[name].lower()} {cite(row.figures[name])}" for name in table.measures)
