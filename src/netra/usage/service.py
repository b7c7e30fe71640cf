"""UsageService: answers typed questions over the stored calls of a workspace."""

import time
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal, localcontext
from math import isnan
from typing import Any, TypeAlias, TypeVar, cast

import polars as pl
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from netra.context.models import UserExecutionContext
from netra.data_access.factory import DataAccessFactory
from netra.usage.answers import KeptAnswers
from netra.usage.errors import InvalidQueryError
from netra.usage.insights.compare import Decomposition, Segment, decompose
from netra.usage.loading import CallSelection, load_calls
from netra.usage.measures import MEASURES
from netra.usage.money import money_text
from netra.usage.overview import overview_of
from netra.usage.queries import MAX_ROWS, CompiledQuery, Filter, UsageQuery, compile_query
from netra.usage.repository import ImportRepository
from netra.usage.repricing.repository import RepricingRepository
from netra.usage.schema import MONEY_SCALE

T = TypeVar("T")
_Answer: TypeAlias = tuple[Sequence[dict[str, Any]], dict[str, Any]]
CountEvaluations = Callable[[UserExecutionContext], Awaitable[int]]


class UsageResult(BaseModel):
    """Rows of a question with everything needed to repeat and check it.

    Money is text (exact), counts are whole numbers, percents 0..100. `calls`, `unpriced_calls`, `since`,
    `until` describe all calls the question covers, not only the rows of this page; `row_count` is how many
    rows there are without `limit` and `offset`.
    """

    rows: list[dict[str, Any]]
    row_count: int
    query: dict[str, Any]
    sql: str
    unpriced_calls: int
    calls: int
    since: datetime | None
    until: datetime | None
    elapsed_ms: float


class UsageOverview(BaseModel):
    """What the data of a workspace can carry: how many calls, and how many of them have each optional
    column.
    """

    calls: int
    since: datetime | None
    until: datetime | None
    cost_usd: str | None
    unpriced_calls: int
    models: list[str]
    model_count: int
    features: list[str]
    apps: list[str]
    calls_with: dict[str, int]
    errors: int
    evaluations: int
    data_version: int

    def has(self, column: str) -> bool:
        """Whether any call carries this: session, prefix, user, interactive_flag, non_interactive, latency,
        ttft, retries, request_hash, output_cap, reasoning, cache_reads.
        """
        return self.calls_with.get(column, 0) > 0

    @property
    def days(self) -> float:
        """Observed days from first to last call, 0 without calls."""
        if self.since is None or self.until is None:
            return 0.0
        return (self.until - self.since).total_seconds() / 86_400


class Period(BaseModel):
    """`since` inclusive, `until` exclusive."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    since: AwareDatetime
    until: AwareDatetime


class CompareRequest(BaseModel):
    """Two periods and the segments by which to explain the change of spend."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    before: Period
    after: Period
    dimensions: list[str] = Field(default_factory=lambda: ["model"], min_length=1, max_length=4)
    filters: list[Filter] = Field(default_factory=list[Filter])
    timezone: str | None = None


class CompareResult(BaseModel):
    """The change of spend as volume + mix + size + price (see `usage.compare`), and the questions behind
    it.
    """

    decomposition: dict[str, Any]
    dimensions: list[str]
    before: UsageResult
    after: UsageResult


