"""`netra import` and `netra imports`: usage and evaluations in."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from netra.cli.failures import CommandError
from netra.cli.options import DataDir, Json, Target, Url, Workspace, pairs

if TYPE_CHECKING:
    from netra.client.http import NetraClient

FORMATS = ("calls", "evals", "azure-llm", "mooncake", "aider-analytics")
_CHUNK = 1 << 18


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("import")(import_file)
    imports = typer.Typer(help="What was imported.", no_args_is_help=True)
    imports.command("list")(list_imports)
    app.add_typer(imports, name="imports")


def import_file(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="JSONL, CSV or Parquet; gzip too.")],
    file_format: Annotated[
        str, typer.Option("--format", "-f", help=f"One of {', '.join(FORMATS)}.")
    ] = "calls",
    set_columns: Annotated[
        list[str] | None, typer.Option("--set", help="column=value for a column the file lacks; repeat.")
    ] = None,
    map_columns: Annotated[
        list[str] | None, typer.Option("--map", help="ours=theirs for a column with another name; repeat.")
    ] = None,
    json_output: Json = False,
    url: Url = None,
    data_dir: DataDir = None,
    workspace: Workspace = None,
) -> None:
    """Import usage or evaluations. Importing the same file again adds nothing."""
    request = check_file(file, file_format, set_columns, map_columns)
    asyncio.run(_import(Target(url, data_dir, workspace), file, request, json_output))


def list_imports(
    json_output: Json = False, url: Url = None, data_dir: DataDir = None, workspace: Workspace = None
) -> None:
    """What was imported into this workspace, newest first."""
    asyncio.run(_list(Target(url, data_dir, workspace), json_output))


def check_file(
    file: Path, file_format: str, set_columns: list[str] | None, map_columns: list[str] | None
) -> dict[str, Any]:
    """The query of the import request. Raises BadParameter for what can be seen without the server."""
    if file_format not in FORMATS:
        raise typer.BadParameter(
            f"{file_format!r} is not a format; one of {', '.join(FORMATS)}", param_hint="--format"
        )
    if not file.exists():
        raise typer.BadParameter(f"there is no file {file}", param_hint="FILE")
    if not file.is_file():
        raise typer.BadParameter(f"{file} is not a file", param_hint="FILE")
    try:
        file.open("rb").close()
    except OSError as failure:
        raise CommandError(f"{file} cannot be read: {failure.strerror}") from failure
    settings = [f"{name}={value}" for name, value in pairs(set_columns, "--set").items()]
    renames = [f"{ours}={theirs}" for ours, theirs in pairs(map_columns, "--map").items()]
    return {"format": file_format, "name": file.name, "set": settings, "map": renames}


async def send_file(client: "NetraClient", file: Path, request: dict[str, Any]) -> dict[str, Any]:
    """Stream the file to the server with progress on standard error; the result of the import."""
    from netra.cli.output import progress_bar, progress_console

    size = max((await asyncio.to_thread(file.stat)).st_size, 1)
    with progress_bar(progress_console()) as bar:
        task = bar.add_task(f"Importing {file.name}", total=size, amount="")

        async def chunks() -> AsyncIterator[bytes]:
            with file.open("rb") as source:
                while chunk := await asyncio.to_thread(source.read, _CHUNK):
                    yield chunk
                    bar.update(task, advance=len(chunk))

        def on_progress(row: dict[str, Any]) -> None:
            rate = row.get("rows_per_second")
            amount = f"{int(row.get('read') or 0):,} rows" + (f", {int(rate):,} rows/s" if rate else "")
            bar.update(task, amount=amount)

        return await client.stream_progress(
            "/v1/imports", params=request, content=chunks(), on_progress=on_progress
        )


async def _import(target: Target, file: Path, request: dict[str, Any], as_json: bool) -> None:
    from netra.cli.connecting import connected
    from netra.cli.output import print_json

    async with connected(target) as client:
        result = await send_file(client, file, request)
    if as_json:
        print_json(result)
    else:
        tell_import(result)


def tell_import(result: dict[str, Any]) -> None:
    """One line about an import, and where the rejected rows are."""
    from netra.cli.output import print_text

    seconds = float(result["seconds"])
    rate = f" ({int(result['read'] / seconds):,} rows/s)" if seconds > 0 else ""
    print_text(
        f"{result['read']:,} rows read, {result['stored']:,} stored, {result['duplicates']:,} there already, "
        f"{result['rejected']:,} rejected in {seconds:.1f} s{rate}"
    )
    if result.get("reject_file"):
        sys.stderr.write(
            f"netra: the rejected rows, each with its line and reason: {result['reject_file']}\n"
        )


async def _list(target: Target, as_json: bool) -> None:
    from rich.markup import escape

    from netra.cli.connecting import connected
    from netra.cli.output import data_console, print_json, tidy_table

    async with connected(target) as client:
        imports = [item async for item in client.pages("/v1/imports")]
    if as_json:
        print_json({"imports": imports})
        return
    table = tidy_table(
        ("Import", "File", "Format", "Status", "Read", "Stored", "Duplicates", "Rejected", "When"),
        numeric=("Read", "Stored", "Duplicates", "Rejected"),
    )
    for item in imports:
        cells = [item.get(name) for name in ("id", "name", "format", "status")]
        counts = [f"{int(item.get(name) or 0):,}" for name in ("read", "stored", "duplicates", "rejected")]
        when = str(item.get("created_at") or item.get("started_at") or "")[:19]
        table.add_row(*(escape(str(cell or "")) for cell in cells), *counts, when)
    data_console().print(table)
