"""CallsService: the calls behind a figure."""

import time
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import polars as pl

from netra.context.models import UserExecutionContext
from netra.data_access.factory import DataAccessFactory
from netra.http.pagination import page_of
from netra.pricing.workspace_prices import WorkspacePrices
from netra.usage.calls.question import CallsQuery, compile_calls, cursor_behind, one_call_sql
from netra.usage.calls.schemas import CallDetail, CallsPage, ListedCall, StoredCall
from netra.usage.calls.working import explain_cost
from netra.usage.conditions import zone_name
from netra.usage.errors import CallNotFoundError
from netra.usage.identity import id_hashes
from netra.usage.money import money_text
from netra.usage.queries import UsageQuery
from netra.usage.schema import MAX_TEXT
from netra.usage.service import UsageService

_ALWAYS = frozenset({"call_id", "service_tier", "status", "import_id"})
"""Texts that every row has."""


class CallsService:
    """Lists and shows stored calls of the context's workspace; holds nothing."""

    def __init__(self, access: DataAccessFactory, usage: UsageService, prices: WorkspacePrices) -> None:
        self._access = access
        self._usage = usage
        self._prices = prices

    async def page(self, context: UserExecutionContext, query: CallsQuery) -> CallsPage:
        """One page of calls and what all of them come to. Raises InvalidQueryError, InvalidCursorError."""
        started = time.perf_counter()
        compiled = compile_calls(query, default_timezone=context.timezone)
        rows = await self._access.for_context(context).analytics.query_rows(compiled.sql, compiled.params)
        kept, following = page_of(rows, query.limit, lambda row: cursor_behind(row, query.order_by))
        elapsed_ms = round((time.perf_counter() - started) * 1000, 3)
        whole = UsageQuery(
            measures=["calls", "cost_usd"], filters=query.filters, since=query.since, until=query.until
        )
        total = await self._usage.run(context, whole)
        zone = ZoneInfo(compiled.zone)
        return CallsPage(
            items=[ListedCall(**_presented(row, zone)) for row in kept],
            next_cursor=following,
            calls=total.calls,
            cost_usd=total.rows[0]["cost_usd"] if total.rows else None,
            unpriced_calls=total.unpriced_calls,
            since=total.since,
            until=total.until,
            timezone=compiled.zone,
            query=query.model_dump(mode="json", exclude_defaults=True) | {"order_by": query.order_by},
            sql=compiled.sql,
            total_query=total.query,
            total_sql=total.sql,
            elapsed_ms=elapsed_ms,
        )

    async def show(
        self, context: UserExecutionContext, call_id: str, timezone: str | None = None
    ) -> CallDetail:
        """One call and the working of its cost. Raises CallNotFoundError and InvalidQueryError."""
        zone = zone_name(timezone or context.timezone)
        found: list[dict[str, Any]] = []
        if 0 < len(call_id) <= MAX_TEXT:
            params = {"call_id": call_id, "id_hash": int(id_hashes(pl.Series([call_id]))[0])}
            found = await self._access.for_context(context).analytics.query_rows(one_call_sql(), params)
        if not found:
            raise CallNotFoundError(
                "There is no such call in this workspace.",
                hint="POST /v1/usage/calls (`netra calls list`) shows calls with their ids.",
            )
        row = found[0]
        catalogues = [await self._prices.for_context(context), self._prices.installation]
        return CallDetail(
            call=_stored(row, ZoneInfo(zone)), cost=explain_cost(row, catalogues), timezone=zone
        )


def _presented(row: Mapping[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    """The values of a row as answers carry them."""
    shown: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, Decimal):
            shown[name] = money_text(value)
        elif isinstance(value, str):
            shown[name] = value or (value if name in _ALWAYS else None)
        else:
            shown[name] = value
    shown["ts"] = row["ts"].astimezone(zone)
    shown["total_tokens"] = row["input_tokens"] + row["output_tokens"]
    return shown


def _stored(row: Mapping[str, Any], zone: ZoneInfo) -> StoredCall:
    shown = _presented(row, zone)
    shown["tags"] = orjson.loads(row["tags"]) if row["tags"] else {}
    shown["prefix_hashes"] = [f"{number:016x}" for number in row["prefix_hashes"]]
    shown["content_hash"] = f"{row['content_hash']:016x}"
    shown["stored_at"] = row["stored_at"].astimezone(zone)
    return StoredCall(**shown)
