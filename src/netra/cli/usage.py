"""`netra usage`: the typed query on a terminal."""

import asyncio
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from netra.cli import usage_rows, usage_views
from netra.cli.options import (
    DataDir,
    Json,
    Since,
    Target,
    Until,
    Url,
    Where,
    Workspace,
    instant,
    known_zone,
    listed,
)

DEFAULT_MEASURES = ["calls", "input_tokens", "output_tokens", "cost_usd"]
Measures = Annotated[
    list[str] | None,
    typer.Option("--measure", "-m", help="calls,input_tokens,cost_usd,latency_p95_ms,...; or repeat."),
]
Groups = Annotated[
    list[str] | None,
    typer.Option("--by", help="model,provider,app,feature,user,team,tag:NAME,day,...; or repeat."),
]
Groupwise = Annotated[
    list[str] | None,
    typer.Option("--having", help="Only groups whose measure holds: cost_usd>100, error_rate>=5; repeat."),
]
Order = Annotated[list[str] | None, typer.Option("--order", help="Order by this; -NAME is descending.")]
Limit = Annotated[int | None, typer.Option("--limit", min=1, max=10_000, help="Rows at most; default 1000.")]
Offset = Annotated[int | None, typer.Option("--offset", min=0, help="Rows to leave out before the first.")]
Compare = Annotated[
    str | None, typer.Option("--compare", help="Explain the change from `previous` or from DAY..DAY.")
]
Days = Annotated[int | None, typer.Option("--days", min=1, max=365, help="Days to forecast; default 30.")]
Growth = Annotated[float | None, typer.Option("--growth", help="What if so many percent more.")]
Format = Annotated[
    str | None, typer.Option("--format", help="Of the export: focus (CSV or Parquet, by the file's name).")
]
Zone = Annotated[
    str | None,
    typer.Option("--tz", help="Time zone of days, as Europe/Berlin; default: $NETRA_TIMEZONE of the server."),
]
KINDS = ("query", "compare", "anomalies", "forecast", "export")
_OF_ONE_KIND = {
    "--having": "query",
    "--order": "query",
    "--limit": "query",
    "--offset": "query",
    "--compare": "compare",
    "--days": "forecast",
    "--growth": "forecast",
    "--format": "export",
    "--out": "export",
}
_CONDITION = re.compile(
    r"^(?P<column>[\w:.\-]+?)\s*"
    r"(?P<operator>!=|>=|<=|\^=|==|=|>|<|~|\s+is not null$|\s+is null$)\s*(?P<value>.*)$",
    re.DOTALL | re.IGNORECASE,
)
_RANGE = re.compile(r"(-?\d+(?:\.\d+)?)\.\.(-?\d+(?:\.\d+)?)$")
_WORDS = {"~": "contains", "^=": "prefix"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("usage")(show_usage)


def show_usage(
    what: Annotated[
        str, typer.Argument(metavar="[WHAT]", help="query, compare, anomalies, forecast or export.")
    ] = "query",
    measure: Measures = None,
    by: Groups = None,
    where: Where = None,
    having: Groupwise = None,
    since: Since = None,
    until: Until = None,
    order: Order = None,
    limit: Limit = None,
    offset: Offset = None,
    zone: Zone = None,
    compare: Compare = None,
    days: Days = None,
    growth: Growth = None,
    file_format: Format = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="File for the export.")] = None,
    json_output: Json = False,
    url: Url = None,
    data_dir: DataDir = None,
    workspace: Workspace = None,
) -> None:
    """Spend, tokens, latency and errors, grouped as you like; what changed, what is odd, what comes."""
    kind = "compare" if what == "query" and compare else what
    if kind not in KINDS:
        raise typer.BadParameter(f"one of {', '.join(KINDS)}", param_hint="WHAT")
    given = (having or None, order or None, limit, offset, compare, days, growth, file_format, out)
    _refuse_misplaced(kind, dict(zip(_OF_ONE_KIND, given, strict=True)))
    zone = known_zone(zone)
    limits = {"since": instant(since, "--since", zone), "until": instant(until, "--until", zone)}
    scope: dict[str, Any] = {**limits, "filters": conditions(where), "timezone": zone}
    asked = _Asked(
        Target(url, data_dir, workspace),
        {name: value for name, value in scope.items() if value},
        list(dict.fromkeys(listed(by))),
        list(dict.fromkeys(listed(measure))),
        json_output,
    )
    asked.check(kind)
    if kind == "query":
        query = asked.query(listed(order), limit or 1000, offset or 0)
        query |= {"having": group_conditions(having)} if having else {}
        asyncio.run(usage_rows.show(asked.target, query, json_output))
    elif kind == "compare":
        before = usage_views.period_of(compare, zone)
        asyncio.run(usage_views.compare(asked.target, asked.comparison(), before, json_output))
    elif kind == "anomalies":
        asyncio.run(usage_views.anomalies(asked.target, asked.of_one_measure(by=True), json_output))
    elif kind == "forecast":
        body = {**asked.of_one_measure(by=False), "days": days or 30, "growth_pct": growth or 0.0}
        asyncio.run(usage_views.forecast(asked.target, body, json_output))
    else:
        asyncio.run(
            usage_views.export(
                asked.target, _export(file_format or "focus", out, limits), _file(out), json_output
            )
        )


