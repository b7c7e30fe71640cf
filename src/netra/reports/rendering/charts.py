"""Draws the charts of a report as inline SVG with matplotlib."""

import textwrap
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal

from netra.reports.charts import (
    Bar,
    BarChart,
    Chart,
    LineChart,
    SavingsChart,
    SpendChart,
    WaterfallChart,
)
from netra.reports.formatting import format_count, format_milliseconds, format_money, format_percent
from netra.reports.rendering.svg import (
    BAD,
    GOOD,
    GRID,
    INK,
    MUTED,
    SERIES,
    SURFACE,
    TOTAL,
    UNSURE,
    Axes,
    Canvas,
    blank_chart,
    inline_svg,
)

_VERDICT_COLOUR = {"recommend": GOOD, "refuse": BAD, "insufficient_data": UNSURE}
_SAID = {"refuse": "Refused: ", "insufficient_data": "Undecided: "}
REST = frozenset({"other", "others"})
_LONGEST_LABEL = 42
_LINE_OF_LABEL = 36


def render_chart(chart: Chart, *, key: str, description: str = "") -> str:
    """The chart as an `<svg>` element; `key` keeps ids apart when several stand in one page.

    `description` is what a screen reader says after the title.
    """
    match chart:
        case SpendChart():
            canvas = _spend(chart)
        case BarChart():
            canvas = _bars(chart)
        case SavingsChart():
            canvas = _savings(chart)
        case WaterfallChart():
            canvas = _waterfall(chart)
        case LineChart():
            canvas = _lines(chart)
    return inline_svg(canvas, key=key, title=chart.title, description=description or chart.title)


def show_value(value: float | str, unit: str) -> str:
    """A chart's value with its unit, as axes, labels and tables show it."""
    if unit == "usd":
        return format_money(str(value))
    if unit == "ms":
        return format_milliseconds(float(value))
    return format_percent(float(value)) if unit == "percent" else format_count(float(value))


def ranked_series(chart: SpendChart) -> list[str]:
    """Names of the series by falling spend; the rest of them, already summed, stands last."""
    totals: dict[str, Decimal] = {}
    for point in chart.points:
        totals[point.series] = totals.get(point.series, Decimal(0)) + Decimal(point.cost_usd)
    return sorted(totals, key=lambda name: (name in REST, -totals[name], name))


def _spend(chart: SpendChart) -> Canvas:
    canvas, axes = blank_chart(3.6)
    days = sorted({point.day for point in chart.points})
    ranked = ranked_series(chart)
    shown = ranked if len(ranked) <= len(SERIES) else ranked[: len(SERIES) - 1]
    groups = [*shown, "others"] if len(shown) < len(ranked) else shown
    heights = {name: [0.0] * len(days) for name in groups}
    index = {day: position for position, day in enumerate(days)}
    for point in chart.points:
        name = point.series if point.series in heights else "others"
        heights[name][index[point.day]] += float(point.cost_usd)
    floor = [0.0] * len(days)
    for name, colour in zip(groups, SERIES, strict=False):
        axes.bar(range(len(days)), heights[name], bottom=floor, width=0.78, color=colour, label=_short(name))
        floor = [low + high for low, high in zip(floor, heights[name], strict=True)]
    _days_below(axes, days)
    _values_beside(axes, "usd")
    if len(groups) > 1:
        _legend(axes)
    return canvas


def _bars(chart: BarChart) -> Canvas:
    canvas, axes = blank_chart(_rows_height(len(chart.bars)))
    values = [float(bar.value) for bar in chart.bars]
    axes.barh(range(len(values)), values, height=0.62, color=SERIES[0])
    span = max((abs(value) for value in values), default=0.0) or 1.0
    for position, (bar, value) in enumerate(zip(chart.bars, values, strict=True)):
        axes.text(
            value + span * 0.012, position, _bar_text(bar, chart.unit), va="center", color=INK, fontsize=10
        )
    axes.set_xlim(0, span * 1.24)
    _labels_left(axes, [bar.label for bar in chart.bars])
    axes.set_xticks([])
    return canvas


def _savings(chart: SavingsChart) -> Canvas:
    canvas, axes = blank_chart(_rows_height(len(chart.bars)) + 0.35)
    for position, bar in enumerate(chart.bars):
        saving, low, high = float(bar.savings_usd), float(bar.low_usd), float(bar.high_usd)
        colour = _VERDICT_COLOUR[bar.verdict]
        axes.barh(position, saving, height=0.56, color=colour, alpha=0.85)
        axes.plot([low, high], [position, position], color=INK, linewidth=1.6, solid_capstyle="butt")
        for end in (low, high):
            axes.plot([end, end], [position - 0.16, position + 0.16], color=INK, linewidth=1.6)
        edge = max(saving, high, 0.0)
        axes.annotate(
            format_money(bar.savings_usd),
            (edge, position),
            xytext=(7, 0),
            textcoords="offset points",
            va="center",
            color=INK,
            fontsize=10,
        )
    axes.axvline(0, color=MUTED, linewidth=1)
    axes.margins(x=0.14)
    _labels_left(axes, [_SAID.get(bar.verdict, "") + bar.label for bar in chart.bars])
    _values_below(axes, "usd")
    return canvas


