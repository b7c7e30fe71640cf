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
    """For what the command was asked for. Not a terminal: wide enough for tables, long text is not cut."""
    return _console(stderr=False)


def progress_console() -> "Console":
    """For progress, hints and events."""
    return _console(stderr=True)


def _console(*, stderr: bool) -> "Console":
    from rich.console import Console

    console = Console(stderr=stderr, highlight=False)
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
    """An empty table with plain rules; `numeric` names the columns aligned right."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    for column in columns:
        table.add_column(column, justify="right" if column in numeric else "left", overflow="fold")
    return table


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
