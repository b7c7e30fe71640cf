"""The only writer of `evaluations`; takes the same calls as the writer of calls, so an import can feed
either.
"""

import polars as pl

from netra.context.models import UserExecutionContext
from netra.data_access.factory import DataAccessFactory
from netra.data_access.ledgered_rows import LedgeredRows
from netra.evaluations.arrow import table_of

TABLE = "evaluations"

COLUMNS: dict[str, pl.DataType] = {
    "item_id": pl.String(),
    "model": pl.String(),
    "score": pl.Float64(),
    "group": pl.String(),
    "input_tokens": pl.Int64(),
    "output_tokens": pl.Int64(),
    "cost_usd": pl.Decimal(38, 15),
    "import_id": pl.String(),
    "position": pl.UInt64(),
    "id_hash": pl.UInt64(),
    "content_hash": pl.UInt64(),
}
"""What is written, in the types of the table."""


class EvaluationWriter:
    """Writes scores of one workspace at a time; holds no state between writes."""

    def __init__(self, access: DataAccessFactory) -> None:
        self._access = access

    def rows(self, context: UserExecutionContext) -> LedgeredRows:
        """What of it is stored, by id digest and import."""
        return LedgeredRows(self._access.for_context(context).analytics, TABLE)

    async def write(self, context: UserExecutionContext, frame: pl.DataFrame, token: str) -> int:
        """Insert rows with the columns of COLUMNS once per token; 0 (no score needs a price)."""
        if frame.height:
            rows = frame.select([pl.col(name).cast(dtype) for name, dtype in COLUMNS.items()])
            await self.rows(context).insert(table_of(rows), token=token)
        return 0
