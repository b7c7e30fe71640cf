"""The tool `price_on_model`: what the stored calls would have cost at another model's prices."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import numpy as np
import polars as pl
from pydantic import AwareDatetime, Field

from netra.pricing.catalogue import PriceCatalogue
from netra.pricing.vectorised import price_table, tokens_of
from netra.pricing.workspace_prices import WorkspacePrices, prices_in_force
from netra.tools.figure_sheet import FigureSheet, Source
from netra.tools.specification import AnyToolSpec, ToolArguments, ToolCall, ToolResult, ToolSpec, plain_json
from netra.tools.usage.measuring import CallsRead, replay_source
from netra.tools.usage.naming import shown
from netra.tools.usage.outputs import MovedModel, WhatIfOutput
from netra.tools.usage.query_tool import exact_filters
from netra.usage.queries import UsageQuery
from netra.usage.service import UsageService

_COLUMNS = [
    "ts", "model", "service_tier", "input_tokens", "cache_read_tokens", "cache_write_tokens",
    "cache_write_1h_tokens", "output_tokens", "reasoning_tokens", "cost_usd",
]  # fmt: skip
_FEMTO = Decimal(10) ** -15
_LISTED = 12


class WhatIfArguments(ToolArguments):
    """The model whose prices the calls of a range and filters are to have."""

    model: str = Field(min_length=1, max_length=200)
    filters: dict[str, str] = Field(default_factory=dict[str, str])
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None


@dataclass(frozen=True, slots=True)
class _Repriced:
    """(model, calls, femto-dollars now, on the other model) of the calls priced on both; and those left."""

    models: list[tuple[str, int, int, int]]
    calls: int
    left_out: int
    since: datetime | None
    until: datetime | None


def price_on_model(usage: UsageService, prices: PriceCatalogue | WorkspacePrices) -> AnyToolSpec:
    """The tool `price_on_model`. Every call keeps its tokens, its tier and the day whose prices it has; calls
    without a price now or there are in neither sum.
    """

    async def run(call: ToolCall, arguments: WhatIfArguments) -> ToolResult:
        catalogue = await prices_in_force(prices, call.context)
        frame = await usage.load_calls(
            call.context,
            columns=_COLUMNS,
            since=arguments.since,
            until=arguments.until,
            where=arguments.filters,
        )
        found = await asyncio.to_thread(_repriced, frame, arguments, catalogue)
        query = UsageQuery(
            measures=["cost_usd", "calls"],
            dimensions=["model"],
            filters=exact_filters(arguments.filters),
            since=arguments.since,
            until=arguments.until,
        )
        read = CallsRead(found.calls, found.since, found.until)
        source = replay_source(query, {"prices_of": arguments.model}, read, call.context.timezone)
        output = _output(call.figures, arguments.model, found, source)
        return ToolResult(f"priced {found.calls:,} calls as if on {arguments.model}", plain_json(output))

    return ToolSpec(
        name="price_on_model",
        description="What the calls of a range and filters would have cost at another model's prices.",
        arguments=WhatIfArguments,
        permission="usage:read",
        run=run,
    )


def _repriced(frame: pl.DataFrame, arguments: WhatIfArguments, catalogue: PriceCatalogue) -> _Repriced:
    if frame.is_empty():
        return _Repriced([], 0, 0, None, None)
    after, priced = price_table(frame, catalogue, model=arguments.model).cost(tokens_of(frame))
    both = np.asarray(priced) & frame["cost_usd"].is_not_null().to_numpy()
    costs = frame.select(
        pl.col("model").cast(pl.String),
        now=(pl.col("cost_usd") * 10**15).cast(pl.Int128),
        after=pl.Series(after).cast(pl.Int128),
    ).filter(pl.Series(both))
    groups = costs.group_by("model").agg(pl.len(), pl.col("now").sum(), pl.col("after").sum())
    rows: list[tuple[str, int, int, int]] = [
        (str(name), int(calls), int(now), int(there)) for name, calls, now, there in groups.rows()
    ]
    since, until = frame["ts"].min(), frame["ts"].max()
    return _Repriced(
        sorted(rows, key=lambda row: (-row[2], row[0])),
        frame.height,
        int(frame.height - both.sum()),
        since if isinstance(since, datetime) else None,
        until if isinstance(until, datetime) else None,
    )


def _output(sheet: FigureSheet, model: str, found: _Repriced, source: Source) -> WhatIfOutput:
    def money(femto: int, label: str) -> str:
        return sheet.add(femto * _FEMTO, "usd", label, source)

    name = shown(model)
    now, after = sum(row[2] for row in found.models), sum(row[3] for row in found.models)
    change = 100 * (after - now) / now if now else 0.0
    moved = [
        MovedModel(
            name=shown(row[0]),
            calls=sheet.add(row[1], "count", f"Calls of {shown(row[0])}", source),
            now=money(row[2], f"Spend of {shown(row[0])}"),
            after=money(row[3], f"Spend of the calls of {shown(row[0])} at the prices of {name}"),
        )
        for row in found.models[:_LISTED]
    ]
    left = sheet.add(found.left_out, "count", "Calls without a price on both", source)
    return WhatIfOutput(
        names=[name, *(entry.name for entry in moved)],
        calls=found.calls,
        model=name,
        known=bool(found.models),
        now=money(now, "Spend of these calls"),
        after=money(after, f"Spend at the prices of {name}"),
        change=money(abs(after - now), f"Difference at the prices of {name}"),
        percent=sheet.add(round(abs(change), 4), "percent", f"Difference at the prices of {name}", source),
        dearer=after > now,
        left_out=left if found.left_out else None,
        models=moved,
    )
