"""`netra ask`: a question, the run live, the answer with its figures."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from netra.cli.failures import CommandError
from netra.cli.options import DataDir, Json, Target, Url, Workspace

LONGEST_QUESTION = 32_000
"""Characters; a frame to the server may have 64 KiB."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("ask")(ask)


def ask(
    question: Annotated[str, typer.Argument(help="What you want to know; - reads it from standard input.")],
    thread: Annotated[
        str | None, typer.Option("--thread", "-t", help="Ask in this thread, as a follow-up.")
    ] = None,
    events: Annotated[
        Path | None, typer.Option("--events", help="File for the run's events as they arrive, JSON lines.")
    ] = None,
    json_output: Json = False,
    url: Url = None,
    data_dir: DataDir = None,
    workspace: Workspace = None,
) -> None:
    """Ask about your usage and watch the agents answer. Ctrl-C offers to cancel or to detach."""
    text = checked_question(sys.stdin.read() if question == "-" else question)
    asyncio.run(_ask(Target(url, data_dir, workspace), text, thread, events, json_output))


def checked_question(text: str) -> str:
    """The question without outer spaces. BadParameter when it is empty or too long for a frame."""
    if not text.strip():
        raise typer.BadParameter("the question is empty", param_hint="QUESTION")
    if len(text) > LONGEST_QUESTION:
        raise typer.BadParameter(
            f"the question has {len(text):,} characters, {LONGEST_QUESTION:,} at most; "
            "send data with `netra import` and ask about it",
            param_hint="QUESTION",
        )
    return text.strip()


async def _ask(target: Target, text: str, thread: str | None, events: Path | None, as_json: bool) -> None:
    from netra.cli.answer_view import print_answer
    from netra.cli.connecting import connected
    from netra.cli.following import follow
    from netra.cli.output import data_console, print_json, progress_console

    async with connected(target) as client:
        asked = await follow(client, text, thread_id=thread, events=events, quiet=as_json)
    answer = asked.to_dict()
    if as_json:
        print_json(answer)
    else:
        print_answer(data_console(), answer)
        progress_console().print(f"[dim]To follow up: netra ask -t {asked.thread_id} QUESTION[/]")
    if answer["outcome"] != "completed":
        raise CommandError(f"the run ended as {answer['outcome']}")
