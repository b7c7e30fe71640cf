"""The rows of `netra usage`: cells as people read them, and what a limit cut off."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from netra.cli.options import Target

if TYPE_CHECKING:
    from rich.console import Console


async def show(target: Target, query: dict[str, Any], as_json: bool) -> None:
    """Ask and print; on a terminal also what the rows that are not shown sum to."""
    from netra.cli.connecting import connected
    from netra.cli.output import data_console, print_json

    async with connected(target) as client:
        result: dict[str, Any] = await client.post("/v1/usage/query", query)
        if as_json:
            print_json(result)
            return
        console = data_console()
        hidden = result["row_count"] - len(result["rows"])
        whole: dict[str, Any] = {}
        if hidden and result["calls"]:
            whole = (await client.post("/v1/usage/query", _without_groups(query)))["rows"][0]
        _print_rows(console, query, result, whole)
        if not result["calls"]:
            _print_nothing(console, await client.get("/v1/usage/overview"))
    console.print(f"[dim]{result['elapsed_ms']:.0f} ms; the query: --json[/]")


def _without_groups(query: dict[str, Any]) -> dict[str, Any]:
    kept = ("measures", "filters", "since", "until", "timezone")
    return {name: query[name] for name in kept if name in query}


def _print_rows(
    console: "Console", query: dict[str, Any], result: dict[str, Any], whole: dict[str, Any]
) -> None:
    from rich.markup import escape

    from netra.cli.output import print_unpriced, tidy_table
    from netra.reports.formatting import counted

    groups, measures = query.get("dimensions", []), query["measures"]
    rows, count = result["rows"], result["row_count"]
    table = tidy_table([*groups, *measures], numeric=measures)
    for row in rows:
        cells = (shown(column, row.get(column), result["calls"]) for column in (*groups, *measures))
        table.add_row(*map(escape, cells))
    rest = rest_of(rows, whole, measures) if whole and groups else {}
    if rest:
        name = f"{count - len(rows):,} more"
        cells = [shown(measure, rest[measure]) if measure in rest else "" for measure in measures]
        table.add_row(name, *[""] * (len(groups) - 1), *cells, style="dim")
    console.print(table)
    if whole:
        further = query.get("offset", 0) + len(rows)
        more = f"; the next: --offset {further}" if rows and further < count else ""
        console.print(f"{len(rows):,} of {counted(count, 'row', 'rows')}{more}")
    if result["unpriced_calls"]:
        print_unpriced(console, result["unpriced_calls"])


def rest_of(rows: list[dict[str, Any]], whole: dict[str, Any], measures: list[str]) -> dict[str, Any]:
    """What the rows that are not shown sum to, of the measures that can be summed: `whole` less the rows."""
    from netra.usage.measures import MEASURES

    rest: dict[str, Any] = {}
    for name in measures:
        if not MEASURES[name].adds_up:
            continue
        left = Decimal(whole[name] or 0) - sum(Decimal(row[name] or 0) for row in rows)
        rest[name] = str(left) if MEASURES[name].kind == "money" else int(left)
    return rest


def _print_nothing(console: "Console", overview: dict[str, Any]) -> None:
    if not overview["calls"]:
        console.print("[yellow]No call is stored.[/] Import some: netra import FILE")
        return
    console.print(
        f"[yellow]None of the {overview['calls']:,} stored calls fits.[/] "
        f"They are from {overview['since'][:10]} to {overview['until'][:10]}."
    )


def shown(column: str, value: object, calls: int = 1) -> str:
    """A cell: money in full cents, percents and milliseconds with their unit, counts with separators; a cost
    that is not known is unpriced, of no `calls` there is none.
    """
    from netra.reports.formatting import format_count, format_milliseconds, format_money, format_percent

    if value is None:
        return (
            "unpriced"
            if calls and (column.endswith("cost_usd") or column.startswith("cost_per"))
            else "\u2013"
        )
    if column.endswith("cost_usd") or column.startswith("cost_per"):
        return format_money(str(value))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if column.endswith("_ms"):
        return format_milliseconds(value)
    return format_percent(value) if column.endswith(("_rate", "_share")) else format_count(value)
