"""The root command: puts the command groups together and turns failures into exit codes."""

import sys

import typer

from netra.cli import (
    accounts,
    asking,
    calls,
    checkout,
    demo,
    doctor,
    embedding,
    generating,
    importing,
    ingesting,
    keys,
    optimizing,
    prices,
    reports,
    serving,
    threads,
    usage,
)
from netra.cli.failures import exit_code_after
from netra.config.environment import ONE_THREAD, IsolatedEnvironment

app = typer.Typer(
    name="netra",
    help="Netra Apex: what your LLM calls cost, what would cost less, proved on your own traffic.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for group in (
    demo,
    serving,
    doctor,
    generating,
    embedding,
    importing,
    ingesting,
    usage,
    calls,
    prices,
    optimizing,
    asking,
    threads,
    reports,
    accounts,
    keys,
    checkout,
):
    group.register(app)


def main() -> None:
    """Run the command of the process's arguments and exit."""
    environment = IsolatedEnvironment()
    for name, value in ONE_THREAD.items():
        environment.set(name, environment.get(name, value) or value, source="default")
    sys.exit(exit_code_after(lambda: app(prog_name="netra", standalone_mode=True)))