def _refuse_misplaced(kind: str, given: dict[str, object]) -> None:
    """Exits with 2 for an option that this kind of question would leave out."""
    for option, value in given.items():
        fits = _OF_ONE_KIND[option]
        if value is not None and fits != kind:
            name = "`netra usage`" if fits == "query" else f"`netra usage {fits}`"
            raise typer.BadParameter(
                f"goes with {name}, and this is {kind}: leave it out, or ask for {fits}", param_hint=option
            )


@dataclass(frozen=True, slots=True)
class _Asked:
    """What all the questions have in common; `scope` has since, until, filters and timezone where given."""

    target: Target
    scope: dict[str, Any]
    groups: list[str]
    measures: list[str]
    as_json: bool

    def check(self, kind: str) -> None:
        """Exits with 2 where something was asked that this kind of question would leave out."""
        if kind in ("anomalies", "forecast") and len(self.measures) > 1:
            raise typer.BadParameter(f"{kind} takes one measure at a time", param_hint="--measure")
        if kind in ("compare", "export") and self.measures:
            raise typer.BadParameter(f"{kind} has measures of its own", param_hint="--measure")
        if kind in ("forecast", "export") and self.groups:
            raise typer.BadParameter(f"{kind} takes no groups", param_hint="--by")
        if kind == "export" and "filters" in self.scope:
            raise typer.BadParameter("export writes every call of the period", param_hint="--where")

    def query(self, order: list[str], limit: int, offset: int) -> dict[str, Any]:
        """A typed query."""
        query = {
            "measures": self.measures or DEFAULT_MEASURES,
            "dimensions": self.groups,
            **self.scope,
            "order_by": order,
            "limit": limit,
            "offset": offset,
        }
        return {name: value for name, value in query.items() if value}

    def comparison(self) -> dict[str, Any]:
        """Two periods, the later one if it was given whole."""
        given = self.scope.keys() & {"since", "until"}
        if len(given) == 1:
            raise typer.BadParameter("give both --since and --until, or neither", param_hint="--since")
        body: dict[str, Any] = {"filters": self.scope.get("filters", [])}
        if "timezone" in self.scope:
            body["timezone"] = self.scope["timezone"]
        if self.groups:
            body["dimensions"] = self.groups
        if given:
            body["after"] = {"since": self.scope["since"], "until": self.scope["until"]}
        return body

    def of_one_measure(self, *, by: bool) -> dict[str, Any]:
        """A question about the days of one measure."""
        body = {**self.scope, "measure": (self.measures or ["cost_usd"])[0]}
        return {**body, "dimensions": self.groups} if by and self.groups else body


def _export(file_format: str, out: Path | None, limits: dict[str, str | None]) -> dict[str, str]:
    if file_format != "focus":
        raise typer.BadParameter("only focus", param_hint="--format")
    kind = "parquet" if _file(out).suffix == ".parquet" else "csv"
    return {"format": kind, **{name: value for name, value in limits.items() if value}}


def _file(out: Path | None) -> Path:
    if out is None:
        raise typer.BadParameter("name the file to write", param_hint="--out")
    if out.is_dir() or not os.access(out.parent, os.W_OK):
        raise typer.BadParameter(f"no file can be written at {out}", param_hint="--out")
    return out


def group_conditions(having: list[str] | None) -> list[dict[str, str]]:
    """`measure>value` (also >= < <= = !=) as conditions on groups."""
    found: list[dict[str, str]] = []
    for text in having or ():
        match = _CONDITION.match(text.strip())
        if match is None or match["operator"] not in {"=", "==", "!=", ">", ">=", "<", "<="}:
            raise typer.BadParameter(f"{text!r} is not MEASURE>VALUE", param_hint="--having")
        operator = "=" if match["operator"] == "==" else match["operator"]
        found.append({"measure": match["column"], "operator": operator, "value": match["value"].strip()})
    return found


def conditions(where: list[str] | None) -> list[dict[str, Any]]:
    """`column=value` (also != > >= < <=, ~ contains, ^= begins with, `is null`, `is not null`, and
    `column=LOW..HIGH` of numbers) as filters; a column given twice means either.
    """
    filters: list[dict[str, Any]] = []
    equal: dict[str, list[str]] = {}
    for text in where or ():
        match = _CONDITION.match(text.strip())
        if match is None:
            raise typer.BadParameter(f"{text!r} is not COLUMN=VALUE", param_hint="--where")
        column, operator, value = match["column"], match["operator"].strip().lower(), match["value"]
        operator = "=" if operator == "==" else operator
        ends = _RANGE.match(value)
        if operator == "=" and ends is not None:
            filters.append({"column": column, "operator": "between", "value": [*ends.groups()]})
        elif operator == "=":
            equal.setdefault(column, []).append(value)
        elif operator.endswith("null"):
            filters.append({"column": column, "operator": operator})
        else:
            filters.append({"column": column, "operator": _WORDS.get(operator, operator), "value": value})
    for column, values in equal.items():
        if len(values) == 1:
            filters.append({"column": column, "operator": "=", "value": values[0]})
        else:
            filters.append({"column": column, "operator": "in", "value": values})
    return filters
