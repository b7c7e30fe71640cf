"""`netra threads` and `netra runs`: what was asked, and stopping what runs."""

import asyncio
from typing import Annotated, Any

import typer

from netra.cli.options import DataDir, Json, Target, Url, Workspace

Thread = Annotated[str, typer.Argument(metavar="THREAD", help="Id of the thread.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    threads = typer.Typer(help="Your threads in this workspace.", no_args_is_help=True)
    threads.command("list")(list_threads)
    threads.command("show")(show_thread)
    threads.command("rename")(rename_thread)
    threads.command("delete")(delete_thread)
    app.add_typer(threads, name="threads")
    runs = typer.Typer(help="Runs of the agents.", no_args_is_help=True)
    runs.command("cancel")(cancel_run)
    app.add_typer(runs, name="runs")


def list_threads(
    json_output: Json = False, url: Url = None, data_dir: DataDir = None, workspace: Workspace = None
) -> None:
    """Your threads, the latest first."""
    asyncio.run(_list(Target(url, data_dir, workspace), json_output))


def show_thread(
    thread: Thread,
    json_output: Json = False,
    url: Url = None,
    data_dir: DataDir = None,
    workspace: Workspace = None,
) -> None:
    """What was said in a thread, and with --json its runs and events too."""
    asyncio.run(_show(Target(url, data_dir, workspace), thread, json_output))


def rename_thread(
    thread: Thread,
    title: Annotated[str, typer.Argument(help="The new title.")],
    url: Url = None,
    data_dir: DataDir = None,
    workspace: Workspace = None,
) -> None:
    """Give a thread another title."""
    asyncio.run(_rename(Target(url, data_dir, workspace), thread, title))


def delete_thread(
    thread: Thread,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    url: Url = None,
    data_dir: DataDir = None,
    workspace: Workspace = None,
) -> None:
    """Delete a thread with its messages and events."""
    if not yes:
        typer.confirm(f"Delete the thread {thread} and everything in it?", abort=True, err=True)
    asyncio.run(_delete(Target(url, data_dir, workspace), thread))


def cancel_run(
    run: Annotated[str, typer.Argument(metavar="RUN", help="Id of the run.")],
    url: Url = None,
    data_dir: DataDir = None,
    workspace: Workspace = None,
) -> None:
    """Stop a run; what it has found so far is kept."""
    asyncio.run(_cancel(Target(url, data_dir, workspace), run))


async def _list(target: Target, as_json: bool) -> None:
    from rich.markup import escape

    from netra.cli.connecting import connected
    from netra.cli.output import data_console, print_json, tidy_table

    async with connected(target) as client:
        threads = [item async for item in client.pages("/v1/threads")]
    if as_json:
        print_json({"threads": threads})
        return
    table = tidy_table(("Thread", "Title", "Status", "Last change"))
    for item in threads:
        changed = str(item.get("updated_at") or "")[:19]
        table.add_row(
            str(item["id"]), escape(str(item.get("title") or "")), str(item.get("status") or ""), changed
        )
    data_console().print(table)


async def _show(target: Target, thread: str, as_json: bool) -> None:
    from rich.markup import escape

    from netra.cli.answer_view import readable_prose
    from netra.cli.connecting import connected
    from netra.cli.output import data_console, print_json
    from netra.reports.figures import Figure

    async with connected(target) as client:
        snapshot: dict[str, Any] = await client.get(f"/v1/threads/{thread}")
    if as_json:
        print_json(snapshot)
        return
    console = data_console()
    console.print(f"[bold]{escape(str(snapshot['thread'].get('title') or thread))}[/]")
    for message in snapshot["messages"]:
        result: dict[str, Any] = message.get("result") or {}
        figures = [Figure.model_validate(figure) for figure in result.get("figures") or ()]
        who = "[bold cyan]You[/]" if message["role"] == "user" else "[bold green]Netra[/]"
        console.print(f"\n{who} [dim]{str(message.get('created_at') or '')[:19]}[/]")
        console.print(readable_prose(str(message["text"]), figures))


async def _rename(target: Target, thread: str, title: str) -> None:
    from netra.cli.connecting import connected
    from netra.cli.output import print_text

    async with connected(target) as client:
        await client.request("PATCH", f"/v1/threads/{thread}", json={"title": title})
    print_text(f"{thread} is now called {title!r}")


async def _delete(target: Target, thread: str) -> None:
    from netra.cli.connecting import connected
    from netra.cli.output import print_text

    async with connected(target) as client:
        await client.request("DELETE", f"/v1/threads/{thread}")
    print_text(f"{thread} is deleted")


async def _cancel(target: Target, run: str) -> None:
    from netra.cli.connecting import connected
    from netra.cli.output import print_text

    async with connected(target) as client:
        await client.post(f"/v1/runs/{run}/cancel")
    print_text(f"{run} is being cancelled")
