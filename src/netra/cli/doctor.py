"""`netra doctor`: what is wrong here, and what to do about it."""

import asyncio
from typing import TYPE_CHECKING

import typer

from netra.cli.failures import CommandError
from netra.cli.options import DataDir, Json, Target

if TYPE_CHECKING:
    from collections.abc import Sequence

    from netra.cli.health_checks import Check

_MARKS = {"ok": "[green]✓ ok[/]", "warning": "[yellow]! warning[/]", "failed": "[red]✗ failed[/]"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor")(doctor)


def doctor(data_dir: DataDir = None, json_output: Json = False) -> None:
    """Check Python, disk, memory, clock, ports, engines, schemas and leftovers; each with what to do."""
    from netra.cli.connecting import data_directory
    from netra.cli.health_checks import run_checks
    from netra.cli.output import print_json

    home = data_directory(Target(data_dir=data_dir))
    checks = asyncio.run(run_checks(home))
    failed = [check.name for check in checks if check.state == "failed"]
    if json_output:
        print_json({"data_dir": str(home), "ok": not failed, "checks": [check.to_dict() for check in checks]})
    else:
        _print(checks)
    if failed:
        raise CommandError(f"not in order: {', '.join(failed)}")


def _print(checks: "Sequence[Check]") -> None:
    from rich.markup import escape

    from netra.cli.output import data_console, tidy_table

    table = tidy_table(("Check", "State", "Found", "What to do"))
    for check in checks:
        table.add_row(check.name, _MARKS[check.state], escape(check.found), escape(check.remedy))
    data_console().print(table)
