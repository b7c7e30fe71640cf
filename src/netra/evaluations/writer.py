"""The only writer of `evaluations`; takes the same calls as the writer of calls, so an import can feed
either.
"""

from collections.abc import Sequence

import polars as pl

from netra.context.models import UserExecutionContext
from netra.data_access.factory import DataAccessFactory
from netra.data_access.number_lists import LIST_SETTINGS, number_list
from netra.evaluations.arrow import frame_of, table_of

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

_EXISTING = """SELECT id_hash, content_hash, import_id, position, 0 AS unpriced FROM evaluations
WHERE workspace_id = {{workspace:String}} AND id_hash IN ({ids})"""


class EvaluationWriter:
    """Writes scores of one workspace at a time; holds no state between writes."""

    def __init__(self, access: DataAccessFactory) -> None:
        self._access = access

    async def existing(self, context: UserExecutionContext, hashes: Sequence[int]) -> pl.DataFrame:
        """Stored rows with these id digests: id_hash, content_hash, import_id, position, unpriced."""
        analytics = self._access.for_context(context).analytics
        sql = _EXISTING.format(ids=number_list(hashes))
        return frame_of(await analytics.query_arrow(sql, settings=LIST_SETTINGS))

    async def write(self, context: UserExecutionContext, frame: pl.DataFrame, token: str) -> int:
        """Insert rows with the columns of COLUMNS once per token; 0 (no score needs a price)."""
        if frame.height:
            rows = frame.select([pl.col(name).cast(dtype) for name, dtype in COLUMNS.items()])
            table = table_of(rows)
            await self._access.for_context(context).analytics.insert(TABLE, table, token=token)
        return 0
