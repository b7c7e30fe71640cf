"""`netra demo`: the main job from end to end, through the same doors as everybody else."""

import asyncio
import json
import secrets
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from netra.cli.failures import CommandError
from netra.cli.options import Json

if TYPE_CHECKING:
    from netra.client.asking import Asked
    from netra.client.http import NetraClient

DEFAULT_QUESTION = "Where can we cut our LLM spend without losing quality, and what should we do first?"


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """What the demo is asked to do. `imports` are files with the query of their import request."""

    imports: tuple[tuple[Path, dict[str, Any]], ...]
    question: str
    out: Path
    data_dir: Path | None


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo")(demo)


def demo(
    usage: Annotated[
        Path | None,
        typer.Option("--usage", help="Your usage; without it, a generated month of a made-up company."),
    ] = None,
    file_format: Annotated[str, typer.Option("--format", "-f", help="Format of --usage.")] = "calls",
    set_columns: Annotated[
        list[str] | None, typer.Option("--set", help="column=value for a column the file lacks; repeat.")
    ] = None,
    map_columns: Annotated[
        list[str] | None, typer.Option("--map", help="ours=theirs for a column with another name; repeat.")
    ] = None,
    question: Annotated[str, typer.Option("--question", "-q", help="What to ask.")] = DEFAULT_QUESTION,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Directory for report.html and report.json.")
    ] = Path(),
    data_dir: Annotated[
        Path | None, typer.Option("--data-dir", help="Keep the data here; default: a temporary directory.")
    ] = None,
    json_output: Json = False,
) -> None:
    """Start everything, import usage, ask over a WebSocket, print and write the report, stop everything."""
    from netra.cli.asking import checked_question
    from netra.cli.importing import check_file

    text = checked_question(question)
    _check_out(out)
    if usage is None and (set_columns or map_columns):
        raise typer.BadParameter("goes with --usage FILE", param_hint="--set/--map")
    imports = () if usage is None else ((usage, check_file(usage, file_format, set_columns, map_columns)),)
    asyncio.run(_demo(DemoPlan(imports, text, out, data_dir), json_output))


def _check_out(out: Path) -> None:
    """Better now than after the work: the report can be written."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as failure:
        raise CommandError(
            f"the report cannot be written to {out.absolute()}: {failure.strerror}",
            hint="choose another directory with --out",
        ) from failure


async def _demo(plan: DemoPlan, as_json: bool) -> None:
    from netra.cli.output import data_console, print_json
    from netra.cli.reports import fetch_report, print_report, write_files
    from netra.cli.spawning import server_for_the_duration
    from netra.client.http import NetraClient

    with _home(plan.data_dir) as home:
        _step(f"Starting the engines and the server over {home}", as_json)
        async with server_for_the_duration(home) as url, NetraClient(url) as client:
            email = await _sign_up(client)
            _step(f"Signed up {email} at {url}", as_json)
            await _import_all(client, plan, home, as_json)
            asked = await _ask(client, plan.question, as_json)
            report_id = asked.terminal.get("report_id")
            if not report_id:
                _fail(asked)
            contents = await fetch_report(client, str(report_id), ("report.html", "report.json"))
    files = write_files(plan.out, contents)
    if as_json:
        print_json({**asked.to_dict(), "files": files})
    else:
        print_report(data_console(), json.loads(contents["report.json"]))
        data_console().print("\n[bold green]Report:[/] " + "  ".join(files), soft_wrap=True)
    if asked.terminal.get("outcome") != "completed":
        _fail(asked)


@contextmanager
def _home(data_dir: Path | None) -> Generator[Path]:
    if data_dir is not None:
        yield data_dir.expanduser().absolute()
        return
    home = Path(tempfile.mkdtemp(prefix="netra-demo-"))
    try:
        yield home
    except Exception as failure:
        if getattr(failure, "status", 500) >= 500:
            _keep_logs(home)
        else:
            shutil.rmtree(home, ignore_errors=True)
        raise
    except BaseException:
        shutil.rmtree(home, ignore_errors=True)
        raise
    shutil.rmtree(home, ignore_errors=True)


def _keep_logs(home: Path) -> None:
    """Something of ours failed: its logs stay, the data goes."""
    for part in home.iterdir():
        if part.is_dir() and part.name != "log":
            shutil.rmtree(part, ignore_errors=True)
        elif part.name != "log":
            part.unlink(missing_ok=True)
    _step(f"The logs of this run are kept in {home / 'log'}", False)


async def _sign_up(client: "NetraClient") -> str:
    """A new account each time, so that a kept data directory can be used again."""
    email = f"demo-{secrets.token_hex(4)}@example.com"
    await client.sign_up(email, secrets.token_urlsafe(24), "Demo")
    return email


async def _import_all(client: "NetraClient", plan: DemoPlan, home: Path, as_json: bool) -> None:
    from netra.cli.generating import generate_month
    from netra.cli.importing import send_file

    imports = plan.imports
    folder = home / "generated"
    if not imports:
        _step("Generating a month of traffic of a made-up company", as_json)
        imports = await asyncio.to_thread(generate_month, folder)
    for file, request in imports:
        result = await send_file(client, file, request)
        told = ", ".join(f"{result[name]:,} {name}" for name in ("stored", "duplicates", "rejected"))
        _step(f"Imported {file.name}: {told}, in {float(result['seconds']):.1f} s", as_json)
        if not result["stored"] and not result["duplicates"]:
            raise CommandError(
                f"nothing could be imported from {file}", hint="see the reasons: netra import FILE"
            )
    await asyncio.to_thread(shutil.rmtree, folder, True)


async def _ask(client: "NetraClient", question: str, as_json: bool) -> "Asked":
    from netra.cli.following import follow

    _step(f"Asking: {question}", as_json)
    asked = await follow(client, question, quiet=as_json)
    _step(f"Answered in {asked.elapsed_ms / 1000:.1f} s with {len(asked.events)} events", as_json)
    return asked


def _fail(asked: "Asked") -> None:
    outcome, message = asked.terminal.get("outcome"), asked.terminal.get("message")
    raise CommandError(f"the run ended as {outcome} without a whole report: {message or 'no message'}")


def _step(text: str, quiet: bool) -> None:
    from rich.markup import escape

    from netra.cli.output import progress_console

    if not quiet:
        progress_console().print(f"[bold green]●[/] {escape(text)}")
