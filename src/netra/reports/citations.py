"""Citations: `{{f:ID}}` in prose stands for a figure's value; this module finds and replaces them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from netra.reports.errors import UnknownFigureError
from netra.reports.figures import FIGURE_ID_PATTERN, Figure
from netra.reports.formatting import format_figure

CITATION = re.compile(r"\{\{\s*f:(" + FIGURE_ID_PATTERN + r")\s*\}\}")
"""Matches one citation; group 1 is the figure's id."""


_VERBS = {"have": "has", "are": "is", "were": "was", "do": "does", "take": "takes"}
_COUNTED_WORD = re.compile(
    r"(\{\{\s*f:(" + FIGURE_ID_PATTERN + r")\s*\}\}) "
    r"(of the )?(call|item|request|user|session|model|feature|group|day|time|failure)s\b"
    r"(?: (have|are|were|do|take)\b(?:([^.{}]*? and )(have|are|were|do|take)\b)?)?"
)
"""A citation, the word it counts (all of which `of the` says to be), that word's verb and its next verb."""


@dataclass(frozen=True, slots=True)
class TextPiece:
    """A stretch of prose without a citation."""

    text: str


@dataclass(frozen=True, slots=True)
class CitedFigure:
    """A citation that was resolved."""

    figure: Figure


Piece = TextPiece | CitedFigure


def cite(figure_id: str) -> str:
    """The citation of a figure, as prose carries it."""
    return f"{{{{f:{figure_id}}}}}"


def cited_ids(text: str) -> list[str]:
    """The ids that `text` cites, in order, with repetitions."""
    return CITATION.findall(text)


def without_citations(text: str) -> str:
    """`text` with every citation cut out; what remains holds only the author's own words and numbers."""
    return CITATION.sub("", text)


def split_prose(text: str, figures: Mapping[str, Figure]) -> list[Piece]:
    """Cut prose into plain stretches and resolved citations. Raises UnknownFigureError for an unknown id."""
    pieces: list[Piece] = []
    end = 0
    for match in CITATION.finditer(text):
        if match.start() > end:
            pieces.append(TextPiece(text[end : match.start()]))
        figure = figures.get(match.group(1))
        if figure is None:
            raise UnknownFigureError(match.group(1))
        pieces.append(CitedFigure(figure))
        end = match.end()
    if end < len(text):
        pieces.append(TextPiece(text[end:]))
    return pieces


def agreeing(text: str, figures: Mapping[str, Figure]) -> str:
    """Prose whose words agree with the figures before them: after a figure of one, `calls have` is
    `call has`, and `of the calls have` is `of the calls has`.
    """

    def one(match: re.Match[str]) -> str:
        figure = figures.get(match.group(2))
        if figure is None or figure.unit != "count" or figure.value != 1:
            return match.group(0)
        cited, _, whole, noun, verb, between, next_verb = match.groups()
        said = f"{cited} {whole}{noun}s" if whole else f"{cited} {noun}"
        said += f" {_VERBS[verb]}" if verb else ""
        return f"{said}{between}{_VERBS[next_verb]}" if next_verb else said

    return _COUNTED_WORD.sub(one, text)


def fill_prose(
    text: str, figures: Mapping[str, Figure], show: Callable[[Figure], str] = format_figure
) -> str:
    """Prose with every citation replaced by `show(figure)`, by default its formatted value.

    Raises UnknownFigureError for a citation without a figure.
    """
    pieces = split_prose(text, figures)
    return "".join(piece.text if isinstance(piece, TextPiece) else show(piece.figure) for piece in pieces)
