"""Findings on a terminal: verdicts with saving and interval, refusals included; what could not be judged with
what to send, in one table; and the joint figure.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from netra.cli.output import tidy_table

if TYPE_CHECKING:
    from rich.console import Console

    from netra.reports.document import FindingRow

_OPEN = "insufficient_data"
_COLOURS = {"recommend": "green", "refuse": "red", "insufficient_data": "yellow"}


def print_findings(console: "Console", result: Mapping[str, Any]) -> None:
    """Print what `optimize --json` or a report holds: `baseline`, `findings`, `joint`."""
    from rich.markup import escape

    from netra.reports.document import FindingRow
    from netra.reports.formatting import format_money, format_percent
    from netra.reports.rendering.checks import show_bounds, show_gate
    from netra.reports.rendering.view import (
        NOTHING,
        VERDICT_WORDS,
        show_effect,
        show_interval,
        show_latency,
        show_params,
    )

    table = tidy_table(
        ("#", "Change", "Verdict", "Saving", "Share", "95 % interval", "Risk", "Effort"),
        numeric=("Saving", "Share", "95 % interval"),
    )
    rows = _in_reading_order([FindingRow.model_validate(finding) for finding in result["findings"]])
    numbers = {row.id: number for number, row in enumerate(rows, start=1)}
    judged = [row for row in rows if row.verdict != _OPEN]
    for row in judged:
        params = show_params(row.params)
        table.add_row(
            str(numbers[row.id]),
            escape(row.lever) + (f"\n[dim]{escape(params)}[/]" if params else ""),
            f"[{_COLOURS[row.verdict]}]{VERDICT_WORDS[row.verdict]}[/]",
            NOTHING if row.savings_usd is None else format_money(row.savings_usd),
            NOTHING if row.savings_pct is None else format_percent(row.savings_pct),
            show_interval(row.interval_95),
            escape(show_effect(row.risk)),
            escape(show_effect(row.effort)),
        )
    _print_baseline(console, result["baseline"])
    if judged:
        console.print(table)
    for row in judged:
        if row.verdict == "refuse" and row.why:
            console.print(f"  {numbers[row.id]}: {escape(row.why)}")
        if gate := show_gate(row.quality_effect):
            console.print(f"  {numbers[row.id]}: {escape(gate)}")
        if bounds := show_bounds(row.bounds):
            console.print(f"  {numbers[row.id]}: {escape(bounds)}")
        if row.latency_effect and not isinstance(row.latency_effect, str):
            console.print(f"  {numbers[row.id]}: latency {escape(show_latency(row.latency_effect))}")
    _print_open(console, [row for row in rows if row.verdict == _OPEN], numbers)
    _print_diagnoses(console, result["findings"])
    _print_joint(console, result.get("joint"))
    if result.get("plan"):
        _print_plan(console, result["plan"], numbers)


def _in_reading_order(rows: "list[FindingRow]") -> "list[FindingRow]":
    """What to do first, the largest saving first; then what was refused; then what could not be judged."""
    places = {"recommend": 0, "refuse": 1, _OPEN: 2}
    judged = [row for row in rows if row.verdict != _OPEN]
    ordered = sorted(judged, key=lambda row: (places[row.verdict], -float(row.savings_usd or 0)))
    return ordered + [row for row in rows if row.verdict == _OPEN]


def _print_open(console: "Console", rows: "list[FindingRow]", numbers: Mapping[str, int]) -> None:
    """One table of what lacks: changes that lack the same share a row."""
    from rich.markup import escape

    from netra.reports.rendering.view import VERDICT_WORDS, lacking_alike, show_params

    together = lacking_alike(rows)
    if not together:
        return
    table = tidy_table(("#", "Change", "Missing", "How to send it"), title=VERDICT_WORDS[_OPEN])
    for lacking, alike in together.items():
        names: dict[str, None] = {}
        for row in alike:
            params = show_params(row.params)
            names[escape(row.lever) + (f" [dim]{escape(params)}[/]" if params else "")] = None
        for place, (what, how) in enumerate(lacking):
            shown = ", ".join(str(numbers[row.id]) for row in alike) if place == 0 else ""
            table.add_row(shown, "\n".join(names) if place == 0 else "", escape(what), escape(how))
    console.print(table)


def _print_baseline(console: "Console", baseline: Mapping[str, Any]) -> None:
    from netra.reports.formatting import counted, format_money

    unpriced = int(baseline.get("unpriced_calls") or 0)
    told = f"; {counted(unpriced, 'call has', 'calls have')} no known price" if unpriced else ""
    span = " to ".join(str(baseline[end])[:10] for end in ("since", "until") if baseline.get(end))
    console.print(
        f"[bold]{format_money(baseline.get('cost_usd'))}[/] for {counted(baseline['calls'], 'call', 'calls')}"
        f"{', ' + span if span else ''}{told}"
    )


def _print_joint(console: "Console", joint: Mapping[str, Any] | None) -> None:
    from netra.reports.formatting import format_money, format_percent
    from netra.reports.rendering.view import show_interval

    if not joint or joint.get("savings_usd") is None:
        return
    interval = joint.get("interval_95")
    told = f", 95 % interval {show_interval((interval[0], interval[1]))}" if interval else ""
    share = "" if joint.get("savings_pct") is None else f" ({format_percent(joint['savings_pct'])})"
    console.print(
        f"\n[bold green]All recommended together: {format_money(joint['savings_usd'])}{share}[/]{told}"
        "  [dim](replayed jointly; savings do not add up)[/]"
    )


def _print_diagnoses(console: "Console", findings: Sequence[Mapping[str, Any]]) -> None:
    """Why prompt prefixes miss the cache, once a model."""
    from rich.markup import escape

    from netra.optimization.findings import CacheGroup
    from netra.reports.formatting import format_money

    told: set[str] = set()
    for finding in findings:
        model = str(finding["params"].get("model", ""))
        given: Sequence[Mapping[str, Any]] = finding.get("diagnosis") or ()
        groups = [CacheGroup.model_validate(group) for group in given]
        if not groups or model in told:
            continue
        told.add(model)
        console.print(f"\n[bold]Why prefixes of {escape(model)} miss the cache[/]")
        for group in groups:
            name = escape(group.feature or "all calls")
            console.print(f"  {name}: {group.read_pct:.1f} % of {group.tokens:,} tokens in full blocks read")
            for miss in group.misses:
                bound = "at most " if miss.at_most else ""
                worth = "" if miss.worth_usd is None else f"; worth {bound}{format_money(miss.worth_usd)}"
                words = f"{miss.share_pct:5.1f} % {miss.cause.replace('_', ' ')}: {miss.why}{worth}"
                console.print(f"    {escape(words)}")


_STANDING = {"met": "[green]holds[/]", "unmet": "[red]does not hold[/]", "unknown": "[yellow]unknown[/]"}


def _print_plan(console: "Console", plan: Mapping[str, Any], numbers: Mapping[str, int]) -> None:
    """The changes that hold to the constraints, by their numbers in the table, and each constraint."""
    from rich.markup import escape

    from netra.optimization.solver.schemas import Plan
    from netra.optimization.solver.words import limit_in_words, value_in_words
    from netra.reports.formatting import format_money, format_percent
    from netra.reports.rendering.view import show_interval

    given = Plan.model_validate(plan)
    colour = "green" if given.feasible else "red"
    chosen = ", ".join(f"{numbers[i]}" for i in given.findings if i in numbers) or "none"
    title = "Plan" if given.feasible else "No plan holds; the nearest"
    console.print(
        f"\n[bold {colour}]{title}: changes {chosen}[/], "
        f"saves {format_money(given.savings_usd)} ({format_percent(given.savings_pct)}), "
        f"95 % interval {show_interval(given.interval_95)}"
    )
    for check in given.constraints:
        reached = "" if check.value is None else f": {value_in_words(check.name, check.value)}"
        lacking = f", short by {value_in_words(check.name, check.short_by)}" if check.short_by else ""
        console.print(f"  {_STANDING[check.standing]} {escape(limit_in_words(check) + reached + lacking)}")
    for item in given.left_out:
        console.print(f"  left out, unknown: {escape(item.what)}; {escape(item.how)}")
    if given.latency is not None:
        console.print(f"  latency: {escape(given.latency.in_words())}")
    console.print(f"  {escape(given.summary)}")
