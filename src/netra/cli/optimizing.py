"""`netra optimize`: the findings without a chat."""

import asyncio
from typing import Annotated, Any

import typer

from netra.cli.constraint_options import constraints_of
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
    pairs,
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("optimize")(optimize)


def optimize(
    lever: Annotated[
        list[str] | None, typer.Option("--lever", "-l", help="Only this lever; repeat for several.")
    ] = None,
    param: Annotated[
        list[str] | None,
        typer.Option("--param", "-p", help="k=v for the one lever given, else LEVER.k=v; repeat."),
    ] = None,
    target: Annotated[
        str | None, typer.Option("--target", help="Plan for this saving: 30%, $500 or $500/month.")
    ] = None,
    quality: Annotated[
        str | None, typer.Option("--quality", help="The plan keeps the mean score at or above this: 0.9.")
    ] = None,
    max_drop: Annotated[
        str | None, typer.Option("--max-drop", help="No change may cost more quality than this: 0.02.")
    ] = None,
    p95: Annotated[
        str | None, typer.Option("--p95", help="The plan's p95 latency is at most this: 2s, 350ms.")
    ] = None,
    p99: Annotated[
        str | None, typer.Option("--p99", help="The plan's p99 latency is at most this: 4s.")
    ] = None,
    since: Since = None,
    until: Until = None,
    where: Where = None,
    json_output: Json = False,
    url: Url = None,
    data_dir: DataDir = None,
    workspace: Workspace = None,
) -> None:
    """What would cost less: each lever replayed over your calls, with a verdict and a 95 % interval."""
    body = optimize_request(lever, param, since, until, where)
    constraints = constraints_of(target, quality, max_drop, p95, p99)
    if constraints is not None:
        body["constraints"] = constraints
    asyncio.run(_optimize(Target(url, data_dir, workspace), body, json_output))


def optimize_request(
    lever: list[str] | None,
    param: list[str] | None,
    since: str | None,
    until: str | None,
    where: list[str] | None,
) -> dict[str, Any]:
    """The body of the request. BadParameter when a parameter does not say which lever it is for."""
    levers, params = listed(lever), pairs(param, "--param")
    if len(levers) != 1:
        for name in params:
            if "." not in name:
                raise typer.BadParameter(
                    f"{name!r} needs its lever, LEVER.{name}=..., because not exactly one --lever is given",
                    param_hint="--param",
                )
    filters = pairs(where, "--where")
    body: dict[str, Any] = {
        "levers": levers or None,
        "params": params or None,
        "since": instant(since, "--since"),
        "until": instant(until, "--until"),
        "where": filters or None,
    }
    return {name: value for name, value in body.items() if value is not None}


async def _optimize(target: Target, body: dict[str, Any], as_json: bool) -> None:
    from netra.cli.connecting import connected
    from netra.cli.findings_view import print_findings
    from netra.cli.output import data_console, print_json, progress_bar, progress_console

    async with connected(target) as client:
        with progress_bar(progress_console()) as bar:
            task = bar.add_task("Replaying the calls", total=None, amount="")

            def on_progress(row: dict[str, Any]) -> None:
                done, of = row.get("done"), row.get("of")
                text = str(row.get("text") or row.get("lever") or "")
                bar.update(task, completed=done or 0, total=of, amount=text)

            result = await client.stream_progress("/v1/optimize", json=body, on_progress=on_progress)
    if as_json:
        print_json(result)
    else:
        print_findings(data_console(), result)