class UsageService:
    """Reads usage; holds nothing but answers that are still true. `count_evaluations` tells whether quality
    was ever measured.
    """

    def __init__(
        self, access: DataAccessFactory, *, count_evaluations: CountEvaluations | None = None
    ) -> None:
        self._access = access
        self._count_evaluations = count_evaluations
        self._answers = KeptAnswers()

    async def run(self, context: UserExecutionContext, query: UsageQuery) -> UsageResult:
        """Answer one question. Raises InvalidQueryError."""
        started = time.perf_counter()
        compiled = compile_query(query, default_timezone=context.timezone)
        question = ("run", compiled.sql, repr(sorted(compiled.params.items())))
        rows, totals = await self.derived(context, question, lambda: self._asked(context, compiled))
        return UsageResult(
            rows=[dict(row) for row in rows],
            row_count=totals["all_rows"],
            query=query.model_dump(mode="json", exclude_defaults=True) | {"measures": query.measures},
            sql=compiled.sql,
            unpriced_calls=totals["all_unpriced"],
            calls=totals["all_calls"],
            since=totals["all_since"] if totals["all_calls"] else None,
            until=totals["all_until"] if totals["all_calls"] else None,
            elapsed_ms=round((time.perf_counter() - started) * 1000, 3),
        )

    async def derived(
        self, context: UserExecutionContext, question: Hashable, compute: Callable[[], Awaitable[T]]
    ) -> T:
        """What `compute` finds in the workspace's calls, kept until they change; while costs are being
        rewritten nothing is kept. `question` must name all that the result depends on, and nobody may change
        the result.
        """
        # The version is read first: what is computed is at least as new as its key says.
        async with self._access.for_context(context).transaction() as transaction:
            version, settled = await RepricingRepository(transaction, context).settled_version()
        if not settled:
            return await compute()
        return cast(T, await self._answers.get((context.workspace_id, version, question), compute))

    async def _asked(self, context: UserExecutionContext, compiled: CompiledQuery) -> _Answer:
        analytics = self._access.for_context(context).analytics
        found = await analytics.query_rows(compiled.sql, compiled.params, compiled.settings)
        totals = found or await analytics.query_rows(compiled.totals_sql, compiled.params, compiled.settings)
        return rows_of(found, compiled), totals[0]

    async def compare(self, context: UserExecutionContext, request: CompareRequest) -> CompareResult:
        """Explain the change of spend between two periods. Raises InvalidQueryError."""
        measures = ["priced_calls", "priced_tokens", "cost_usd", "calls", "unpriced_calls"]
        results: list[UsageResult] = []
        for period in (request.before, request.after):
            query = UsageQuery(
                measures=measures,
                dimensions=request.dimensions,
                filters=request.filters,
                since=period.since,
                until=period.until,
                order_by=["-cost_usd"],
                limit=MAX_ROWS,
                timezone=request.timezone,
            )
            results.append(await self.run(context, query))
        if any(len(result.rows) == MAX_ROWS for result in results):
            raise InvalidQueryError(
                f"More than {MAX_ROWS} segments.", hint="Compare by fewer or coarser dimensions."
            )
        sides = [segments_of(result.rows, request.dimensions) for result in results]
        decomposition: Decomposition = decompose(*sides)
        return CompareResult(
            decomposition=decomposition.to_dict(),
            dimensions=request.dimensions,
            before=results[0],
            after=results[1],
        )

    async def load_calls(
        self,
        context: UserExecutionContext,
        *,
        columns: Sequence[str],
        since: datetime | None = None,
        until: datetime | None = None,
        where: Mapping[str, str] | None = None,
    ) -> pl.DataFrame:
        """Calls as a frame of the named columns (see `loading.LOADABLE`), sorted by (ts, position); batches
        are read as a stream, so memory holds the frame once. `since` inclusive, `until` exclusive; `where` as
        in `CallSelection`.
        """
        analytics = self._access.for_context(context).analytics
        return await load_calls(analytics, CallSelection(columns, since, until, where or {}))

    async def data_version(self, context: UserExecutionContext) -> int:
        """Grows with every change of the workspace's usage or evaluations; 0 before the first."""
        async with self._access.for_context(context).transaction() as transaction:
            return await ImportRepository(transaction, context).data_version()

    async def overview(self, context: UserExecutionContext) -> UsageOverview:
        """What the data can carry."""
        analytics = self._access.for_context(context).analytics
        found = await self.derived(context, ("overview",), lambda: overview_of(analytics))
        evaluations = await self._count_evaluations(context) if self._count_evaluations else 0
        return UsageOverview(**found, evaluations=evaluations, data_version=await self.data_version(context))


def rows_of(found: Sequence[Mapping[str, Any]], compiled: CompiledQuery) -> list[dict[str, Any]]:
    """Output rows: dimensions as text, money as exact text, counts whole, percents and numbers rounded."""
    rows: list[dict[str, Any]] = []
    for raw in found:
        row: dict[str, Any] = {name: raw[name] for name in compiled.dimensions}
        for name in compiled.measures:
            row[name] = _presented(name, raw)
        rows.append(row)
    return rows


def _presented(name: str, raw: Mapping[str, Any]) -> Any:
    measure, value = MEASURES[name], raw[f"m_{name}"]
    if value is None:
        return None
    if measure.kind == "money":
        amount = Decimal(value)
        if measure.per is not None:
            count = raw[f"per_{name}"]
            if not count:
                return None
            with localcontext() as exactly:
                exactly.prec = 60
                amount = (amount * measure.times / count).quantize(Decimal(1).scaleb(-MONEY_SCALE))
        return money_text(amount)
    if measure.kind == "count":
        return int(value)
    if isnan(value):
        return None
    return round(float(value), 4 if measure.kind == "percent" else 3)


def segments_of(rows: Sequence[dict[str, Any]], dimensions: Sequence[str]) -> dict[tuple[str, ...], Segment]:
    """Priced calls, tokens and cost by the values of the dimensions."""
    return {
        tuple(str(row[name]) for name in dimensions): Segment(
            row["priced_calls"], row["priced_tokens"], Decimal(row["cost_usd"] or 0)
        )
        for row in rows
    }
