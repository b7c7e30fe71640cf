"""Where output goes: data to standard output, everything else to standard error."""

import json
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress
    from rich.table import Table


def data_console() -> "Console":
    """For what the command was asked for. Not a terminal: a row of a table is one line, nothing is cut."""
    return _console(stderr=False)


def progress_console() -> "Console":
    """For progress, hints and events."""
    return _console(stderr=True)


def _console(*, stderr: bool) -> "Console":
    from netra.cli.tables import WholeConsole

    console = WholeConsole(stderr=stderr, highlight=False)
    if not console.is_terminal:
        console.width = 200
    return console


def print_json(content: object) -> None:
    """Print one JSON document, keys in the given order."""
    sys.stdout.write(json.dumps(content, indent=2, ensure_ascii=False, default=str) + "\n")


def print_text(text: str) -> None:
    """Print text as it is, with one line end."""
    sys.stdout.write(text.rstrip("\n") + "\n")


def tidy_table(columns: Sequence[str], *, numeric: Sequence[str] = (), title: str | None = None) -> "Table":
    """An empty table with plain rules; `numeric` names the columns aligned right, which never wrap."""
    from netra.cli.tables import ValueTable

    table = ValueTable(title)
    for column in columns:
        table.add_column(column, justify="right" if column in numeric else "left", overflow="fold")
    return table


def print_unpriced(console: "Console", calls: int) -> None:
    """That some calls have no known price, and so are in no sum of money."""
    from netra.reports.formatting import counted

    said = counted(calls, "call has no known price[/] and is", "calls have no known price[/] and are")
    console.print(f"[yellow]{said} in no spend.")


def print_note(console: "Console", label: str, text: str, *, indent: int) -> None:
    """A label and a text that hangs `indent` cells in; on a terminal it wraps, elsewhere it is a line."""
    import textwrap

    from rich.text import Text

    lead = label.ljust(indent)
    if console.is_terminal:
        text = textwrap.fill(
            text.replace(" %", "\N{NO-BREAK SPACE}%"),
            width=console.width,
            initial_indent=lead,
            subsequent_indent=" " * indent,
            break_long_words=False,
            break_on_hyphens=False,
        ).replace("\N{NO-BREAK SPACE}%", " %")
    else:
        text = lead + text
    console.print(Text(text), soft_wrap=True)


@contextmanager
def telling(console: "Console", text: str) -> Generator[None]:
    """Show that something is under way, on a terminal with a spinner, elsewhere not at all."""
    if not console.is_terminal:
        yield
        return
    with console.status(text):
        yield


def progress_bar(console: "Console") -> "Progress":
    """A bar with amount, rate and remaining time; invisible when nobody watches."""
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[amount]}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
