"""Tables for terminals of any width: a value is never broken in two, only sentences wrap.

A table that is too wide first breaks its headings (`input_` over `tokens`), then wraps cells of several
words. What is wider even so runs over the edge, where the terminal breaks the line; nothing is cut. Elsewhere
than on a terminal a row is one line.
"""

from collections.abc import Iterable
from typing import Any

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Column, Table
from rich.text import Text

_ELSEWHERE = 10_000
_LONGEST_WORD = 60
"""Words beyond it (paths, digests) are folded: one of them would push all other columns away."""
_GAP = 2


class ValueTable(Table):
    """A table that fits itself to its console when it is printed there."""

    def __init__(self, title: str | None = None) -> None:
        super().__init__(
            box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False, padding=(0, 1, 0, 0)
        )

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if not self.rows:
            yield Text("Nothing to list.")
            return
        available = options.max_width if console.is_terminal else _ELSEWHERE
        wanted = [_widths(column, str(column.header)) for column in self.columns]
        if _total(most for _, most in wanted) > available:
            for column in self.columns:
                column.header = _broken(str(column.header), _widths(column, "")[1])
            wanted = [_widths(column, str(column.header)) for column in self.columns]
        for column, width in zip(self.columns, _fitted(wanted, available), strict=True):
            column.width = width
        total = _total(column.width or 0 for column in self.columns)
        yield from super().__rich_console__(console, options.update(width=max(total, options.max_width)))


class WholeConsole(Console):
    """A console that does not cut what is wider than it."""

    def print(self, *objects: Any, **options: Any) -> None:
        """As `Console.print`; a table keeps its width."""
        if any(isinstance(one, Table) for one in objects):
            options.setdefault("crop", False)
        super().print(*objects, **options)


def _widths(column: Column, header: str) -> tuple[int, int]:
    """The least and the most width of a column in cells; numbers have only one."""
    cells = [_plain(cell) for cell in column.cells]
    lines = [line for text in (*cells, header) for line in text.split("\n")]
    most = max((cell_len(line) for line in lines), default=0)
    if column.justify == "right":
        return most, most
    words = [word for line in lines for word in line.split()]
    return min(max((cell_len(word) for word in words), default=0), _LONGEST_WORD), most


def _plain(cell: object) -> str:
    return cell.plain if isinstance(cell, Text) else Text.from_markup(str(cell)).plain


def _broken(header: str, width: int) -> str:
    """A heading in lines of about the width of its column's values, broken behind `_` and at spaces."""
    lines = [""]
    for part in header.replace("_", "_\0").replace(" ", " \0").split("\0"):
        if lines[-1] and cell_len(lines[-1] + part.rstrip()) > width:
            lines.append("")
        lines[-1] += part
    return "\n".join(line.rstrip(" ") for line in lines)


def _fitted(wanted: list[tuple[int, int]], available: int) -> list[int]:
    """Widths that fit: what wraps gives way, the widest first, never below its longest word."""
    widths = [most for _, most in wanted]
    while _total(widths) > available:
        slack = [number for number, (least, _) in enumerate(wanted) if widths[number] > least]
        if not slack:
            break
        widths[max(slack, key=widths.__getitem__)] -= 1
    return widths


def _total(widths: Iterable[int]) -> int:
    """The width of the whole table with the gaps between columns and at its edges."""
    return sum(width + _GAP for width in widths)
