"""The tool `recall_query`: what stands behind the figures of the thread's last answer."""

from __future__ import annotations

import json
from typing import Any, cast

from pydantic import BaseModel, Field

from netra.errors.kinds import NotFoundError
from netra.reports.figures import Figure
from netra.reports.formatting import format_figure, format_period
from netra.tools.figure_sheet import Source
from netra.tools.specification import AnyToolSpec, NoArguments, ToolCall, ToolResult, ToolSpec, plain_json

_SHOWN = 3


class RecalledQuery(BaseModel):
    """One query of the last answer: the figures it gave as text, the typed query as JSON, its SQL, the calls
    read (a figure of this run) and the range they cover.
    """

    gives: list[str]
    query: str
    sql: str
    rows: str
    period: str


class RecalledQueries(BaseModel):
    """Answer of `recall_query`; `more` queries stood behind the answer than are shown."""

    names: list[str] = Field(default_factory=list[str])
    queries: list[RecalledQuery] = Field(default_factory=list[RecalledQuery])
    more: int = 0


def recall_query() -> AnyToolSpec:
    """The tool `recall_query`; the figures of the last answer travel with the call."""

    async def run(call: ToolCall, arguments: NoArguments) -> ToolResult:
        kept = cast(list[dict[str, Any]], (call.attachment or {}).get("figures") or [])
        if not kept:
            raise NotFoundError("the earlier answer has no figures", hint="ask about spend, tokens or calls")
        groups: dict[tuple[str, str], list[Figure]] = {}
        for item in kept:
            figure = Figure.model_validate(item)
            key = json.dumps(figure.query, sort_keys=True, default=str), figure.sql
            groups.setdefault(key, []).append(figure)
        shown = [_recalled(call, figures) for figures in list(groups.values())[:_SHOWN]]
        texts = [text for entry in shown for text in (*entry.gives, entry.query, entry.sql, entry.period)]
        output = RecalledQueries(names=texts, queries=shown, more=len(groups) - len(shown))
        return ToolResult(f"recalled {len(groups)} queries of the last answer", plain_json(output))

    return ToolSpec(
        name="recall_query",
        description="The typed queries and SQL behind the figures of the last answer in this thread.",
        arguments=NoArguments,
        permission="threads:use",
        run=run,
    )


def _recalled(call: ToolCall, figures: list[Figure]) -> RecalledQuery:
    first = figures[0]
    source = Source(first.query, first.sql, first.rows, first.since, first.until)
    return RecalledQuery(
        gives=[f"{figure.label}: {format_figure(figure)}" for figure in figures[:4]],
        query=json.dumps(first.query, ensure_ascii=False, default=str),
        sql=first.sql,
        rows=call.figures.add(first.rows, "count", "Calls read", source),
        period=format_period(first.since, first.until, call.context.timezone),
    )
