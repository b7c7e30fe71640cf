"""An empty matplotlib figure in the report's style, and its SVG made fit to stand inside a page.

Colours are drawn as stand-ins and replaced by CSS variables, so one SVG serves light, dark and print. Text
stays text. Nothing global of matplotlib changes after the first import, so threads may draw at once.
"""

import io
import re
import threading
from html import escape
from typing import Any

Canvas = Any
"""A `matplotlib.figure.Figure`; matplotlib's own annotations leave most parameters unknown."""

Axes = Any
"""A `matplotlib.axes.Axes`."""

INK, MUTED, GRID, SURFACE = "#010101", "#020202", "#030303", "#040404"
GOOD, BAD, UNSURE, TOTAL = "#050505", "#060606", "#070707", "#080808"
SERIES = ("#0a0a01", "#0a0a02", "#0a0a03", "#0a0a04", "#0a0a05", "#0a0a06", "#0a0a07")

_VARIABLES = {
    INK: "--ink",
    MUTED: "--muted",
    GRID: "--line",
    SURFACE: "--surface",
    GOOD: "--good",
    BAD: "--bad",
    UNSURE: "--unsure",
    TOTAL: "--total",
    **{colour: f"--series-{number}" for number, colour in enumerate(SERIES, start=1)},
}
_COLOUR = re.compile("|".join(_VARIABLES))
_WIDTH_INCHES = 9.0
_first_import = threading.Lock()


def blank_chart(height_inches: float) -> tuple[Canvas, Axes]:
    """A canvas with one axes, without frame, ready to draw on."""
    with _first_import:
        import matplotlib

        matplotlib.rcParams["svg.fonttype"] = "none"
        matplotlib.rcParams["svg.hashsalt"] = "netra"
        from matplotlib.figure import Figure
    canvas: Canvas = Figure(figsize=(_WIDTH_INCHES, height_inches), layout="constrained")
    canvas.patch.set_visible(False)
    axes: Axes = canvas.add_subplot()
    axes.patch.set_visible(False)
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.tick_params(length=0, labelsize=10, colors=MUTED, pad=6)
    axes.set_axisbelow(True)
    return canvas, axes


def inline_svg(canvas: Canvas, *, key: str, title: str, description: str) -> str:
    """The canvas as an `<svg>` element for HTML: no prologue, no namespaces, ids made unique by `key`."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    buffer = io.BytesIO()
    surface: Any = FigureCanvasSVG(canvas)
    surface.print_svg(buffer, metadata={"Date": None, "Creator": None})
    drawn = buffer.getvalue().decode("utf-8")
    drawn = drawn[drawn.index("<svg") :]
    drawn = re.sub(r"<metadata>.*?</metadata>", "", drawn, flags=re.DOTALL)
    opening, _, body = drawn.partition(">")
    box = re.search(r'viewBox="[^"]*"', opening)
    body = re.sub(r'\bid="', f'id="{key}-', body)
    body = re.sub(r"url\(#", f"url(#{key}-", body)
    body = re.sub(r'(?:xlink:)?href="#', f'href="#{key}-', body)
    body = _COLOUR.sub(lambda match: f"var({_VARIABLES[match.group()]})", body)
    body = re.sub(r"font: ([0-9.]+)px [^;\"]*", r"font-size: \1px", body)
    labels = (
        f'<title id="{key}-title">{escape(title)}</title><desc id="{key}-desc">{escape(description)}</desc>'
    )
    return (
        f'<svg class="chart" {box.group() if box else ""} role="img" '
        f'aria-labelledby="{key}-title {key}-desc">{labels}{body.strip()}'
    )
