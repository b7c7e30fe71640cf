"""The answer of a run on a terminal: the text with its figures put in, what is missing, the figures."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from netra.cli.output import print_note, tidy_table

if TYPE_CHECKING:
    from rich.console import Console

    from netra.reports.figures import Figure

_ANSWER_WORDS = {
    "partial": "[yellow]A partial answer[/]",
    "insufficient_data": "[yellow]Insufficient data[/]",
}


MOST_FIGURES = 12
"""Figures that the terminal lists below an answer."""


def print_answer(console: "Console", answer: Mapping[str, Any]) -> None:
    """Print what `ask --json` holds, for a reader."""
    from netra.reports.figures import Figure

    figures = [Figure.model_validate(figure) for figure in answer["figures"]]
    message = str(answer.get("prose") or answer.get("message") or "")
    console.print()
    if answer.get("answer") in _ANSWER_WORDS:
        console.print(f"[bold]{_ANSWER_WORDS[answer['answer']]}[/]")
    print_prose(console, message, figures)
    print_missing(console, [item for item in answer.get("missing") or () if str(item["what"]) not in message])
    if figures:
        console.print()
        print_figures(console, figures)
    if answer.get("report"):
        console.print(f"Report: {answer['report']}  (netra reports export {answer['report']} --out DIR)")


def print_prose(console: "Console", text: str, figures: "Sequence[Figure]") -> None:
    """Prose with its figures put in; lists hang behind their marks, and code is printed as it is."""
    import re

    from rich.text import Text

    for chunk in re.split(r"(```[\w-]*\n.*?\n```)", text, flags=re.DOTALL):
        if chunk.startswith("```"):
            code = chunk.split("\n", 1)[1].rsplit("\n", 1)[0]
            console.print(Text(code, style="cyan"), soft_wrap=True)
        elif chunk.strip():
            for line in chunk.strip("\n").split("\n"):
                _print_line(console, line, figures)


def _print_line(console: "Console", line: str, figures: "Sequence[Figure]") -> None:
    import re

    from rich.text import Text

    mark = re.match(r"\s*(?:(?:[-\u2022]|\d+\.)\s+)?", line)
    lead = mark.group() if mark else ""
    told = Text.from_markup(readable_prose(line[len(lead) :], figures))
    room = console.width - len(lead) if console.is_terminal else len(told.plain) + 1
    for number, part in enumerate(told.wrap(console, max(room, 1)) or [told]):
        part.rstrip()
        console.print(Text(" " * len(lead) if number else lead) + part, soft_wrap=True)


def readable_prose(text: str, figures: "Sequence[Figure]") -> str:
    """Prose as console mark-up: each citation as its value with the figure's id, bold and code marked."""
    import re

    from rich.markup import escape

    from netra.reports.citations import fill_prose
    from netra.reports.figures import figures_by_id
    from netra.reports.formatting import format_figure

    def cited(figure: "Figure") -> str:
        return f"**{format_figure(figure)}** ⟦{figure.id}⟧"

    filled = fill_prose(text, figures_by_id(figures), cited)
    marked = escape(filled)
    marked = re.sub(r"\*\*(.+?)\*\*", r"[bold]\1[/bold]", marked.replace("****", ""))
    marked = re.sub(r"```[\w-]*\n(.*?)\n```", r"[cyan]\1[/cyan]", marked, flags=re.DOTALL)
    marked = re.sub(r"`([^`]+)`", r"[cyan]\1[/cyan]", marked)
    return re.sub(r"⟦(\w+)⟧", r"[dim]⟦\1⟧[/dim]", marked)


def print_missing(console: "Console", missing: Sequence[Mapping[str, Any]]) -> None:
    """What the data lacks and how to send it."""
    if missing:
        console.print("\n[bold]Missing[/]")
    for item in missing:
        print_note(console, "  •", f"{item['what']}: {item['how']}", indent=4)


def print_figures(console: "Console", figures: "Sequence[Figure]") -> None:
    """The first figures with the rows and the time range behind them, and how many more there are."""
    from rich.markup import escape

    from netra.reports.formatting import format_count, format_figure, format_period

    table = tidy_table(("#", "Figure", "Value", "Calls read", "Time range"), numeric=("Value", "Calls read"))
    for figure in figures[:MOST_FIGURES]:
        table.add_row(
            figure.id,
            escape(figure.label),
            escape(format_figure(figure)),
            format_count(figure.rows),
            format_period(figure.since, figure.until, "UTC"),
        )
    console.print(table)
    if len(figures) > MOST_FIGURES:
        console.print(f"[dim]{len(figures) - MOST_FIGURES} more, each with its query: --json, report.json[/]")
