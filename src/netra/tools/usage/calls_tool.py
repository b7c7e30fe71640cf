"""The tool `list_calls`: single calls in an order, and what all the calls asked for come to."""

from __future__ import annotations

from decimal import Decimal
from typing import get_args

from pydantic import AwareDatetime, BaseModel, Field

from netra.reports.citations import cite
from netra.reports.document import Section, Table
from netra.tools.figure_sheet import FigureSheet, Source
from netra.tools.specification import AnyToolSpec, ToolArguments, ToolCall, ToolResult, ToolSpec, plain_json
from netra.tools.usage.naming import shown
from netra.tools.usage.outputs import Output
from netra.tools.usage.query_tool import narrowed_to
from netra.usage.calls.question import CallOrder, CallsQuery
from netra.usage.calls.schemas import CallsPage, ListedCall
from netra.usage.calls.service import CallsService
from netra.usage.queries import Filter

MOST_SHOWN = 50


class CallsArguments(ToolArguments):
    """Which single calls of [since, until), `order_by` first: `-cost_usd` has the dearest in front, `ts` the
    oldest. Filters as of `query_usage`.
    """

    order_by: CallOrder = "-cost_usd"
    filters: dict[str, str] = Field(default_factory=dict[str, str])
    among: dict[str, list[str]] = Field(default_factory=dict[str, list[str]], max_length=6)
    excluded: dict[str, list[str]] = Field(default_factory=dict[str, list[str]], max_length=6)
    conditions: list[Filter] = Field(default_factory=list[Filter], max_length=8)
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    limit: int = Field(default=10, ge=1, le=MOST_SHOWN)


class CallLine(BaseModel):
    """One call: its id and start as text, what names it, and the figures of its numbers; None: not known."""

    id: str
    start: str
    model: str
    feature: str | None
    status: str
    cost: str
    input: str
    output: str
    latency: str | None
    ttft: str | None


class CallsOutput(Output):
    """Answer of `list_calls`. `count`, `total` and `unpriced` are of all calls asked for, shown or not;
    `shown` is what the shown ones cost together, where there are several and others beside them.
    """

    order_by: CallOrder
    timezone: str
    lines: list[CallLine]
    count: str
    total: str
    shown: str | None = None
    unpriced: str | None = None


def list_calls(calls: CallsService) -> AnyToolSpec:
    """The tool `list_calls`."""

    async def run(call: ToolCall, arguments: CallsArguments) -> ToolResult:
        query = CallsQuery(
            filters=narrowed_to(arguments.filters, arguments.among, arguments.excluded, arguments.conditions),
            since=arguments.since,
            until=arguments.until,
            order_by=arguments.order_by,
            limit=arguments.limit,
        )
        output = _output(call.figures, arguments.order_by, await calls.page(call.context, query))
        summary = f"{len(output.lines)} of {output.calls:,} calls by {arguments.order_by.removeprefix('-')}"
        return ToolResult(summary if output.calls else "no calls match", plain_json(output))

    return ToolSpec(
        name="list_calls",
        description=f"Single calls by {', '.join(get_args(CallOrder)[::2])} (- for the largest first): the "
        "dearest or slowest calls, or those behind a figure, each with id, start, tokens, cost and latency.",
        arguments=CallsArguments,
        permission="usage:read",
        run=run,
    )


def _output(sheet: FigureSheet, order: CallOrder, page: CallsPage) -> CallsOutput:
    source = Source(page.query, page.sql, page.calls, page.since, page.until)
    lines = [_line(sheet, number, call, source) for number, call in enumerate(page.items, 1)]
    summed = Source(page.total_query, page.total_sql, page.calls, page.since, page.until)
    total = sheet.add(page.cost_usd, "usd", "Spend of all these calls", summed)
    part, unpriced = None, None
    if 1 < len(lines) < page.calls:
        amount = sum((Decimal(call.cost_usd or 0) for call in page.items), Decimal(0))
        part = sheet.add(amount, "usd", "Spend of the calls listed", source)
    if page.unpriced_calls:
        unpriced = sheet.add(page.unpriced_calls, "count", "Calls without a known price", summed)
    return CallsOutput(
        names=[
            text for line in lines for text in (line.id, line.start, line.model, line.feature or "") if text
        ],
        sections=[_section(lines, page.timezone)] if lines else [],
        calls=page.calls,
        order_by=order,
        timezone=page.timezone,
        lines=lines,
        count=sheet.add(page.calls, "count", "Calls", summed),
        total=total,
        shown=part,
        unpriced=unpriced,
    )


def _line(sheet: FigureSheet, number: int, call: ListedCall, source: Source) -> CallLine:
    subject = f"call {number}, {shown(call.call_id)}"

    def timed(value: float | None, label: str) -> str | None:
        return None if value is None else sheet.add(round(value, 1), "ms", f"{label} of {subject}", source)

    return CallLine(
        id=shown(call.call_id),
        start=f"{call.ts:%Y-%m-%d %H:%M:%S}",
        model=shown(call.model, "model"),
        feature=None if call.feature is None else shown(call.feature),
        status=shown(call.status),
        cost=sheet.add(call.cost_usd, "usd", f"Cost of {subject}", source),
        input=sheet.add(call.input_tokens, "tokens", f"Input of {subject}", source),
        output=sheet.add(call.output_tokens, "tokens", f"Output of {subject}", source),
        latency=timed(call.latency_ms, "Latency"),
        ttft=timed(call.ttft_ms, "Time to first token"),
    )


def _section(lines: list[CallLine], zone: str) -> Section:
    columns = (f"Start ({zone})", "Call", "Model", "Cost", "Input", "Output", "Latency")
    return Section(
        heading="Single calls",
        table=Table(
            columns=columns,
            rows=tuple(
                (line.start, line.id, line.model, cite(line.cost), cite(line.input), cite(line.output),
                 cite(line.latency) if line.latency else "")
                for line in lines
            ),
            numeric=frozenset({3, 4, 5, 6}),
        ),
    )  # fmt: skip