def _waterfall(chart: WaterfallChart) -> Canvas:
    names = ["Spend now", *(step.label for step in chart.steps), "Spend after"]
    canvas, axes = blank_chart(_rows_height(len(names)))
    level, baseline = Decimal(chart.baseline_usd), float(chart.baseline_usd)
    axes.barh(0, baseline, height=0.62, color=TOTAL)
    ends = [(baseline, format_money(chart.baseline_usd))]
    for position, step in enumerate(chart.steps, start=1):
        change = Decimal(step.change_usd)
        colour = GOOD if change <= 0 else BAD
        axes.barh(position, float(change), left=float(level), height=0.62, color=colour)
        axes.plot([float(level)] * 2, [position - 0.69, position + 0.31], color=MUTED, linewidth=1)
        ends.append((float(max(level, level + change)), ("+" if change > 0 else "") + format_money(change)))
        level += change
    after, last = float(chart.after_usd), len(names) - 1
    axes.plot([float(level)] * 2, [last - 0.69, last + 0.31], color=MUTED, linewidth=1)
    axes.barh(last, after, height=0.62, color=TOTAL)
    ends.append((after, format_money(chart.after_usd)))
    span = max(edge for edge, _ in ends) or 1.0
    for position, (edge, text) in enumerate(ends):
        axes.text(edge + span * 0.012, position, text, va="center", color=INK, fontsize=10)
    axes.set_xlim(0, span * 1.18)
    _labels_left(axes, names)
    axes.set_xticks([])
    return canvas


def _lines(chart: LineChart) -> Canvas:
    canvas, axes = blank_chart(3.4)
    days = sorted({point.day for point in chart.points})
    index = {day: position for position, day in enumerate(days)}
    names = list(dict.fromkeys(point.series for point in chart.points))
    for number, name in enumerate(names):
        points = sorted((index[point.day], point.value) for point in chart.points if point.series == name)
        axes.plot(
            [place for place, _ in points],
            [value for _, value in points],
            color=SERIES[number % len(SERIES)],
            linewidth=2.2,
            marker="o",
            markersize=4 if len(points) <= 40 else 0,
            markeredgecolor=SURFACE,
            label=_short(name),
        )
    axes.set_ylim(bottom=0)
    _days_below(axes, days)
    _values_beside(axes, chart.unit)
    if len(names) > 1:
        _legend(axes)
    return canvas


def _rows_height(rows: int) -> float:
    return 0.5 + 0.4 * max(rows, 1)


def _bar_text(bar: Bar, unit: str) -> str:
    text = show_value(bar.value, unit)
    return text if bar.share_pct is None else f"{text}  ·  {format_percent(bar.share_pct)}"


def _short(label: str) -> str:
    return label if len(label) <= _LONGEST_LABEL else label[: _LONGEST_LABEL - 1] + "…"


def _in_two_lines(label: str) -> str:
    """A long label on two lines: what tells two of them apart often stands at the end."""
    lines = textwrap.wrap(label, _LINE_OF_LABEL) or [""]
    return "\n".join(lines if len(lines) <= 2 else [lines[0], _short(" ".join(lines[1:]))])


def _labels_left(axes: Axes, labels: Sequence[str]) -> None:
    axes.set_yticks(range(len(labels)), [_plain(_in_two_lines(label)) for label in labels], color=INK)
    axes.set_ylim(len(labels) - 0.45, -0.55)


def _plain(label: str) -> str:
    # A pair of dollar signs would otherwise be read as a formula.
    return label.replace("$", r"\$")


def _days_below(axes: Axes, days: Sequence[date]) -> None:
    step = max(1, -(-len(days) // 10))
    places = list(range(0, len(days), step))
    axes.set_xticks(places, [f"{days[place].day} {days[place]:%b}" for place in places])
    axes.set_xlim(-0.6, max(len(days) - 0.4, 0.6))


def _values_beside(axes: Axes, unit: str) -> None:
    axes.yaxis.set_major_formatter(_tick_text(unit))
    axes.grid(axis="y", color=GRID, linewidth=1)


def _values_below(axes: Axes, unit: str) -> None:
    axes.xaxis.set_major_formatter(_tick_text(unit))
    axes.grid(axis="x", color=GRID, linewidth=1)


def _tick_text(unit: str) -> Callable[[float, int | None], str]:
    def text(value: float, _position: int | None) -> str:
        if unit == "usd" and value == int(value):
            return _plain(f"{'-' if value < 0 else ''}${abs(int(value)):,}")
        return _plain(show_value(round(value, 9), unit))

    return text


def _legend(axes: Axes) -> None:
    axes.legend(
        loc="upper left",
        bbox_to_anchor=(0, 1.16),
        ncols=4,
        frameon=False,
        fontsize=10,
        labelcolor=INK,
        handlelength=1,
        handleheight=1,
        columnspacing=1.4,
    )
