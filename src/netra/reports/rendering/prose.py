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
_CODE = re.compile(r"`([^`]+)`")


def figure_link(figure: Figure) -> str:
    """A figure's value as a link to its row in the list of figures."""
    return (
        f'<a class="figure" href="#figure-{figure.id}" title="{escape(figure.label)}">'
        f"{escape(format_figure(figure))}</a>"
    )


def inline_html(text: str, figures: Mapping[str, Figure]) -> Markup:
    """One line of prose. Raises UnknownFigureError for a citation without a figure."""

    def linked(match: re.Match[str]) -> str:
        figure = figures.get(match.group(1))
        if figure is None:
            raise UnknownFigureError(match.group(1))
        return figure_link(figure)

    marked = _CODE.sub(r"<code>\1</code>", _BOLD.sub(r"<strong>\1</strong>", escape(text)))
    return Markup(CITATION.sub(linked, marked))  # noqa: S704 - escaped above, before any mark-up was added


def prose_html(text: str, figures: Mapping[str, Figure]) -> Markup:
    """Whole prose. Blank lines part paragraphs; lines that begin with `- ` are a list."""
    return Markup("\n").join(_blocks(text, lambda line: inline_html(line, figures)))


def _blocks(text: str, inline: Callable[[str], Markup]) -> Iterator[Markup]:
    for block in re.split(r"\n\s*\n", text.strip()):
        plain: list[str] = []
        items: list[str] = []
        for line in block.splitlines():
            if line.lstrip().startswith("- "):
                items.append(line.lstrip()[2:])
            elif items:
                items[-1] += " " + line.strip()
            else:
                plain.append(line.strip())
        if plain:
            yield Markup("<p>{}</p>").format(inline(" ".join(plain)))
        if items:
            listed = Markup("").join(Markup("<li>{}</li>").format(inline(item)) for item in items)
            yield Markup("<ul>{}</ul>").format(listed)
