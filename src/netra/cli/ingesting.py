"""`netra ingest`: what comes in live, and what was not stored."""

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from netra.cli.options import DataDir, Json, Target, Url, Workspace

if TYPE_CHECKING:
    from netra.client.http import NetraClient

_COUNTS = ("received", "stored", "duplicates", "same_calls", "ignored", "rejected", "unpriced")
_RARE = frozenset({"same_calls", "unpriced"})
"""Counts without a column of their own where all are 0."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    ingest = typer.Typer(help="Calls that come in live: OTLP traces and the gateway.", no_args_is_help=True)
    ingest.command("status")(show_status)
    ingest.command("rejects")(show_rejects)
    app.add_typer(ingest, name="ingest")


def show_status(
    json_output: Json = False, url: Url = None, data_dir: DataDir = None, workspace: Workspace = None
) -> None:
    """What came in live by source and day, and what waits to be stored."""
    asyncio.run(_status(Target(url, data_dir, workspace), json_output))


def show_rejects(
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many to show.")] = 50,
    json_output: Json = False,
    url: Url = None,
    data_dir: DataDir = None,
    workspace: Workspace = None,
) -> None:
    """Spans and batches that were not stored, each with the reason, newest first."""
    asyncio.run(_rejects(Target(url, data_dir, workspace), limit, json_output))


async def _status(target: Target, as_json: bool) -> None:
    from netra.cli.connecting import connected
    from netra.cli.output import data_console, print_json, print_text, tidy_table
    from netra.reports.formatting import counted

    async with connected(target) as client:
        status: dict[str, Any] = await client.get("/v1/ingest")
    if as_json:
        print_json(status)
        return
    told = [name for name in _COUNTS if name not in _RARE or any(day[name] for day in status["days"])]
    titles = [name.replace("_", " ").capitalize() for name in told]
    table = tidy_table(("Day", "Source", *titles), numeric=titles)
    for day in status["days"]:
        table.add_row(day["day"], day["source"], *(f"{day[name]:,}" for name in told))
    if status["days"]:
        data_console().print(table)
    else:
        print_text("Nothing has come in live; docs/ingest.md says how to send traces.")
    if status["waiting_batches"]:
        waits = counted(status["waiting_calls"], "call waits", "calls wait")
        waiting = f"{waits} to be stored, the oldest for"
        print_text(f"{waiting} {status['waiting_s']:.0f} s.")
    if silent := sum(day["cache_unreported"] for day in status["days"]):
        print_text(
            f"{counted(silent, 'call', 'calls')} came without cached tokens: the cost is an upper bound"
        )
        print_text("(netra usage --where tag:cached_tokens=unreported --by app,model; docs/ingest.md).")
    if skewed := sum(day["clock_skew"] for day in status["days"]):
        print_text(
            f"{counted(skewed, 'call', 'calls')} came with a latency or a first token that clocks contradict:"
        )
        print_text("it is left out (netra usage --by tag:clock_skew,app; docs/ingest.md).")
    if status["rejected_batches"]:
        refused = counted(status["rejected_batches"], "batch", "batches")
        print_text(f"{refused} could not be stored: netra ingest rejects")


async def _rejects(target: Target, limit: int, as_json: bool) -> None:
    from netra.cli.connecting import connected
    from netra.cli.output import print_json, print_text
    from netra.reports.formatting import counted

    async with connected(target) as client:
        rejects = await _first(client, limit)
    if as_json:
        print_json({"rejects": rejects})
        return
    if not rejects:
        print_text("Nothing that came in live was rejected.")
    for one in rejects:
        when = f"{str(one['rejected_at'])[:19].replace('T', ' ')} UTC"
        calls = f"  {counted(one['calls'], 'call', 'calls')}" if one["calls"] else ""
        print_text(f"{when}  {one['source']}  {one['kind']}{calls}")
        print_text(f"    {one['reason']}")
        if one["trace_id"] or one["span_id"]:
            print_text(f"    trace {one['trace_id'] or 'unknown'}, span {one['span_id'] or 'unknown'}")


async def _first(client: "NetraClient", limit: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    async for item in client.pages("/v1/ingest/rejects"):
        found.append(item)
        if len(found) == limit:
            break
    return found
