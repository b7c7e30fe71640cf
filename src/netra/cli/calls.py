"""`netra calls`: the single calls behind a figure, and how the cost of one comes about."""

import asyncio
from typing import Annotated, Any
from urllib.parse import quote

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
    known_zone,
)
from netra.cli.usage import Zone, conditions

_PAGE = 200
Order = Annotated[
    str,
    typer.Option(
        "--order",
        help="ts, cost_usd, input_tokens, output_tokens, total_tokens, latency_ms or ttft_ms; "
        "-NAME has the largest first.",
    ),
]
Limit = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="Calls at most; default 20.")]
Cursor = Annotated[str | None, typer.Option("--cursor", help="`next_cursor` of a list before, with --json.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    calls = typer.Typer(help="Single calls, and what each of them cost.", no_args_is_help=True)
    calls.command("list")(list_calls)
    calls.command("show")(show_call)
    app.add_typer(calls, name="calls")


def list_calls(
    where: Where = None,
    since: Since = None,
    until: Until = None,
    order: Order = "-ts",
    limit: Limit = 20,
    cursor: Cursor = None,
    zone: Zone = None,
    json_output: Json = False,
    url: Url = None,
    data_dir: DataDir = None,
    workspace: Workspace = None,
) -> None:
    """The calls that `netra usage` of the same --where, --since and --until sums, newest first."""
    zone = known_zone(zone)
    body = {
        "filters": conditions(where),
        "since": instant(since, "--since", zone),
        "until": instant(until, "--until", zone),
        "order_by": order,
        "cursor": cursor,
        "timezone": zone,
    }
    given = {name: value for name, value in body.items() if value}
    asyncio.run(_list(Target(url, data_dir, workspace), given, limit, json_output))


def show_call(
    call_id: Annotated[str, typer.Argument(metavar="ID", help="As `netra calls list` shows it.")],
    zone: Zone = None,
    json_output: Json = False,
    url: Url = None,
    data_dir: DataDir = None,
    workspace: Workspace = None,
) -> None:
    """Everything stored of one call, and its cost worked out to the last digit."""
    asyncio.run(_show(Target(url, data_dir, workspace), call_id, known_zone(zone), json_output))


async def _list(target: Target, body: dict[str, Any], limit: int, as_json: bool) -> None:
    from netra.cli.calls_view import print_calls
    from netra.cli.connecting import connected
    from netra.cli.output import data_console, print_json

    items: list[dict[str, Any]] = []
    async with connected(target) as client:
        while True:
            page: dict[str, Any] = await client.post(
                "/v1/usage/calls", {**body, "limit": min(limit - len(items), _PAGE)}
            )
            items += page["items"]
            body["cursor"] = page["next_cursor"]
            if page["next_cursor"] is None or len(items) >= limit:
                break
    page["items"] = items
    if as_json:
        print_json(page)
    else:
        print_calls(data_console(), page)


async def _show(target: Target, call_id: str, zone: str | None, as_json: bool) -> None:
    from netra.cli.calls_view import print_call
    from netra.cli.connecting import connected
    from netra.cli.output import data_console, print_json

    async with connected(target) as client:
        found: dict[str, Any] = await client.get(f"/v1/usage/calls/{quote(call_id, safe='')}", timezone=zone)
    if as_json:
        print_json(found)
    else:
        print_call(data_console(), found)
