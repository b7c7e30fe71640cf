"""Calls as people read them: a list that fits eighty columns, and one call with the working of its cost."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from netra.cli.output import print_note, print_unpriced, tidy_table
from netra.cli.prices import print_in_force
from netra.reports.formatting import counted, format_count, format_milliseconds, format_money

if TYPE_CHECKING:
    from rich.console import Console

_WIDE = 150
"""Columns from which a call and its id fit one line."""
_UNKNOWN = "\u2013"
_NUMBERS = ("Cost", "Input", "Output", "Latency", "First token")
_APART = frozenset({"tags", "prefix_hashes", "prefix_block_tokens", "cost_usd", "reported_cost_usd", "ts"})


def print_calls(console: "Console", page: dict[str, Any]) -> None:
    """Print a page of calls, and what all the calls asked for come to."""
    from rich.markup import escape

    items: list[dict[str, Any]] = page["items"]
    if items and console.is_terminal and console.width < _WIDE:
        _print_stacked(console, items)
    elif items:
        table = tidy_table(("Start", *_NUMBERS, "Model", "Feature", "Status", "Id"), numeric=_NUMBERS)
        for call in items:
            names = (call["model"], call["feature"], call["status"], call["call_id"])
            table.add_row(_start(call), *_numbers(call), *(escape(name or _UNKNOWN) for name in names))
        console.print(table)
    if not page["calls"]:
        console.print("[yellow]No stored call fits.[/] `netra usage` shows what is stored.")
        return
    spend = "unpriced" if page["cost_usd"] is None else f"{format_money(page['cost_usd'])} in all"
    console.print(
        f"{len(items):,} of {counted(page['calls'], 'call', 'calls')}, {spend}; times in {page['timezone']}"
    )
    if page["unpriced_calls"]:
        print_unpriced(console, page["unpriced_calls"])
    if page["next_cursor"]:
        console.print("[dim]More: a larger --limit. One of them: netra calls show ID[/]")
    elif items:
        console.print("[dim]One of them: netra calls show ID[/]")


def _print_stacked(console: "Console", items: Sequence[dict[str, Any]]) -> None:
    """Two lines a call: its numbers under headings, then what it was and its id."""
    from rich.text import Text

    rows = [("Start", *_NUMBERS), *((_start(call), *_numbers(call)) for call in items)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for number, row in enumerate(rows):
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        console.print(Text("  ".join(cells), style="bold" if number == 0 else ""), soft_wrap=True)
        if number:
            _print_names(console, items[number - 1])


def _print_names(console: "Console", call: dict[str, Any]) -> None:
    from rich.text import Text

    status = None if call["status"] == "ok" else call["status"]
    names = "  ".join(name for name in (call["model"], call["feature"], status) if name)
    together = f"  {names}  {call['call_id']}"
    lines = [together] if len(together) <= console.width else [f"  {names}", f"  {call['call_id']}"]
    for line in lines:
        console.print(Text(line, style="dim"), soft_wrap=True)


def _start(call: dict[str, Any]) -> str:
    return str(call["ts"])[:19].replace("T", " ")


def _numbers(call: dict[str, Any]) -> tuple[str, ...]:
    times = (call["latency_ms"], call["ttft_ms"])
    return (
        format_money(call["cost_usd"]),
        format_count(call["input_tokens"]),
        format_count(call["output_tokens"]),
        *(_UNKNOWN if value is None else format_milliseconds(value) for value in times),
    )


def print_call(console: "Console", found: dict[str, Any]) -> None:
    """Print one call: the working of its cost first, then everything stored of it."""
    call, cost = found["call"], found["cost"]
    working: dict[str, Any] = cost["working"]
    stored = "unpriced" if cost["stored_usd"] is None else f"${cost['stored_usd']}"
    console.print(f"[bold]{stored}[/]")
    print_note(console, "", cost["explanation"], indent=0)
    _print_parts(console, call, cost)
    if working["in_force"] is not None:
        console.print(f"Prices from {working['price_source']}")
        print_in_force(console, {call["service_tier"]: working["in_force"]})
    _print_stored(console, call, found["timezone"])


def _print_parts(console: "Console", call: dict[str, Any], cost: dict[str, Any]) -> None:
    working = cost["working"]
    numbers = ("Tokens", "USD per million", "USD")
    table = tidy_table(("Kind", *numbers), numeric=numbers)
    for part in working["parts"]:
        kind = part["usage"].replace("_", " ")
        table.add_row(kind, f"{part['tokens']:,}", part["usd_per_mtok"], part["cost_usd"])
    if working["parts"]:
        table.add_row("[bold]sum[/]", "", "", f"[bold]{working['cost_usd']}[/]")
        if cost["difference_usd"] not in (None, "0"):
            table.add_row("stored less sum", "", "", cost["difference_usd"])
        console.print(table)
    if working["above_input_tokens"] is not None:
        above = f"{working['above_input_tokens']:,}"
        console.print(f"Rates of calls above {above} input tokens: this one has {call['input_tokens']:,}.")
    if cost["reported_usd"] is not None:
        console.print(
            f"The sender reported ${cost['reported_usd']}; sums are of the stored cost"
            + ("." if cost["stored_usd"] is None else f", {cost['reported_difference_usd']} apart.")
        )


def _print_stored(console: "Console", call: dict[str, Any], zone: str) -> None:
    from rich.markup import escape

    table = tidy_table(("", ""))
    table.show_header = False
    table.add_row("start", f"{call['ts']} ({zone})")
    for name, value in call.items():
        if value is None or name in _APART:
            continue
        shown = ("yes" if value else "no") if isinstance(value, bool) else value
        table.add_row(name.replace("_", " "), escape(f"{shown:,}" if type(shown) is int else str(shown)))
    for key, value in call["tags"].items():
        table.add_row(f"tag:{escape(str(key))}", escape(str(value)))
    if call["prefix_hashes"]:
        blocks = counted(len(call["prefix_hashes"]), "block", "blocks")
        table.add_row(
            "prompt prefix", f"digests of {blocks} of {call['prefix_block_tokens']:,} tokens: --json"
        )
    console.print(table)
