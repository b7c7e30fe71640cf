"""What the report's template needs beyond the document: formatted rows, resolved prose, drawn charts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from markupsafe import Markup

from netra.reports.charts import BarChart, Chart, LineChart, SavingsChart, SpendChart, WaterfallChart
from netra.reports.citations import fill_prose
from netra.reports.document import FindingRow, ReportDocument
from netra.reports.figures import Figure, figures_by_id
from netra.reports.formatting import format_figure, format_money, format_percent
from netra.reports.rendering.charts import render_chart, show_value
from netra.reports.rendering.checks import show_bounds, show_gate

NOTHING = "\u2013"
"""What stands in a cell without a value."""

VERDICT_WORDS = {"recommend": "Recommended", "refuse": "Refused", "insufficient_data": "Insufficient data"}


@dataclass(frozen=True, slots=True)
class DrawnChart:
    """A chart with its SVG and the same data as a table."""

    chart: Chart
    svg: Markup
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class FindingView:
    """A finding with its values as text."""

    row: FindingRow
    verdict: str
    params: str
    savings: str
    percent: str
    interval: str
    baseline: str
    after: str
    quality: str
    gate: str
    bounds: str
    latency: str
    risk: str
    effort: str


def draw_charts(document: ReportDocument) -> list[DrawnChart]:
    """Every chart of the document, drawn. A chart without data is left out."""
    drawn: list[DrawnChart] = []
    figures = index_figures(document)
    for number, chart in enumerate(document.charts, start=1):
        columns, rows = chart_table(chart)
        if rows:
            told = fill_prose(chart.caption, figures)
            svg = Markup(render_chart(chart, key=f"chart{number}", description=told))  # noqa: S704 - our drawing
            drawn.append(DrawnChart(chart, svg, columns, rows))
    return drawn


def chart_table(chart: Chart) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """The chart's data as column names and rows of text, for readers who do not see the drawing."""
    match chart:
        case SpendChart():
            rows = tuple(
                (str(point.day), point.series, format_money(point.cost_usd)) for point in chart.points
            )
            return ("Day", "Series", "Spend"), rows
        case BarChart():
            bars = tuple(
                (
                    bar.label,
                    show_value(bar.value, chart.unit),
                    NOTHING if bar.share_pct is None else format_percent(bar.share_pct),
                )
                for bar in chart.bars
            )
            return ("What", "Amount", "Share"), bars
        case SavingsChart():
            savings = tuple(
                (
                    bar.label,
                    VERDICT_WORDS[bar.verdict],
                    format_money(bar.savings_usd),
                    f"{format_money(bar.low_usd)} to {format_money(bar.high_usd)}",
                )
                for bar in chart.bars
            )
            return ("Change", "Verdict", "Saving", "95 % interval"), savings
        case WaterfallChart():
            steps = [(step.label, format_money(step.change_usd)) for step in chart.steps]
            ends = (
                ("Spend now", format_money(chart.baseline_usd)),
                ("Spend after", format_money(chart.after_usd)),
            )
            return ("Step", "Amount"), (ends[0], *steps, ends[1])
        case LineChart():
            lines = tuple(
                (str(point.day), point.series, show_value(point.value, chart.unit)) for point in chart.points
            )
            return ("Day", "Series", "Value"), lines


def view_findings(document: ReportDocument) -> list[FindingView]:
    """The findings in the document's order, with their values as text."""
    return [_view_finding(row) for row in document.findings]


def lacking_alike(rows: Iterable[FindingRow]) -> dict[tuple[tuple[str, str], ...], list[FindingRow]]:
    """Findings without a verdict by what they lack, as pairs of what and how to send it, in their order."""
    together: dict[tuple[tuple[str, str], ...], list[FindingRow]] = {}
    for row in rows:
        if row.verdict == "insufficient_data":
            lacking = tuple((item.what, item.how) for item in row.missing) or ((row.reason or "", ""),)
            together.setdefault(lacking, []).append(row)
    return together


def _view_finding(row: FindingRow) -> FindingView:
    return FindingView(
        row=row,
        verdict=VERDICT_WORDS[row.verdict],
        params=show_params(row.params),
        savings=_money(row.savings_usd),
        percent=NOTHING if row.savings_pct is None else format_percent(row.savings_pct),
        interval=show_interval(row.interval_95),
        baseline=_money(row.baseline_usd),
        after=_money(row.counterfactual_usd),
        quality=show_quality(row.quality_effect),
        gate=show_gate(row.quality_effect),
        bounds=show_bounds(row.bounds),
        latency=show_latency(row.latency_effect),
        risk=show_effect(row.risk),
        effort=show_effect(row.effort),
    )


def show_quality(effect: object) -> str:
    """What a change does to quality; a measured drop with its interval and number of items."""
    if not isinstance(effect, dict):
        return show_effect(effect)
    measured = cast("Mapping[str, Any]", effect)
    if "drop_points" not in measured:
        return show_effect(measured)
    words = f"{_signed(-float(measured['drop_points']))} points"
    if measured.get("interval_95"):
        low, high = sorted(-float(end) for end in measured["interval_95"])
        words += f" (95 %: {_signed(low)} to {_signed(high)})"
    return words + (f", {int(measured['items']):,} items" if measured.get("items") else "")


def show_latency(effect: object) -> str:
    """What a change does to latency; measured percentiles with the interval of what they shrink by."""
    if not isinstance(effect, dict):
        return show_effect(effect)
    measured = cast("Mapping[str, Any]", effect)
    changes = {name: measured[name] for name in ("p50", "p95", "p99") if measured.get(name)}
    if not changes:
        return show_effect(measured)
    return "; ".join(
        f"{name} {change['before_ms']:,.0f} to {change['after_ms']:,.0f} ms (95 %: "
        f"{_signed_ms(-change['interval_95'][1])} to {_signed_ms(-change['interval_95'][0])} ms)"
        for name, change in changes.items()
    )


def show_interval(interval: tuple[str, str] | None) -> str:
    """Both ends of a 95 % interval of money."""
    return NOTHING if interval is None else f"{format_money(interval[0])} to {format_money(interval[1])}"


def show_params(params: Mapping[str, object]) -> str:
    """A lever's parameters as `name=value`, empty when it has none."""
    return ", ".join(f"{name}={show_effect(value)}" for name, value in params.items() if value is not None)


def show_effect(value: object) -> str:
    """An effect, risk or parameter of any JSON shape as short text."""
    match value:
        case None | "":
            return NOTHING
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.4g}"
        case dict():
            pairs = cast("Mapping[str, object]", value)
            return ", ".join(f"{key.replace('_', ' ')} {show_effect(part)}" for key, part in pairs.items())
        case list() | tuple():
            return ", ".join(show_effect(part) for part in cast("Sequence[object]", value))
        case _:
            return str(value).replace("_", " ") if isinstance(value, str) and " " not in value else str(value)


def exact_value(figure: Figure) -> str:
    """A figure's value with all its digits, as the JSON has it."""
    return format_figure(figure) if figure.value is None else str(figure.value)


def index_figures(document: ReportDocument) -> dict[str, Figure]:
    """The document's figures by id."""
    return figures_by_id(document.figures)


def _signed(points: float) -> str:
    shown = round(points, 2)
    return f"{shown:+.2f}" if shown else "0.00"


def _signed_ms(change: float) -> str:
    shown = round(change)
    return f"{shown:+,}" if shown else "0"


def _money(amount: str | None) -> str:
    return NOTHING if amount is None else format_money(amount)
