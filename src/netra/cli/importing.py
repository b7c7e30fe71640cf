"""`netra import` and `netra imports`: usage and evaluations in."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from netra.cli.failures import CommandError
from netra.cli.import_files import STANDARD_INPUT, find_files, readable
from netra.cli.import_reports import finding_text, summary, tell_import, tell_list, tell_record, tell_summary
from netra.cli.options import DataDir, Json, Target, Url, Workspace, pairs

if TYPE_CHECKING:
    from netra.client.http import NetraClient

FORMATS = (
    "calls",
    "evals",
    "azure-llm",
    "mooncake",
    "aider-analytics",
    "claude-code",
    "openai-usage",
    "langfuse",
    "helicone",
    "litellm",
)
_CHUNK = 1 << 20
_FIRST_REASONS = 3
_SERVER_FAILED = 500
_AGAIN = "then import the file again: rows that are stored already are recognised"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("import")(import_file)
    imports = typer.Typer(help="What was imported.", no_args_is_help=True)
    imports.command("list")(list_imports)
    imports.command("show")(show_import)
    imports.command("undo")(undo_import)
    app.add_typer(imports, name="imports")


def import_file(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...",
            help="JSONL, JSON, CSV, Parquet; gzip and zstd too; a folder, a pattern; - for standard input.",
        ),
    ],
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
    options = check_options(file_format, set_columns, map_columns)
    target = Target(url, data_dir, workspace)
    if files == [STANDARD_INPUT]:
        if sys.stdin is None:  # pyright: ignore[reportUnnecessaryComparison]  # closed by who started us
            raise typer.BadParameter("standard input is closed: pipe a file into it", param_hint="FILE")
        if sys.stdin.isatty():
            raise typer.BadParameter("standard input is the terminal: pipe a file into it", param_hint="FILE")
        asyncio.run(_import_one(target, None, options, json_output))
        return
    if STANDARD_INPUT in files:
        raise typer.BadParameter("- stands alone: it cannot be one of several files", param_hint="FILE")
    paths = find_files(files, file_format)
    if len(paths) == 1 and not Path(files[0]).is_dir():
        asyncio.run(_import_one(target, paths[0], options, json_output))
    else:
        asyncio.run(_import_several(target, paths, options, json_output))


def list_imports(
    json_output: Json = False, url: Url = None, data_dir: DataDir = None, workspace: Workspace = None
) -> None:
    """What was imported into this workspace, newest first."""
    asyncio.run(_list(Target(url, data_dir, workspace), json_output))


def show_import(
    import_id: Annotated[str, typer.Argument(metavar="IMPORT", help="Id, as `netra imports list` shows it.")],
    json_output: Json = False,
    url: Url = None,
    data_dir: DataDir = None,
    workspace: Workspace = None,
) -> None:
    """One import with its data-quality report: what was odd, and which levers its columns can carry."""
    path = f"/v1/imports/{import_id}"
    asyncio.run(_record(Target(url, data_dir, workspace), json_output, lambda client: client.get(path)))


def undo_import(
    import_id: Annotated[str, typer.Argument(metavar="IMPORT", help="Id, as `netra imports list` shows it.")],
    json_output: Json = False,
    url: Url = None,
    data_dir: DataDir = None,
    workspace: Workspace = None,
) -> None:
    """Take an import back: its rows are deleted. What a later import found stored already is gone too."""
    path = f"/v1/imports/{import_id}/undo"
    asyncio.run(_record(Target(url, data_dir, workspace), json_output, lambda client: client.post(path)))


def check_options(
    file_format: str, set_columns: list[str] | None, map_columns: list[str] | None
) -> dict[str, Any]:
    """The query of the import request but for the name. Raises BadParameter for what can be seen without
    the server.
    """
    if file_format not in FORMATS:
        raise typer.BadParameter(
            f"{file_format!r} is not a format; one of {', '.join(FORMATS)}", param_hint="--format"
        )
    settings = [f"{name}={value}" for name, value in pairs(set_columns, "--set").items()]
    renames = [f"{ours}={theirs}" for ours, theirs in pairs(map_columns, "--map").items()]
    return {"format": file_format, "set": settings, "map": renames}


def check_file(
    file: Path, file_format: str, set_columns: list[str] | None, map_columns: list[str] | None
) -> dict[str, Any]:
    """The query of the import request of one file. Raises BadParameter, CommandError."""
    options = check_options(file_format, set_columns, map_columns)
    return {**options, "name": readable(file).name}


async def send_file(client: "NetraClient", file: Path | None, request: dict[str, Any]) -> dict[str, Any]:
    """Stream a file, or standard input, to the server with progress on standard error; the result."""
    from netra.cli.output import progress_bar, progress_console
    from netra.client.errors import ClientError, UnreachableError

    size = None if file is None else await asyncio.to_thread(_size, file)
    with progress_bar(progress_console()) as bar:
        task = bar.add_task(f"Importing {request['name']}", total=size, amount="")

        async def chunks() -> AsyncIterator[bytes]:
            try:
                with sys.stdin.buffer if file is None else file.open("rb") as source:
                    while chunk := await asyncio.to_thread(source.read, _CHUNK):
                        yield chunk
                        bar.update(task, advance=len(chunk))
            except OSError as failure:
                raise CommandError(
                    f"{request['name']} cannot be read to its end: {failure.strerror or failure}",
                    hint="nothing of it was imported; see whether it is still there, then import it again",
                ) from failure

        def on_progress(row: dict[str, Any]) -> None:
            rate = row.get("rows_per_second")
            amount = f"{int(row.get('read') or 0):,} rows" + (f", {int(rate):,} rows/s" if rate else "")
            bar.update(task, amount=amount)

        try:
            return await client.stream_progress(
                "/v1/imports", params=request, content=chunks(), on_progress=on_progress
            )
        except ClientError as failure:
            if isinstance(failure, UnreachableError) or getattr(failure, "status", 0) >= _SERVER_FAILED:
                remedy = (failure.hint or "see what is wrong: netra doctor").rstrip(".")
                failure.hint = f"{remedy}; {_AGAIN}"
            raise


def _size(file: Path) -> int:
    """Its bytes, at least one; one of a file that is gone: reading it says so."""
    return max(file.stat().st_size, 1) if file.exists() else 1


async def _import_one(target: Target, file: Path | None, options: dict[str, Any], as_json: bool) -> None:
    from netra.cli.connecting import connected
    from netra.cli.output import print_json

    name = "standard input" if file is None else file.name
    async with connected(target) as client:
        result = await send_file(client, file, {**options, "name": name})
    if as_json:
        print_json(result)
    else:
        tell_import(result)
    _check_some_rows_were_good(result)


async def _import_several(target: Target, files: list[Path], options: dict[str, Any], as_json: bool) -> None:
    """Each file is an import of its own; one that cannot be read does not stop the others, and one without
    a byte is no failure.
    """
    from netra.cli.connecting import connected
    from netra.cli.output import print_json
    from netra.client.errors import ApiError
    from netra.reports.formatting import counted

    results: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    empty = 0
    async with connected(target) as client:
        for file in files:
            if file.is_file() and file.stat().st_size == 0:
                empty += 1
                continue
            try:
                result = await send_file(client, file, {**options, "name": file.name})
            except (ApiError, CommandError) as failure:
                failed.append({"file": str(file), "message": str(failure)})
            else:
                results.append({"file": str(file), **result})
    if empty:
        sys.stderr.write(f"netra: {counted(empty, 'empty file was', 'empty files were')} passed over\n")
    whole = summary(results, failed)
    if as_json:
        print_json(whole)
    else:
        tell_summary(whole)
    if failed:
        raise CommandError(f"{len(failed)} of {counted(len(files), 'file', 'files')} could not be imported")
    _check_some_rows_were_good(whole)


def _check_some_rows_were_good(result: dict[str, Any]) -> None:
    """A script must notice that nothing of its file could be used; a person, that nothing of it counts."""
    if result["read"] and result.get("ignored") == result["read"]:
        sys.stderr.write(f"netra: no row was used, all {result['read']:,} ignored: is --format right?\n")
    if not result["rejected"] or result["rejected"] != result["read"]:
        return
    findings = [one for one in result.get("findings") or () if one["severity"] == "rejected"]
    reasons = "; ".join(finding_text(one) for one in findings[:_FIRST_REASONS])
    where = f"all of them, with line and reason: {result['reject_file']}; " if result["reject_file"] else ""
    raise CommandError(
        "every row was rejected; nothing was imported" + (f": {reasons}" if reasons else ""),
        hint=f"{where}is --format the right one?",
    )


async def _list(target: Target, as_json: bool) -> None:
    from netra.cli.connecting import connected
    from netra.cli.output import print_json

    async with connected(target) as client:
        imports = [item async for item in client.pages("/v1/imports")]
    if as_json:
        print_json({"imports": imports})
    else:
        tell_list(imports)


async def _record(target: Target, as_json: bool, ask: Callable[["NetraClient"], Any]) -> None:
    from netra.cli.connecting import connected
    from netra.cli.output import print_json

    async with connected(target) as client:
        record = await ask(client)
    if as_json:
        print_json(record)
    else:
        tell_record(record)
