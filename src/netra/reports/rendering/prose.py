"""Prose of a report as HTML: paragraphs, lists, bold, code, and citations as links to their figure."""

import re
from collections.abc import Callable, Iterator, Mapping
from html import escape

from markupsafe import Markup

from netra.reports.citations import CITATION
from netra.reports.errors import UnknownFigureError
from netra.reports.figures import Figure
from netra.reports.formatting import format_figure

_BOLD = re.compile(r"\*\*(.+?)\*\*")
_FENCE = re.compile(r"```[\w-]*\n(.*?)\n```", re.DOTALL)
_CODE = re.compile(r"`([^`]+)`")
_ITEM = re.compile(r"^\s*(?:-|(?P<number>\d{1,3})\.)\s+(?P<content>.*)$")


def figure_link(figure: Figure) -> str:
    """A figure's value as a link to its row in the list of figures."""
    return (
        f'<a class="figure" href="#figure-{figure.id}" title="{escape(figure.label)}">'
        f"{escape(format_figure(figure))}</a>"
    )


def inline_html(text: str, figures: Mapping[str, Figure]) -> Markup:
    """One line of prose, or a step with a fenced block of code.

    Raises UnknownFigureError for a citation without a figure.
    """

    def linked(match: re.Match[str]) -> str:
        figure = figures.get(match.group(1))
        if figure is None:
            raise UnknownFigureError(match.group(1))
        return figure_link(figure)

    fenced = _FENCE.sub(r"<pre><code>\1</code></pre>", escape(text))
    marked = _CODE.sub(r"<code>\1</code>", _BOLD.sub(r"<strong>\1</strong>", fenced))
    return Markup(CITATION.sub(linked, marked))  # noqa: S704 - escaped above, before any mark-up was added


def prose_html(text: str, figures: Mapping[str, Figure]) -> Markup:
    """Whole prose. Blank lines part paragraphs; lines that begin with `- ` or `1. ` are a list."""
    return Markup("\n").join(_blocks(text, lambda line: inline_html(line, figures)))


def _blocks(text: str, inline: Callable[[str], Markup]) -> Iterator[Markup]:
    for block in re.split(r"\n\s*\n", text.strip()):
        for kind, lines in _grouped(block):
            if kind is None:
                yield Markup("<p>{}</p>").format(inline(" ".join(lines)))
            else:
                listed = Markup("").join(Markup("<li>{}</li>").format(inline(line)) for line in lines)
                yield Markup("<{0}>{1}</{0}>").format(kind, listed)


def _grouped(block: str) -> list[tuple[str | None, list[str]]]:
    """Lines as runs of plain text (None), `ul` and `ol` items; a plain line continues the item before it."""
    groups: list[tuple[str | None, list[str]]] = []
    for line in block.splitlines():
        match = _ITEM.match(line)
        kind = None if match is None else "ol" if match["number"] else "ul"
        content = line.strip() if match is None else match["content"].strip()
        if kind is None and groups and groups[-1][0] is not None:
            groups[-1][1][-1] += " " + content
        elif groups and groups[-1][0] == kind:
            groups[-1][1].append(content)
        else:
            groups.append((kind, [content]))
    return groups
