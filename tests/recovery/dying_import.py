"""A process that imports a file and kills itself at a chosen moment: `python dying_import.py JSON`.

JSON: urls, home, file, context, and `die`: [moment, chunk], moment one of before, written, settled, never.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import polars as pl

from netra.context.models import UserExecutionContext
from netra.data_access.factory import DataAccessFactory
from netra.data_access.ledgered_rows import LedgeredRows
from netra.ids.manager import UnifiedIDManager
from netra.storage.clickhouse.store import AnalyticsStore
from netra.storage.embedded.engines import EngineUrls
from netra.storage.postgres.sessions import DatabaseSessionManager
from netra.storage.valkey.hot_store import HotStore
from netra.usage.importing.parsing import ImportOptions
from netra.usage.importing.service import ImportService
from netra.usage.writer import CallWriter
from testkit.stores import open_database


def unpriced(frame: pl.DataFrame) -> pl.DataFrame:
    """Prices are not the point here, and loading them takes its time in every process."""
    return frame.with_columns(
        pl.lit(None, dtype=pl.Decimal(38, 15)).alias("cost_usd"), pl.lit("").alias("price_source")
    )


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class DyingSink:
    """The real writer, until the moment has come."""

    def __init__(self, writer: CallWriter, moment: str, chunk: int) -> None:
        self._writer, self._moment, self._chunk = writer, moment, chunk

    def rows(self, context: UserExecutionContext) -> LedgeredRows:
        return self._writer.rows(context)

    async def write(self, context: UserExecutionContext, frame: pl.DataFrame, token: str) -> int:
        chunk = int(token.rpartition(":")[2])
        here = chunk == self._chunk
        if (here and self._moment == "before") or (chunk == self._chunk + 1 and self._moment == "settled"):
            die()
        unpriced = await self._writer.write(context, frame, token)
        if here and self._moment == "written":
            die()
        return unpriced


async def run(order: dict[str, Any]) -> None:
    urls = EngineUrls(**order["urls"])
    database = open_database(urls)
    analytics, hot = AnalyticsStore(urls.clickhouse_url, threads=2), HotStore(urls.valkey_url)
    access = DataAccessFactory(DatabaseSessionManager(database), analytics, hot)
    sink = DyingSink(CallWriter(access, unpriced), *order["die"])
    service = ImportService(
        access,
        UnifiedIDManager(),
        {"calls": sink},
        directory=Path(order["home"]),
        block_bytes=order["block_bytes"],
    )

    content = await asyncio.to_thread(Path(order["file"]).read_bytes)

    async def source() -> AsyncIterator[bytes]:
        yield content

    result = await service.import_stream(
        UserExecutionContext.from_dict(order["context"]), source(), ImportOptions("calls", "file")
    )
    print(result.model_dump_json())
    await hot.close()
    await analytics.close()
    await database.close()


if __name__ == "__main__":
    asyncio.run(run(json.loads(sys.argv[1])))
