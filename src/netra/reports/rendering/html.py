"""A report as one self-contained HTML page: no network, no script, readable on screen, paper and aloud."""

import json
from collections.abc import Callable
from datetime import datetime
from importlib.resources import files
from typing import Any

import jinja2
from markupsafe import Markup

from netra.reports.document import ReportDocument
from netra.reports.formatting import (
    format_count,
    format_figure,
    format_instant,
    format_money,
    format_percent,
    format_period,
)
from netra.reports.queries import QueryAppendix
from netra.reports.rendering.checks import diagnosed_once, find_joint_figure, joint_steps, show_miss_worth
from netra.reports.rendering.prose import inline_html, prose_html
from netra.reports.rendering.view import (
    draw_charts,
    exact_value,
    index_figures,
    lacking_alike,
    show_interval,
    show_params,
    view_findings,
)


def render_html(document: ReportDocument, *, report_id: str | None = None) -> str:
    """The report as an HTML page. CPU-bound (draws charts): call it in a thread from async code."""
    template = _environment(document).get_template("report.html.j2")
    findings = [one for one in view_findings(document) if one.row.verdict != "insufficient_data"]
    changes = {one.row.id: f"{one.row.lever} {one.params}".strip() for one in findings}
    style = files("netra.reports.rendering").joinpath("templates/report.css").read_text("utf-8")
    return template.render(
        report=document,
        report_id=report_id,
        figures=document.figures,
        charts=draw_charts(document),
        findings=findings,
        changes=changes,
        joint_figure=find_joint_figure(document),
        steps=joint_steps(document, changes),
        diagnosed=diagnosed_once([one.row for one in findings]),
        undecided=lacking_alike(document.findings),
        appendix=QueryAppendix(document),
        joint_interval=show_interval(document.joint.interval_95) if document.joint else "",
        style=Markup(style),  # noqa: S704 - a file of this package
    )


def _environment(document: ReportDocument) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("netra.reports.rendering"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    figures = index_figures(document)

    def prose(text: str) -> Markup:
        return prose_html(text, figures)

    def inline(text: str) -> Markup:
        return inline_html(text, figures)

    def instant(moment: datetime | None) -> str:
        return format_instant(moment, document.timezone)

    def period(since: datetime | None, until: datetime | None) -> str:
        return format_period(since, until, document.timezone)

    def indented(value: object) -> str:
        return json.dumps(value, indent=2, ensure_ascii=False, default=str)

    filters: dict[str, Callable[..., object]] = {
        "prose": prose,
        "inline": inline,
        "money": format_money,
        "percent": format_percent,
        "count": format_count,
        "figure": format_figure,
        "exact": exact_value,
        "instant": instant,
        "json": indented,
        "params": show_params,
        "worth": show_miss_worth,
    }
    environment.filters.update(filters)
    functions: dict[str, Any] = {"period": period}
    environment.globals.update(functions)
    return environment
