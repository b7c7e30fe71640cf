"""Findings on a terminal: verdicts with saving and interval, refusals included; what could not be judged with
what to send; and the joint figure.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from netra.cli.output import print_note, tidy_table

if TYPE_CHECKING:
    from rich.console import Console

    from netra.reports.document import FindingRow

_OPEN = "insufficient_data"
_INDENT = 5
_COLOURS = {"recommend": "green", "refuse": "red", "insufficient_data": "yellow"}


def print_findings(console: "Console", result: Mapping[str, Any]) -> None:
    """Print what `optimize --json` or a report holds: `baseline`, `findings`, `joint`."""
    from rich.markup import escape

    from netra.reports.document import FindingRow
    from netra.reports.formatting import format_money, format_percent
    from netra.reports.rendering.view import NOTHING, VERDICT_WORDS, show_interval

    table = tidy_table(
        ("#", "Change", "Verdict", "Saving", "Share", "95 % interval"),
        numeric=("#", "Saving", "Share", "95 % interval"),
    )
    rows = _in_reading_order([FindingRow.model_validate(finding) for finding in result["findings"]])
    numbers = {row.id: number for number, row in enumerate(rows, start=1)}
    judged = [row for row in rows if row.verdict != _OPEN]
    for row in judged:
        table.add_row(
            str(numbers[row.id]),
            escape(row.lever),
            f"[{_COLOURS[row.verdict]}]{VERDICT_WORDS[row.verdict]}[/]",
            NOTHING if row.savings_usd is None else format_money(row.savings_usd),
            NOTHING if row.savings_pct is None else format_percent(row.savings_pct),
            show_interval(row.interval_95),
        )
    _print_baseline(console, result["baseline"])
    if judged:
        console.print(table)
    for row in judged:
        _print_notes(console, row, str(numbers[row.id]))
    _print_open(console, [row for row in rows if row.verdict == _OPEN], numbers)
    _print_diagnoses(console, result["findings"])
    _print_joint(console, result.get("joint"), numbers)
    if result.get("plan"):
        _print_plan(console, result["plan"], numbers)


def _print_notes(console: "Console", row: "FindingRow", number: str) -> None:
    """What a change is exactly, and by what it was judged."""
    from netra.reports.rendering.checks import show_bounds, show_gate
    from netra.reports.rendering.view import show_effect, show_latency, show_params

    measured = bool(row.latency_effect) and not isinstance(row.latency_effect, str)
    notes = [
        show_params(row.params),
        f"Risk {show_effect(row.risk)}, effort {show_effect(row.effort)}",
        row.why if row.verdict == "refuse" else "",
        show_gate(row.quality_effect),
        show_bounds(row.bounds),
        f"Latency {show_latency(row.latency_effect)}" if measured else "",
    ]
    told = ". ".join(note.rstrip(".") for note in notes if note)
    print_note(console, f" {number:>2}", told, indent=_INDENT)


def _in_reading_order(rows: "list[FindingRow]") -> "list[FindingRow]":
    """What to do first, the largest saving first; then what was refused; then what could not be judged."""
    places = {"recommend": 0, "refuse": 1, _OPEN: 2}
    judged = [row for row in rows if row.verdict != _OPEN]
    ordered = sorted(judged, key=lambda row: (places[row.verdict], -float(row.savings_usd or 0)))
    return ordered + [row for row in rows if row.verdict == _OPEN]


def _print_open(console: "Console", rows: "list[FindingRow]", numbers: Mapping[str, int]) -> None:
    """What lacks for a verdict: changes that lack the same stand together."""
    from netra.reports.rendering.view import VERDICT_WORDS, lacking_alike, show_params

    together = lacking_alike(rows)
    if together:
        console.print(f"\n[bold]{VERDICT_WORDS[_OPEN]}[/]")
    for lacking, alike in together.items():
        names = dict.fromkeys(f"{row.lever} {show_params(row.params)}".strip() for row in alike)
        shown = ", ".join(str(numbers[row.id]) for row in alike)
        print_note(console, f" {shown:>2}", "; ".join(names), indent=max(_INDENT, len(shown) + 3))
        for what, how in lacking:
            print_note(console, "", f"missing: {what}", indent=_INDENT + 2)
            print_note(console, "", f"to send: {how}" if how else "", indent=_INDENT + 2)


def _print_baseline(console: "Console", baseline: Mapping[str, Any]) -> None:
    from netra.reports.formatting import counted, format_money

    unpriced = int(baseline.get("unpriced_calls") or 0)
    told = f"; {counted(unpriced, 'call has', 'calls have')} no known price" if unpriced else ""
    span = " to ".join(str(baseline[end])[:10] for end in ("since", "until") if baseline.get(end))
    console.print(
        f"[bold]{format_money(baseline.get('cost_usd'))}[/] for {counted(baseline['calls'], 'call', 'calls')}"
        f"{', ' + span if span else ''}{told}"
    )


def _print_joint(console: "Console", joint: Mapping[str, Any] | None, numbers: Mapping[str, int]) -> None:
    from netra.reports.formatting import format_money, format_percent
    from netra.reports.rendering.view import show_interval

    if not joint or joint.get("savings_usd") is None:
        return
    if joint.get("findings") == []:
        console.print("\n[bold]Nothing is recommended on these calls.[/]")
        return
    interval = joint.get("interval_95")
    told = f", 95 % interval {show_interval((interval[0], interval[1]))}" if interval else ""
    share = "" if joint.get("savings_pct") is None else f" ({format_percent(joint['savings_pct'])})"
    console.print(
        f"\n[bold green]All recommended together: {format_money(joint['savings_usd'])}{share}[/]{told}"
        "  [dim](replayed jointly; savings do not add up)[/]"
    )
    steps = [
        f"{numbers[step['finding']]} adds {format_money(step['savings_usd'])}"
        for step in joint.get("steps") or ()
        if step["finding"] in numbers
    ]
    if steps:
        print_note(console, "", f"Each on top of those before it: change {', '.join(steps)}", indent=2)


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
                words = f"{miss.cause.replace('_', ' ')}: {miss.why}{worth}"
                print_note(console, f"    {miss.share_pct:5.1f} %", words, indent=_INDENT + 7)


_STANDING = {"met": "[green]holds[/]", "unmet": "[red]does not hold[/]", "unknown": "[yellow]unknown[/]"}


def _print_plan(console: "Console", plan: Mapping[str, Any], numbers: Mapping[str, int]) -> None:
    """The changes that hold to the constraints, by their numbers in the table, and each constraint."""
    from rich.markup import escape

    from netra.optimization.solver.schemas import Plan
    from netra.optimization.solver.words import lacking_in_words, limit_in_words, reached_in_words
    from netra.reports.formatting import format_money, format_percent
    from netra.reports.rendering.view import show_interval

    given = Plan.model_validate(plan)
    colour = "green" if given.feasible else "red"
    chosen = ", ".join(f"{numbers[i]}" for i in given.findings if i in numbers) or "none"
    title = "Plan" if given.feasible else "No plan holds; the nearest"
    money, share = format_money(given.savings_usd), format_percent(given.savings_pct)
    interval = show_interval(given.interval_95)
    worth = f"saves {money} ({share}), 95 % interval {interval}"
    if money.startswith("-"):
        worth = f"costs {money[1:]} more ({share.removeprefix('-')}), 95 % interval of the saving {interval}"
    console.print(f"\n[bold {colour}]{title}: changes {chosen}[/], {worth}")
    for check in given.constraints:
        told = [words for words in (reached_in_words(check), lacking_in_words(check)) if words]
        said = limit_in_words(check) + (f": {', '.join(told)}" if told else "")
        console.print(f"  {_STANDING[check.standing]} {escape(said)}")
    for item in given.left_out:
        console.print(f"  left out, unknown: {escape(item.what)}; {escape(item.how)}")
    if given.latency is not None:
        console.print(f"  latency: {escape(given.latency.in_words())}")
    console.print(f"  {escape(given.summary)}")
