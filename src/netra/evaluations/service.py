"""EvaluationService: the scores of a workspace as a frame, and what they cover."""

from dataclasses import dataclass

import polars as pl

from netra.context.models import UserExecutionContext
from netra.data_access.factory import DataAccessFactory
from netra.evaluations.arrow import frame_of

_LOAD = """SELECT item_id, model, score, `group`, input_tokens, output_tokens, cost_usd
FROM evaluations WHERE workspace_id = {workspace:String} ORDER BY import_id, position"""

_COVERAGE = """SELECT model, count() AS items, avg(score) AS mean_score,
countIf(isNotNull(input_tokens)) AS with_tokens,
countIf(isNotNull(cost_usd)) AS with_cost
FROM evaluations WHERE workspace_id = {workspace:String} GROUP BY model ORDER BY model"""

_SCHEMA: dict[str, pl.DataType] = {
    "item_id": pl.String(),
    "model": pl.String(),
    "score": pl.Float64(),
    "group": pl.String(),
    "input_tokens": pl.Int64(),
    "output_tokens": pl.Int64(),
    "cost_usd": pl.Decimal(38, 15),
}


@dataclass(frozen=True, slots=True)
class ModelCoverage:
    """How many items of a model are scored, their mean score (0..1), and how many carry tokens or cost."""

    model: str
    items: int
    mean_score: float
    with_tokens: int
    with_cost: int


class EvaluationService:
    """Reads evaluations; holds no state."""

    def __init__(self, access: DataAccessFactory) -> None:
        self._access = access

    async def load(self, context: UserExecutionContext) -> pl.DataFrame:
        """All scores in the order they came: item_id, model, score (0..1), group, input_tokens, output_tokens
        and cost_usd.
        """
        table = await self._access.for_context(context).analytics.query_arrow(_LOAD)
        frame = frame_of(table)
        return frame.select([pl.col(name).cast(dtype) for name, dtype in _SCHEMA.items()])

    async def coverage(self, context: UserExecutionContext) -> list[ModelCoverage]:
        """Per model what is scored; empty where the workspace has no evaluations."""
        rows = await self._access.for_context(context).analytics.query_rows(_COVERAGE)
        return [ModelCoverage(**row) for row in rows]

    async def count(self, context: UserExecutionContext) -> int:
        """Number of stored scores."""
        return sum(model.items for model in await self.coverage(context))
