"""`netra usage`: the typed query on a terminal."""

import asyncio
import re
from typing import TYPE_CHECKING, Annotated, Any

import typer

from netra.cli.options import (
    DataDir,
    Json,
    Since,
    Target,
    Until,
    Url,
    Where,
    Workspace,
    instant,
    listed,
)

if TYPE_CHECKING:
    from rich.console import Console

DEFAULT_MEASURES = ["calls", "input_tokens", "output_tokens", "cost_usd"]
_CONDITION = re.compile(r"^(?P<column>\w+)\s*(?P<operator>!=|>=|<=|=|>|<|~)\s*(?P<value>.*)$", re.DOTALL)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("usage")(show_usage)


def show_usage(
    measure: Annotated[
        list[str] | None,
        typer.Option("--measure", "-m", help="calls,input_tokens,cost_usd,latency_p95_ms,...; or repeat."),
    ] = None,
    by: Annotated[
        list[str] | None, typer.Option("--by", help="model,provider,app,feature,user,day,...; or repeat.")
    ] = None,
    where: Where = None,
    since: Since = None,
    until: Until = None,
    order: Annotated[
        list[str] | None, typer.Option("--order", help="Order by this; -NAME is descending.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="Rows at most.")] = 1000,
    json_output: Json = False,
    url: Url = None,
    data_dir: DataDir = None,
    workspace: Workspace = None,
) -> None:
    """Spend, tokens, latency and errors, grouped as you like."""
    query: dict[str, Any] = {
        "measures": listed(measure) or DEFAULT_MEASURES,
        "dimensions": listed(by),
        "filters": conditions(where),
        "since": instant(since, "--since"),
        "until": instant(until, "--until"),
        "order_by": listed(order),
        "limit": limit,
    }
    given = {name: value for name, value in query.items() if value not in (None, [])}
    asyncio.run(_usage(Target(url, data_dir, workspace), given, json_output))


def conditions(where: list[str] | None) -> list[dict[str, Any]]:
    """`column=value` (also != > >= < <=, ~ for contains) as filters; a column given twice means either."""
    filters: list[dict[str, Any]] = []
    equal: dict[str, list[str]] = {}
    for text in where or ():
        match = _CONDITION.match(text)
        if match is None:
            raise typer.BadParameter(f"{text!r} is not COLUMN=VALUE", param_hint="--where")
        column, operator, value = match["column"], match["operator"], match["value"]
        if operator == "=":
            equal.setdefault(column, []).append(value)
        else:
            word = "contains" if operator == "~" else operator
            filters.append({"column": column, "operator": word, "value": value})
    for column, values in equal.items():
        if len(values) == 1:
            filters.append({"column": column, "operator": "=", "value": values[0]})
        else:
            filters.append({"column": column, "operator": "in", "value": values})
    return filters


async def _usage(target: Target, query: dict[str, Any], as_json: bool) -> None:
    from netra.cli.connecting import connected
    from netra.cli.output import data_console, print_json

    async with connected(target) as client:
        result: dict[str, Any] = await client.post("/v1/usage/query", query)
    if as_json:
        print_json(result)
    else:
        _print(data_console(), query, result)


def _print(console: "Console", query: dict[str, Any], result: dict[str, Any]) -> None:
    from rich.markup import escape

    from netra.cli.output import tidy_table

    columns = [*query.get("dimensions", ()), *query["measures"]]
    table = tidy_table(columns, numeric=query["measures"])
    for row in result["rows"]:
        table.add_row(*(escape(shown(column, row.get(column))) for column in columns))
    console.print(table)
    if result["unpriced_calls"]:
        console.print(
            f"[yellow]{result['unpriced_calls']:,} calls have no known price[/] and are in no spend."
        )
    console.print(f"[dim]{result['elapsed_ms']:.0f} ms; the query: --json[/]")


def shown(column: str, value: object) -> str:
    """A cell: money in full cents, percents and milliseconds with their unit, counts with separators."""
    from netra.reports.formatting import format_count, format_milliseconds, format_money, format_percent

    if value is None:
        return "unpriced" if column.endswith("cost_usd") or column.startswith("cost_per") else "\u2013"
    if column.endswith("cost_usd") or column.startswith("cost_per"):
        return format_money(str(value))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if column.endswith("_ms"):
        return format_milliseconds(value)
    return format_percent(value) if column.endswith(("_rate", "_share")) else format_count(value)
