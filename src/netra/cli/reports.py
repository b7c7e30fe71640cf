"""`netra reports`: list, read and export reports."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from netra.cli.failures import CommandError
from netra.cli.options import DataDir, Json, Target, Url, Workspace

if TYPE_CHECKING:
    from rich.console import Console

    from netra.client.http import NetraClient
    from netra.reports.document import Table
    from netra.reports.figures import Figure

Report = Annotated[str, typer.Argument(metavar="REPORT", help="Id of the report.")]
FILES = ("report.html", "report.json", "report.md")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    reports = typer.Typer(help="Reports of this workspace.", no_args_is_help=True)
    reports.command("list")(list_reports)
    reports.command("show")(show_report)
    reports.command("export")(export_report)
    app.add_typer(reports, name="reports")


def list_reports(
    json_output: Json = False, url: Url = None, data_dir: DataDir = None, workspace: Workspace = None
) -> None:
    """Reports of the workspace, newest first."""
    asyncio.run(_list(Target(url, data_dir, workspace), json_output))


def show_report(
    report: Report,
    json_output: Json = False,
    url: Url = None,
    data_dir: DataDir = None,
    workspace: Workspace = None,
) -> None:
    """A report in the terminal; with --json what report.json holds."""
    asyncio.run(_show(Target(url, data_dir, workspace), report, json_output))


def export_report(
    report: Report,
    out: Annotated[Path, typer.Option("--out", "-o", help="Directory for the files.")] = Path(),
    json_output: Json = False,
    url: Url = None,
    data_dir: DataDir = None,
    workspace: Workspace = None,
) -> None:
    """Write report.html, report.json and report.md into a directory."""
    asyncio.run(_export(Target(url, data_dir, workspace), report, out, json_output))


async def fetch_report(client: "NetraClient", report_id: str, files: tuple[str, ...]) -> dict[str, str]:
    """The contents of the named files of a report."""
    contents: dict[str, str] = {}
    if "report.html" in files:
        contents["report.html"] = str(await client.get(f"/v1/reports/{report_id}/html"))
    if "report.json" in files:
        document = await client.get(f"/v1/reports/{report_id}/json")
        contents["report.json"] = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    if "report.md" in files:
        contents["report.md"] = str(await client.get(f"/v1/reports/{report_id}/json", format="markdown"))
    return contents


def write_files(out: Path, contents: dict[str, str]) -> list[str]:
    """Write files below `out`; their absolute paths. CommandError when they cannot be written."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            (out / name).write_text(content, encoding="utf-8")
    except OSError as failure:
        raise CommandError(
            f"the report cannot be written to {out.absolute()}: {failure.strerror}",
            hint="choose a directory with --out",
        ) from failure
    return [str(out.absolute() / name) for name in contents]


async def _list(target: Target, as_json: bool) -> None:
    from rich.markup import escape

    from netra.cli.connecting import connected
    from netra.cli.output import data_console, print_json, tidy_table
    from netra.reports.formatting import format_money

    async with connected(target) as client:
        reports = [item async for item in client.pages("/v1/reports")]
    if as_json:
        print_json({"reports": reports})
        return
    if not reports:
        data_console().print("No reports yet: a question about savings ends in one (netra ask).")
        return
    table = tidy_table(("Report", "Title", "Answer", "Joint saving", "Made (UTC)"), numeric=("Joint saving",))
    for item in reports:
        saving = "\u2013" if item["savings_usd"] is None else format_money(item["savings_usd"])
        answer = str(item["answer"]).replace("_", " ")
        made = str(item["created_at"])[:16].replace("T", " ")
        table.add_row(str(item["id"]), escape(str(item["title"])), answer, saving, made)
    data_console().print(table)


async def _show(target: Target, report: str, as_json: bool) -> None:
    from netra.cli.connecting import connected
    from netra.cli.output import data_console, print_json

    async with connected(target) as client:
        document: dict[str, Any] = await client.get(f"/v1/reports/{report}/json")
    if as_json:
        print_json(document)
    else:
        print_report(data_console(), document)


async def _export(target: Target, report: str, out: Path, as_json: bool) -> None:
    from netra.cli.connecting import connected
    from netra.cli.output import print_json, print_text

    async with connected(target) as client:
        contents = await fetch_report(client, report, FILES)
    written = write_files(out, contents)
    if as_json:
        print_json({"report": report, "files": written})
    else:
        print_text("\n".join(written))


def print_report(console: "Console", content: dict[str, Any]) -> None:
    """What report.json holds, for a reader at a terminal."""
    from netra.cli.answer_view import print_figures, print_missing, print_prose, readable_prose
    from netra.cli.findings_view import print_findings
    from netra.reports.document import ReportDocument

    fields = {name: content[name] for name in ReportDocument.model_fields}
    document = ReportDocument.model_validate(fields)
    figures = document.figures

    def say(text: str) -> None:
        print_prose(console, text, figures)

    console.print(f"\n[bold]{readable_prose(document.title, figures)}[/]")
    console.print(f"[dim]{readable_prose(document.question, figures)}[/]\n")
    say(document.summary)
    for section in document.sections:
        console.print(f"\n[bold]{readable_prose(section.heading, figures)}[/]")
        if section.text:
            say(section.text)
        if section.table:
            _print_section_table(console, section.table, figures)
    if document.findings:
        console.print("\n[bold]Findings[/]")
        print_findings(console, content)
    if document.actions:
        console.print("\n[bold]What to do, in order[/]")
    for number, action in enumerate(document.actions, start=1):
        say(f"{number}. **{action.title}** (effort {action.effort}, risk {action.risk})")
        for step in action.steps:
            say(f"   - {step}")
    if document.assumptions:
        console.print("\n[bold]Assumptions[/]")
        say("\n".join(f"  - {text}" for text in document.assumptions))
    told = {item.what for row in document.findings for item in row.missing}
    print_missing(console, [item for item in content["missing"] if item["what"] not in told])
    if figures:
        console.print("\n[bold]Figures[/]")
        print_figures(console, figures)


def _print_section_table(console: "Console", table: "Table", figures: "Sequence[Figure]") -> None:
    from rich.markup import escape

    from netra.cli.answer_view import readable_prose
    from netra.cli.output import tidy_table

    numeric = [name for place, name in enumerate(table.columns) if place in table.numeric]
    shown = tidy_table([escape(name) for name in table.columns], numeric=numeric)
    for row in table.rows:
        shown.add_row(*(readable_prose(cell, figures) for cell in row))
    console.print(shown)
