"""RepricingService: what other prices mean for calls that are stored already.

Re-pricing rewrites `cost_usd` and `price_source` where they stand, by one statement that the store carries
out part by part and takes up again after a crash; the sums it keeps are rewritten with each part. The
statement is a pure function of a row, so repeating it changes nothing. While it runs, and if the process
dies with it, the workspace's answers are computed and not kept (`app.repricings`); the next `apply`
finishes what was begun.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from netra.context.models import UserExecutionContext
from netra.data_access.analytics import ScopedAnalytics
from netra.data_access.factory import DataAccessFactory
from netra.data_access.number_lists import LIST_SETTINGS
from netra.errors.kinds import DeadlineExceededError, UnavailableError
from netra.ids.manager import UnifiedIDManager
from netra.pricing.catalogue import PriceCatalogue
from netra.pricing.workspace_prices import WorkspacePrices
from netra.usage.arrow import frame_of
from netra.usage.errors import RepricingUnfinishedError
from netra.usage.money import money_text
from netra.usage.queries import MAX_ROWS, UsageQuery, compile_query
from netra.usage.repository import ImportRepository
from netra.usage.repricing.expression import Sold, price_sql
from netra.usage.repricing.repository import RepricingRepository
from netra.usage.repricing.schemas import Repriced, RepricePlan, RepriceRequest
from netra.usage.schema import TABLE

_PATIENCE_S = 240.0
"""How long `apply` waits for the store to rewrite; afterwards the store goes on alone."""
_PLAIN = (
    "day",
    "model",
    "provider",
    "service_tier",
    "calls",
    "changed_calls",
    "unpriced_before",
    "unpriced_after",
)
_UNPRICED = "toDecimal128(-1, 15)"

_PLAN = """SELECT day, model, provider, service_tier, count() AS calls, countIf(changed) AS changed_calls,
sum(before) AS before_usd, sum(after) AS after_usd, countIf(isNull(before)) AS unpriced_before,
countIf(isNull(after)) AS unpriced_after FROM (SELECT toString(toDate(ts, {{zone:String}})) AS day, model,
provider, service_tier, cost_usd AS before, {cost} AS after, {changed} AS changed FROM llm_calls {where})
GROUP BY day, model, provider, service_tier ORDER BY day, model, provider, service_tier"""


class RepricingService:
    """Plans and applies; holds no state between calls."""

    def __init__(self, access: DataAccessFactory, ids: UnifiedIDManager, prices: WorkspacePrices) -> None:
        self._access = access
        self._ids = ids
        self._prices = prices

    async def plan(self, context: UserExecutionContext, request: RepriceRequest) -> RepricePlan:
        """What pricing the stored calls again would change, exactly; changes nothing."""
        catalogue = await self._prices.for_context(context)
        async with self._access.for_context(context).transaction() as transaction:
            unfinished, _, _ = await RepricingRepository(transaction, context).unfinished()
        return await self._plan(context, request, catalogue, unfinished)

    async def apply(self, context: UserExecutionContext, request: RepriceRequest) -> RepricePlan:
        """Price the stored calls again. Raises RepricingUnfinishedError if the store needs longer than it is
        waited for; the same request again finishes it.
        """
        access = self._access.for_context(context)
        catalogue = await self._prices.for_context(context)
        async with access.transaction() as transaction:
            unfinished, since, until = await RepricingRepository(transaction, context).unfinished()
        if unfinished:
            request = _both(request, since, until)
        plan = await self._plan(context, request, catalogue, unfinished)
        repricing_id = self._ids.new("rpr")
        async with access.transaction() as transaction:
            await RepricingRepository(transaction, context).begin(
                repricing_id,
                prices_version=catalogue.version,
                period=(request.since, request.until),
                calls=plan.changed_calls,
                amounts=(Decimal(plan.before_usd), Decimal(plan.after_usd)),
            )
            await ImportRepository(transaction, context).bump_data_version()
        if plan.changed_calls:
            await self._rewrite(access.analytics, request, catalogue)
        async with access.transaction() as transaction:
            await RepricingRepository(transaction, context).finish()
            version = await ImportRepository(transaction, context).bump_data_version()
        return plan.model_copy(
            update={
                "applied": True,
                "interrupted": False,
                "repricing_id": repricing_id,
                "data_version": version,
            }
        )

    async def _plan(
        self,
        context: UserExecutionContext,
        request: RepriceRequest,
        catalogue: PriceCatalogue,
        unfinished: bool,
    ) -> RepricePlan:
        analytics = self._access.for_context(context).analytics
        sold = await sold_models(analytics, request)
        priced = price_sql(sold, catalogue)
        where, params = _scope(request)
        # The cost by its name: written out twice, the store would take twice as long to read it.
        sql = _PLAN.format(cost=priced.cost, changed=_changed("after"), where=where)
        table = await analytics.query_arrow(sql, {**params, "zone": context.timezone}, LIST_SETTINGS)
        rows = frame_of(table).rows(named=True)
        before, after = _sum(rows, "before_usd"), _sum(rows, "after_usd")
        return RepricePlan(
            calls=sum(row["calls"] for row in rows),
            changed_calls=sum(row["changed_calls"] for row in rows),
            before_usd=str(money_text(before)),
            after_usd=str(money_text(after)),
            change_usd=str(money_text(after - before)),
            unpriced_before=sum(row["unpriced_before"] for row in rows),
            unpriced_after=sum(row["unpriced_after"] for row in rows),
            changes=[_repriced(row) for row in rows if row["changed_calls"]],
            prices_version=catalogue.version,
            interrupted=unfinished,
        )

    async def _rewrite(
        self, analytics: ScopedAnalytics, request: RepriceRequest, catalogue: PriceCatalogue
    ) -> None:
        priced = price_sql(await sold_models(analytics, request), catalogue)
        _, params = _scope(request)
        limits = " AND ".join(_limits(request)) or "1"
        differs = _changed(priced.cost)
        assignments = f"cost_usd = {priced.cost}, price_source = {priced.source}"
        left = f"SELECT countIf({differs}) AS left FROM llm_calls {_scope(request)[0]}"
        deadline, pause = time.monotonic() + _PATIENCE_S, 0.05
        while True:
            # Sent again after a crash: the store may have died before it wrote the statement down, and
            # where it did write it down, the second one finds nothing to do.
            with suppress(UnavailableError, DeadlineExceededError):
                await analytics.update(TABLE, assignments, f"{limits} AND {differs}", params)
            with suppress(UnavailableError, DeadlineExceededError):
                if not (await analytics.query_rows(left, params, LIST_SETTINGS))[0]["left"]:
                    return
            if time.monotonic() > deadline:
                raise RepricingUnfinishedError(
                    "The store is still rewriting costs.", hint="Apply it again to wait for its end."
                )
            await asyncio.sleep(pause)
            pause = min(pause * 2, 5.0)


async def sold_models(analytics: ScopedAnalytics, request: RepriceRequest) -> list[Sold]:
    """The models, providers and tiers that stored calls name."""
    names = ["model", "provider", "service_tier"]
    found: list[Sold] = []
    while True:
        query = UsageQuery(
            measures=["calls"],
            dimensions=names,
            since=request.since,
            until=request.until,
            order_by=["model"],
            limit=MAX_ROWS,
            offset=len(found),
        )
        compiled = compile_query(query)
        table = await analytics.query_arrow(compiled.sql, compiled.params, compiled.settings)
        rows = frame_of(table).rows(named=True)
        found += [Sold(*(row[name] for name in names)) for row in rows]
        if len(rows) < MAX_ROWS:
            return found


def _changed(cost: str) -> str:
    return f"(ifNull(cost_usd, {_UNPRICED}) != ifNull({cost}, {_UNPRICED}))"


def _limits(request: RepriceRequest) -> list[str]:
    limits: list[str] = []
    for name, moment, sign in (("since", request.since, ">="), ("until", request.until, "<")):
        if moment is not None:
            limits.append(f"ts {sign} {{{name}:DateTime64(6, 'UTC')}}")
    return limits


def _scope(request: RepriceRequest) -> tuple[str, dict[str, Any]]:
    params = {
        name: moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
        for name, moment in (("since", request.since), ("until", request.until))
        if moment is not None
    }
    return "WHERE " + " AND ".join(["workspace_id = {workspace:String}", *_limits(request)]), params


def _both(request: RepriceRequest, since: datetime | None, until: datetime | None) -> RepriceRequest:
    """The span that covers a request and what was begun before."""
    first = None if request.since is None or since is None else min(request.since, since)
    last = None if request.until is None or until is None else max(request.until, until)
    return RepriceRequest(since=first, until=last)


def _sum(rows: Sequence[dict[str, Any]], column: str) -> Decimal:
    return sum((row[column] for row in rows if row[column] is not None), Decimal(0))


def _repriced(row: dict[str, Any]) -> Repriced:
    before, after = row["before_usd"], row["after_usd"]
    change = (after or Decimal(0)) - (before or Decimal(0))
    return Repriced(
        **{name: row[name] for name in _PLAIN},
        before_usd=money_text(before),
        after_usd=money_text(after),
        change_usd=str(money_text(change)),
    )
